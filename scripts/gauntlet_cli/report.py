"""The matrix's outcome: a table for people, report.json for programs, report.md for a CI summary."""

import json

from .console import paint

_COLUMNS = ("lane", "tool", "passed", "failed", "skipped", "canaries", "configure", "build", "test", "slow-down",
            "status")
_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def totals(results):
    return {"passed": sum(result.passed for result in results), "failed": sum(result.failed for result in results)}


def as_json(results):
    return {"lanes": [_lane_json(result) for result in results], "totals": totals(results)}


def as_text(results):
    """The table, then each finding, and last the sum."""
    rows = [_COLUMNS, *_rows(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = []
    for row in rows:
        *cells, status = row
        padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths))
        lines.append(f"{padded}  {paint(status, _COLOURS[status]) if status in _COLOURS else status}")
    lines += over_budget(results)
    for result, finding in _findings(results):
        lines += ["", f"{result.lane.name}: {_headline(finding)}", *(f"    {frame}" for frame in finding.stack),
                  f"  reproduce: {finding.reproduce}"]
    return "\n".join([*lines, "", "{passed} passed, {failed} failed".format(**totals(results))])


def as_markdown(results):
    rows = [_COLUMNS, ["---"] * len(_COLUMNS), *_rows(results)]
    lines = ["# Matrix", "", *("| " + " | ".join(row) + " |" for row in rows), ""]
    lines += [f"{line}\n" for line in over_budget(results)]
    for result, finding in _findings(results):
        lines += [f"## {result.lane.name}: {_headline(finding)}", "", "```", *finding.stack,
                  f"$ {finding.reproduce}", "```", ""]
    return "\n".join([*lines, "{passed} passed, {failed} failed".format(**totals(results)), ""])


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(as_json(results), indent=2) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(as_markdown(results), encoding="utf-8")


def over_budget(results):
    return [f"Lane {result.lane.name} is over its budget: {sum(result.seconds.values()):.0f} s of "
            f"{result.lane.budget_seconds} s." for result in results
            if sum(result.seconds.values()) > result.lane.budget_seconds]


def _lane_json(result):
    return {
        "name": result.lane.name,
        "status": result.status,
        "tests": {status: result.tests[status] for status in ("passed", "failed", "skipped")},
        "canaries": {count: result.canaries[count] for count in ("expected", "caught")},
        "seconds": {step: round(seconds, 2) for step, seconds in result.seconds.items()},
        "findings": [finding.as_json() for finding in result.findings],
    }


def _rows(results):
    release = next((result for result in results if result.lane.name == "release"), None)
    return [[result.lane.name, result.lane.tool,
             *(str(result.tests[status]) for status in ("passed", "failed", "skipped")),
             f"{result.canaries['caught']}/{result.canaries['expected']}",
             *(f"{seconds:.1f} s" for seconds in result.seconds.values()), _slow_down(result, release), result.status]
            for result in results]


def _slow_down(result, release):
    """Rough: the tests that passed in both lanes, process starts included."""
    common = result.durations.keys() & release.durations.keys() if release and result is not release else ()
    base = sum(release.durations[name] for name in common) if common else 0
    return f"{sum(result.durations[name] for name in common) / base:.1f}x" if base else ""


def _findings(results):
    return [(result, finding) for result in results for finding in result.findings]


def _headline(finding):
    place = f" in {finding.test}" if finding.test else ""
    return f"{finding.tool}: {finding.kind}{place}"
