import json
import re
import subprocess
import tarfile
import types
import unittest
from unittest import mock

import support
from gauntlet_cli import bench, bench_results, bench_suite, lanes, preflight
from gauntlet_cli.bench_results import Allocations, Instructions, Results, Timing
from gauntlet_cli.bench_suite import Case, Package
from gauntlet_cli.problem import Problem
from gauntlet_cli.project import Project


def case(name, goal=1.01):
    operation, kind, file = name.split("/")
    return Case(operation, kind, support.Path(f"{file}.png"), goal, (1, 2))


def run(name, cpu_time, **changed):
    """A repetition as Google Benchmark writes it."""
    return {"name": name, "run_name": name, "run_type": "iteration", "cpu_time": cpu_time, "time_unit": "us",
            "pixel_bytes": 1000.0, **changed}


def results(**changed):
    return Results(**{**dict(suite="png", baseline="raw", subject="wrapper", machine={"CPU": "a CPU"},
                             versions={"libpng-dev": "1.6"}), **changed})


def timing(name, seconds, file_bytes=0.0):
    case_name, _, contender = name.rpartition("/")
    return Timing(case_name, contender, seconds, spread=0.01, pixel_bytes=1e6, file_bytes=file_bytes)


class Reading(unittest.TestCase):
    def test_the_median_of_the_repetitions_counts_and_no_aggregate(self):
        report = {"benchmarks": [run("read/a/x/raw", time) for time in (9, 2, 4)]}
        report["benchmarks"].append(run("read/a/x/raw", 1000, run_type="aggregate"))
        [found] = bench_results.timings(report, ["read/a/x"])
        self.assertEqual((found.case, found.contender), ("read/a/x", "raw"))
        self.assertAlmostEqual(found.seconds, 4e-6)
        self.assertAlmostEqual(found.spread, 0.5)

    def test_what_failed_while_it_was_measured_has_no_time(self):
        report = {"benchmarks": [run("read/a/x/raw", 1, error_occurred=True)]}
        self.assertEqual(bench_results.timings(report, ["read/a/x"]), [])

    def test_units_are_told_apart(self):
        for unit, seconds in (("ns", 3e-9), ("ms", 3e-3)):
            [found] = bench_results.timings({"benchmarks": [run("read/a/x/raw", 3, time_unit=unit)]}, ["read/a/x"])
            self.assertAlmostEqual(found.seconds, seconds)

    def test_the_order_is_that_of_the_cases(self):
        report = {"benchmarks": [run(name, 1) for name in ("write/b/y/raw", "read/a/x/wrapper", "read/a/x/raw")]}
        found = bench_results.timings(report, ["read/a/x", "write/b/y"])
        self.assertEqual([f"{one.case}/{one.contender}" for one in found],
                         ["read/a/x/raw", "read/a/x/wrapper", "write/b/y/raw"])

    def test_differences_come_from_the_context(self):
        report = {"context": {"date": "today", "differs:read/a/x/stb": "3 of 4 pixels differ"}}
        self.assertEqual(bench_results.differences(report), {"read/a/x/stb": "3 of 4 pixels differ"})


