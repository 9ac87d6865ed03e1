#!/usr/bin/env python3
"""Compares the instructions, and the sizes, of each function of two object files."""

import re
import subprocess
import sys


def functions(path):
    text = subprocess.run(["objdump", "--disassemble", "--reloc", "--no-show-raw-insn", path], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    found = {}
    for block in re.split(r"\n\n", text):
        head = re.match(r"[0-9a-f]+ <([^>]+)>:\n", block)
        if head:
            # Without addresses, which depend on what stands before.
            found[head[1]] = [re.sub(r"^\s*[0-9a-f]+:\s*", "", line) for line in block.splitlines()[1:]]
    return found


def main(left, right):
    ours, theirs = functions(left), functions(right)
    if not {"reads", "writes"} <= ours.keys():
        sys.exit(f"{left} has only {sorted(ours)}")
    if ours != theirs:
        for name in sorted(ours.keys() | theirs.keys()):
            if ours.get(name) != theirs.get(name):
                print(f"{name}:", *ours.get(name, ["(none)"]), "-- and without:", *theirs.get(name, ["(none)"]), sep="\n  ")
        sys.exit("a lend left instructions behind")


if __name__ == "__main__":
    main(*sys.argv[1:])
