#!/usr/bin/env python3
"""Judges whether a lane catches the canaries that it claims.

With --name, COMMAND NAME fault must fail and print what the lane's claim in CMakePresets.json matches, and
COMMAND NAME clean must succeed and print nothing.

With --blind, COMMAND is a program without any tool, of the given lane: each claim of a lane that has a tool must be
judged 'not caught', or the judge cannot be trusted. Claims that the given lane makes itself are left out.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
from pathlib import Path


def read_lanes(presets):
    table = json.loads(Path(presets).read_text(encoding="utf-8"))
    vendors = ((preset["name"], preset.get("vendor", {}).get("gauntlet")) for preset in table["configurePresets"])
    return {name: lane for name, lane in vendors if lane}


def run(command, wall):
    """The exit status, None if it had to be stopped, and all that was printed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=wall, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    except OSError as problem:
        sys.exit(f"cannot run {command[0]}: {problem}")


def describe(status, output):
    ending = "it did not end in time" if status is None else f"exit status {status}"
    lines = output.strip().splitlines()[-40:] or ["(nothing)"]
    return "\n".join([f"got: {ending}, and", *("  | " + line for line in lines)])


def judge_fault(command, name, pattern, wall):
    """Nothing if the fault was caught, otherwise what happened instead."""
    status, output = run([*command, name, "fault"], wall)
    if status not in (0, None) and re.search(pattern, output, re.DOTALL):
        return None
    return (f"canary {name} was not caught: this lane cannot be trusted.\n"
            f"expected a failure with a report matching: {pattern}\n{describe(status, output)}")


def judge_clean(command, name, wall):
    status, output = run([*command, name, "clean"], wall)
    if status == 0 and not output:
        return None
    return f"canary {name}: its clean twin must succeed and print nothing.\n{describe(status, output)}"


def judge_blind(command, lanes, own, wall):
    """Each reason why this program shows that the judge, or the table of claims, is wrong."""
    known = set(run([*command, "--list"], wall)[1].split())
    claimed = {name for lane in lanes.values() for name in lane["canaries"]}
    # A claim of a name that the program does not have would be missed for the wrong reason.
    yield from (f"canary {name} is claimed, and the program does not have it." for name in sorted(claimed - known))
    yield from (f"canary {name} is claimed by no lane." for name in sorted(known - claimed))
    for lane, facts in lanes.items():
        if facts["runtime"] is None:
            continue
        for name, pattern in facts["canaries"].items():
            if name not in lanes[own]["canaries"] and judge_fault(command, name, pattern, wall) is None:
                yield f"canary {name} of lane {lane} was 'caught' in a program without any tool."


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", required=True, help="CMakePresets.json, the table of lanes")
    parser.add_argument("--lane", required=True)
    parser.add_argument("--wall", type=float, default=60, help="seconds that one run may take")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--name", help="the canary to judge")
    mode.add_argument("--blind", action="store_true", help="demand that no claim of a tool be caught")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    command = arguments.command
    lanes = read_lanes(arguments.presets)
    if arguments.lane not in lanes:
        sys.exit(f"{arguments.presets} has no lane {arguments.lane}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # these programs are meant to crash
    if arguments.blind:
        reasons = list(judge_blind(command, lanes, arguments.lane, arguments.wall))
    else:
        pattern = lanes[arguments.lane]["canaries"].get(arguments.name)
        if pattern is None:
            sys.exit(f"lane {arguments.lane} does not claim canary {arguments.name}")
        reasons = [judge_fault(command, arguments.name, pattern, arguments.wall),
                   judge_clean(command, arguments.name, arguments.wall)]
    reasons = [reason for reason in reasons if reason]
    for reason in reasons:
        print(reason, file=sys.stderr)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
