import dataclasses
import json
import re
import subprocess
import tarfile
import types
import unittest
from unittest import mock

import support
from gauntlet_cli import bench, bench_results, bench_suite, lanes, preflight
from gauntlet_cli.bench_results import Added, Allocations, Bytes, Instructions, Latency, Results, Speed, Timing
from gauntlet_cli.bench_suite import Case, Package
from gauntlet_cli.problem import Problem
from gauntlet_cli.project import Project


def case(name):
    return Case(name, timed=(name,), counted=(name,), repeats=(20, 60), sizes=(10, 30))


def run(name, cpu_time, **changed):
    """A repetition as Google Benchmark writes it."""
    return {"name": name, "run_name": name, "run_type": "iteration", "cpu_time": cpu_time, "time_unit": "us",
            "real_time": 2 * cpu_time, "work": 1000.0, **changed}


def results(**changed):
    return Results(**{**dict(suite="png", baseline="raw", subject="wrapper", unit="MB/s", machine={"CPU": "a CPU"},
                             versions={"libpng-dev": "1.6"}), **changed})


def timing(name, *seconds, file_bytes=0.0):
    case_name, _, contender = name.rpartition("/")
    return Timing(case_name, contender, seconds, tuple(2 * one for one in seconds), work=1.0, file_bytes=file_bytes)


class Reading(unittest.TestCase):
    def timing(self, *repetitions, per=1.0):
        [(name, found)] = bench_results.runs({"benchmarks": repetitions}).items()
        return bench_results.timing(name, found, per)

    def test_the_median_of_the_repetitions_counts_and_no_aggregate(self):
        found = self.timing(*(run("read/a/x/raw", time) for time in (9, 2, 4)),
                            run("read/a/x/raw", 1000, run_type="aggregate"))
        self.assertEqual((found.case, found.contender), ("read/a/x", "raw"))
        self.assertAlmostEqual(found.median, 4e-6)
        self.assertAlmostEqual(found.spread, 0.5)

    def test_what_failed_while_it_was_measured_has_no_time_and_says_why(self):
        report = {"context": {}, "benchmarks": [run("read/a/x/raw", 1, error_occurred=True, error_message="cannot")]}
        self.assertEqual(bench_results.runs(report), {})
        self.assertEqual(bench_results.differences(report), {"read/a/x/raw": "cannot"})

    def test_units_are_told_apart(self):
        for unit, seconds in (("ns", 3e-9), ("ms", 3e-3)):
            self.assertAlmostEqual(self.timing(run("read/a/x/raw", 3, time_unit=unit)).median, seconds)

    def test_a_programs_own_clock_is_no_part_of_the_name(self):
        found = self.timing(run("echo/raw again/manual_time", 3))
        self.assertEqual((found.case, found.contender), ("echo", "raw again"))

    def test_time_is_the_processors_and_the_rate_is_the_walls(self):
        found = self.timing(run("echo/raw", 3, real_time=5))
        self.assertAlmostEqual(found.median, 3e-6)
        self.assertAlmostEqual(found.rate / 1e6, 200)

    def test_work_is_in_the_unit_of_the_suite(self):
        self.assertEqual(self.timing(run("echo/raw", 3), per=500).work, 2)

    def test_differences_come_from_the_context(self):
        report = {"context": {"date": "today", "differs:read/a/x/stb": "3 of 4 pixels differ"}, "benchmarks": []}
        self.assertEqual(bench_results.differences(report), {"read/a/x/stb": "3 of 4 pixels differ"})


