"""Runs lanes one after the other; whatever happens to one, the others still run."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

from . import cmake, findings, fork_servers, results, setup
from .problem import Problem
from .results import LaneResult
from .shards import WHOLE

_LINES_KEPT = 30


class Matrix:
    def __init__(self, project, lanes, console, regex=None, jobs=None, shard=WHOLE):
        self.project = project
        self.console = console
        self.selection = ["-R", regex] if regex else []
        self.jobs = jobs or os.cpu_count()
        self.shard = shard
        self.results = [LaneResult(lane, shard) for lane in lanes]
        self._listed = []  # tests of the lane that is at work, as CTest lists them

    def run(self):
        for result in self.results:
            for step in (self._set_up, self._configure, self._build, self._check_binaries, self._test):
                if not step(result):
                    break
            result.ran = True

    def _set_up(self, result):
        try:
            setup.prepare(self.project, [result.lane], self.console)
            return True
        except Problem as problem:
            sentence, *details = str(problem).splitlines()
            result.blame("setup", sentence, details, reproduce=self.project.command("setup", result.lane.name))
            return False

    def _configure(self, result):
        outcome, result.seconds["configure"] = cmake.configure(self.project, result.lane, self.console)
        if outcome.status:
            result.blame("cmake", "configure failed", self._from(outcome, "CMake Error"),
                         reproduce=f"cmake --preset {result.lane.name}")
        return not outcome.status

    def _build(self, result):
        outcome, result.seconds["build"] = cmake.build(self.project, result.lane, self.console)
        if outcome.status:
            result.blame("compiler", "build failed", self._from(outcome, "FAILED:"),
                         reproduce=f"cmake --build --preset {result.lane.name}")
        return not outcome.status

    def _check_binaries(self, result):
        """A lane whose programs lack the tool would be green and mean nothing."""
        lane = result.lane
        outcome, result.seconds["test"] = cmake.list_tests(self.project, lane, self.console, self.selection)
        if outcome.status:
            result.blame("ctest", "the tests cannot be listed", outcome.tail(_LINES_KEPT),
                         reproduce=f"ctest --preset {lane.name} --show-only")
            return False
        self._listed = _json_in(outcome.text)["tests"]
        result.listed = sum(test["name"] not in results.claimed(lane) for test in self._listed)
        if not self._listed:
            results.judge(result, [], selected=bool(self.selection))
            return False
        bare = without_runtime(lane, [test.get("command", []) for test in self._listed])
        if bare:
            result.blame("gauntlet", f"test binaries without {lane.runtime}, which is to say without the lane's tool",
                         [os.path.relpath(binary, self.project.root) for binary in bare])
        return True

    def _test(self, result):
        result.lane.junit.unlink(missing_ok=True)
        served, others = fork_servers.served(self._listed)
        cases = [case for case in served if self._is_mine(result, case.name)]
        # Numbers are those that CTest gives the tests that are left to it.
        numbers = [number for number, test in enumerate(others, 1) if self._is_mine(result, test["name"])]
        runs = self._run_by_ctest(result, numbers, served=bool(served)) if numbers else []
        if runs is None:
            return False
        if cases:
            runs += self._run_by_forks(result, cases)
        expected = {case.name for case in cases} | {others[number - 1]["name"] for number in numbers}
        if runs or expected:  # of few tests, a shard may get none
            results.judge(result, runs, self.project.root, selected=bool(self.selection))
        _compare(result, expected, [run.name for run in runs])
        return True

    def _is_mine(self, result, name):
        """Canaries run in each shard: they say whether this machine's tools can be believed."""
        return name in results.claimed(result.lane) or self.shard.has(name)

    def _run_by_ctest(self, result, numbers, served):
        """The runs of these tests among those that are not served by forks; None if CTest does not tell."""
        lane = result.lane
        selection = [*self.selection, *(["-LE", f"^{fork_servers.LABEL}$"] if served else []),
                     *(["-I", ",".join(["1", "0", "1", *map(str, numbers)])] if self.shard.is_part else [])]
        outcome, seconds = cmake.test(self.project, lane, self.console, selection, self.jobs)
        result.seconds["test"] += seconds
        try:
            runs = results.read(lane.junit, outcome.text)
        except results.UNREADABLE as error:
            result.blame("ctest", f"its report cannot be read: {error}", outcome.tail(_LINES_KEPT))
            return None
        if outcome.status and not any(run.status == "failed" for run in runs):
            result.blame("ctest", "failed, although no test did", outcome.tail(_LINES_KEPT))
        return runs

    def _run_by_forks(self, result, cases):
        lane = result.lane
        with self.console.phase(f"{lane.name:<9} forks") as phase:
            runs = fork_servers.run(cases, self.jobs, lane.timeout_seconds, phase)
        result.seconds["test"] += phase.seconds
        results.add(lane.junit, runs)
        return runs

    def _from(self, outcome, marker):
        """From the first line of the failure on: what runs beside it or comes after it prints more, to no use."""
        lines = outcome.text.splitlines()
        start = next((number for number, line in enumerate(lines) if line.startswith(marker)), -_LINES_KEPT)
        return [findings.tidy(line, self.project.root) for line in lines[start:][:_LINES_KEPT]]


def _compare(result, expected, ran):
    """Each test that was to run did, once, and no other."""
    for what, names in (("did not run although CTest lists it", expected - set(ran)),
                        ("ran and was not to", set(ran) - expected),
                        ("ran twice", {name for name, times in Counter(ran).items() if times > 1})):
        if names:
            first, *rest = sorted(names)
            result.blame("gauntlet", what, rest[:_LINES_KEPT], first)


def without_runtime(lane, commands):
    """The test binaries that do not run under the lane's tool."""
    if lane.runtime is None:
        return []
    if lane.runtime == "valgrind":
        return _binaries(lane, [command for command in commands if not _under_valgrind(command)])
    return [binary for binary in _binaries(lane, commands) if not _has_symbol(binary, lane.runtime)]


def _binaries(lane, commands):
    """The programs of the lane's build among the words of these commands: a test may be started through a script."""
    words = dict.fromkeys(word for command in commands for word in command)
    return [word for word in words if word.startswith(f"{lane.build}{os.sep}") and _is_elf(word)]


def _is_elf(path):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def _under_valgrind(command):
    return any(Path(word).name == "valgrind" for word in command)


def _has_symbol(binary, prefix):
    symbols = subprocess.run(["nm", "--defined-only", binary], capture_output=True, check=False).stdout
    return re.search(rb" [A-Za-z] " + re.escape(prefix.encode()), symbols) is not None


def _json_in(text):
    """CTest's JSON, after whatever test discovery printed before it."""
    return json.loads(text[text.index("{\n"):])
