"""The program uring_copy, from outside."""
import os
import pathlib
import pty
import shlex
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "uring"))
import from_outside

PROGRAM = shlex.split(os.environ.get("LAUNCHER", "")) + [os.environ["URING_COPY"]]


def run(*words):
    answer = subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True)
    from_outside.require_io_uring(answer.stderr)
    return answer


class UringCopy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        (self.place / "tree").mkdir()
        for i in range(10):
            (self.place / "tree" / f"file {i}").write_text(f"{i}\n" * 1000)

    def copied(self, to):
        return {path.name: path.read_text() for path in (self.place / to).iterdir()}

    def test_copies_and_says_nothing_where_nobody_looks(self):
        answer = run(self.place / "tree", self.place / "copy")
        self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, "", ""))
        self.assertEqual(self.copied("copy"), self.copied("tree"))

    def test_help_and_usage(self):
        answer = run("--help")
        self.assertEqual(answer.returncode, 0)
        self.assertTrue(answer.stdout.startswith("usage: uring_copy SOURCE DESTINATION"))
        for words in ([], ["one"], ["one", "two", "three"]):
            answer = run(*words)
            self.assertEqual((answer.returncode, answer.stdout), (2, ""))
            self.assertTrue(answer.stderr.startswith("usage:"))

    def test_errors_name_the_path(self):
        answer = run(self.place / "none", self.place / "copy")
        self.assertEqual(answer.returncode, 1)
        self.assertIn(f"{self.place}/none: statx: No such file or directory", answer.stderr)
        answer = run(self.place / "tree", self.place / "tree")
        self.assertEqual(answer.returncode, 1)
        os.mkfifo(self.place / "tree" / "pipe")
        answer = run(self.place / "tree", self.place / "copy")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("pipe", answer.stderr)
        (self.place / "tree" / "pipe").unlink()
        self.assertEqual(self.copied("copy"), self.copied("tree"))

    def test_shows_progress_on_a_terminal(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([*PROGRAM, str(self.place / "tree"), str(self.place / "copy")],
                                   stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 1000):
                shown += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        status = process.wait()
        from_outside.require_io_uring(shown.decode())
        self.assertEqual(status, 0)
        self.assertIn(b"10 files, 1 folders, 0 links", shown)


if __name__ == "__main__":
    from_outside.main()
