"""Builds a benchmark, measures time, instructions and allocations, and says which goals are met."""

import json
import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

from . import bench_results, bench_suite, cmake, preflight, process, setup
from .bench_results import Allocations, Bytes, Instructions, Latency, Results
from .lanes import choose
from .problem import FAILED, Problem

# Processes, and repetitions in each: enough that a median is worth its name while others use the machine too. Where a
# program lies in memory changes its speed by a percent or two, so one process alone says little. The quick way only
# shows that all works.
_ROUNDS = {False: 5, True: 1}
_REPETITIONS = {False: 7, True: 3}
_SECONDS_OF_A_REPETITION = {False: 0.05, True: 0.02}


def run(project, lanes, console, options):
    suite = bench_suite.load(project, options.suite)
    cases = bench_suite.select(suite.cases, options.filter, options.quick)
    folder = _build(project, suite, lanes, console) / "benchmarks" / suite.name
    bench_suite.bring_files(project, suite, console)
    results = _begin(project, suite)
    _measure_time(folder, suite, [case for case in cases if case.timed], results, console, options.quick)
    goals = {case.name: case.goals for case in cases}
    results.speeds = bench_results.speeds(results, goals)
    results.added = bench_results.added(results, goals, suite.rate["per"])
    _measure_latency(folder, suite, [case for case in cases if case.load], results, console, options.quick)
    if not options.no_instructions:
        _count_instructions(folder, suite, [case for case in cases if case.repeats], results, console)
        _count_allocations(folder, suite, [case for case in cases if case.sizes], results, console)
    _write(project, results, options.json)
    print(bench_results.as_text(results))
    return FAILED if results.missed or results.wrong else 0


def _build(project, suite, lanes, console):
    """The folder that it was built in: the release lane's flags, so what that lane needs comes first."""
    setup.set_up(project, choose(lanes, ["release"]), console)
    build = bench_suite.build_of(project)
    preflight.check(project, [build], console)
    for step in (cmake.configure, lambda *which: cmake.build(*which, *suite.programs)):
        outcome, _ = step(project, build, console)
        if outcome.status:
            raise Problem("\n  ".join(["The benchmark cannot be built. The last lines:", *outcome.tail()]))
    return build.folder


def _begin(project, suite):
    machine = {"date": date.today().isoformat(), "CPU": _cpu(), "processors": str(os.cpu_count()),
               "load at the start": ", ".join(f"{load:.1f}" for load in os.getloadavg())}
    return Results(suite=suite.name, baseline=suite.baseline, subject=suite.subject, unit=suite.rate["unit"],
                   machine=machine, versions=_versions(bench_suite.build_of(project).packages))


def _measure_time(folder, suite, cases, results, console, quick):
    """One case after the other, so that contenders that are compared run within seconds of each other."""
    with console.phase("time") as phase:
        for number, case in enumerate(cases, 1):
            found = {}
            for _ in range(_ROUNDS[quick]):
                phase.update(f"{number}/{len(cases)} {case.name}")
                report = _time(folder, suite, case, phase, quick)
                results.differs.update(bench_results.differences(report))
                for name, repetitions in bench_results.runs(report).items():
                    found.setdefault(name, []).extend(repetitions)
            results.timings += [bench_results.timing(name, repetitions, suite.rate["per"])
                                for name, repetitions in found.items()]


def _time(folder, suite, case, phase, quick):
    report = folder / "time.json"
    report.unlink(missing_ok=True)
    command = [folder / f"bench_{suite.name}", *case.timed, f"--benchmark_filter={_pattern(case)}",
               f"--benchmark_repetitions={_REPETITIONS[quick]}", "--benchmark_enable_random_interleaving=true",
               f"--benchmark_min_time={_SECONDS_OF_A_REPETITION[quick]}", f"--benchmark_out={report}",
               "--benchmark_out_format=json"]
    outcome = process.run(command, phase, folder / "time.log")
    if outcome.status or not report.exists():
        raise Problem("\n  ".join(["The benchmark failed. Its last lines:", *outcome.tail(10)]))
    return json.loads(report.read_text(encoding="utf-8"))


