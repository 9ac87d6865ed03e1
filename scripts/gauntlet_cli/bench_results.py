"""What a benchmark's numbers say: ratios to the baseline, goals, and the tables of both."""

import math
import statistics
from dataclasses import asdict, dataclass, field
from typing import Optional

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_DIFFERS = "differs:"


@dataclass(frozen=True)
class Timing:
    """One contender on one case: each repetition, in the order they were made."""

    case: str
    contender: str
    seconds: tuple  # of the processor, in the thread that works
    elapsed: tuple  # the same repetitions by the clock on the wall
    work: float     # of one repetition, in the suite's unit
    file_bytes: float

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def spread(self):
        """Half of the repetitions lie within this part of the median, on either side."""
        return statistics.median(abs(one - self.median) for one in self.seconds) / self.median

    @property
    def rate(self):
        return self.work / statistics.median(self.elapsed)

    def ratios(self, baseline):
        """To the baseline's repetitions, one by one: what ran at about the same time met the same machine."""
        return _by_pairs(self.seconds, baseline.seconds)

    def elapsed_ratio(self, baseline):
        return statistics.median(_by_pairs(self.elapsed, baseline.elapsed))


@dataclass(frozen=True)
class Speed:
    """Of the subject, as a part of the baseline's."""

    case: str
    goal: float
    ratios: tuple
    elapsed: float  # the same by the clock on the wall

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def met(self):
        return self.ratio >= self.goal


@dataclass(frozen=True)
class Added:
    """Nanoseconds that the subject takes for each piece of work over the baseline's, one for each repetition."""

    case: str
    goal: float
    baseline: float
    subject: float
    differences: tuple

    @property
    def more(self):
        return statistics.median(self.differences)

    @property
    def met(self):
        return self.more <= self.goal


@dataclass(frozen=True)
class Latency:
    """One contender's round trips where many connections make them at once."""

    case: str
    contender: str
    load: tuple      # connections, round trips of each
    measured: tuple  # 50th, 99th, 99.9th percentile in microseconds, round trips in a second: each of every run

    @property
    def medians(self):
        return tuple(statistics.median(values) for values in self.measured)

    def rate_ratio(self, baseline):
        return statistics.median(mine / its for mine, its in zip(self.measured[3], baseline.measured[3]))


@dataclass(frozen=True)
class Instructions:
    """Instructions of one run of a case, start-up not counted."""

    case: str
    goal: Optional[float]
    baseline: float
    subject: float

    @property
    def ratio(self):
        return self.subject / self.baseline

    @property
    def met(self):
        return self.goal is None or self.ratio <= self.goal


@dataclass(frozen=True)
class Growth:
    """What a case takes at two sizes, so that what each unit of the size takes stands apart from what is taken once."""

    case: str
    goal: Optional[float]
    sizes: tuple
    baseline: tuple
    subject: tuple

    def each(self, pair):
        return (pair[1] - pair[0]) / (self.sizes[1] - self.sizes[0])


@dataclass(frozen=True)
class Allocations(Growth):
    @property
    def more(self):
        """Of the subject for each unit, over the baseline: what both need is not the subject's."""
        return self.each(self.subject) - self.each(self.baseline)

    @property
    def met(self):
        return self.goal is None or self.more <= self.goal


@dataclass(frozen=True)
class Bytes(Growth):
    @property
    def ratio(self):
        return self.each(self.subject) / self.each(self.baseline)

    @property
    def met(self):
        return self.goal is None or self.ratio <= self.goal


@dataclass
class Results:
    suite: str
    baseline: str
    subject: str
    unit: str  # of the rate
    machine: dict
    versions: dict
    timings: list = field(default_factory=list)
    differs: dict = field(default_factory=dict)
    speeds: list = field(default_factory=list)
    added: list = field(default_factory=list)
    latencies: list = field(default_factory=list)
    instructions: list = field(default_factory=list)
    allocations: list = field(default_factory=list)
    bytes: list = field(default_factory=list)

    @property
    def goals(self):
        """What has one."""
        return [one for one in (*self.speeds, *self.added, *self.instructions, *self.allocations, *self.bytes) if one.goal is not None]

    @property
    def missed(self):
        return [one for one in self.goals if not one.met]

    @property
    def wrong(self):
        """Where the subject itself does not do what the baseline does: no ratio makes up for that."""
        return [case for case in self.differs if case.endswith(f"/{self.subject}")]


def runs(report):
    """From Google Benchmark's JSON: (case, contender) to its repetitions, in the order they were made."""
    found = {}
    for run in report["benchmarks"]:
        if run.get("run_type") == "iteration" and not run.get("error_occurred"):
            found.setdefault(_names(run), []).append(run)
    return found