class Pairs(unittest.TestCase):
    def test_repetitions_are_compared_one_by_one(self):
        """The machine was ten times slower for the second of each: no difference of theirs."""
        raw, wrapper = timing("c/raw", 1.0, 10.0, 1.0), timing("c/wrapper", 2.0, 20.0, 2.0)
        self.assertEqual(wrapper.ratios(raw), (2.0, 2.0, 2.0))

    def test_the_interval_leaves_out_what_lies_far_on_either_side(self):
        values = [1.0] * 15 + [1.01] * 5 + [1.02] * 14 + [50.0]
        self.assertEqual(bench_results.interval(values), (1.0, 1.02))

    def test_the_interval_of_few_values_is_all_of_them(self):
        self.assertEqual(bench_results.interval([3.0, 1.0, 2.0]), (1.0, 3.0))

    def test_speed_is_of_the_cases_with_a_goal_for_it(self):
        made = results(timings=[timing(name, 1.0, 2.0) for name in ("a/raw", "a/wrapper", "b/raw", "b/wrapper", "c/raw")])
        found = bench_results.speeds(made, {"a": {"speed": 0.97}, "b": {}, "c": {"speed": 0.97}})
        self.assertEqual([one.case for one in found], ["a"])

    def test_a_subject_that_takes_twice_the_time_has_half_the_speed(self):
        made = results(timings=[timing("a/raw", 1.0, 1.0, 1.0), timing("a/wrapper", 2.0, 2.0, 2.0)])
        [speed] = bench_results.speeds(made, {"a": {"speed": 0.97}})
        self.assertEqual((speed.ratio, speed.elapsed, speed.met), (0.5, 0.5, False))

    def test_what_is_added_is_of_each_piece_of_work_and_of_the_cases_with_a_goal_for_it(self):
        made = results(timings=[timing(name, *seconds) for name, *seconds in (
            ("a/raw", 1.0, 1.0, 2.0), ("a/wrapper", 1.5, 1.4, 2.6), ("b/raw", 1.0), ("b/wrapper", 1.0), ("c/raw", 1.0))])
        [one] = bench_results.added(made, {"a": {"nanoseconds": 40}, "b": {}, "c": {"nanoseconds": 40}}, per=1e7)
        self.assertEqual((one.case, one.baseline, one.met), ("a", 100.0, False))
        self.assertAlmostEqual(one.more, 50.0)


class Goals(unittest.TestCase):
    def test_nanoseconds_up_to_the_goal_meet_it(self):
        self.assertTrue(Added("c", 40, 10, 50, (39.0, 40.0, 90.0)).met)
        self.assertFalse(Added("c", 40, 10, 51, (39.0, 40.5, 41.0)).met)

    def test_a_ratio_up_to_the_goal_meets_it(self):
        self.assertTrue(Instructions("c", 1.01, 1000, 1010).met)
        self.assertFalse(Instructions("c", 1.01, 1000, 1011).met)

    def test_a_speed_down_to_the_goal_meets_it(self):
        self.assertTrue(Speed("c", 0.97, (0.97, 0.5, 2.0), 1.0).met)
        self.assertFalse(Speed("c", 0.97, (0.96, 0.5, 2.0), 1.0).met)

    def test_an_allocation_for_each_row_misses(self):
        self.assertFalse(Allocations("c", 0, (16, 32), (8, 8), (11, 27)).met)
        self.assertEqual(Allocations("c", 0, (16, 32), (8, 8), (11, 27)).more, 1)

    def test_one_allocation_more_in_many_rows_misses(self):
        self.assertFalse(Allocations("c", 0, (100, 200), (8, 8), (11, 12)).met)

    def test_a_constant_number_more_is_no_matter_of_rows(self):
        self.assertTrue(Allocations("c", 0, (16, 32), (8, 8), (11, 11)).met)

    def test_growth_that_the_baseline_has_too_is_no_matter_of_rows(self):
        self.assertTrue(Allocations("c", 0, (16, 32), (21, 22), (22, 23)).met)

    def test_bytes_are_those_of_each_and_what_is_held_once_is_none(self):
        fits, misses = (Bytes("c", 1.5, (10, 20), (0, 4000), (90000, held)) for held in (96000, 96010))
        self.assertEqual((fits.ratio, fits.met, misses.met), (1.5, True, False))

    def test_what_has_no_goal_is_neither_met_nor_missed(self):
        made = results(instructions=[Instructions("c", None, 1, 9)], allocations=[Allocations("c", None, (1, 2), (1, 1), (1, 9))])
        self.assertEqual((made.goals, made.missed), ([], []))
        self.assertNotIn("MISSED", bench_results.as_text(made))

    def test_what_is_missed_is_listed(self):
        bad = Instructions("c", 1.05, 100, 200)
        slow = Speed("c", 0.97, (0.5,), 1.0)
        made = results(instructions=[Instructions("d", 1.05, 100, 100), bad], speeds=[slow])
        self.assertEqual(made.missed, [slow, bad])
        self.assertIn("goals: 1 of 3 met", bench_results.as_text(made))
        self.assertEqual(bench_results.as_json(made)["missed"], 2)

    def test_a_subject_that_makes_other_pixels_is_wrong_and_another_contender_only_not_measured(self):
        self.assertEqual(results(differs={"read/a/x/stb": "3 of 4 pixels differ"}).wrong, [])
        self.assertEqual(results(differs={"read/a/x/wrapper": "the size differs"}).wrong, ["read/a/x/wrapper"])