def _pattern(case):
    """Python's own escape is too much for a POSIX expression, where a backslash before a letter or - has no meaning."""
    return "^{}/[^/]+(/manual_time)?$".format(re.sub(r"[][.*+?^${}()|\\]", r"\\\g<0>", case.name))


def _measure_latency(folder, suite, cases, results, console, quick):
    """The contenders in turn, so that what they are compared with runs within seconds of them."""
    if not cases:
        return
    with console.phase("latency") as phase:
        for number, case in enumerate(cases, 1):
            phase.update(f"{number}/{len(cases)} {case.name}")
            said = {contender: [] for contender in case.contenders}
            for _ in range(_ROUNDS[quick]):
                for contender, lines in said.items():
                    text = _must([folder / f"latency_{suite.name}", contender, case.name, *case.load], phase)
                    lines.append(tuple(map(float, text.split())))
            results.latencies += [Latency(case.name, contender, case.load, tuple(zip(*lines)))
                                  for contender, lines in said.items()]


def _count_instructions(folder, suite, cases, results, console):
    if not cases:
        return
    with console.phase("instructions") as phase:
        for number, case in enumerate(cases, 1):
            phase.update(f"{number}/{len(cases)} {case.name}")
            baseline, subject = (_instructions(folder, suite, case, contender, phase)
                                 for contender in (suite.baseline, suite.subject))
            results.instructions.append(Instructions(case.name, case.goals.get("instructions"), baseline, subject))


def _instructions(folder, suite, case, contender, phase):
    """Of one time: two numbers of times differ by nothing else."""
    few, many = (_callgrind([*_command("repeat", folder, suite, case, contender), times], phase)
                 for times in case.repeats)
    return (many - few) / (case.repeats[1] - case.repeats[0])


def _callgrind(command, phase):
    said = _must(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], phase)
    counted = re.search(r"Collected : (\d+)", said)
    if not counted:
        raise Problem(f"callgrind said nothing of instructions, but: {said}")
    return int(counted[1])


def _count_allocations(folder, suite, cases, results, console):
    if not cases:
        return
    with console.phase("allocations") as phase:
        for case in cases:
            phase.update(case.name)
            (sizes, *baseline), (_, *subject) = (_heap(folder, suite, case, contender, phase)
                                                 for contender in (suite.baseline, suite.subject))
            results.allocations.append(Allocations(case.name, case.goals.get("allocations"), sizes, baseline[0],
                                                   subject[0]))
            if "bytes" in case.goals:
                results.bytes.append(Bytes(case.name, case.goals["bytes"], sizes, baseline[1], subject[1]))


def _heap(folder, suite, case, contender, phase):
    """Pairs: the two sizes in the program's own unit, allocations, bytes that are held."""
    said = [_must([*_command("allocations", folder, suite, case, contender), size], phase) for size in case.sizes]
    return tuple(zip(*(map(int, numbers.split()) for numbers in said)))


def _command(program, folder, suite, case, contender):
    return [folder / f"{program}_{suite.name}", contender, *case.counted]


def _must(command, phase):
    outcome = process.run(command, phase)
    if outcome.status:
        raise Problem("\n  ".join([f"{' '.join(map(str, command))} failed:", *outcome.tail(10)]))
    return outcome.text


def _write(project, results, copy):
    folder = project.build / "bench"
    text = json.dumps(bench_results.as_json(results), indent=2) + "\n"
    for path in [folder / f"{results.suite}.json", *([Path(copy)] if copy else [])]:
        path.write_text(text, encoding="utf-8")
    (folder / f"{results.suite}.md").write_text(bench_results.as_markdown(results), encoding="utf-8")


def _cpu():
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _versions(packages):
    if not shutil.which("dpkg-query"):
        return {}
    answer = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True,
                            text=True, check=False).stdout
    return dict(line.split() for line in answer.splitlines())
