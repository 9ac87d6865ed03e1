"""What tests of whole programs share that need io_uring."""

import re
import sys
import unittest

# This exit status says that the machine lacks something: the test is skipped, by its name and with the reason.
SKIPPED = 77
_LACKING = re.compile("^io_uring: ring: (Function not implemented|Operation not permitted|Permission denied)", re.MULTILINE)


def require_io_uring(problem):
    """Skips the test if this is what a program says where there is no io_uring."""
    if _LACKING.search(problem):
        raise unittest.SkipTest(problem.strip())


def main():
    """What needs no io_uring is tested in any case, and what fails fails."""
    result = unittest.main(exit=False).result
    for _, reason in result.skipped[:1]:
        print(f"no io_uring: {reason}")
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if result.skipped else 0)
