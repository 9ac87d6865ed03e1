"""Runs the tools: their output followed live, none of them left behind."""

import os
import re
import select
import signal
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass

# Ninja's "[3/40] Building ..." and CTest's " 3/40 Test #3: ...".
_PROGRESS = re.compile(r"\s*(?:\[(\d+/\d+)\]|(\d+/\d+) Test )")
_PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class Outcome:
    status: int
    text: str

    def tail(self, count=30):
        return [line.rstrip() for line in self.text.splitlines()[-count:]]


def run(command, phase=None, log=None, env=None, cwd=None, show=None):
    """Runs to the end; on Ctrl-C or any other exception, the child and its children end first. `show` gets each line."""
    # A session of its own: Ctrl-C reaches this process alone, which then ends the whole group in order.
    child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True, env=env, cwd=cwd)
    lines = []
    with ExitStack() as stack:
        stack.callback(_end, child)
        copy = stack.enter_context(open(log, "w", encoding="utf-8")) if log else None
        for line in _lines(child, phase):
            lines.append(line)
            if copy:
                copy.write(line)
            if show:
                show(line)
            progress = _PROGRESS.match(line)
            if phase and progress:
                phase.update(progress[1] or progress[2])
        status = child.wait()
    return Outcome(status, "".join(lines))


def _lines(child, phase):
    pipe = child.stdout.fileno()
    rest = b""
    while True:
        if not select.select([pipe], [], [], 0.5)[0]:
            if phase:
                phase.tick()
            # A grandchild that outlives the child may hold the pipe open for ever.
            if child.poll() is not None:
                break
            continue
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            break
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace") + "\n"
    if rest:
        yield rest.decode("utf-8", "replace")


def _end(child):
    child.stdout.close()
    if child.poll() is not None:
        return
    # First the polite way, then, for those of the group that do not listen, the other one.
    os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_PATIENCE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