class Goals(unittest.TestCase):
    def test_a_ratio_up_to_the_goal_meets_it(self):
        self.assertTrue(Instructions("c", 1.01, 1000, 1010).met)
        self.assertFalse(Instructions("c", 1.01, 1000, 1011).met)

    def test_an_allocation_for_each_row_misses(self):
        self.assertFalse(Allocations("c", (16, 32), (8, 8), (11, 27)).met)
        self.assertEqual(Allocations("c", (16, 32), (8, 8), (11, 27)).per_row, 1)

    def test_one_allocation_more_in_many_rows_misses(self):
        self.assertFalse(Allocations("c", (100, 200), (8, 8), (11, 12)).met)

    def test_a_constant_number_more_is_no_matter_of_rows(self):
        self.assertTrue(Allocations("c", (16, 32), (8, 8), (11, 11)).met)

    def test_growth_that_the_baseline_has_too_is_no_matter_of_rows(self):
        self.assertTrue(Allocations("c", (16, 32), (21, 22), (22, 23)).met)

    def test_what_is_missed_is_listed(self):
        bad = Instructions("c", 1.05, 100, 200)
        made = results(instructions=[Instructions("d", 1.05, 100, 100), bad])
        self.assertEqual(made.missed, [bad])
        self.assertIn("goals: 1 of 2 met", bench_results.as_text(made))
        self.assertEqual(bench_results.as_json(made)["missed"], 1)


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
        [row] = [row for row in rows if row[0] == contender]
        return row

    def test_each_file_weighs_the_same_in_the_ratio(self):
        self.assertEqual(self.row("other")[1:4], ("2.000", "0.500", "8.000"))

    def test_throughput_is_of_all_files_together(self):
        self.assertEqual(self.row("raw")[4], "1")
        self.assertEqual(self.row("other")[4], "0")

    def test_a_contender_is_compared_on_the_files_that_it_was_measured_on(self):
        self.assertEqual((self.row("wrapper")[1], self.row("wrapper")[6]), ("1.000", "1"))

    def test_the_two_that_the_goals_are_about_come_first(self):
        [(_, _, rows)] = bench_results.tables(self.made)
        self.assertEqual([row[0] for row in rows], ["raw", "wrapper", "other"])

    def test_writing_shows_how_large_the_files_became(self):
        self.made.timings = [timing("write/a/x/raw", 1.0, 100.0), timing("write/a/x/other", 1.0, 150.0)]
        [(_, head, _)] = bench_results.tables(self.made)
        self.assertEqual((head[-1], self.row("other")[-1]), ("size ratio", "1.500"))

    def test_without_the_baseline_there_is_no_ratio(self):
        self.made.timings = [timing("read/a/x/other", 1.0)]
        self.assertEqual(set(self.row("other")[1:]), {"-"})

    def test_both_forms_say_the_same(self):
        self.made.differs = {"read/a/x/stb": "3 of 4 pixels differ"}
        self.made.instructions = [Instructions("read/a/x", 1.01, 1000, 1500)]
        for text in (bench_results.as_text(self.made), bench_results.as_markdown(self.made)):
            for part in ("2.000", "1.5000", "MISSED", "not measured: read/a/x/stb: 3 of 4 pixels differ", "a CPU",
                         "libpng-dev 1.6"):
                self.assertIn(part, text)

    def test_the_json_can_be_written(self):
        self.made.allocations = [Allocations("read/a/x", (1, 2), (3, 3), (4, 4))]
        read = json.loads(json.dumps(bench_results.as_json(self.made)))
        self.assertEqual((read["allocations"][0]["per_row"], read["timings"][0]["seconds"]), (0, 2.0))


class Choosing(unittest.TestCase):
    CASES = [case(name) for name in ("read/a/x", "read/a/y", "read/b/z", "write/a/x")]

    def names(self, **options):
        return [one.name for one in bench_suite.select(self.CASES, **options)]

    def test_the_filter_is_a_regular_expression_of_the_name(self):
        self.assertEqual(self.names(regex="^read/.*/[xz]$"), ["read/a/x", "read/b/z"])

    def test_the_quick_way_takes_the_first_of_each_kind(self):
        self.assertEqual(self.names(quick=True), ["read/a/x", "read/b/z", "write/a/x"])

    def test_a_filter_that_matches_nothing_names_what_there_is(self):
        with self.assertRaisesRegex(Problem, "No case matches photo. They are: read/a/x"):
            self.names(regex="photo")

    def test_a_filter_that_is_no_expression_is_refused(self):
        with self.assertRaisesRegex(Problem, "is not a regular expression"):
            self.names(regex="(")

    def test_the_programs_filter_matches_whole_names_only(self):
        pattern = bench._pattern([case("read/a/x"), case("read/a/x-1.5+")])
        for name, matches in (("read/a/x/raw", True), ("read/a/x-1.5+/raw", True), ("read/a/xy/raw", False),
                              ("read/a/x-1x5+/raw", False), ("bread/a/x/raw", False)):
            self.assertEqual(bool(re.search(pattern, name)), matches, name)
        self.assertNotIn("\\-", pattern)


class Counting(support.InFolder):
    def test_start_up_is_not_counted(self):
        suite = types.SimpleNamespace(name="png", arguments=("6",))
        with mock.patch.object(bench, "_callgrind", side_effect=lambda command, _: 5000 + 70 * command[-1]) as counted:
            one = Case("read", "a", self.folder / "x.png", 1.05, (20, 60))
            self.assertEqual(bench._instructions(self.folder, suite, one, "raw", None), 70)
        self.assertEqual(counted.call_args_list[0][0][0],
                         [self.folder / "repeat_png", "raw", "read", self.folder / "x.png", "6", 20])

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

    def test_the_suite_has_what_was_asked_for(self):
        suite = bench_suite.load(self.project(), "png")
        reads = [one for one in suite.cases if one.operation == "read"]
        self.assertEqual(len(suite.cases), 2 * len(reads))
        for kind, least, goal in (("photos", 2, 1.01), ("screenshots", 2, 1.01), ("palette", 2, 1.01),
                                  ("icons", 6, 1.05)):
            found = [one for one in reads if one.kind == kind]
            self.assertGreaterEqual(len(found), least)
            self.assertEqual({one.goal for one in found}, {goal})

    def test_names_are_unique(self):
        found = [one.name for one in bench_suite.load(self.project(), "png").cases]
        self.assertEqual(len(set(found)), len(found))

    def test_an_unknown_benchmark_names_those_that_there_are(self):
        with self.assertRaisesRegex(Problem, "no benchmark named gif. There is: png"):
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