def timing(name, repetitions, per):
    """per: of how much work the suite's unit is."""
    case, contender = name
    seconds, elapsed = (tuple(run[clock] * _SECONDS[run["time_unit"]] for run in repetitions)
                        for clock in ("cpu_time", "real_time"))
    return Timing(case=case, contender=contender, seconds=seconds, elapsed=elapsed,
                  work=repetitions[0]["work"] / per, file_bytes=repetitions[0].get("file_bytes", 0.0))


def differences(report):
    """What was not measured, and why: "CASE/CONTENDER" to a sentence."""
    said = {key[len(_DIFFERS):]: text for key, text in report["context"].items() if key.startswith(_DIFFERS)}
    failed = {"/".join(_names(run)): run["error_message"] for run in report["benchmarks"] if run.get("error_occurred")}
    return {**said, **failed}


def speeds(results, goals):
    """Of the cases that have a goal for it; goals: of each case, by what they are about."""
    timed = {(one.case, one.contender): one for one in results.timings}
    made = []
    for case, goal in goals.items():
        baseline, subject = (timed.get((case, name)) for name in (results.baseline, results.subject))
        if "speed" in goal and baseline and subject:
            made.append(Speed(case, goal["speed"], baseline.ratios(subject), baseline.elapsed_ratio(subject)))
    return made


def added(results, goals, per):
    """Of the cases that have a goal for it, as in speeds; per: of how much work the suite's unit is."""
    timed = {(one.case, one.contender): one for one in results.timings}
    made = []
    for case, goal in goals.items():
        baseline, subject = (timed.get((case, name)) for name in (results.baseline, results.subject))
        if "nanoseconds" in goal and baseline and subject:
            of_each = 1e9 / (baseline.work * per)
            differences = tuple((mine - its) * of_each for mine, its in zip(subject.seconds, baseline.seconds))
            made.append(Added(case, goal["nanoseconds"], baseline.median * of_each, subject.median * of_each, differences))
    return made


def _by_pairs(seconds, baseline):
    return tuple(mine / its for mine, its in zip(seconds, baseline))


def _names(run):
    """Google Benchmark says of a program's own clock that it is one, in the name."""
    case, _, contender = run["run_name"].removesuffix("/manual_time").rpartition("/")
    return case, contender


# ---- tables ----

def tables(results):
    """(title, head, rows) of each table."""
    names = (results.baseline, results.subject)
    title = f"{results.subject} to {results.baseline}"
    made = [_time_table(results),
            (f"Speed, {title}", ("case", "speed", "between", "elapsed", "goal", ""),
             [(one.case, f"{one.ratio:.1%}", " and ".join(f"{end:.1%}" for end in interval(one.ratios)),
               f"{one.elapsed:.1%}", f"{one.goal:.0%}", _verdict(one)) for one in results.speeds]),
            (f"Nanoseconds for each, {title}", ("case", *names, "more", "between", "goal", ""),
             [(one.case, f"{one.baseline:.1f}", f"{one.subject:.1f}", f"{one.more:.1f}",
               " and ".join(f"{end:.1f}" for end in interval(one.differences)), f"{one.goal:.0f}", _verdict(one))
              for one in results.added]),
            _latency_table(results),
            (f"Instructions, {title}", ("case", *names, "ratio", "goal", ""),
             [(one.case, f"{one.baseline:,.0f}", f"{one.subject:,.0f}", f"{one.ratio:.4f}",
               "-" if one.goal is None else f"{one.goal:.2f}", _verdict(one)) for one in results.instructions]),
            (f"Allocations, {title}", ("case", "size", *names, "more for each", ""),
             [(one.case, _pair(one.sizes), _pair(one.baseline), _pair(one.subject), f"{one.more:.3g}", _verdict(one))
              for one in results.allocations]),
            (f"Bytes of the heap, {title}", ("case", "size", *(f"{name}, each" for name in names), "ratio", "goal", ""),
             [(one.case, _pair(one.sizes), f"{one.each(one.baseline):.0f}", f"{one.each(one.subject):.0f}",
               f"{one.ratio:.2f}", f"{one.goal:.2f}", _verdict(one)) for one in results.bytes])]
    return [table for table in made if table[2]]


def as_text(results):
    lines = []
    for title, head, rows in tables(results):
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        lines += ["", title]
        lines += ["  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
                  for row in (head, *rows)]
    return "\n".join([*lines, "", *_remarks(results)]).lstrip("\n")


