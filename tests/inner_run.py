"""Runs commands of a project inside a test, as nobody's test: without what the outer build or test run has set."""

import os
import re
import subprocess
import sys
import time

# Of an outer build or test, and not to be the inner one's.
_FOREIGN = re.compile(r"(CTEST|CMAKE|NINJA|MAKE)\w*|.*SAN_OPTIONS|C(XX)?FLAGS|LDFLAGS|CC|CXX")


def run(folder, *command, status=0):
    """What it printed; the test ends where another status comes back."""
    environment = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    started = time.monotonic()
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    print(f"{time.monotonic() - started:6.1f} s  {' '.join(map(str, command))[:150]}", flush=True)
    if done.returncode != status:
        sys.exit(f"status {done.returncode} instead of {status}:\n" + done.stdout[-6000:])
    return done.stdout
