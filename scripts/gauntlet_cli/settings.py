"""gauntlet.json: what a project that is not Gauntlet itself says of its lanes. docs/downstream.md has its fields."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .problem import USAGE, Problem

FILE = "gauntlet.json"
# The lanes, as presets that other projects include.
PRESETS = "sanitizers/presets.json"
_OF_CMAKE = ("CMakePresets.json", "CMakeUserPresets.json")


@dataclass(frozen=True)
class Settings:
    sources: Optional[Path]  # its own table of pinned sources
    dependencies: tuple  # built for each lane, except those that take the system's libraries
    test_dependencies: tuple  # built for each lane
    packages: tuple
    minimum_tests: int

    def sources_of(self, lane):
        return (self.dependencies if lane.pinned else ()) + self.test_dependencies


def load(folder, home):
    if not folder.is_dir():
        raise Problem(f"{folder} is no folder: --project takes that of another project.", USAGE)
    path = folder / FILE
    if not path.is_file():
        raise Problem(f"{folder} has no {FILE}, which says what a project's lanes need: {home / 'docs' / 'downstream.md'} has one to "
                      "copy.", USAGE)
    told = read_object(path)
    unknown = sorted(told.keys() - {"about", "sources", "dependencies", "test_dependencies", "packages", "minimum_tests"})
    if unknown:
        raise Problem(f"{path} has a field {unknown[0]}, which means nothing here.", USAGE)

    def names(field):
        value = told.get(field, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise Problem(f"{path}: {field} must be a list of names.", USAGE)
        return tuple(value)

    own = told.get("sources")
    if own is not None and not (isinstance(own, str) and (folder / own).is_file()):
        raise Problem(f"{path}: sources is to name the project's own table of pinned sources, and {own} is no file of it.", USAGE)
    least = told.get("minimum_tests", 1)
    if isinstance(least, bool) or not isinstance(least, int) or least < 1:
        raise Problem(f"{path}: minimum_tests must be a number of 1 or more.", USAGE)
    if not any(_includes(folder / name, home / PRESETS) for name in _OF_CMAKE):
        raise Problem(f"Neither {' nor '.join(_OF_CMAKE)} of {folder} includes the lanes: put \"include\": [\"{home / PRESETS}\"] into "
                      "one of them.", USAGE)
    return Settings(folder / own if own else None, names("dependencies"), names("test_dependencies"), names("packages"), least)


def read_object(path):
    """The JSON object in a file that a person wrote."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.", USAGE)
    except ValueError as error:
        raise Problem(f"{path} is not valid JSON: {error}.", USAGE)
    if not isinstance(told, dict):
        raise Problem(f"{path} must hold a JSON object.", USAGE)
    return told


def _includes(path, wanted):
    """Whether a file of presets includes that one, itself or by another."""
    if not path.is_file():
        return False
    included = [path.parent / name for name in read_object(path).get("include", ())]
    return any(file.exists() and file.samefile(wanted) or _includes(file, wanted) for file in included)
