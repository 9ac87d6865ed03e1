"""Dependencies built with a lane's own flags, into prefixes that are cached by a hash of all that matters."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Optional

from . import process, sources
from .problem import USAGE, Problem

MANIFEST = "complete.json"

# Stacks then name /dependency/libpng-1.6.48/png.c, not a folder that is gone.
_FLAGS = "-ffile-prefix-map={workshop}=/dependency"

# Would change what is built without changing the key.
_FOREIGN = ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH",
            "LIBRARY_PATH", "CMAKE_PREFIX_PATH", "CMAKE_GENERATOR", "CMAKE_BUILD_TYPE", "CMAKE_TOOLCHAIN_FILE",
            "DESTDIR")


@dataclass(frozen=True)
class Prefix:
    """What a prefix is made of, and with that its place: as things were when it was first asked."""

    name: str
    root: Path
    folder: Path
    toolchain: Path
    sources: tuple
    libcxx: Optional["Prefix"] = None
    home: Optional[Path] = None  # Gauntlet's own files, where they are elsewhere

    @cached_property  # once: a toolchain file that changes during a build must not give its result another name
    def key(self):
        return hashlib.sha256(json.dumps(self.ingredients, sort_keys=True).encode()).hexdigest()

    @property
    def path(self):
        return self.folder / f"{self.name}-{self.key[:12]}"

    @property
    def complete(self):
        """Installed to its end: the manifest is the last file written."""
        try:
            return json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))["key"] == self.key
        except (OSError, ValueError, KeyError):
            return False

    @property
    def inputs(self):
        """The files of the project, or of Gauntlet, that it depends on."""
        recipes = [self.recipe(source) for source in self.sources if "lists" in source.cmake]
        files = [*toolchain_files(self.toolchain),
                 *(path for folder in recipes for path in sorted(folder.rglob("*")) if path.is_file())]
        return files + (self.libcxx.inputs if self.libcxx else [])

    def check(self):
        """That its recipes are there."""
        for source in self.sources:
            if "lists" in source.cmake:
                self.recipe(source)

    def recipe(self, source):
        """The folder of the list that builds it: the project's, or one that Gauntlet brings."""
        folders = [root / source.cmake["lists"] for root in (self.root, self.home) if root]
        found = next((folder for folder in folders if folder.is_dir()), None)
        if not found:
            raise Problem(f"The recipe of source {source.name} is no folder: {' or '.join(map(str, folders))}.", USAGE)
        return found

    def _name(self, path):
        """The same wherever the project is, and in each project whose lane is built of the same."""
        return str(path.relative_to(self.home if self.home and path.is_relative_to(self.home) else self.root))

    @cached_property
    def ingredients(self):
        return {
            "files": {self._name(path): file_hash(path) for path in self.inputs},
            "tools": [_version(tool) for tool in (*_compilers(self.toolchain), "cmake")],
            "sources": [[source.label, source.hashes, source.unpack, source.cmake, _options(source)]
                        for source in self.sources],
            "flags": _FLAGS,
            "libcxx": self.libcxx.key if self.libcxx else None,
        }


def of_lane(project, lane, pinned):
    """The prefix of a lane."""
    def prefix(name, names, libcxx=None):
        unknown = [source for source in names if source not in pinned]
        if unknown:
            raise Problem(f"There is no source named {unknown[0]} for lane {lane.name} in "
                          f"{' or '.join(map(str, sources.tables(project)))}.", USAGE)
        return Prefix(name, project.root, project.cache / "prefix", lane.toolchain,
                      tuple(pinned[source] for source in names), libcxx, project.home if project.guest else None)

    return prefix(lane.name, lane.sources, prefix(lane.libcxx, [lane.libcxx]) if lane.libcxx else None)


def build(prefix, store, console, logs):
    """Builds what is not there yet. The caller holds the cache's lock."""
    if prefix.libcxx:
        build(prefix.libcxx, store, console, logs)
    if prefix.complete:
        return
    workshop = prefix.folder / ".building"
    # What an interrupted run left is of no use.
    for leftover in (workshop, prefix.path):
        shutil.rmtree(leftover, ignore_errors=True)
    workshop.mkdir(parents=True)
    try:
        for source in prefix.sources:
            archive = store.fetch(source)
            with console.phase(f"build {source.label} for {prefix.name}") as phase:
                _build_source(prefix, source, archive, workshop, phase, logs)
        _write_manifest(prefix)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def setup_script(**variables):
    """The small CMake file that tells a lane's toolchain what set-up built for it."""
    return "".join(f"set({name} \"{value}\")\n" for name, value in variables.items())


def toolchain_files(path):
    """A toolchain file and those that it includes by place."""
    text = path.read_text(encoding="utf-8")
    included = re.findall(r"^\s*include\(\"\$\{CMAKE_CURRENT_LIST_DIR\}/([^\"]+)\"\)", text, re.MULTILINE)
    return [path] + [file for name in included for file in toolchain_files(path.parent / name)]


def file_hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _build_source(prefix, source, archive, workshop, phase, logs):
    tree, objects = workshop / source.label, workshop / f"{source.label}.build"
    phase.update("unpacking")
    sources.unpack(archive, tree, source.unpack, source.flat)
    log = logs / f"{prefix.name}-{source.name}.log"
    for command in (_configure(prefix, source, tree, objects),
                    _target(objects, source.cmake.get("targets", ["all"])),
                    _target(objects, source.cmake.get("install", ["install"]))):
        outcome = process.run(command, phase, log, _environment(prefix, workshop))
        if outcome.status:
            raise Problem("\n  ".join([f"{source.label} for lane {prefix.name} does not build. Its last lines:",
                                       *outcome.tail(), f"The whole log: {log}"]))


def _configure(prefix, source, tree, objects):
    places = [f"-DCMAKE_TOOLCHAIN_FILE={prefix.toolchain}", f"-DCMAKE_INSTALL_PREFIX={prefix.path}"]
    if "lists" in source.cmake:
        return ["cmake", "-S", prefix.recipe(source), "-B", objects, f"-DSOURCE_DIR={tree}", *places,
                *_options(source)]
    return ["cmake", "-S", tree / source.cmake.get("subdirectory", ""), "-B", objects, *places, *_options(source)]


def _environment(prefix, workshop):
    script = workshop / "setup.cmake"
    script.write_text(setup_script(GAUNTLET_PREFIX=prefix.path,
                                   GAUNTLET_LIBCXX=prefix.libcxx.path if prefix.libcxx else ""), encoding="utf-8")
    flags = _FLAGS.format(workshop=workshop)
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**kept, "GAUNTLET_SETUP_FILE": str(script), "CFLAGS": flags, "CXXFLAGS": flags}


def _target(objects, targets):
    return ["cmake", "--build", objects, "--target", *targets]


def _options(source):
    return ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_INSTALL_LIBDIR=lib",
            "-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
            *source.cmake.get("options", [])]


def _write_manifest(prefix):
    temporary = prefix.path / f".{MANIFEST}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump({"key": prefix.key, "made_of": prefix.ingredients}, file, indent=2)
        sources.sync(file)
    os.replace(temporary, prefix.path / MANIFEST)


def _compilers(toolchain):
    text = "\n".join(path.read_text(encoding="utf-8") for path in toolchain_files(toolchain))
    return re.findall(r"^set\(CMAKE_(?:C|CXX)_COMPILER (\S+)\)", text, re.MULTILINE)


@lru_cache(maxsize=None)
def _version(tool):
    path = shutil.which(tool)
    if not path:
        raise Problem(f"{tool} is not installed. Run: scripts/gauntlet setup", USAGE)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    return [path, said]
