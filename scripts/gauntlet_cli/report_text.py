"""A report for people who read text: on a terminal, or as the summary of a CI run."""

import re

from .console import paint

_COLUMNS = ("lane", "tool", "passed", "failed", "skipped", "canaries", "configure", "build", "test", "slow-down",
            "status")
_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def as_text(report):
    """The table, then each finding, and last the sum."""
    rows = [_COLUMNS, *map(_row, report["lanes"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = []
    for row in rows:
        *cells, status = row
        padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths))
        lines.append(f"{padded}  {paint(status, _COLOURS[status]) if status in _COLOURS else status}")
    lines += over_budget(report)
    for lane, finding in findings(report):
        lines += ["", f"{lane['name']}: {headline(finding)}", *(f"    {frame}" for frame in finding["stack"]),
                  f"  reproduce: {finding['reproduce']}"]
    return "\n".join([*lines, "", summary(report)])


def as_markdown(report):
    lines = ["# Matrix", "", *_table(_COLUMNS, map(_row, report["lanes"]), numbers=range(2, 10))]
    lines += [f"{line}\n" for line in over_budget(report)]
    for lane, finding in findings(report):
        lines += [f"## {_escaped(lane['name'])}: {_escaped(headline(finding))}", "", *_fenced(finding), ""]
    lines += _suites(report)
    lines += ["## Suppressions", "", *([f"- {_escaped(line)}" for line in report["suppressions"]] or ["None."]), ""]
    skips = skipped(report)
    rows = ((name, ", ".join(lanes), why) for name, why, lanes in skips)
    lines += ["## Skipped", "", *(_table(("test", "skipped in", "because"), rows) if skips else ["Nothing.", ""])]
    return "\n".join([*lines, summary(report), ""])


def over_budget(report):
    """Of the machines that ran a lane's shards, the slowest counts."""
    slowest = [(lane, max((sum(shard["seconds"].values()) for shard in lane["shards"]), default=0))
               for lane in report["lanes"]]
    return [f"Lane {lane['name']} is over its budget: {seconds:.0f} s of {lane['budget_seconds']} s."
            for lane, seconds in slowest if seconds > lane["budget_seconds"]]


def findings(report):
    return [(lane, finding) for lane in report["lanes"] for finding in lane["findings"]]


def headline(finding):
    place = f" in {finding['test']}" if finding["test"] else ""
    return f"{finding['tool']}: {finding['kind']}{place}"


def skipped(report):
    """(test, why, lanes) of each test that was skipped somewhere, those with the same reason together."""
    lanes = {}
    for lane in report["lanes"]:
        for name, why in lane["skipped"].items():
            lanes.setdefault((why, name), []).append(lane["name"])
    return [(name, why, where) for (why, name), where in sorted(lanes.items())]


def suites(report):
    """Names of all suites, those with failures first."""
    failed = {}
    for lane in report["lanes"]:
        for name, suite in lane["suites"].items():
            failed[name] = failed.get(name, 0) + suite["failed"]
    return sorted(failed, key=lambda name: (not failed[name], name))


def slow_down(value):
    return "" if value is None else f"{value:.1f}x"


def summary(report):
    return "{passed} passed, {failed} failed".format(**report["totals"])


def _row(lane):
    return (lane["name"], lane["tool"], *(str(lane["tests"][status]) for status in ("passed", "failed", "skipped")),
            "{caught}/{expected}".format(**lane["canaries"]), *(f"{seconds:.1f} s" for seconds in lane["seconds"].values()),
            slow_down(lane["slow_down"]), lane["status"])


def _suites(report):
    """A cell has what passed, what failed and how long it took."""
    names = suites(report)
    if not names:
        return []
    rows = ((name, *(_suite(lane["suites"].get(name)) for lane in report["lanes"])) for name in names)
    return ["## Suites", "", "Tests that passed, seconds, and how many times slower than in release.", "",
            *_table(("suite", *(lane["name"] for lane in report["lanes"])), rows, numbers=range(1, 1 + len(report["lanes"])))]


def _suite(suite):
    if suite is None:
        return ""
    counts = f"{suite['passed']}" + (f", {suite['failed']} failed" if suite["failed"] else "")
    return f"{counts} ({', '.join(filter(None, [format(suite['seconds'], '.1f'), slow_down(suite['slow_down'])]))})"


def _table(head, rows, numbers=()):
    marks = ["--:" if column in numbers else "---" for column in range(len(head))]
    cells = [head, marks, *([_escaped(cell) for cell in row] for row in rows)]
    return [*("| " + " | ".join(row) + " |" for row in cells), ""]


def _fenced(finding):
    lines = [*finding["stack"], f"$ {finding['reproduce']}"]
    fence = "`" * max(3, 1 + max((len(ticks) for line in lines for ticks in re.findall("`+", line)), default=0))
    return [fence, *lines, fence]


def _escaped(text):
    """Names of tests are sentences of anything: none of it may become a mark, a cell or a tag."""
    return re.sub(r"([\\`*_\[\]<>|#&~])", r"\\\1", re.sub(r"\s+", " ", text))
