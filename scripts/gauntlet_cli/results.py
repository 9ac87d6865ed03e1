"""What a lane came to, judged from what CTest says that it ran."""

import re
import xml.etree.ElementTree as xml
from collections import Counter
from dataclasses import dataclass, field
from typing import Optional

from . import findings
from .findings import Finding
from .lanes import Lane
from .shards import WHOLE, Shard

UNREADABLE = (OSError, xml.ParseError)

_CANARY = "canary."
_LINES_KEPT = 12
_OUTCOMES = {"passed": "caught", "failed": "missed", "skipped": "not run"}  # of a canary's test

# What XML 1.0 has no way to say; CTest writes it so as well.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A line of CTest's last list: "	  3 - a name (SEGFAULT)".
_REASON = re.compile(r"^\s*\d+ - (.+) \((\w[\w ]*)\)", re.MULTILINE)

_SKIPPED = re.compile(r": SKIPPED:\s*\nexplicitly with message:\s*\n(.+?)\n\s*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class TestRun:
    name: str
    status: str  # passed, failed or skipped
    seconds: float
    reason: str
    output: str


@dataclass
class LaneResult:
    lane: Lane
    shard: Shard = WHOLE
    ran: bool = False
    listed: Optional[int] = None  # tests of the whole lane, of whichever shard, that CTest has
    runs: list = field(default_factory=list)
    faults: dict = field(default_factory=dict)  # of the canaries that were to run: caught, missed or not run
    tests: Counter = field(default_factory=Counter)
    seconds: dict = field(default_factory=lambda: dict.fromkeys(("configure", "build", "test"), 0.0))
    findings: list = field(default_factory=list)

    @property
    def status(self):
        if not self.ran:
            return "skipped"
        return "failed" if self.findings else "passed"

    def blame(self, tool, kind, stack=(), test=None, reproduce=None):
        self.findings.append(Finding(tool, kind, test, tuple(stack),
                                     reproduce or findings.reproduce(self.lane.name, test, self.lane.command)))


def read(junit, said):
    """The runs in CTest's JUnit file; why a test failed is only in what CTest said."""
    reasons = dict(_REASON.findall(said))
    return [_test_run(case, reasons) for case in xml.parse(junit).getroot().iter("testcase")]


def add(junit, runs):
    """Adds runs that are not CTest's own to its file, or makes the file: it is to have each test of the lane."""
    suite = xml.parse(junit).getroot() if junit.exists() else xml.Element("testsuite", name=junit.name)
    for run in runs:
        case = xml.SubElement(suite, "testcase", name=run.name, classname=run.name, time=f"{run.seconds:.6g}",
                              status={"passed": "run", "failed": "fail", "skipped": "notrun"}[run.status])
        if run.status != "passed":
            xml.SubElement(case, {"failed": "failure", "skipped": "skipped"}[run.status], message=run.reason)
        xml.SubElement(case, "system-out").text = _NO_XML.sub(lambda char: f"[NON-XML-CHAR-0x{ord(char[0]):02X}]", run.output)
    counts = Counter(run.status for run in runs)
    for attribute, more in {"tests": len(runs), "failures": counts["failed"], "skipped": counts["skipped"]}.items():
        suite.set(attribute, str(int(suite.get(attribute, 0)) + more))
    xml.ElementTree(suite).write(junit, encoding="utf-8", xml_declaration=True)


def judge(result, runs, root="", selected=False):
    """Counts the runs into the result and adds what is wrong; `selected` means that a regex chose among the tests."""
    lane = result.lane
    claims = claimed(lane)
    canaries = [run for run in runs if run.name in claims]
    tests = [run for run in runs if run.name not in claims]

    result.runs = runs
    result.faults = {claims[run.name]: _OUTCOMES[run.status] for run in canaries}
    result.tests.update(run.status for run in tests)

    for run in canaries:
        if run.status != "passed":
            first, *rest = run.output.strip().splitlines() or [f"canary {claims[run.name]}: {run.reason}"]
            result.blame("canary", first, rest[:_LINES_KEPT], run.name)
    for run in tests:
        if run.status == "failed":
            _blame_test(result, run, root)

    if not runs:
        result.blame("gauntlet", "no tests ran" + (": none matches the regex" if selected else ""))
    if selected or not runs:
        return
    for name in sorted(claims.keys() - {run.name for run in canaries}):
        result.faults[claims[name]] = "not run"
        result.blame("canary", f"{claims[name]} is claimed by the lane and was not run", test=name)
    few = too_few(lane.name, result.tests, lane.minimum_tests)
    if few and not result.shard.is_part:  # of a shard only the merged report can tell
        result.blame("gauntlet", few)


def too_few(lane, tests, minimum):
    counted = tests["passed"] + tests["failed"]
    return f"too few tests: {counted} ran, and lane {lane} has at least {minimum}" if counted < minimum else None


def claimed(lane):
    """The canaries' tests, and the faults that each is for."""
    return {f"{_CANARY}{name}": name for name in lane.canaries}


def why_skipped(run):
    """What the test said, as Catch2 prints it; else what CTest knows."""
    said = _SKIPPED.search(run.output)
    return " ".join(said[1].split()) if said else run.reason


def _blame_test(result, run, root):
    reports = findings.read(run.output, root)
    for report in reports:
        result.blame(report.tool, report.kind, report.stack, run.name)
    if not reports:
        result.blame("test", run.reason, run.output.strip().splitlines()[-_LINES_KEPT:], run.name)


def _test_run(case, reasons):
    name = case.get("name")
    skipped = case.find("skipped")
    why_skipped = skipped.get("message") if skipped is not None else ""
    if case.get("status") == "run":
        status = "passed"
    # CTest also calls "skipped" what it could not start: that is a failure, whatever it is called.
    elif case.get("status") == "disabled" or why_skipped.startswith("SKIP_"):
        status = "skipped"
    else:
        status = "failed"
    return TestRun(name, status, float(case.get("time") or 0), why_skipped or reasons.get(name, "failed").lower(),
                   case.findtext("system-out") or "")
