"""Changes a checkout as a whole: all new files and all changed lists, or nothing."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from .problem import FAILED, Problem


class Change:
    """New files are written into a folder of their own first, and moved when everything is there."""

    def __init__(self, root):
        self.root = root
        self.stage = Path(mkdtemp(prefix=".gauntlet-new-", dir=root))
        self._made, self._lists = [], {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.stage, ignore_errors=True)

    def add(self, name, text):
        path = self.stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self._made.append(name)

    @property
    def made(self):
        return tuple(self._made)

    @property
    def changed(self):
        return tuple(self._lists)

    def text(self, name):
        """Of a list, as it will be."""
        return self._lists[name] if name in self._lists else (self.root / name).read_text(encoding="utf-8")

    def rewrite(self, name, text):
        self._lists[name] = text

    def insert(self, name, fragment):
        """Each part of a fragment goes to where its first line says: "@@ before: LINE", or "@@ at the end"."""
        for part in fragment.split("@@ ")[1:]:
            place, _, lines = part.partition("\n")
            self._lists[name] = _inserted(name, self.text(name), place, lines)

    def commit(self):
        """Everything, or what was there before."""
        taken = [name for name in self._made if (self.root / name).exists()]
        if taken:
            raise Problem(f"{taken[0]} exists already, and nothing was changed: take another name.", FAILED)
        old = {name: (self.root / name).read_text(encoding="utf-8") for name in self._lists}
        done, folders = [], []
        try:
            for name in self._made:
                _make_folders((self.root / name).parent, folders)
                done.append(name)
                os.replace(self.stage / name, self.root / name)
            for name, text in self._lists.items():
                (self.root / name).write_text(text, encoding="utf-8")
        except BaseException:
            for name, text in old.items():
                (self.root / name).write_text(text, encoding="utf-8")
            for name in done:
                (self.root / name).unlink(missing_ok=True)
            for folder in reversed(folders):
                with suppress(OSError):
                    folder.rmdir()
            raise


def _make_folders(folder, made):
    if not folder.exists():
        _make_folders(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _inserted(name, text, place, lines):
    if place == "at the end":
        return text + lines
    anchor = place.removeprefix("before: ")
    all_lines = text.splitlines(keepends=True)
    found = [number for number, line in enumerate(all_lines) if line.startswith(anchor)]
    if len(found) != 1:
        raise Problem(f"{name} has {len(found)} lines that begin with '{anchor.strip()}', which say where a new binding is entered: put "
                      "the one back.", FAILED)
    all_lines.insert(found[0], lines)
    return "".join(all_lines)
