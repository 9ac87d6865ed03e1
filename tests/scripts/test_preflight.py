import shutil
import subprocess
from types import SimpleNamespace
from unittest import mock

import support
from gauntlet_cli import preflight
from gauntlet_cli.problem import USAGE, Problem
from gauntlet_cli.project import Project


def commands(*present):
    """A machine that has these commands only."""
    return mock.patch.object(preflight.shutil, "which", lambda name: f"/bin/{name}" if name in present else None)


COMMON = ("cmake", "ninja", "ccache", "pkg-config", "g++", "git")


class Packages(support.InFolder):
    def test_a_command_that_is_there_needs_no_package(self):
        with commands(*COMMON):
            self.assertEqual(preflight.missing_packages([support.lane(packages=("g++",))]), [])

    def test_a_missing_command_is_missing_its_package(self):
        with commands(*COMMON[1:]):
            self.assertEqual(preflight.missing_packages([support.lane(packages=("valgrind",))]), ["cmake", "valgrind"])

    def test_a_library_is_asked_of_dpkg(self):
        answer = SimpleNamespace(stdout="libpng-dev installed\nzlib1g-dev not-installed\n")
        with commands(*COMMON, "dpkg-query"), mock.patch.object(subprocess, "run", return_value=answer):
            lane = support.lane(packages=("libpng-dev", "zlib1g-dev"))
            self.assertEqual(preflight.missing_packages([lane]), ["zlib1g-dev"])

    def test_who_may_not_install_is_told_the_line(self):
        with commands(*COMMON[1:], "apt-get"), mock.patch.object(preflight.os, "geteuid", return_value=1000):
            with self.assertRaises(Problem) as caught:
                preflight.check(Project(self.folder, self.folder), [support.lane(packages=("valgrind",))], self.console)
        self.assertEqual(caught.exception.status, USAGE)
        self.assertIn("sudo apt-get update && sudo apt-get install --no-install-recommends cmake valgrind",
                      str(caught.exception))

    def test_without_apt_the_packages_are_named(self):
        with commands(*COMMON[1:]), self.assertRaisesRegex(Problem, "Missing on this machine: cmake"):
            preflight.check(Project(self.folder, self.folder), [support.lane()], self.console)


class Machine(support.InFolder):
    def test_an_old_cmake_is_refused(self):
        answer = SimpleNamespace(stdout="cmake version 3.22.1")
        with mock.patch.object(subprocess, "run", return_value=answer), \
                self.assertRaisesRegex(Problem, "3.25 or newer"):
            preflight._check_cmake()

    def test_a_full_disk_is_refused_and_a_nearly_full_one_warned_of(self):
        project = Project(self.folder, self.folder)
        for free, outcome in ((5e8, "refused"), (1.5e9, "warned"), (5e9, "warned"), (2e10, "silent")):
            with mock.patch.object(shutil, "disk_usage", return_value=SimpleNamespace(free=free)):
                if outcome == "refused":
                    with self.assertRaisesRegex(Problem, "0.5 GB are free"):
                        preflight._check_disk(project, self.console)
                else:
                    self.console.stream.truncate(0)
                    preflight._check_disk(project, self.console)
                    self.assertEqual(f"{free / 1e9:.1f} GB are free" in self.said, outcome == "warned")

    def test_randomised_addresses_matter_only_where_they_cannot_be_switched_off(self):
        for bits, allowed, warned in ((28, False, False), (32, True, False), (32, False, True)):
            self.console.stream.truncate(0)
            answer = SimpleNamespace(returncode=0 if allowed else 1)
            with mock.patch.object(preflight, "_kernel_setting", return_value=bits), \
                    mock.patch.object(subprocess, "run", return_value=answer):
                preflight._check_address_layout(self.console)
            self.assertEqual("sysctl vm.mmap_rnd_bits=28" in self.said, warned)

    def test_forbidden_ptrace_is_warned_of(self):
        with mock.patch.object(preflight, "_kernel_setting", return_value=3):
            preflight._check_ptrace(self.console)
        self.assertIn("kernel.yama.ptrace_scope is 3", self.said)