def as_markdown(results):
    lines = [f"# Benchmark {results.suite}", ""]
    for title, head, rows in tables(results):
        lines += [f"## {title}", "", *("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)), ""]
    return "\n".join([*lines, *(f"- {remark}" for remark in _remarks(results)), ""])


def as_json(results):
    def with_facts(group, *names):
        return [{**asdict(one), **{name: getattr(one, name) for name in (*names, "met")}} for one in group]
    return {**asdict(results), "speeds": with_facts(results.speeds, "ratio"), "added": with_facts(results.added, "more"),
            "instructions": with_facts(results.instructions, "ratio"),
            "allocations": with_facts(results.allocations, "more"), "bytes": with_facts(results.bytes, "ratio"),
            "missed": len(results.missed)}


def _time_table(results):
    """A group is an operation, and for some a kind of input; each of its cases weighs the same in the ratio."""
    groups = {}
    for one in sorted(results.timings, key=lambda one: _place(results, one.contender)):
        groups.setdefault(group_of(one.case), {}).setdefault(one.contender, {})[one.case] = one
    order = dict.fromkeys(group_of(one.case) for one in results.timings)
    writes = any(one.file_bytes for one in results.timings)
    head = ("work", "contender", "time ratio", "from", "to", "spread", "elapsed", results.unit, "cases")
    head += ("size ratio",) if writes else ()
    rows = [(group if name == next(iter(groups[group])) else "", name,
             *_time_cells(groups[group].get(results.baseline, {}), cases, writes))
            for group in order for name, cases in groups[group].items()]
    return f"Time, {results.baseline} is 1", head, rows


def _latency_table(results):
    baselines = {one.case: one for one in results.latencies if one.contender == results.baseline}
    rows = []
    for one in results.latencies:
        *percentiles, rate = one.medians
        connections, rounds = one.load
        rows.append((one.case, f"{connections:,} x {rounds:,}", one.contender, *(f"{value:,.0f}" for value in percentiles),
                     f"{rate / 1e3:,.1f}", f"{one.rate_ratio(baselines[one.case]):.1%}"))
    return ("Latency of a round trip, us", ("case", "connections x rounds", "contender", "p50", "p99", "p99.9", "thousand/s",
                                            f"of {results.baseline}"), rows)


def _time_cells(baseline, cases, writes):
    common = [case for case in cases if case in baseline]
    if not common:
        return ("-",) * (8 if writes else 7)
    ratios = [cases[case].ratios(baseline[case]) for case in common]
    ends = [end for one in ratios for end in interval(one)]
    elapsed = [cases[case].elapsed_ratio(baseline[case]) for case in common]
    rate = sum(cases[case].work for case in common) / sum(cases[case].work / cases[case].rate for case in common)
    cells = (f"{geometric_mean([statistics.median(one) for one in ratios]):.3f}", f"{min(ends):.3f}",
             f"{max(ends):.3f}", f"{max(cases[case].spread for case in common):.1%}", f"{geometric_mean(elapsed):.3f}",
             _rate(rate), str(len(common)))
    if not writes:
        return cells
    sizes = [cases[case].file_bytes / baseline[case].file_bytes for case in common if baseline[case].file_bytes]
    return (*cells, f"{geometric_mean(sizes):.3f}" if sizes else "-")


def interval(values):
    """What the median lies between, in 95 of 100 such measurements: by their order, whatever they are spread like."""
    low = max(0, math.floor((len(values) - 1.96 * math.sqrt(len(values))) / 2))
    ordered = sorted(values)
    return ordered[low], ordered[-1 - low]


def geometric_mean(ratios):
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def _remarks(results):
    said = [f"not measured: {name}: {reason}" for name, reason in results.differs.items()]
    said += [f"{name}: {value}" for name, value in results.machine.items()]
    said += [f"packages: {', '.join(f'{name} {version}' for name, version in results.versions.items())}"]
    if results.goals:
        said.append(f"goals: {len(results.goals) - len(results.missed)} of {len(results.goals)} met")
    return said


def _place(results, contender):
    """The two that the goals are about come first."""
    return (contender != results.baseline, contender != results.subject, contender)


def group_of(case):
    """Of OPERATION/KIND/FILE, what stands before the last part; a case without parts is a group of its own."""
    return case.rpartition("/")[0] or case


def _verdict(one):
    return "" if one.goal is None else "met" if one.met else "MISSED"


def _rate(number):
    """In few digits, however large it is."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _pair(numbers):
    return f"{numbers[0]} / {numbers[1]}"