class Tables(unittest.TestCase):
    def setUp(self):
        self.made = results(timings=[timing("read/a/x/raw", 2.0), timing("read/a/x/other", 1.0),
                                     timing("read/a/x/wrapper", 2.0), timing("read/a/y/raw", 1.0),
                                     timing("read/a/y/other", 8.0)])

    def row(self, contender):
        [(_, _, rows)] = bench_results.tables(self.made)
        [row] = [row for row in rows if row[1] == contender]
        return row[2:]

    def test_each_file_weighs_the_same_in_the_ratio(self):
        self.assertEqual(self.row("other")[:3], ("2.000", "0.500", "8.000"))

    def test_throughput_is_of_all_files_together(self):
        self.assertEqual(self.row("raw")[5], "0.333")
        self.assertEqual(self.row("other")[5], "0.111")

    def test_a_contender_is_compared_on_the_files_that_it_was_measured_on(self):
        self.assertEqual((self.row("wrapper")[0], self.row("wrapper")[6]), ("1.000", "1"))

    def test_the_two_that_the_goals_are_about_come_first_and_the_work_is_named_once(self):
        [(_, _, rows)] = bench_results.tables(self.made)
        self.assertEqual([row[:2] for row in rows], [("read/a", "raw"), ("", "wrapper"), ("", "other")])

    def test_groups_stand_in_the_order_of_their_cases(self):
        self.made.timings = [timing("write/b/y/other", 1.0), timing("echo/raw", 1.0)]
        [(_, _, rows)] = bench_results.tables(self.made)
        self.assertEqual([row[0] for row in rows], ["write/b", "echo"])

    def test_writing_shows_how_large_the_files_became(self):
        self.made.timings = [timing("write/a/x/raw", 1.0, file_bytes=100.0),
                             timing("write/a/x/other", 1.0, file_bytes=150.0)]
        [(_, head, _)] = bench_results.tables(self.made)
        self.assertEqual((head[-1], self.row("other")[-1]), ("size ratio", "1.500"))

    def test_beside_what_writes_files_reading_has_no_size(self):
        self.made.timings.append(timing("write/a/x/raw", 1.0, file_bytes=100.0))
        self.assertEqual(self.row("other")[-1], "-")

    def test_without_the_baseline_there_is_no_ratio(self):
        self.made.timings = [timing("read/a/x/other", 1.0)]
        self.assertEqual(set(self.row("other")), {"-"})

    def test_both_forms_say_the_same(self):
        self.made.differs = {"read/a/x/stb": "3 of 4 pixels differ"}
        self.made.instructions = [Instructions("read/a/x", 1.01, 1000, 1500)]
        self.made.speeds = [Speed("read/a/x", 0.97, (0.987,), 1.0)]
        self.made.bytes = [Bytes("idle", 1.5, (0, 10), (0, 4400), (0, 5500))]
        for text in (bench_results.as_text(self.made), bench_results.as_markdown(self.made)):
            for part in ("2.000", "1.5000", "MISSED", "not measured: read/a/x/stb: 3 of 4 pixels differ", "a CPU",
                         "libpng-dev 1.6", "98.7%", "1.25"):
                self.assertIn(part, text)

    def test_latency_is_of_each_contender_beside_the_rate_of_the_baseline(self):
        load = (1000, 50)
        self.made = results(latencies=[Latency("serve", "raw", load, ((10.0, 30.0, 20.0), (40,) * 3, (50,) * 3, (1000.0, 2000.0, 4000.0))),
                                       Latency("serve", "asio", load, ((12.0,) * 3, (41,) * 3, (1600,) * 3, (900.0, 1000.0, 3200.0)))])
        [(_, _, rows)] = bench_results.tables(self.made)[-1:]
        self.assertEqual(rows, [("serve", "1,000 x 50", "raw", "20", "40", "50", "2.0", "100.0%"),
                                ("serve", "1,000 x 50", "asio", "12", "41", "1,600", "1.0", "80.0%")])
        self.assertEqual(len(json.loads(json.dumps(bench_results.as_json(self.made)))["latencies"]), 2)

    def test_the_json_can_be_written(self):
        self.made.allocations = [Allocations("read/a/x", 0, (1, 2), (3, 3), (4, 4))]
        read = json.loads(json.dumps(bench_results.as_json(self.made)))
        self.assertEqual((read["allocations"][0]["more"], read["timings"][0]["seconds"]), (0, [2.0]))


