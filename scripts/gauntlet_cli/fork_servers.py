"""Runs test cases of one program as forks of one process of it: where a program's start is dear, as under Valgrind, CTest
would pay for it with every test. Which tests these are, and how each is started, is CTest's list to say.

See tests/support/fork_server.hpp for the other side.
"""

import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections import deque
from contextlib import ExitStack, suppress

from .results import TestRun

LABEL = "fork_server"
# What CTest can be told of a test, as far as it is kept here too.
_KEPT = {"LABELS", "SKIP_RETURN_CODE", "WORKING_DIRECTORY"}
_OPTION = "--fork-server"
_WAIT_SECONDS = 0.5


class Case:
    """A test of CTest's list that a fork server can run."""

    def __init__(self, test):
        self.name = test["name"]
        *self.program, self.argument = test["command"]
        properties = _properties(test)
        self.folder = properties.get("WORKING_DIRECTORY")
        self.skip_status = properties.get("SKIP_RETURN_CODE")
        self.not_kept = ", ".join(sorted(properties.keys() - _KEPT))


def served(tests):
    """(cases for fork servers, the other tests)."""
    def is_served(test):
        return LABEL in _properties(test).get("LABELS", [])

    return [Case(test) for test in tests if is_served(test)], [test for test in tests if not is_served(test)]


def run(cases, jobs, timeout, phase):
    """The runs of these cases, `jobs` at a time; none may take more than `timeout` seconds."""
    # Cases of a program in a row, so that each server serves as many as it can.
    waiting = deque(sorted((case for case in cases if not case.not_kept), key=lambda case: case.program))
    runs = [TestRun(case.name, "failed", 0.0, f"fork_servers.py does not know the property {case.not_kept}", "")
            for case in cases if case.not_kept]
    with ExitStack() as stack:
        servers = [stack.enter_context(_Server(timeout)) for _ in range(min(jobs, len(cases)))]
        while len(runs) < len(cases):
            for server in servers:
                if waiting and not server.case:
                    server.give(waiting.popleft())
            busy = [server for server in servers if server.case]
            answered, _, _ = select.select(busy, [], [], _WAIT_SECONDS)
            runs += [server.result() for server in busy if server in answered or server.is_late()]
            phase.update(f"{len(runs)}/{len(cases)}")
    return runs


class _Server:
    """One program at a time, and one case of it at a time."""

    def __init__(self, timeout):
        self.case = None
        self._timeout = timeout
        self._process = self._control = self._program = None
        self._output = tempfile.TemporaryFile()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()
        self._output.close()

    def fileno(self):
        return self._control.fileno()

    def give(self, case):
        self.case = case
        self._started = time.monotonic()
        if self._program != case.program:
            self._end()
            self._start(case)
        self._printed = self._size()
        with suppress(BrokenPipeError):  # it died; result() will find out
            self._control.sendall(f"{case.argument}\n".encode())

    def is_late(self):
        return time.monotonic() - self._started > self._timeout

    def result(self):
        """How the case ended: its status, or that there is none."""
        late = self.is_late()
        answer = b"" if late else self._answer()
        if not answer:
            self._end()
        status, reason = self._verdict(int(answer)) if answer else ("failed", "timeout" if late else "the program ended")
        # By place: the position of the file is that of the program that writes.
        printed = os.pread(self._output.fileno(), self._size() - self._printed, self._printed)
        run = TestRun(self.case.name, status, time.monotonic() - self._started, reason, printed.decode("utf-8", "replace"))
        self.case = None
        return run

    def _answer(self):
        """A line with a status, or nothing if the server is not there any more."""
        with suppress(ConnectionError):
            return self._control.makefile("rb").readline()
        return b""

    def _verdict(self, waited):
        status = os.waitstatus_to_exitcode(waited)
        if status == 0:
            return "passed", ""
        if status == self.case.skip_status:
            return "skipped", f"SKIP_RETURN_CODE={status}"
        return "failed", f"exit status {status}" if status > 0 else signal.strsignal(-status).lower()

    def _start(self, case):
        self._program = case.program
        self._control, theirs = socket.socketpair()
        with theirs:
            # A session of its own, so that all that a test starts ends with it.
            self._process = subprocess.Popen([*case.program, _OPTION, str(theirs.fileno())], pass_fds=[theirs.fileno()],
                                             stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT,
                                             cwd=case.folder, start_new_session=True)

    def _size(self):
        return os.fstat(self._output.fileno()).st_size

    def _end(self):
        if self._process:
            self._control.close()
            os.killpg(self._process.pid, signal.SIGKILL)  # there at least as a zombie, until it is waited for
            self._process.wait()
        self._process = self._program = None


def _properties(test):
    return {entry["name"]: entry["value"] for entry in test.get("properties", [])}
