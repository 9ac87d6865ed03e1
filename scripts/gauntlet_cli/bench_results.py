"""What a benchmark's numbers say: ratios to the baseline, goals, and the tables of both."""

import math
import statistics
from dataclasses import asdict, dataclass, field

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_DIFFERS = "differs:"


@dataclass(frozen=True)
class Timing:
    """One contender on one case: the median of its repetitions."""

    case: str
    contender: str
    seconds: float
    spread: float  # half of the repetitions lie within this part of the median, on either side
    pixel_bytes: float
    file_bytes: float


@dataclass(frozen=True)
class Instructions:
    """Instructions of one run of a case, start-up not counted."""

    case: str
    goal: float
    baseline: float
    subject: float

    @property
    def ratio(self):
        return self.subject / self.baseline

    @property
    def met(self):
        return self.ratio <= self.goal


@dataclass(frozen=True)
class Allocations:
    """Allocations of one run of a case, on the upper half of its picture and on the whole."""

    case: str
    rows: tuple
    baseline: tuple
    subject: tuple

    @property
    def per_row(self):
        """Of the subject, over the baseline: what both need as the output grows is not a matter of rows."""
        more = (self.subject[1] - self.subject[0]) - (self.baseline[1] - self.baseline[0])
        return more / (self.rows[1] - self.rows[0])

    @property
    def met(self):
        return self.per_row <= 0


@dataclass
class Results:
    suite: str
    baseline: str
    subject: str
    machine: dict
    versions: dict
    timings: list = field(default_factory=list)
    differs: dict = field(default_factory=dict)
    instructions: list = field(default_factory=list)
    allocations: list = field(default_factory=list)

    @property
    def missed(self):
        return [one for one in (*self.instructions, *self.allocations) if not one.met]

    @property
    def wrong(self):
        """Where the subject itself does not do what the baseline does: no ratio makes up for that."""
        return [case for case in self.differs if case.endswith(f"/{self.subject}")]


def timings(report, cases):
    """From Google Benchmark's JSON, in the order of the cases; the runs themselves came in a random one."""
    runs = {}
    for run in report["benchmarks"]:
        if run.get("run_type") == "iteration" and not run.get("error_occurred"):
            runs.setdefault(run["run_name"], []).append(run)
    made = [_timing(name, group) for name, group in runs.items()]
    place = {name: number for number, name in enumerate(cases)}
    return sorted(made, key=lambda one: (place[one.case], one.contender))


def differences(report):
    """What was not measured, and why: "CASE/CONTENDER" to a sentence."""
    return {key[len(_DIFFERS):]: text for key, text in report["context"].items() if key.startswith(_DIFFERS)}


def _timing(name, runs):
    case, _, contender = name.rpartition("/")
    seconds = [run["cpu_time"] * _SECONDS[run["time_unit"]] for run in runs]
    median = statistics.median(seconds)
    return Timing(case=case, contender=contender, seconds=median,
                  spread=statistics.median(abs(one - median) for one in seconds) / median,
                  pixel_bytes=runs[0]["pixel_bytes"], file_bytes=runs[0].get("file_bytes", 0.0))


# ---- tables ----

def tables(results):
    """(title, head, rows) of each table."""
    made = [_time_table(results, group) for group in dict.fromkeys(_group(one.case) for one in results.timings)]
    if results.instructions:
        made.append((f"Instructions, {results.subject} to {results.baseline}",
                     ("case", results.baseline, results.subject, "ratio", "goal", ""),
                     [(one.case, f"{one.baseline:,.0f}", f"{one.subject:,.0f}", f"{one.ratio:.4f}", f"{one.goal:.2f}",
                       _verdict(one)) for one in results.instructions]))
    if results.allocations:
        made.append((f"Allocations, {results.subject} to {results.baseline}",
                     ("case", "rows", results.baseline, results.subject, "more for each row", ""),
                     [(one.case, _pair(one.rows), _pair(one.baseline), _pair(one.subject), f"{one.per_row:.3g}",
                       _verdict(one)) for one in results.allocations]))
    return made


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
    counts = [{**asdict(one), "ratio": one.ratio, "met": one.met} for one in results.instructions]
    allocations = [{**asdict(one), "per_row": one.per_row, "met": one.met} for one in results.allocations]
    return {**asdict(results), "instructions": counts, "allocations": allocations, "missed": len(results.missed)}


def _time_table(results, group):
    """A group is an operation and a kind of file; each of its files weighs the same in the ratio."""
    by_contender = {}
    for one in sorted(results.timings, key=lambda one: _place(results, one.contender)):
        if _group(one.case) == group:
            by_contender.setdefault(one.contender, {})[one.case] = one
    baseline = by_contender.get(results.baseline, {})
    writes = any(one.file_bytes for one in baseline.values())
    head = ("contender", "time ratio", "lowest", "highest", "MB/s", "spread", "files")
    head += ("size ratio",) if writes else ()
    rows = [(name, *_time_cells(baseline, cases, writes)) for name, cases in by_contender.items()]
    return f"{group}: time, {results.baseline} is 1", head, rows


def _time_cells(baseline, cases, writes):
    common = [case for case in cases if case in baseline]
    if not common:
        return ("-",) * (7 if writes else 6)
    ratios = [cases[case].seconds / baseline[case].seconds for case in common]
    speed = sum(cases[case].pixel_bytes for case in common) / sum(cases[case].seconds for case in common)
    cells = (f"{geometric_mean(ratios):.3f}", f"{min(ratios):.3f}", f"{max(ratios):.3f}", f"{speed / 1e6:.0f}",
             f"{max(cases[case].spread for case in common):.1%}", str(len(common)))
    if not writes:
        return cells
    sizes = [cases[case].file_bytes / baseline[case].file_bytes for case in common]
    return (*cells, f"{geometric_mean(sizes):.3f}")


def geometric_mean(ratios):
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def _remarks(results):
    said = [f"not measured: {name}: {reason}" for name, reason in results.differs.items()]
    said += [f"{name}: {value}" for name, value in results.machine.items()]
    said += [f"packages: {', '.join(f'{name} {version}' for name, version in results.versions.items())}"]
    if results.instructions or results.allocations:
        total = len(results.instructions) + len(results.allocations)
        said.append(f"goals: {total - len(results.missed)} of {total} met")
    return said


def _place(results, contender):
    """The two that the goals are about come first."""
    return (contender != results.baseline, contender != results.subject, contender)


def _group(case):
    return case.rpartition("/")[0]


def _verdict(one):
    return "met" if one.met else "MISSED"


def _pair(numbers):
    return f"{numbers[0]} / {numbers[1]}"
