"""Reads the reports of the tools out of a test's output."""

import os
import re
import shlex
from dataclasses import asdict, dataclass
from typing import Optional

_CRASH = "crash"
_FRAMES_KEPT = 12
_FINDINGS_KEPT = 3


@dataclass(frozen=True)
class Finding:
    tool: str
    kind: str
    test: Optional[str]
    stack: tuple
    reproduce: str

    def as_json(self):
        return {**asdict(self), "stack": list(self.stack)}


@dataclass(frozen=True)
class Report:
    """A finding as the tool printed it, before it is known which test it belongs to."""

    tool: str
    kind: str
    stack: tuple


# How the first line of each tool's report looks: its groups are `kind`, and `tool` or `place` where the line has them.
_HEADS = [
    (None, re.compile(r"(?:ERROR|WARNING): (?P<tool>\w+Sanitizer): "
                      r"(?P<kind>.+?)(?= on (?:unknown )?address| \(pid=|$)")),
    ("UndefinedBehaviorSanitizer", re.compile(r"(?P<place>\S+:\d+:\d+): runtime error: (?P<kind>.+)")),
    ("descriptors", re.compile(r"gauntlet: (?P<kind>(?:double close of|leaked) descriptor.*)")),
    ("library assertions", re.compile(r"(?P<place>\S+:\d+): .*(?P<kind>Assertion '.*' failed)")),
    ("Catch2", re.compile(r"(?P<place>\S+:\d+): (?P<kind>asserted on another thread than the test's)")),
    ("hardening", re.compile(r"\*\*\* (?P<kind>.*) \*\*\*")),
]
_CATCH2_HEAD = re.compile(r"(?P<place>\S+:\d+): FAILED:")
_MEMCHECK_LINE = re.compile(r"==\d+== (?P<kind>\S.*?)(?: in loss record \d+ of \d+)?$")

_SANITIZER_FRAME = re.compile(r"\s*#\d+ (?:0x[0-9a-f]+ in )?(.*)$")
_MEMCHECK_FRAME = re.compile(r"==\d+==    (?:at|by) 0x[0-9A-F]+: (.*)$")
# The module and offset at the end of a frame tell a person nothing.
_MODULE = re.compile(r"(?: \(\S+\+0x[0-9a-f]+\))?(?: \(BuildId: \w+\))?$")
# From these frames down there is only how a program, or a test, is started.
_BOTTOM = re.compile(r"__libc_start|_start |\(below main\)|\?\?\?|Catch::.*TestInvoker")
_WIDTH = 160


def read(text, root=""):
    """The first reports in the output of one test, without repetitions."""
    lines = re.sub(r"(?:\x1b|\[NON-XML-CHAR-0x1B\])\[[0-9;]*m", "", text).splitlines()
    heads = [(number, head) for number in range(len(lines)) for head in [_head(lines, number)] if head]
    ends = [number for number, _ in heads[1:]] + [len(lines)]
    reports = [_report(head, lines[number + 1:end], root) for (number, head), end in zip(heads, ends)]
    # Of a crash Catch2 knows less than the tool that saw it.
    told = [report for report in reports if report.kind != _CRASH] or reports
    return list(dict.fromkeys(told))[:_FINDINGS_KEPT]


def reproduce(lane, test=None, command="scripts/gauntlet test"):
    """The command that shows a finding again."""
    command = f"{command} {lane}"
    if not test:
        return command
    escaped = re.sub(r"([.^$*+?()\[\]|\\])", r"\\\1", test)
    return f"{command} -R {shlex.quote(f'^{escaped}$')}"


def _head(lines, number):
    """(tool, kind, place) if a report begins at this line."""
    line = lines[number]
    for tool, pattern in _HEADS:
        match = pattern.search(line)
        if match:
            found = match.groupdict()
            return found.get("tool", tool), found["kind"].rstrip(": "), found.get("place")
    match = _CATCH2_HEAD.match(line)
    if match:
        return "test", "assertion", match["place"]
    match = _MEMCHECK_LINE.match(line)
    # What memcheck reports is followed by its stack at once; blocks that are still reachable are no error.
    followed = number + 1 < len(lines) and _MEMCHECK_FRAME.match(lines[number + 1])
    if match and followed and "still reachable" not in line:
        return "memcheck", match["kind"], None
    return None


def _report(head, following, root):
    tool, kind, place = head
    if tool == "test":
        stack = [place, *_paragraph(following)]
        kind = _CRASH if "due to a fatal error condition:" in stack else kind
    else:
        stack = _first_stack(following) or [place or ""]
    return Report(tool, kind, tuple(tidy(line, root) for line in stack[:_FRAMES_KEPT] if line))


def tidy(line, root):
    """Paths from the checkout on (ccache makes them relative to the build folder), and no line without end."""
    line = re.sub(r"[^\s()]*\.\./[^\s()]*", lambda path: re.sub(r"^(\.\./)+", "", os.path.normpath(path[0])), line)
    line = line.replace(f"{root}/", "")
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH // 2]} ... {line[-_WIDTH // 2:]}"


def _paragraph(lines):
    for line in lines:
        if not line.strip():
            return
        yield line.strip()


def _first_stack(lines):
    stack = []
    for line in lines:
        frame = _SANITIZER_FRAME.match(line) or _MEMCHECK_FRAME.match(line)
        if frame:
            stack.append(_MODULE.sub("", frame[1]))
        elif stack:
            break
    bottom = next((depth for depth, frame in enumerate(stack) if _BOTTOM.match(frame)), len(stack))
    return stack[:bottom] or stack
