"""Runs a fuzz target under libFuzzer, keeps what it learns, and says what to do with what it finds."""

import os
import random
import re
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import cmake, findings, preflight, process, setup
from .problem import FAILED, USAGE, Problem

LANE = "fuzz"
SECONDS = 60

# An input that takes longer, or more memory, is a finding: the targets set limits that keep all of them far below.
_LIMITS = ("-timeout=20", "-rss_limit_mb=1024")
_LONGEST_INPUT = 1 << 16

_TARGETS = "tests/fuzz"
_REGRESSIONS = "tests/regressions"
# The folders of a corpus that have PNG files to start from.
_SEEDS = ("pngsuite", "testpngs", "testpngs/crashers")
# As many bytes in front of a file as tests/fuzz/target.hpp says.
_CHOICE_BYTES = 16

_STATUS = re.compile(r"^#(\d+):?\s.*?\bcov: (\d+) ft: (\d+)", re.MULTILINE)
_EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_SAVED = re.compile(r"Test unit written to (\S*(?:crash|timeout|oom|leak)-[0-9a-f]+)")
_FINDING = re.compile(r"terminate called|ERROR: |runtime error: |Assertion `")
_FRAME = re.compile(r"\s*#\d+ 0x")
# A place in the checkout or in a dependency. The frames of libFuzzer and of the C library have none, and tell nothing.
_PLACE = re.compile(r"(?:\.\./\.\./|/dependency/)\S+:\d+")
_LINES_KEPT = 12


@dataclass(frozen=True)
class Target:
    name: str
    about: str


@dataclass(frozen=True)
class Run:
    """What libFuzzer's output says."""

    executions: int
    coverage: int
    features: int
    saved: Optional[str]
    first_lines: tuple


def run(project, lane, console, options):
    """Exit status 1 on a finding."""
    target = choose(targets(project.root), options.target)
    _build(project, lane, console, target)
    corpus = Path(options.corpus) if options.corpus else project.cache / "fuzz" / target.name
    saved_to = project.build / "findings" / target.name
    for folder in (corpus, saved_to):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = write_seeds(seed_files(project, target), project.build / "seeds" / target.name)

    known = set(os.listdir(corpus))
    started = time.monotonic()
    outcome = process.run(command(project, lane, target, options, [corpus, seeds], saved_to), cwd=project.root,
                          log=project.matrix / f"fuzz-{target.name}.log", show=_show)
    seconds = time.monotonic() - started
    result = read(outcome.text, project.root)
    print(summary(result, seconds, len(set(os.listdir(corpus)) - known), corpus), flush=True)
    if result.saved:
        print(advice(project, lane, target, result), flush=True)
    elif outcome.status:
        raise Problem("\n  ".join([f"{target.name} stopped with status {outcome.status}, but saved no input:",
                                   *outcome.tail()]))
    return FAILED if result.saved else 0


def targets(root):
    """Each fuzz_target(NAME ...) of the CMake list, and the first line of its source."""
    text = (root / _TARGETS / "CMakeLists.txt").read_text(encoding="utf-8")
    names = re.findall(r"^ *fuzz_target\((\w+)", text, re.MULTILINE)
    return [Target(name, _first_line(root / _TARGETS / f"{name}.cpp")) for name in names]


def choose(known, name):
    for target in known:
        if target.name == name:
            return target
    raise Problem(f"There is no fuzz target named {name}. The targets are: "
                  f"{', '.join(target.name for target in known)}.", USAGE)


def listing(known):
    width = max(len(target.name) for target in known)
    return "\n".join(f"{target.name:<{width}}  {target.about}" for target in known)


def seed_files(project, target):
    """What a target starts from: the files in the folder of its name, or else PNG files."""
    own = project.root / _TARGETS / target.name
    if own.is_dir():
        return sorted(own.iterdir())
    return sorted(path for corpus in setup.corpora(project) for part in _SEEDS for path in (corpus / part).glob("*.png"))


def write_seeds(files, folder):
    """Files with choices in front of them: each once with none, which is all bytes 0, and once with some."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        content = path.read_bytes()
        # By its name, so that a second run starts from the same files.
        some = random.Random(path.name).randbytes(_CHOICE_BYTES)
        for name, choices in (("plain", bytes(_CHOICE_BYTES)), ("chosen", some)):
            (folder / f"{path.parent.name}-{path.stem}-{name}").write_bytes(choices + content)
    return folder


def command(project, lane, target, options, folders, saved_to):
    own_words = project.root / _TARGETS / f"{target.name}.dict"
    words = [_program(lane, target), *folders, *_LIMITS, f"-max_total_time={options.seconds}",
             f"-max_len={_LONGEST_INPUT}", "-print_final_stats=1", f"-artifact_prefix={saved_to}{os.sep}",
             f"-dict={own_words if own_words.is_file() else project.root / _TARGETS / 'png.dict'}"]
    if options.seed is not None:
        words.append(f"-seed={options.seed}")
    # Alone, libFuzzer runs inputs in its own process, which is faster and says more.
    if options.jobs > 1:
        words.append(f"-fork={options.jobs}")
    return words


def read(text, root=""):
    counts = [tuple(map(int, match)) for match in _STATUS.findall(text)]
    executed = [count for count, _, _ in counts] + [int(count) for count in _EXECUTED.findall(text)]
    _, coverage, features = max(counts, default=(0, 0, 0), key=lambda count: count[2])
    saved = _SAVED.search(text)
    return Run(executions=max(executed, default=0), coverage=coverage, features=features,
               saved=saved[1] if saved else None, first_lines=_first_lines(text, root) if saved else ())


def summary(result, seconds, new, corpus):
    return (f"{result.executions} executions in {seconds:.0f} s, {result.executions / max(seconds, 1):.0f} exec/s; "
            f"coverage {result.coverage}, features {result.features}; {new} new units in {corpus}")


def advice(project, lane, target, result):
    """What was found, how to see it again, and where it is to be kept."""
    saved = os.path.relpath(result.saved, project.root)
    program = os.path.relpath(_program(lane, target), project.root)
    return "\n".join([
        f"\nfinding: {saved}",
        *(f"  {line}" for line in result.first_lines),
        f"reproduce: {shlex.join([program, *_LIMITS, saved])}",
        f"make it smaller: {shlex.join([program, *_LIMITS, '-minimize_crash=1', '-max_total_time=60', saved])}",
        f"keep it: put it into {_REGRESSIONS}/{target.name}/ under a name that says what it is. Every lane replays it: "
        f"scripts/gauntlet test asan -R '^regressions_{target.name}'"])


def _build(project, lane, console, target):
    preflight.check(project, [lane], console)
    setup.prepare(project, [lane], console)
    for step, goal in ((cmake.configure, ()), (cmake.build, (f"fuzz_{target.name}",))):
        outcome, _ = step(project, lane, console, *goal)
        if outcome.status:
            raise Problem("\n  ".join([f"{target.name} cannot be built. The last lines:", *outcome.tail()]))


def _program(lane, target):
    return lane.build / _TARGETS / f"fuzz_{target.name}"


def _show(line):
    sys.stderr.write(line)
    sys.stderr.flush()


def _first_line(source):
    with open(source, encoding="utf-8") as file:
        return file.readline().removeprefix("//").strip()


def _first_lines(text, root):
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if _FINDING.search(line)), 0)
    end = next((number for number in range(start, len(lines)) if lines[number].startswith("SUMMARY: ")), len(lines))
    told = [line for line in lines[start:end] if _PLACE.search(line) or not _FRAME.match(line)]
    return tuple(findings.tidy(line, root).rstrip() for line in told[:_LINES_KEPT])