class Choosing(unittest.TestCase):
    CASES = [case(name) for name in ("read/a/x", "read/a/y", "read/b/z", "write/a/x", "echo")]

    def names(self, **options):
        return [one.name for one in bench_suite.select(self.CASES, **options)]

    def test_the_filter_is_a_regular_expression_of_the_name(self):
        self.assertEqual(self.names(regex="^read/.*/[xz]$"), ["read/a/x", "read/b/z"])

    def test_the_quick_way_takes_the_first_of_each_group(self):
        self.assertEqual(self.names(quick=True), ["read/a/x", "read/b/z", "write/a/x", "echo"])

    def test_a_filter_that_matches_nothing_names_what_there_is(self):
        with self.assertRaisesRegex(Problem, "No case matches photo. They are: read/a/x"):
            self.names(regex="photo")

    def test_a_filter_that_is_no_expression_is_refused(self):
        with self.assertRaisesRegex(Problem, "is not a regular expression"):
            self.names(regex="(")

    def test_the_programs_filter_matches_one_case_and_all_of_its_contenders(self):
        pattern = bench._pattern(case("read/a/x-1.5+"))
        for name, matches in (("read/a/x-1.5+/raw", True), ("read/a/x-1.5+/raw again/manual_time", True),
                              ("read/a/x-1x5+/raw", False), ("read/a/x-1.5+/y/raw", False),
                              ("bread/a/x-1.5+/raw", False)):
            self.assertEqual(bool(re.search(pattern, name)), matches, name)
        self.assertNotIn("\\-", pattern)


class Measuring(support.InFolder):
    def measure(self, *reports, quick=False):
        """What _measure_time makes of one case, whose program answers like this, round by round."""
        made = results()
        suite = types.SimpleNamespace(name="png", rate={"unit": "MB/s", "per": 1.0})
        answers = [{"context": {}, "benchmarks": [], **report} for report in reports]
        with mock.patch.object(bench, "_time", side_effect=answers) as program:
            bench._measure_time(self.folder, suite, [case("echo")], made, self.console, quick)
        self.assertEqual(program.call_count, len(reports))
        return made

    def test_the_repetitions_of_all_processes_count(self):
        made = self.measure(*({"benchmarks": [run("echo/raw", time)]} for time in (1, 2, 3, 4, 5)))
        [found] = made.timings
        self.assertEqual([round(1e6 * one) for one in found.seconds], [1, 2, 3, 4, 5])

    def test_what_one_process_does_not_measure_is_said(self):
        made = self.measure({"context": {"differs:echo/asio": "none"}}, quick=True)
        self.assertEqual((made.timings, made.differs), ([], {"echo/asio": "none"}))


