"""Joins the reports of several machines into one: lanes, and the shards of a lane.

The report of all shards says what one machine would have said. Whatever stands against that (a shard that is missing, a test
that ran twice or nowhere, machines that list different tests) is a finding of the lane.
"""

from . import findings, report, results
from .problem import USAGE, Problem
from .results import LaneResult
from .shards import Shard

_TOOL = "merge"
_NAMES_KEPT = 12
# What the whole says if its pieces say different things: the worst.
_FAULTS = ("missed", "not run", "caught")
_STATUSES = ("failed", "passed", "skipped")


def merge(pieces, expected, command="scripts/gauntlet test"):
    """pieces: (name of the file, report) of each. expected: lanes that must be among them, in the order of the table. command: to which
    a lane's name is added."""
    _same(pieces, "commit", "commits")
    _same(pieces, "selection", "selections of tests (-R)")
    parts = {lane.name: [] for lane in expected}
    for file, piece in pieces:
        for lane in piece["lanes"]:
            parts.setdefault(lane["name"], []).append((file, lane))
    _, first = pieces[0]
    return report.complete({
        **first,
        "date": max(piece["date"] for _, piece in pieces),
        "suppressions": list(dict.fromkeys(line for _, piece in pieces for line in piece["suppressions"])),
        "lanes": [_join(found, bool(first["selection"]), command) if found else _absent(lane, expected)
                  for lane, found in parts.items()],
    })


def _same(pieces, key, what):
    """Numbers of different programs are not added."""
    values = {}
    for file, piece in pieces:
        values.setdefault(piece[key], file)
    if len(values) > 1:
        raise Problem("\n  ".join([f"These reports are of different {what}, and are not merged:",
                                   *(f"{file}: {value or 'none'}" for value, file in values.items())]), USAGE)


def _absent(name, expected):
    [lane] = [lane for lane in expected if lane.name == name]
    result = LaneResult(lane, ran=True)
    result.blame(_TOOL, "none of the reports has this lane")
    return report.of_lane(result)


def _join(parts, selected, command):
    _, first = parts[0]
    lanes = [lane for _, lane in parts]
    joined = {
        **first,
        "listed": max((lane["listed"] for lane in lanes if lane["listed"] is not None), default=None),
        "shards": sorted((shard for lane in lanes for shard in lane["shards"]), key=lambda shard: shard["shard"]),
        "seconds": {step: round(sum(lane["seconds"][step] for lane in lanes), 2) for step in first["seconds"]},
        "faults": {fault: min((lane["faults"][fault] for lane in lanes if fault in lane["faults"]), key=_FAULTS.index)
                   for fault in dict.fromkeys(fault for lane in lanes for fault in lane["faults"])},
        "skipped": {name: why for lane in lanes for name, why in lane["skipped"].items()},
        "times": _times(lanes),
        # What an earlier merge of some of them had to say is judged again.
        "findings": [finding for lane in lanes for finding in lane["findings"] if finding["tool"] != _TOOL],
    }
    joined["skipped"] = {name: why for name, why in joined["skipped"].items() if name in joined["times"]["skipped"]}
    _judge(joined, parts, selected, command)
    joined["status"] = "failed" if joined["findings"] else "passed"
    return joined


def _times(lanes):
    times, known = {}, set()
    for status in _STATUSES:
        times[status] = {name: seconds for lane in lanes for name, seconds in lane["times"][status].items() if name not in known}
        known |= times[status].keys()
    return times


def _judge(joined, parts, selected, command):
    name = joined["name"]

    def blame(kind, stack=(), reproduce=None):
        joined["findings"].append({"tool": _TOOL, "kind": kind, "test": None, "stack": list(stack),
                                   "reproduce": reproduce or findings.reproduce(name, command=command)})

    if not joined["shards"]:
        blame("it ran in none of the reports")
        return
    splits = {shard["of"] for shard in joined["shards"]}
    if len(splits) > 1:
        raise Problem(f"Lane {name} was split into {' and into '.join(map(str, sorted(splits)))} shards: these do not add up.",
                      USAGE)
    [of] = splits
    present = {shard["shard"] for shard in joined["shards"]}
    missing = [Shard(number, of) for number in range(1, of + 1) if number not in present]
    for shard in missing:
        blame(f"shard {shard} is missing: nobody knows what its tests would say",
              reproduce=f"{command} {name} --shard {shard}")

    twice = _twice(parts)
    if twice:
        blame(f"tests that ran more than once, in different reports: {len(twice)}",
              [f"{test} ({', '.join(files)})" for test, files in twice[:_NAMES_KEPT]])
    lists = {lane["listed"]: file for file, lane in parts if lane["listed"] is not None}
    if len(lists) > 1:
        blame("the machines do not list the same tests", [f"{count} in {file}" for count, file in lists.items()])
    if missing or any(lane["listed"] is None for _, lane in parts):
        return
    counts = {status: len(joined["times"][status]) for status in _STATUSES}
    if sum(counts.values()) < joined["listed"]:
        blame(f"{joined['listed'] - sum(counts.values())} of {joined['listed']} tests ran in no shard")
    few = results.too_few(name, counts, joined["minimum_tests"])
    if few and not selected and not any(finding["kind"] == few for finding in joined["findings"]):
        blame(few)


def _twice(parts):
    files = {}
    for file, lane in parts:
        for status in _STATUSES:
            for test in lane["times"][status]:
                files.setdefault(test, []).append(file)
    return [(test, where) for test, where in files.items() if len(where) > 1]
