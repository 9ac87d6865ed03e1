"""The lanes as presets that other projects include: made from Gauntlet's own table, without what is only Gauntlet's in it."""

import json
import re

from .lanes import PRESETS
from .settings import PRESETS as SHARED

_BASE = "gauntlet-lane"
# The faults that are in the program of canaries itself, and not in a library that Gauntlet wraps.
_GENERAL = re.compile(r"^#define GAUNTLET_GENERAL_CANARIES\(X\)((?:.*\\\n)*.*)", re.MULTILINE)
_TOOLS = ("clang-19", "libclang-rt-19-dev", "llvm-19", "lld-19", "valgrind", "g++")
_ABOUT = f"Made by `scripts/gauntlet lanes --write-docs` from {PRESETS}: docs/downstream.md says how another project includes it."


def made(root):
    """The text of the file, as this checkout says that it should be."""
    own = json.loads((root / PRESETS).read_text(encoding="utf-8"))
    general = general_canaries(root)
    lanes = [_lane(preset, general) for preset in own["configurePresets"] if _is_in_matrix(preset)]
    names = {lane["name"] for lane in lanes}
    [base] = [preset for preset in own["configurePresets"] if preset["name"] == "lane"]
    shared = {
        "version": own["version"],
        "cmakeMinimumRequired": own["cmakeMinimumRequired"],
        "vendor": {"gauntlet": {"about": _ABOUT}},
        "configurePresets": [_base(base), *lanes],
        **{kind: [preset for preset in own[kind] if preset["name"] in names]
           for kind in ("buildPresets", "testPresets", "workflowPresets")},
    }
    return json.dumps(shared, indent=2) + "\n"


def update(root):
    """Writes the file anew; returns its name if it changed."""
    text, path = made(root), root / SHARED
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return []
    path.write_text(text, encoding="utf-8")
    return [SHARED]


def _is_in_matrix(preset):
    facts = preset.get("vendor", {}).get("gauntlet")
    return bool(facts) and facts.get("matrix", True)


def _base(own):
    """A toolchain finds what set-up built for a project by GAUNTLET_PROJECT; find_package(gauntlet_matrix) by the last."""
    return {**own, "name": _BASE, "toolchainFile": "${fileDir}/toolchains/${presetName}.cmake",
            "cacheVariables": {"GAUNTLET_LANE": "${presetName}", "GAUNTLET_PROJECT": "${sourceDir}",
                               "gauntlet_matrix_DIR": "${fileDir}/../cmake"}}


def _lane(own, general):
    facts = own["vendor"]["gauntlet"]
    packages = [name for name in facts["packages"] if name in _TOOLS] if facts["runtime"] else ["g++"]
    canaries = {name: pattern for name, pattern in facts["canaries"].items() if name in general}
    shared = {**facts, "sources": [], "packages": packages, "canaries": canaries, "minimum_tests": 1}
    shared.pop("shards", None)
    return {**own, "inherits": _BASE, "vendor": {"gauntlet": shared}}


def general_canaries(root):
    header = (root / "sanitizers" / "canaries" / "canary.hpp").read_text(encoding="utf-8")
    return set(re.findall(r"X\((\w+)\)", _GENERAL.search(header)[1]))

