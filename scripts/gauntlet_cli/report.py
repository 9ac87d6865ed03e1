"""The matrix's outcome as data: report.json, from which all other forms are made.

A report is a dict as json has it, because pieces of other machines come as files. docs/matrix.md says what is in it.
"""

import json
import subprocess
from collections import Counter
from datetime import datetime, timezone

from . import report_page, report_text, results, suppressions
from .problem import Problem

VERSION = 1
DATA = "report.json"
_NAMES = (DATA, "report.md", "report.html")
_STATUSES = ("passed", "failed", "skipped")


def of(lane_results, project=None, selection=None):
    """The report of lanes that have run, or were to."""
    return complete({
        "version": VERSION,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": _commit(project.root) if project else None,
        "selection": selection,
        "suppressions": suppressions.in_force(project.root, folders=_folders(project)) if project else [],
        "lanes": [of_lane(result) for result in lane_results],
    })


def complete(report):
    """Adds what follows from the runs: counts, suites, slow-downs, sums."""
    release = next((lane["times"]["passed"] for lane in report["lanes"] if lane["name"] == "release"), {})
    for lane in report["lanes"]:
        base = {} if lane["name"] == "release" else release
        lane["tests"] = {status: len(lane["times"][status]) for status in _STATUSES}
        lane["canaries"] = {"expected": len(lane["faults"]),
                            "caught": sum(outcome == "caught" for outcome in lane["faults"].values())}
        lane["slow_down"] = _slow_down(lane["times"]["passed"], base)
        lane["suites"] = _suites(lane["times"], base)
    report["totals"] = {"passed": sum(lane["tests"]["passed"] + lane["canaries"]["caught"] for lane in report["lanes"]),
                        "failed": sum(map(_failures, report["lanes"]))}
    return report


def write(report, folder):
    """Paths of the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    forms = (json.dumps(report, indent=2) + "\n", report_text.as_markdown(report), report_page.as_html(report))
    paths = [folder / name for name in _NAMES]
    for path, text in zip(paths, forms):
        path.write_text(text, encoding="utf-8")
    return paths


def load(path):
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["version"] != VERSION:
            raise Problem(f"{path} is a report of version {report['version']}, and this is for version {VERSION}.")
        return complete(report)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}. `scripts/gauntlet test` makes a report.")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem(f"{path} is no report.json of `scripts/gauntlet test`, or one of an older version.")


def of_lane(result):
    lane = result.lane
    claims = results.claimed(lane)
    tests = [run for run in result.runs if run.name not in claims]
    return {
        "name": lane.name,
        "tool": lane.tool,
        "status": result.status,
        "minimum_tests": lane.minimum_tests,
        "budget_seconds": lane.budget_seconds,
        "listed": result.listed,
        "shards": [{"shard": result.shard.number, "of": result.shard.of, "seconds": _rounded(result.seconds)}]
                  if result.ran else [],
        "seconds": _rounded(result.seconds),
        "findings": [finding.as_json() for finding in result.findings],
        "faults": result.faults,
        "skipped": {run.name: results.why_skipped(run) for run in tests if run.status == "skipped"},
        "times": {status: {run.name: round(run.seconds, 4) for run in tests if run.status == status}
                  for status in _STATUSES},
    }


def _rounded(seconds):
    return {step: round(value, 2) for step, value in seconds.items()}


def _failures(lane):
    """A lane that failed without a failed test counts as one failure: it must not vanish from the sum."""
    failed = lane["tests"]["failed"] + lane["canaries"]["expected"] - lane["canaries"]["caught"]
    return (failed or 1) if lane["status"] == "failed" else 0


def _suites(times, base):
    """By the first part of the tests' names."""
    suites = {}
    for status in _STATUSES:
        for name, seconds in times[status].items():
            suite = suites.setdefault(name.partition(".")[0], {"counts": Counter(), "seconds": 0.0, "passed": {}})
            suite["counts"][status] += 1
            suite["seconds"] += seconds
            if status == "passed":
                suite["passed"][name] = seconds
    return {name: {**{status: suite["counts"][status] for status in _STATUSES}, "seconds": round(suite["seconds"], 2),
                   "slow_down": _slow_down(suite["passed"], base)}
            for name, suite in sorted(suites.items())}


def _slow_down(times, base):
    """Rough: over release, by the tests that passed in both lanes, process starts included. None where there is no such test."""
    common = times.keys() & base.keys()
    took = sum(base[name] for name in common)
    return round(sum(times[name] for name in common) / took, 2) if took else None


def _folders(project):
    """Those with sources, where not all are known by name."""
    if not project.guest:
        return suppressions.FOLDERS
    return sorted(path.name for path in project.root.iterdir()
                  if path.is_dir() and path != project.build and not path.name.startswith("."))


def _commit(root):
    """None where there is no checkout of git's. In a container the checkout may be somebody else's, which git distrusts."""
    try:
        said = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "describe", "--always", "--dirty", "--abbrev=40",
                               "--exclude=*"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return said.stdout.strip() if said.returncode == 0 else None
