#!/usr/bin/env python3
"""Runs each way of touching memory that each kind of operation is lent, in a process of its own, and holds what was reported
against the lane's table in docs/borrow-tracking.md. With --write-docs the table is written anew.

COMMAND KIND TOUCH must say what it is that it found, and where: the function that touched, or the place of the lend, in its
first report. Correct use must be silent in every lane, whatever the table says.
"""

import argparse
import re
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOUCHES = ("nothing", "read", "write", "free", "last", "after", "neighbour")
RIGHT = ("nothing", "after", "neighbour")  # what may be done; and to read what is lent for reading
SHARED = " (shared)"
COLUMNS = ("read", "write", "free", "last", "after", "neighbour")
HEADS = {"lends": ("operation", "read", "written to", "freed", "its last byte", "after the return", "the bytes beside"), "history": ("bug", "found by")}
NOT_SEEN = "not seen"
NO_SUCH_CELL = 3
AT_ONCE = 2
# What a report begins with, and the word for it. Each must name the touch, or the lend by its source.
REPORTS = (
    (r"AddressSanitizer: (?:use-after-poison|heap-use-after-free)", "AddressSanitizer"),
    (r"WARNING: ThreadSanitizer: (?:data race|heap-use-after-free|race on)", "ThreadSanitizer"),
    (r"MemorySanitizer: use-of-uninitialized-value", "MemorySanitizer"),
    (r"==\d+== (?:Invalid (?:read|write)|Unaddressable byte|Conditional jump|Syscall param)", "memcheck"),
    (r"gauntlet: somebody has written to", "checksum"),
    (r"gauntlet: (?:memory that is lent|\S+ frees memory)", "registry"),
)
PLACE = re.compile(r"(?:read|write|free)_lent_memory|\b(?:uv|uring|png|lent_memory)\.cpp:\d+")


def run(command, kind, touch):
    done = subprocess.run([*command, kind, touch], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def verdict(status, output):
    """What the cell says, and what is wrong with it, or None."""
    if status == NO_SUCH_CELL:
        return "-", None
    found = min(((match.start(), word) for pattern, word in REPORTS if (match := re.search(pattern, output))), default=None)
    if found is None:
        return NOT_SEEN, None if status == 0 and not output else "it ended with neither a report nor in silence"
    if status == 0:
        return found[1], "it went on after a report"
    return found[1], None if PLACE.search(output) else "the report names no place"


def explained(what, output):
    return f"{what}\n" + "\n".join("  | " + line for line in output.splitlines()[:40])


def judge_history(command, bugs):
    """As judge()."""
    rows, wrong = [], []
    for bug in bugs:
        status, output = run(command, bug, "wrong")
        word, problem = verdict(status, output)
        if problem:
            wrong.append(explained(f"{bug}: {problem}", output))
        status, output = run(command, bug, "right")
        if status != 0 or output:
            wrong.append(explained(f"{bug}: the right program must be silent", output))
        rows.append((bug, word))
    return rows, wrong


def judge(command, kinds):
    """The rows of the table, and all that is wrong."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = pool.map(lambda cell: run(command, *cell),
                         [(listed.removesuffix(SHARED), touch) for listed in kinds for touch in TOUCHES])
        rows, wrong = [], []
        for listed in kinds:
            row, problems = judge_row(listed, {touch: next(ended) for touch in TOUCHES})
            rows.append(row)
            wrong += problems
    return rows, wrong


def judge_row(listed, ended):
    """ended: for each touch the status and the output of its process."""
    kind, shared = listed.removesuffix(SHARED), listed.endswith(SHARED)
    cells, wrong = {}, []
    for touch, (status, output) in ended.items():
        cells[touch], problem = verdict(status, output)
        if touch in RIGHT or (shared and touch == "read"):
            if cells[touch] not in (NOT_SEEN, "-"):
                problem = "correct use was reported"
            if cells[touch] == NOT_SEEN:
                cells[touch] = "is right"
        if problem:
            wrong.append(explained(f"{kind}, {touch}: {problem}", output))
    return (f"`{kind}`", *(cells[touch] for touch in COLUMNS)), wrong


def table(head, rows):
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


def marked(what, lane):
    return re.compile(rf"(<!-- {what} in {lane}: [^\n]* -->\n)(.*?)(<!-- end of {what} in {lane} -->)", re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lane", required=True)
    parser.add_argument("--page", required=True, type=Path)
    parser.add_argument("--table", choices=HEADS, default="lends")
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # these programs are meant to crash
    program = options.command[-1]
    kinds = subprocess.run([program, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    rows, wrong = (judge if options.table == "lends" else judge_history)(options.command, kinds)
    made = table(HEADS[options.table], rows)
    page = options.page.read_text(encoding="utf-8")
    pattern = marked(options.table, options.lane)
    if not pattern.search(page):
        wrong.append(f"{options.page} has no table of {options.table} in lane {options.lane}")
    elif options.write_docs:
        options.page.write_text(pattern.sub(lambda found: found[1] + made + found[3], page), encoding="utf-8")
    elif pattern.search(page)[2] != made:
        wrong.append(f"{options.page} says otherwise; it should be\n{made}")
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
