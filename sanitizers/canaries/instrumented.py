"""Says whether a C library was built with a lane's tool: whether its code calls the tool's runtime. Status 77, a skipped test, for a
library of the system's, of which nobody claims that."""

import argparse
import re
import subprocess
import sys

# What the compiler puts into nearly every function that has memory to look at.
_CALLS = {"asan": r"__asan_\w+", "fuzz": r"__asan_\w+", "ubsan": r"__ubsan_handle_\w+", "tsan": r"__tsan_\w+", "msan": r"__msan_\w+"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lane", required=True, choices=_CALLS)
    parser.add_argument("--library", required=True)
    parser.add_argument("--nm", required=True)
    options = parser.parse_args()
    if ".so" in options.library:
        print(f"{options.library} is the system's, and not instrumented: no source of it is pinned.")
        return 77
    said = subprocess.run([options.nm, "--undefined-only", "--format=posix", options.library], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    calls = len(re.findall(rf"^{_CALLS[options.lane]} ", said, re.MULTILINE))
    print(f"{options.library} names {calls} functions of the {options.lane} lane's runtime.")
    return 0 if calls else 1


if __name__ == "__main__":
    sys.exit(main())