class Counting(support.InFolder):
    def test_start_up_is_not_counted(self):
        suite = types.SimpleNamespace(name="png")
        with mock.patch.object(bench, "_callgrind", side_effect=lambda command, _: 5000 + 70 * command[-1]) as counted:
            self.assertEqual(bench._instructions(self.folder, suite, case("echo"), "raw", None), 70)
        self.assertEqual(counted.call_args_list[0][0][0], [self.folder / "repeat_png", "raw", "echo", 20])

    def count_heap(self, **changed):
        """A program that takes, for each unit, an allocation of a hundred bytes, and as wrapper two."""
        def answer(command, _):
            units = command[-1] * (2 if command[1] == "wrapper" else 1)
            return f"{command[-1]} {5 + units} {1000 + 100 * units}\n"
        made = results()
        with mock.patch.object(bench, "_must", side_effect=answer):
            bench._count_allocations(self.folder, types.SimpleNamespace(name="uv", baseline="raw", subject="wrapper"),
                                     [dataclasses.replace(case("echo"), **changed)], made, self.console)
        return made

    def test_allocations_are_those_of_both_sizes(self):
        [found] = self.count_heap().allocations
        self.assertEqual((found.sizes, found.baseline, found.subject, found.more), ((10, 30), (15, 35), (25, 65), 1))

    def test_bytes_are_a_matter_of_the_cases_with_a_goal_for_them(self):
        self.assertEqual(self.count_heap().bytes, [])
        [found] = self.count_heap(goals={"bytes": 1.5}).bytes
        self.assertEqual((found.each(found.baseline), found.ratio, found.met), (100, 2, False))

    def test_latency_is_measured_of_the_contenders_in_turn(self):
        asked = []
        def answer(command, _):
            asked.append(command[1:])
            return "10.5 20.0 30.0 4000\n"
        made = results()
        loaded = Case("serve", load=(1000, 50), contenders=("raw", "asio"))
        with mock.patch.object(bench, "_must", side_effect=answer):
            bench._measure_latency(self.folder, types.SimpleNamespace(name="uv"), [loaded], made, self.console, quick=False)
        self.assertEqual(asked[:3], [["raw", "serve", 1000, 50], ["asio", "serve", 1000, 50], ["raw", "serve", 1000, 50]])
        self.assertEqual([(one.contender, one.medians) for one in made.latencies],
                         [(name, (10.5, 20.0, 30.0, 4000.0)) for name in ("raw", "asio")])

    def test_a_tool_that_counts_nothing_is_a_failure(self):
        with mock.patch.object(bench, "_must", return_value="nothing"), self.assertRaisesRegex(Problem, "no"):
            bench._callgrind(["program"], None)


class Files(support.InFolder):
    """A package as dpkg-deb would stream it: the program is replaced by one that prints a tar archive."""

    def unpack(self, paths, status=0):
        with tarfile.open(self.folder / "data.tar", "w") as tar:
            (self.folder / "x.png").write_bytes(b"pixels")
            tar.add(self.folder / "x.png", "./usr/share/x.png")
            tar.add(self.folder / "x.png", "./usr/share/other.png")
        real = subprocess.Popen
        script = f"cat {self.folder / 'data.tar'}; exit {status}"
        with mock.patch("subprocess.Popen", lambda _, **options: real(["sh", "-c", script], **options)):
            bench_suite._unpack(self.folder / "x.deb", paths, self.folder / "out")

    def test_only_the_named_files_are_unpacked(self):
        self.unpack(["usr/share/x.png"])
        files = [str(path.relative_to(self.folder / "out")) for path in (self.folder / "out").rglob("*.png")]
        self.assertEqual(files, ["usr/share/x.png"])

    def test_a_package_without_the_file_is_refused_and_leaves_nothing(self):
        with self.assertRaisesRegex(Problem, "lacks usr/share/y.png"):
            self.unpack(["usr/share/y.png"])
        self.assertFalse((self.folder / "out").exists())

    def test_a_package_that_cannot_be_unpacked_is_refused(self):
        with self.assertRaisesRegex(Problem, "cannot be unpacked"):
            self.unpack(["usr/share/x.png"], status=2)
        self.assertFalse((self.folder / "out").exists())


