"""What the tests of the command line share."""

import io
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from gauntlet_cli.console import Console  # noqa: E402
from gauntlet_cli.lanes import Lane  # noqa: E402


class InFolder(unittest.TestCase):
    """A test with a folder of its own, and a console that writes into memory."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.console = Console(io.StringIO())

    @property
    def said(self):
        return self.console.stream.getvalue()


def lane(**changed):
    """A lane with two canaries and room for three tests."""
    facts = dict(name="asan", title="a lane", tool="AddressSanitizer", catches="things", sources=(), libcxx=None,
                 packages=(), runtime="__asan_init", canaries={"leak": "leaked", "heap": "heap"}, minimum_tests=3,
                 budget_seconds=300, timeout_seconds=60, toolchain=Path("asan.cmake"), build=Path("build/asan"), junit=Path("asan.xml"))
    return Lane(**{**facts, **changed})
