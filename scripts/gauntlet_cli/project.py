"""Where things are: the project whose lanes run, Gauntlet's own files, and the cache that all projects share."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import settings

# The checkout of this file, or the folder where it is installed with what the lanes of other projects need.
HOME = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    root: Path
    cache: Path
    guest: Optional[settings.Settings] = None  # of a project that is not Gauntlet itself: its gauntlet.json

    @classmethod
    def here(cls):
        """Gauntlet's own checkout; where it is installed, the project of the current folder."""
        return cls(root=HOME, cache=_cache_root()) if is_checkout() else cls.other(Path.cwd())

    @classmethod
    def other(cls, folder):
        """The project in this folder, in Gauntlet's lanes."""
        folder = Path(folder).resolve()
        if folder == HOME and is_checkout():
            return cls.here()
        return cls(root=folder, cache=_cache_root(), guest=settings.load(folder, HOME))

    @property
    def home(self):
        """Where toolchains, recipes and canaries are."""
        return HOME if self.guest else self.root

    @property
    def build(self):
        return self.root / "build"

    @property
    def setup(self):
        return self.build / "setup"

    @property
    def matrix(self):
        return self.build / "matrix"

    def command(self, *words):
        """A command line of this program, as it is called from the project's root."""
        if not self.guest:
            return " ".join(["scripts/gauntlet", *words])
        program = HOME / "scripts" / "gauntlet"
        called = shutil.which("gauntlet")
        by_name = called and Path(called).resolve() == program
        return " ".join(["gauntlet" if by_name else str(program), words[0], "--project", ".", *words[1:]])


def is_checkout():
    return (HOME / "CMakePresets.json").is_file()


def _cache_root():
    if "GAUNTLET_CACHE" in os.environ:
        return Path(os.environ["GAUNTLET_CACHE"]).absolute()
    if "XDG_CACHE_HOME" in os.environ:
        return Path(os.environ["XDG_CACHE_HOME"]).absolute() / "gauntlet"
    return Path.home() / ".cache" / "gauntlet"