class Table(support.InFolder):
    def project(self):
        return Project(root=support.ROOT, cache=self.folder)

    def test_the_suite_of_png_has_what_was_asked_for(self):
        suite = bench_suite.load(self.project(), "png")
        reads = [one for one in suite.cases if one.name.startswith("read/")]
        self.assertEqual(len(suite.cases), 2 * len(reads))
        for kind, least, goal in (("photos", 2, 1.01), ("screenshots", 2, 1.01), ("palette", 2, 1.01),
                                  ("icons", 6, 1.05)):
            found = [one for one in reads if one.name.startswith(f"read/{kind}/")]
            self.assertGreaterEqual(len(found), least)
            for one in found:
                self.assertEqual(one.goals, {"instructions": goal, "allocations": 0})

    def test_the_suite_of_uv_has_what_was_asked_for(self):
        goals = {one.name: one.goals for one in bench_suite.load(self.project(), "uv").cases}
        for name, least in (("ping_pongs", 0.97), ("million_timers", 0.85), ("async_pummel/1", 0.97),
                            ("tcp_write_batch", 0.95), ("loop_count", 0.97)):
            self.assertEqual(goals[name]["speed"], least)
        for name in ("ping_pongs", "echo"):
            self.assertEqual(goals[name]["allocations"], 0)
        self.assertEqual(goals["idle_connections"], {"bytes": 1.5})
        self.assertTrue({"queue_work", "fs_stat/1"} <= goals.keys())

    def test_the_suite_of_uring_wants_97_percent_of_real_work_and_90_of_none_and_no_allocation(self):
        goals = {one.name: one.goals for one in bench_suite.load(self.project(), "uring").cases}
        for name, wanted in (("nops/1", 0.90), ("nops/32", 0.90), ("batched_nops/32", 0.90),
                             *((f"{kind}_reads/{depth}", 0.97) for kind in ("cached", "direct") for depth in (1, 32, 128)),
                             *((f"echo/{connections}", 0.97) for connections in (1, 100, 1000))):
            self.assertEqual(goals[name], {"speed": wanted, "allocations": 0}, name)

    def test_the_operations_of_uring_are_spread_evenly(self):
        for one in bench_suite.load(self.project(), "uring").cases:
            width = one.counted[1]
            counts = [int(timed.split(":")[2]) for timed in one.timed] + [*one.repeats, *one.sizes]
            self.assertEqual([count % width for count in counts], [0] * len(counts), one.name)

    def test_a_benchmark_builds_its_own_programs_and_no_others(self):
        programs = {name: bench_suite.load(self.project(), name).programs for name in bench_suite.names(self.project())}
        self.assertEqual(programs["uring"], ["bench_uring", "repeat_uring", "allocations_uring"])
        self.assertIn("latency_uv", programs["uv"])
        for name, wanted in programs.items():
            text = (support.ROOT / "benchmarks" / name / "CMakeLists.txt").read_text(encoding="utf-8")
            if f"gauntlet_benchmark({name} " in text:
                text += (support.ROOT / "benchmarks/CMakeLists.txt").read_text(encoding="utf-8").replace("${name}", name)
            self.assertEqual([program for program in wanted if f"add_executable({program} " not in text], [])

    def test_the_suite_of_uv_measures_the_latency_of_a_thousand_connections(self):
        loaded = {one.name: one for one in bench_suite.load(self.project(), "uv").cases if one.load}
        for name in ("serve", "tasks_serve"):
            self.assertEqual((loaded[name].load[0], loaded[name].contenders), (1000, ("raw", "wrapper", "asio")))

    def test_a_case_without_a_count_is_not_timed(self):
        cases = {one.name: one for one in bench_suite.load(self.project(), "uv").cases}
        self.assertEqual(cases["idle_connections"].timed, ())
        self.assertEqual(cases["fs_stat/32"].timed, ("fs_stat/32:32:10000",))

    def test_the_idle_connections_are_ten_thousand(self):
        [idle] = [one for one in bench_suite.load(self.project(), "uv").cases if one.name == "idle_connections"]
        self.assertEqual(max(idle.sizes), 10000)

    def test_names_are_unique(self):
        for name in ("png", "uring", "uv"):
            found = [one.name for one in bench_suite.load(self.project(), name).cases]
            self.assertEqual(len(set(found)), len(found))

    def test_an_unknown_benchmark_names_those_that_there_are(self):
        with self.assertRaisesRegex(Problem, "no benchmark named gif. There is: coroutines, png, uring, uv"):
            bench_suite.load(self.project(), "gif")

    def test_the_build_is_no_lane(self):
        build = bench_suite.build_of(self.project())
        self.assertNotIn(build.name, [lane.name for lane in lanes.load(support.ROOT)])

    def test_a_missing_contender_stops_with_the_line_that_installs_it(self):
        build = bench_suite.build_of(self.project())
        self.assertIn("libspng-dev", build.packages)
        with mock.patch.object(preflight, "_installed", return_value=set(build.packages) - {"libspng-dev"}), \
                mock.patch("os.geteuid", return_value=1000), \
                mock.patch.object(preflight, "_succeeds", return_value=False), \
                mock.patch("shutil.which", side_effect=lambda name: name and f"/usr/bin/{name}"):
            missing = preflight.missing_packages([build])
            with self.assertRaisesRegex(Problem, "apt-get install .*libspng-dev"):
                preflight._install(missing, self.console)

    def test_the_store_asks_for_the_package_by_its_file_name(self):
        debian = {"package": "thing", "suite": "s", "file": "thing_1%3a2_all.deb", "sha256": "ab"}
        package = Package("thing", "1:2", debian)
        self.assertEqual((package.label, package.hashes, package.file_names),
                         ("thing-1:2", ("ab",), ["thing_1%3a2_all.deb"]))
