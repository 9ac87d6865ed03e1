#!/usr/bin/env python3
"""Copies a tree of 10,000 small files by examples/uring_copy and by `cp -a` in turn, and prints what each took.

    benchmarks/uring/copy.py build/release/examples/uring_copy/uring_copy FOLDER [RUNS]

FOLDER is where the trees are made, and has gone afterwards.
"""

import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

FILES = 10_000
LARGEST = 64 * 1024


def make_tree(at):
    """The same each time: folders up to 8 deep, of 20 files each."""
    numbers = random.Random(1)
    folder = at
    for i in range(FILES):
        if i % 20 == 0:
            folder = at.joinpath(*(f"d{numbers.randrange(4)}" for _ in range(numbers.randint(1, 8))))
            folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath(f"f{i}").write_bytes(numbers.randbytes(numbers.randint(0, LARGEST)))


def time_of(command):
    """Elapsed, of the processor in the program, and in the kernel, in seconds."""
    began = time.monotonic()
    child = subprocess.Popen(command)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} answers {child.returncode}")
    return time.monotonic() - began, used.ru_utime, used.ru_stime


def main():
    if len(sys.argv) not in (3, 4) or "--help" in sys.argv:
        sys.exit(__doc__)
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    folder.mkdir()
    source, copy = folder / "source", folder / "copy"
    ways = {"cp -a": ["cp", "-a", str(source), str(copy)], "uring_copy": [program, str(source), str(copy)]}
    took = {name: [] for name in ways}
    try:
        make_tree(source)
        for run in range(runs + 1):
            for name, command in ways.items():
                times = time_of(command)
                shutil.rmtree(copy)
                if run > 0:  # the first fills the cache
                    took[name].append(times)
    finally:
        shutil.rmtree(folder)
    print(f"{FILES} files, {runs} runs, load {os.getloadavg()[0]:.1f}; median (least to most), in seconds")
    for name, times in took.items():
        for what, each in zip(("elapsed", "user", "system"), zip(*times)):
            print(f"{name:10} {what:8} {statistics.median(each):6.2f} ({min(each):.2f} to {max(each):.2f})")


if __name__ == "__main__":
    main()
