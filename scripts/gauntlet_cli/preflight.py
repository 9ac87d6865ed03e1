"""Looks at the machine before any work: tools, kernel settings, disk. What is wrong is said with its remedy."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from . import process
from .problem import FAILED, USAGE, Problem

_COMMON_PACKAGES = ("cmake", "ninja-build", "ccache", "pkg-config", "g++", "git")

# The command that a package is needed for: who has the command by another way needs no package.
_COMMAND_OF = {"cmake": "cmake", "ninja-build": "ninja", "ccache": "ccache", "pkg-config": "pkg-config", "g++": "g++",
               "git": "git", "clang-19": "clang++-19", "clang-format-19": "clang-format-19", "lld-19": "ld.lld-19", "llvm-19": "llvm-symbolizer-19",
               "valgrind": "valgrind", "curl": "curl", "wrk": "wrk",
               "chromium-headless-shell": "chromium-headless-shell", "dpkg-dev": "dpkg-shlibdeps", "fakeroot": "fakeroot",
               "file": "file"}

_CMAKE_MINIMUM = (3, 25)
_RANDOM_BITS_OF_OLD_RUNTIMES = 28
_GIGABYTE = 10**9
_DISK_NEEDED = 1 * _GIGABYTE
# Measured for seven lanes: 7.7 in build/, up to 1.9 in the cache, where older prefixes stay. Beside it what ccache keeps.
_DISK_FOR_ALL = 10 * _GIGABYTE


def check(project, lanes, console):
    missing = missing_packages(lanes)
    if missing:
        _install(missing, console)
    _check_cmake()
    _check_disk(project, console)
    if any(lane.runtime and lane.runtime.startswith("__") for lane in lanes):
        _check_address_layout(console)
    if any(lane.runtime == "__asan_init" for lane in lanes):
        _check_ptrace(console)


def missing_packages(lanes):
    wanted = dict.fromkeys([*_COMMON_PACKAGES, *(package for lane in lanes for package in lane.packages)])
    absent = [package for package in wanted if not shutil.which(_COMMAND_OF.get(package, ""))]
    if not shutil.which("dpkg-query"):
        # Libraries have no command to look for: where there is no dpkg to ask, CMake will say what it does not find.
        return [package for package in absent if package in _COMMAND_OF]
    installed = _installed(absent)
    return [package for package in absent if package not in installed]


def _installed(packages):
    if not packages:
        return set()
    answer = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
                            capture_output=True, text=True, check=False).stdout
    return {line.split()[0] for line in answer.splitlines() if line.endswith(" installed")}


def _install(packages, console):
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise Problem(f"Missing on this machine: {names} (Debian's names). Install them with its package manager.",
                      USAGE)
    if os.geteuid() == 0:
        rights = []
    elif shutil.which("sudo") and _succeeds("sudo", "-n", "true"):
        rights = ["sudo", "-n"]
    else:
        raise Problem(f"Missing on this machine: {names}. This installs them:\n"
                      f"  sudo apt-get update && sudo apt-get install --no-install-recommends {names}", USAGE)
    apt = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get"]
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        with console.phase(f"apt-get {step[0]}") as phase:
            phase.remark = names if step[0] == "install" else ""
            outcome = process.run([*apt, *step], phase)
            if outcome.status:
                raise Problem("\n  ".join([f"{shlex.join([*apt, *step])} failed:", *outcome.tail(10)]), USAGE)


def _check_cmake():
    said = subprocess.run(["cmake", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if not version or tuple(map(int, version.groups())) < _CMAKE_MINIMUM:
        needed = ".".join(map(str, _CMAKE_MINIMUM))
        raise Problem(f"CMake {needed} or newer is needed, and {shutil.which('cmake')} is "
                      f"{version[0] if version else 'unreadable'}. `pip install cmake` brings a new one.", USAGE)


def _check_disk(project, console):
    for folder in {_existing(project.build), _existing(project.cache)}:
        free = shutil.disk_usage(folder).free
        if free < _DISK_NEEDED:
            raise Problem(f"Only {free / _GIGABYTE:.1f} GB are free in {folder}; at least "
                          f"{_DISK_NEEDED / _GIGABYTE:.0f} GB are needed, {_DISK_FOR_ALL / _GIGABYTE:.0f} GB for all "
                          "lanes. Free some, or name another place for the cache in GAUNTLET_CACHE.", FAILED)
        if free < _DISK_FOR_ALL:
            console.warn(f"{free / _GIGABYTE:.1f} GB are free in {folder}; all lanes together take about "
                         f"{_DISK_FOR_ALL / _GIGABYTE:.0f} GB.")


def _existing(folder):
    while not folder.exists():
        folder = folder.parent
    return folder


def _check_address_layout(console):
    """Shadow memory needs a fixed place: with addresses too random for it, the runtime starts itself again."""
    bits = _kernel_setting("vm/mmap_rnd_bits")
    if bits is None or bits <= _RANDOM_BITS_OF_OLD_RUNTIMES:
        return
    if not _succeeds("setarch", "-R", "true"):
        console.warn(f"vm.mmap_rnd_bits is {bits} and this machine forbids to switch address randomisation off (a "
                     "container's seccomp does that), so sanitizers may die at start. Remedy, on the host: "
                     f"sudo sysctl vm.mmap_rnd_bits={_RANDOM_BITS_OF_OLD_RUNTIMES}; or start the container with "
                     "--security-opt seccomp=unconfined.")


def _check_ptrace(console):
    """LeakSanitizer stops its own threads by ptrace."""
    tracer = re.search(r"^TracerPid:\s*(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE)
    if tracer and tracer[1] != "0":
        console.warn(f"Process {tracer[1]} traces this one (a debugger, strace), and LeakSanitizer does not work under "
                     "a tracer: run without it.")
    scope = _kernel_setting("kernel/yama/ptrace_scope")
    if scope == 3 or (scope == 2 and os.geteuid() != 0):
        console.warn(f"kernel.yama.ptrace_scope is {scope}, which stops LeakSanitizer. Remedy: set it to 1 in "
                     "/etc/sysctl.d and start the machine again.")


def _succeeds(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _kernel_setting(name):
    try:
        return int(Path("/proc/sys", name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
