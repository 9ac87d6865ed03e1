"""Where things are: the checkout, and the cache that checkouts share."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    root: Path
    cache: Path

    @classmethod
    def here(cls):
        return cls(root=Path(__file__).resolve().parents[2], cache=_cache_root())

    @property
    def build(self):
        return self.root / "build"

    @property
    def setup(self):
        return self.build / "setup"

    @property
    def matrix(self):
        return self.build / "matrix"


def _cache_root():
    if "GAUNTLET_CACHE" in os.environ:
        return Path(os.environ["GAUNTLET_CACHE"]).absolute()
    if "XDG_CACHE_HOME" in os.environ:
        return Path(os.environ["XDG_CACHE_HOME"]).absolute() / "gauntlet"
    return Path.home() / ".cache" / "gauntlet"
