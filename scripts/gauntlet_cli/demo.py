"""Builds the main example and runs it on a picture."""

import subprocess
from pathlib import Path

from . import cmake, setup
from .lanes import choose
from .problem import Problem

_EXAMPLE = "thumbnail"
_LANE = "release"


def run(project, lanes, console, picture=None, width=None):
    """The example's own exit status: it says by itself what is wrong with a picture, or where the thumbnail is."""
    [lane] = choose(lanes, [_LANE])
    setup.set_up(project, [lane], console)
    for step, target in ((cmake.configure, ()), (cmake.build, (_EXAMPLE,))):
        outcome, _ = step(project, lane, console, *target)
        if outcome.status:
            raise Problem("\n  ".join([f"{_EXAMPLE} cannot be built. The last lines:", *outcome.tail()]))
    folder = project.root / "examples" / _EXAMPLE
    picture = Path(picture) if picture else folder / "sample.png"
    thumbnail = project.build / "demo" / f"{picture.stem}-thumbnail.png"
    thumbnail.parent.mkdir(exist_ok=True)
    program = lane.build / folder.relative_to(project.root) / _EXAMPLE
    options = ["--width", str(width)] if width else []
    return subprocess.run([program, picture, thumbnail, *options], check=False).returncode
