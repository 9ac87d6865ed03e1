"""The example program as it is, from outside, with clients that are not ours.

The environment says where it is: ECHO, and a LAUNCHER to run it under. What a sanitizer finds is an exit status that is
not 0."""

import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "uring"))
import from_outside

PATIENCE = 300  # seconds, for a tool that is slow
COMMAND = [*shlex.split(os.environ.get("LAUNCHER", "")), os.environ["ECHO"]]


def said(*words):
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=PATIENCE)


class UringEcho(unittest.TestCase):
    def serve(self, end_by, *words):
        process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        found = re.fullmatch(r"listening on (.*):(\d+)\n", process.stdout.readline())
        if not found:
            problem = process.communicate()[1]
            from_outside.require_io_uring(problem)
            self.fail(problem)
        peers = [socket.create_connection((found[1].strip("[]"), int(found[2])), timeout=PATIENCE) for _ in range(20)]
        for number, peer in enumerate(peers):
            peer.sendall(b"%d " % number * 5000)
            peer.shutdown(socket.SHUT_WR)
        for number, peer in enumerate(peers):
            with peer, peer.makefile("rb") as come:
                self.assertEqual(come.read(), b"%d " % number * 5000)
        with socket.create_connection((found[1].strip("[]"), int(found[2])), timeout=PATIENCE) as last:
            last.sendall(b"x")
            self.assertEqual(last.recv(1), b"x")
            process.send_signal(end_by)  # while one is connected
            out, problem = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out, problem), (0, "", ""))

    def test_it_echoes_until_it_is_interrupted(self):
        self.serve(signal.SIGINT)

    def test_it_listens_where_it_is_told(self):
        self.serve(signal.SIGTERM, "127.0.0.2", "0")

    def test_help_says_how_it_is_used(self):
        done = said("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("uring_echo [ADDRESS] [PORT]", done.stdout)

    def test_what_is_no_address_is_said(self):
        for words in (["1.2.3"], ["127.0.0.1", "x"], ["127.0.0.1", "65536"], ["127.0.0.1", "1", "2"]):
            done = said(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertEqual(done.stdout, "")
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    from_outside.main()
