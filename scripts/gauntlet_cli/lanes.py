"""The lanes, as CMakePresets.json says them: it is the one table, and nothing of it is written here again."""

import difflib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from . import settings
from .problem import USAGE, Problem

PRESETS = "CMakePresets.json"


@dataclass(frozen=True, eq=False)
class Lane:
    name: str
    title: str
    tool: str
    catches: str
    sources: tuple
    libcxx: Optional[str]
    packages: tuple
    runtime: Optional[str]
    canaries: dict
    minimum_tests: int
    budget_seconds: int
    timeout_seconds: int  # for one test
    toolchain: Path
    build: Path
    junit: Path
    shards: int = 1  # machines that CI gives the lane
    in_matrix: bool = True  # or run only by its name: it costs as much as one likes
    pinned: bool = True  # its C libraries are built for it; or they are the system's
    command: str = "scripts/gauntlet test"  # to which its name is added


def of_project(project):
    """The lanes that a project has: Gauntlet's own, or these with another project's sources and tests."""
    guest = project.guest
    if not guest:
        return load(project.root)
    return [replace(lane, sources=guest.sources_of(lane), packages=tuple(dict.fromkeys((*lane.packages, *guest.packages))),
                    minimum_tests=guest.minimum_tests, command=project.command("test"))
            for lane in load(project.root, project.home / settings.PRESETS)]


def load(root, path=None):
    """The lanes of a file of presets, where they are for the project in this folder."""
    path = path or root / PRESETS
    try:
        presets = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}); run this from a checkout of the project.", USAGE)
    except json.JSONDecodeError as error:
        raise Problem(f"{path} is not valid JSON: {error}.", USAGE)
    return of_presets(root, presets, path.parent)


def of_presets(root, presets, folder=None):
    """`folder`: where these presets are, if they can be elsewhere."""
    configure = _by_name(presets["configurePresets"])
    test = _by_name(presets["testPresets"])
    return [_lane({"${sourceDir}": root, "${fileDir}": folder or root}, configure, test, preset) for preset in configure.values()
            if not preset.get("hidden") and "gauntlet" in preset.get("vendor", {})]


def matrix(lanes):
    return [lane for lane in lanes if lane.in_matrix]


def choose(lanes, names):
    """The lanes of these names in the table's order; those of the matrix if no name is given."""
    known = [lane.name for lane in lanes]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise Problem(f"There is no lane named {name}.{hint} The lanes are: {', '.join(known)}.", USAGE)
    return [lane for lane in lanes if lane.name in names] if names else matrix(lanes)


def table(lanes):
    rows = [("lane", "tool", "canaries", "what it catches")]
    rows += [(lane.name, lane.tool, str(len(lane.canaries)), lane.catches)
             for lane in sorted(lanes, key=lambda lane: not lane.in_matrix)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]) for row in rows]
    if len(matrix(lanes)) < len(lanes):
        lines.insert(1 + len(matrix(lanes)), "\nonly by name:")
    return "\n".join(lines)


def jobs(lanes):
    """The job list of a CI matrix; docs/matrix.md says what is in it."""
    return {"include": [{"lane": lane.name, "shard": shard, "of": lane.shards, "needs": list(lane.packages), "tool": lane.tool,
                         "budget_seconds": lane.budget_seconds, "canaries": len(lane.canaries)}
                        for lane in matrix(lanes) for shard in range(1, lane.shards + 1)]}


def _by_name(presets):
    return {preset["name"]: preset for preset in presets}


def _lane(places, configure, test, preset):
    name = preset["name"]
    vendor = preset["vendor"]["gauntlet"]

    def place(text):
        for macro, value in {**places, "${presetName}": name}.items():
            text = text.replace(macro, str(value))
        return Path(text)

    shards = vendor.get("shards", 1)
    if not isinstance(shards, int) or shards < 1:
        raise Problem(f"{PRESETS}: lane {name} is to have {shards} shards, and must have one or more.", USAGE)
    try:
        return Lane(name=name, title=preset["displayName"], tool=vendor["tool"], catches=vendor["catches"],
                    sources=tuple(vendor["sources"]), libcxx=vendor.get("libcxx"), packages=tuple(vendor["packages"]),
                    runtime=vendor["runtime"], canaries=vendor["canaries"], minimum_tests=vendor["minimum_tests"],
                    budget_seconds=vendor["budget_seconds"], timeout_seconds=test[name]["execution"]["timeout"],
                    toolchain=place(_inherited(configure, preset, "toolchainFile")),
                    build=place(_inherited(configure, preset, "binaryDir")),
                    junit=place(test[name]["output"]["outputJUnitFile"]), in_matrix=vendor.get("matrix", True),
                    shards=shards, pinned=preset.get("cacheVariables", {}).get("GAUNTLET_DEPENDENCIES") != "system")
    except KeyError as error:
        raise Problem(f"{PRESETS}: lane {name} lacks {error}.", USAGE)


def _inherited(presets, preset, field):
    if field in preset:
        return preset[field]
    parents = preset.get("inherits", [])
    for parent in [parents] if isinstance(parents, str) else parents:
        try:
            return _inherited(presets, presets[parent], field)
        except KeyError:
            continue
    raise KeyError(field)
