"""Finds the pinned source of a library that this machine has as a Debian package: its version, its hash, how it is built."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Optional

from .origins import DebianArchive
from .problem import USAGE, Problem
from .sources import Unavailable

_RECIPES = "sanitizers/recipes"
# In Debian's names of suites, what this machine runs.
_RELEASE = Path("/etc/os-release")
_OPTION = re.compile(r"^\s*\w*option\s*\(\s*(\w+)", re.MULTILINE | re.IGNORECASE)
_PART = re.compile(r"\b([A-Z][A-Z0-9]*_(?:BUILD_(?:TESTS?|EXAMPLES?|DOCS?|TOOLS|PROGRAMS|FUZZERS)|SHARED_LIBS))\b")
_NOT_NEEDED = re.compile(r"TEST|EXAMPLE|DOC|MAN|TOOL|PROGRAM|BENCH|FUZZ|SAMPLE")


@dataclass(frozen=True)
class Package:
    """What pkg-config says, and dpkg."""

    name: str
    version: str
    libraries: tuple  # without -l; the first is the library itself
    folders: tuple  # of headers
    debian: Optional[str]  # the binary package that has its headers


def package(name):
    """Of pkg-config; a Problem if there is none."""
    if not shutil.which("pkg-config"):
        raise Problem("pkg-config is not installed. This installs it:\n"
                      "  sudo apt-get update && sudo apt-get install --no-install-recommends pkg-config", USAGE)
    asked = _said("pkg-config", "--exists", "--print-errors", name)
    if asked.returncode:
        raise Problem(f"pkg-config knows no package {name}: install its -dev package, or name another (`pkg-config --list-all` lists "
                      "them).", USAGE)
    words = shlex.split(_said("pkg-config", "--libs", "--static", name).stdout)
    libraries = tuple(dict.fromkeys(word[2:] for word in words if word.startswith("-l")))
    if not libraries:
        raise Problem(f"The package {name} has no library to link (`pkg-config --libs {name}` names none): a binding needs one.", USAGE)
    flags = shlex.split(_said("pkg-config", "--cflags", "--keep-system-cflags", name).stdout)
    return Package(name, _said("pkg-config", "--modversion", name).stdout.strip(), libraries,
                   tuple(flag[2:] for flag in flags if flag.startswith("-I")), _debian(name))


def of(found, name, project, console):
    """An entry for sanitizers/sources.json. Unavailable says why there is none."""
    if not found.debian:
        raise Unavailable(f"no Debian package has {found.name}.pc")
    source, version = _said("dpkg-query", "-W", "-f", "${source:Package} ${source:Upstream-Version}", found.debian).stdout.split()
    suite = _suite()
    known = project.cache / "pins" / f"{source}_{version}_{suite}.json"
    if not _is_kept(known, project, name):
        _fetch(known, source, version, suite, name, project, console)
    entry = json.loads(known.read_text(encoding="utf-8"))
    archive = _archive(project, name, version, entry["sha256"])
    return {"version": version, "debian": entry, "cmake": _recipe(archive, name)}


def _is_kept(known, project, name):
    if not known.exists():
        return False
    entry = json.loads(known.read_text(encoding="utf-8"))
    return _archive(project, name, known.name.split("_")[1], entry["sha256"]).exists()


def _archive(project, name, version, digest):
    """Where sources.Store keeps it, so that no lane fetches it again."""
    return project.cache / "sources" / f"{name}-{version}-{digest[:12]}.tarball"


def _fetch(known, source, version, suite, name, project, console):
    for folder in (known.parent, project.cache / "sources"):
        folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=known.parent, prefix=".apt-") as folder, console.phase(f"fetch {source}") as phase:
        DebianArchive(project.cache / "apt").download(source, suite, folder, phase)
        found = sorted(Path(folder).glob(f"{source}_*.orig.tar.*[!c]"))
        if not found:
            raise Unavailable(f"Debian's {source} has no .orig.tar file")
        if not found[0].name.startswith(f"{source}_{version}.orig"):
            raise Unavailable(f"{suite} now has {found[0].name}, and this machine has {version}: `apt-get upgrade` first")
        digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
        os.replace(found[0], _archive(project, name, version, digest))
        partial = known.with_suffix(".partial")
        partial.write_text(json.dumps({"package": source, "suite": suite, "file": found[0].name, "sha256": digest}), encoding="utf-8")
        os.replace(partial, known)


def _recipe(archive, name):
    """How it is built, as its files say: CMake, Meson, or a configure script."""
    with tarfile.open(archive) as tar:
        members = {member.name.partition("/")[2]: member for member in tar if member.isfile()}
        if "CMakeLists.txt" not in members and "meson.build" in members:
            return {"lists": f"{_RECIPES}/meson"}
        if "CMakeLists.txt" not in members and "configure" in members:
            return {"lists": f"{_RECIPES}/configure"}
        lists = [path for path in members if path.endswith("CMakeLists.txt") and not re.search(r"test|example|contrib|fuzz", path)]
        if not lists:
            raise Unavailable("neither CMakeLists.txt, meson.build nor configure is in its source")
        chosen = min(lists, key=lambda path: (path.count("/"), name not in path and "cmake" not in path, path))
        folder = chosen.rpartition("/")[0]
        text = "".join(tar.extractfile(members[path]).read().decode(errors="replace") for path in lists
                       if path.startswith(folder))
    options = [f"-D{option}={value}" for option in sorted({*_OPTION.findall(text), *_PART.findall(text)}) for value in [_value(option)] if value]
    options = list(dict.fromkeys(["-DBUILD_SHARED_LIBS=OFF", "-DBUILD_TESTING=OFF", *options]))
    return {**({"subdirectory": folder} if folder else {}), "options": options}


def _value(option):
    if "SHARED" in option:
        return "OFF"
    if "BUILD_STATIC" in option or option.endswith("STATIC_LIBS"):
        return "ON"
    if _NOT_NEEDED.search(option):
        return "ON" if re.search(r"WITHOUT|DISABLE|(^|_)NO_", option) else "OFF"
    return None


def _suite():
    text = _RELEASE.read_text(encoding="utf-8") if _RELEASE.exists() else ""
    suite = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    if not suite:
        raise Unavailable("this machine does not say which Debian it is")
    return suite[1]


def _debian(name):
    if not shutil.which("dpkg"):
        return None
    folder = _said("pkg-config", "--variable=pcfiledir", name).stdout.strip()
    owner = _said("dpkg", "-S", str(Path(folder, f"{name}.pc").resolve()))
    return owner.stdout.partition(":")[0] if owner.returncode == 0 else None


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)
