#!/usr/bin/env python3
"""What borrow tracking costs: builds tests/lends/work.cpp with lends and without in each LANE named, runs the two in turns, and
prints the rows of the table in docs/borrow-tracking.md: processor seconds, median, least and most, and their ratio.

    tests/lends/costs.py dev asan tsan msan valgrind
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = (("uv", "connections"), ("uring", "connections"), ("png", "rows"))


def build(lane, lends):
    """The command and the environment of lend_work, as CTest would run it."""
    folder = ROOT / "build" / "lend_costs" / f"{lane}-{'with' if lends else 'without'}"
    # What cannot be known of a build that failed stands on the terminal.
    for command in (["cmake", "--preset", lane, "-B", folder, f"-DGAUNTLET_LENDS={'ON' if lends else 'OFF'}"],
                    ["cmake", "--build", folder, "--target", "lend_work"]):
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
    listed = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1", "-R", r"^lends\.work_png$"],
                            stdout=subprocess.PIPE, check=True).stdout
    [test] = json.loads(listed)["tests"]
    environment = [value for entry in test.get("properties", ()) if entry["name"] == "ENVIRONMENT" for value in entry["value"]]
    return test["command"][:-2], {**os.environ, **dict(each.split("=", 1) for each in environment)}


def seconds(command, environment):
    """Of the processor, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def said(measured):
    return f"{statistics.median(measured):.2f} ({min(measured):.2f} to {max(measured):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lanes", nargs="+", metavar="LANE")
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--runs", type=int, default=5, help="of each, in turns (5)")
    options = parser.parse_args()
    for lane in options.lanes:
        built = [build(lane, lends) for lends in (False, True)]
        for kind, unit in WORK:
            count = getattr(options, unit)
            measured = ([], [])
            for _ in range(options.runs):
                for (command, environment), of_these in zip(built, measured):
                    of_these.append(seconds([*command, kind, str(count)], environment))
            without, with_lends = measured
            ratio = statistics.median(with_lends) / statistics.median(without)
            print(f"| {lane} | {kind}, {count:,} {unit} | {said(without)} | {said(with_lends)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
