"""Progress: one line that updates itself on a terminal, plain lines elsewhere.

Progress goes to stderr, results to stdout, so that each can be piped by itself.
"""

import os
import shutil
import sys
import time
from contextlib import contextmanager

HEARTBEAT_SECONDS = 30
REDRAW_SECONDS = 0.1


def is_live(stream):
    return stream.isatty() and os.environ.get("CI") != "true" and os.environ.get("TERM") != "dumb"


def paint(text, colour, stream=None):
    """Colours text for a terminal, and only for one."""
    stream = stream or sys.stdout
    if not is_live(stream) or "NO_COLOR" in os.environ:
        return text
    code = {"red": 31, "green": 32, "yellow": 33}[colour]
    return f"\x1b[{code}m{text}\x1b[0m"


class Console:
    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.live = is_live(self.stream)

    def say(self, text):
        self.clear()
        print(text, file=self.stream, flush=True)

    def warn(self, sentence):
        self.say(paint("warning: ", "yellow", self.stream) + sentence)

    @contextmanager
    def phase(self, title):
        """A step with a name; when it ends well, a line says how long it took."""
        phase = Phase(self, title)
        try:
            yield phase
        finally:
            phase.seconds = phase.elapsed()
            self.clear()
        self.say(f"{title:<32} {phase.seconds:7.1f} s  {phase.remark}".rstrip())

    def clear(self):
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def draw(self, text):
        width = shutil.get_terminal_size().columns - 1
        self.stream.write("\r\x1b[K" + text[:width])
        self.stream.flush()


class Phase:
    def __init__(self, console, title):
        self.console = console
        self.title = title
        self.remark = ""
        self.seconds = 0.0
        self._started = self._shown = time.monotonic()
        self._state = ""

    def elapsed(self):
        return time.monotonic() - self._started

    def update(self, state):
        self._state = state
        self.tick()

    def tick(self):
        """Shows the state if it is time to."""
        now = time.monotonic()
        if now - self._shown < (REDRAW_SECONDS if self.console.live else HEARTBEAT_SECONDS):
            return
        self._shown = now
        text = f"{self.title:<32} {self.elapsed():7.1f} s  {self._state}".rstrip()
        if self.console.live:
            self.console.draw(text)
        else:
            self.console.say(f"{text} ...")
