"""What a benchmark runs on: its suite.json, the packages that its programs need, and the files that it reads."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from . import origins, setup
from .bench_results import group_of
from .lanes import PRESETS
from .problem import USAGE, Problem
from .sources import Store, sync


@dataclass(frozen=True)
class Build:
    """The configure preset that benchmarks are built by. preflight and cmake take it as they take a lane."""

    name: str
    packages: tuple
    folder: Path
    runtime: None = None


@dataclass(frozen=True, eq=False)
class Package:
    """A binary package that carries files; the store takes it as it takes a source."""

    name: str
    version: str
    debian: dict

    @property
    def label(self):
        return f"{self.name}-{self.version}"

    @property
    def hashes(self):
        return (self.debian["sha256"],)

    @property
    def file_names(self):
        return [self.debian["file"]]


@dataclass(frozen=True)
class Case:
    """One piece of work, the same for all contenders."""

    name: str
    timed: tuple = ()    # what the program that measures time is told of it; nothing: it is not timed
    counted: tuple = ()  # what the programs that count are told of it, before a number of repeats or a size
    repeats: tuple = ()  # the two numbers whose difference in instructions is counted; none: they are not
    sizes: tuple = ()    # the two sizes whose difference in allocations and bytes is counted; none: they are not
    load: tuple = ()     # connections, round trips of each; nothing: latency is not measured
    contenders: tuple = ()  # whose latency that is
    goals: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    name: str
    baseline: str
    subject: str
    rate: dict
    cases: tuple
    packages: dict

    @property
    def programs(self):
        kinds = ["bench", "repeat", "allocations", *(["latency"] if any(case.load for case in self.cases) else [])]
        return [f"{kind}_{self.name}" for kind in kinds]


def build_of(project):
    presets = json.loads((project.root / PRESETS).read_text(encoding="utf-8"))["configurePresets"]
    [preset] = [preset for preset in presets if "gauntlet-bench" in preset.get("vendor", {})]
    return Build(name=preset["name"], packages=tuple(preset["vendor"]["gauntlet-bench"]["packages"]),
                 folder=project.build / preset["name"])


def names(project):
    return sorted(path.parent.name for path in project.root.glob("benchmarks/*/suite.json"))


def load(project, name):
    if name not in names(project):
        raise Problem(f"There is no benchmark named {name}. There is: {', '.join(names(project))}.", USAGE)
    table = json.loads((project.root / "benchmarks" / name / "suite.json").read_text(encoding="utf-8"))
    packages = {key: Package(name=key, version=entry["version"], debian={"package": key, **entry})
                for key, entry in table.get("packages", {}).items()}
    wanted = {package: [file["path"] for kind in table["kinds"] for file in kind["files"] if file["package"] == key]
              for key, package in packages.items()}
    return Suite(name=name, baseline=table["baseline"], subject=table["subject"], rate=table["rate"],
                 cases=(*_of_files(project, table, packages), *_of_its_own(table)), packages=wanted)


def _of_files(project, table, packages):
    """Each operation on each file."""
    for operation in table.get("operations", ()):
        for kind in table["kinds"]:
            for file in kind["files"]:
                path = _folder(project, packages[file["package"]]) / file["path"]
                yield Case(name=f"{operation}/{kind['name']}/{path.stem}",
                           timed=(*table["arguments"], f"{kind['name']}:{path}"),
                           counted=(operation, path, *table["arguments"]), repeats=tuple(kind["repeats"]),
                           sizes=tuple(table["sizes"]), goals=kind["goals"])


def _of_its_own(table):
    """Work that needs no file: how much of it stands in the table."""
    for entry in table.get("cases", ()):
        name, width = entry["name"], entry.get("width", 1)
        yield Case(name=name, timed=(f"{name}:{width}:{entry['count']}",) if "count" in entry else (),
                   counted=(name, width), repeats=tuple(entry.get("repeats", ())), sizes=tuple(entry.get("sizes", ())),
                   load=(entry["connections"], entry["rounds"]) if "connections" in entry else (),
                   contenders=tuple(entry.get("contenders", ())), goals=entry.get("goals", {}))


def select(cases, regex=None, quick=False):
    """The cases whose name matches; the quick way, only the first of each group."""
    try:
        chosen = [case for case in cases if re.search(regex or "", case.name)]
    except re.error as error:
        raise Problem(f"{regex} is not a regular expression: {error}.", USAGE)
    if not chosen:
        raise Problem(f"No case matches {regex}. They are: {', '.join(case.name for case in cases)}.", USAGE)
    if quick:
        chosen = list({group_of(case.name): case for case in reversed(chosen)}.values())[::-1]
    return chosen


def bring_files(project, suite, console):
    """Downloads, checks and unpacks what is not in the cache yet."""
    missing = {package: paths for package, paths in suite.packages.items() if not _folder(project, package).exists()}
    if not missing:
        return
    if not shutil.which("dpkg-deb"):
        raise Problem("The benchmark's files are in Debian packages, and this machine has no dpkg-deb to unpack them. "
                      "Install dpkg.", USAGE)
    with setup.lock(project.cache, console):
        store = Store(project.cache / "sources", origins.package_origins(project.cache), console)
        for package, paths in missing.items():
            _unpack(store.fetch(package), paths, _folder(project, package))


def _folder(project, package):
    return project.cache / "bench" / f"{package.name}-{package.hashes[0][:12]}"


def _unpack(archive, paths, folder):
    """These files of a package's, and no others; the folder has its name only when it has them all."""
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        with tarfile.open(fileobj=child.stdout, mode="r|") as tar:
            found = {path: tar.extractfile(member).read() for member in tar
                     if (path := member.name.lstrip("./")) in paths}
        # What stands behind the archive's end is read too, or dpkg-deb would die of a closed pipe.
        child.stdout.read()
    absent = [path for path in paths if path not in found]
    if child.returncode or absent:
        raise Problem(f"{archive} cannot be unpacked, or lacks {', '.join(absent)}.")
    for path, content in found.items():
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        with open(partial / path, "wb") as file:
            file.write(content)
            sync(file)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
