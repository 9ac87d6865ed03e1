"""Shards, run by CTest itself and by fork servers, and what joins their reports."""

import contextlib
import copy
import io
import json
import sys
from unittest import mock

import support
from gauntlet_cli import main, matrix, report, report_merge, shards
from gauntlet_cli.problem import USAGE, Problem
from gauntlet_cli.project import Project
from gauntlet_cli.results import LaneResult
from gauntlet_cli.shards import Shard
from test_command_line import gauntlet

# A fork server whose tests all pass, and a program that does when it is started for one test.
PROGRAM = """import os, sys
name = sys.argv[-1]
if "--fork-server" not in sys.argv:
    open("ran", "a").write(name + "\\n")
    sys.exit(name == "fails")
with os.fdopen(int(name), "r+b", buffering=0) as lines:
    for line in lines:
        open("ran", "a").write(line.decode())
        lines.write(b"0\\n")
"""
NAMES = [f"png.a test, number {number}" for number in range(24)]


class Splitting(support.InFolder):
    def test_each_test_is_in_one_shard(self):
        names = [f"uv.{number} <&> ä" for number in range(500)]
        for of in (1, 2, 3, 7):
            parts = [Shard(number, of) for number in range(1, of + 1)]
            for name in names:
                self.assertEqual(sum(part.has(name) for part in parts), 1)

    def test_shards_are_of_about_the_same_size(self):
        sizes = [sum(Shard(number, 3).has(f"png.{test}") for test in range(1500)) for number in (1, 2, 3)]
        self.assertGreater(min(sizes), 420)

    def test_a_tests_shard_is_the_same_on_each_machine_and_in_each_version(self):
        self.assertEqual([name for name in "abcdefgh" if Shard(2, 3).has(name)], ["a", "b"])

    def test_what_is_no_shard_is_refused_with_a_sentence(self):
        self.assertEqual([shards.parse(text) for text in ("1/1", "2/3", "12/12")], [Shard(1, 1), Shard(2, 3), Shard(12, 12)])
        for text in ("0/3", "4/3", "x", "", "1/", "/3", "1/0", "-1/3", "1/3/4", " 1/3", "1.0/3", "²/3", "١/3", "1/99999"):
            with self.assertRaisesRegex(ValueError, "is no shard: I/N"):
                shards.parse(text)
            with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit) as caught:
                main._parser().parse_args(["test", "asan", f"--shard={text}"])
            self.assertEqual(caught.exception.code, USAGE)
            self.assertIn("is no shard: I/N with I from 1 to N", said.getvalue())

    def test_a_shard_is_of_one_lane(self):
        for lanes in ([], ["asan", "msan"]):
            options = main._parser().parse_args(["test", *lanes, "--shard", "1/2"])
            # Not by a process: where this goes wrong, it would run the matrix.
            with mock.patch.object(main.preflight, "check", side_effect=AssertionError), \
                    self.assertRaisesRegex(Problem, "--shard splits one lane: name it") as caught:
                main._test(Project.here(), self.console, options)
            self.assertEqual(caught.exception.status, USAGE)


class Running(support.InFolder):
    """A project of CMake's with the real CTest: nothing here is replaced but set-up, which would need the network."""

    def setUp(self):
        super().setUp()
        (self.folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        preset = {"name": "asan", "generator": "Ninja", "binaryDir": "${sourceDir}/build"}
        (self.folder / "CMakePresets.json").write_text(json.dumps({
            "version": 6, "configurePresets": [preset],
            "buildPresets": [{"name": "asan", "configurePreset": "asan"}],
            "testPresets": [{"name": "asan", "configurePreset": "asan",
                             "output": {"outputJUnitFile": "${sourceDir}/junit.xml"}}]}), encoding="utf-8")

    def project_of(self, *tests):
        """Of (name, whether a fork server runs it)."""
        lines = ["cmake_minimum_required(VERSION 3.25)", "project(shards LANGUAGES NONE)", "enable_testing()"]
        for name, forked in tests:
            lines.append(f'add_test(NAME "{name}" COMMAND "{sys.executable}" "{self.folder}/program.py" "{name}")')
            lines.append(f'set_tests_properties("{name}" PROPERTIES WORKING_DIRECTORY "{self.folder}")')
            if forked:
                lines.append(f'set_tests_properties("{name}" PROPERTIES LABELS fork_server)')
        (self.folder / "CMakeLists.txt").write_text("\n".join(lines), encoding="utf-8")

    @property
    def project(self):
        return Project(self.folder, self.folder / "cache")

    def lane(self, minimum=0):
        return support.lane(junit=self.folder / "junit.xml", build=self.folder / "build", runtime=None, canaries={"leak": "x"},
                            minimum_tests=minimum)

    def run_shard(self, shard=shards.WHOLE, regex=None, minimum=0):
        """(report, names of the tests that ran, by their own account)."""
        runner = matrix.Matrix(self.project, [self.lane(minimum)], self.console, regex=regex, jobs=2, shard=shard)
        ran = self.folder / "ran"
        ran.write_text("", encoding="utf-8")
        with mock.patch.object(matrix.setup, "prepare"):
            runner.run()
        return report.of(runner.results, None, regex), ran.read_text(encoding="utf-8").splitlines()

    def run_all(self, of, **options):
        runs = [self.run_shard(Shard(number, of), **options) for number in range(1, of + 1)]
        return [made for made, _ in runs], [names for _, names in runs]

    def assert_together_whole(self, of, tests, **options):
        pieces, ran = self.run_all(of, **options)
        self.assertEqual([piece["totals"]["failed"] for piece in pieces], [0] * of, self.said)
        for names in ran:
            self.assertIn("canary.leak", names)
        of_tests = [name for names in ran for name in names if name != "canary.leak"]
        self.assertEqual(sorted(of_tests), sorted(tests))
        return pieces, ran

    def test_shards_are_together_the_whole_and_each_test_runs_once(self):
        # One alone: most shards have none for a fork server, and CTest's numbers are still those of the other tests.
        for kinds, is_forked in (("ctest alone", lambda number: False), ("fork servers alone", lambda number: True),
                                 ("both", lambda number: number % 3 != 0), ("one by a fork server", lambda number: number == 0)):
            with self.subTest(kinds):
                self.project_of(("canary.leak", False), *((name, is_forked(number)) for number, name in enumerate(NAMES)))
                _, ran = self.assert_together_whole(3, NAMES)
                self.assertTrue(all(len(names) > 1 for names in ran))

    def test_together_with_a_regex_they_are_what_it_selects(self):
        self.project_of(("canary.leak", False), *((name, number % 2 == 0) for number, name in enumerate(NAMES)))
        chosen = [name for name in NAMES if "1" in name]
        self.assert_together_whole(2, chosen, regex="1|canary")

    def test_the_report_of_all_shards_is_that_of_one_machine_but_for_times(self):
        self.project_of(("canary.leak", False), *((name, number % 2 == 0) for number, name in enumerate(NAMES)))
        whole, _ = self.run_shard(minimum=24)
        pieces, _ = self.run_all(3, minimum=24)
        merged = report_merge.merge([(str(number), piece) for number, piece in enumerate(pieces)], [])
        for key in ("status", "tests", "canaries", "faults", "findings", "listed", "skipped"):
            self.assertEqual(merged["lanes"][0][key], whole["lanes"][0][key], key)
        self.assertEqual(merged["totals"], {"passed": 25, "failed": 0})

    def test_the_command_leaves_the_report_of_its_shard(self):
        self.project_of(("canary.leak", False), *((name, False) for name in NAMES))
        (self.folder / "ran").write_text("", encoding="utf-8")
        options = main._parser().parse_args(["test", "asan", "--shard", "2/3"])
        with mock.patch.object(main, "_chosen", return_value=[self.lane(minimum=24)]), mock.patch.object(main.preflight, "check"), \
                mock.patch.object(matrix.setup, "prepare"), contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(main._test(self.project, self.console, options), 0)
        mine = [name for name in NAMES if Shard(2, 3).has(name)]
        self.assertEqual(said.getvalue().splitlines()[-1], f"{len(mine) + 1} passed, 0 failed")
        [lane] = report.load(self.project.matrix / "report.json")["lanes"]
        self.assertEqual([(shard["shard"], shard["of"]) for shard in lane["shards"]], [(2, 3)])
        self.assertEqual((sorted(lane["times"]["passed"]), lane["listed"]), (sorted(mine), 24))
        self.assertIn("1 lane ·", (self.project.matrix / "report.html").read_text(encoding="utf-8"))

    def test_a_shard_of_few_tests_may_be_empty(self):
        self.project_of(("canary.leak", False), (NAMES[0], False))
        self.assert_together_whole(3, NAMES[:1])
        self.assert_together_whole_without_canaries(NAMES[:1])

    def assert_together_whole_without_canaries(self, tests):
        pieces, ran = self.run_all(3, regex="^png")
        self.assertEqual([piece["totals"]["failed"] for piece in pieces], [0] * 3)
        self.assertEqual([name for names in ran for name in names], tests)

    def test_no_test_at_all_is_an_error_in_a_shard_too(self):
        self.project_of((NAMES[0], False))
        pieces, _ = self.run_all(2, regex="nothing is named so")
        self.assertEqual([piece["lanes"][0]["status"] for piece in pieces], ["failed"] * 2)

    def test_a_test_that_ctest_lists_and_does_not_run_is_a_finding(self):
        self.project_of(("canary.leak", False), *((name, False) for name in NAMES))
        real = matrix.cmake.test

        def loses(project, lane, console, selection, jobs):
            return real(project, lane, console, [*selection, "-E", "number 7$"], jobs)

        with mock.patch.object(matrix.cmake, "test", loses):
            made, _ = self.run_shard()
        [finding] = made["lanes"][0]["findings"]
        self.assertEqual((finding["kind"], finding["test"]), ("did not run although CTest lists it", NAMES[7]))


def piece(tests, shard=shards.WHOLE, name="valgrind", listed=6, commit="c", **facts):
    """A report with one lane; tests: name to status."""
    result = LaneResult(support.lane(name=name, minimum_tests=4), shard, ran=True, listed=listed,
                        faults={"leak": "caught", "heap": "caught"})
    result.seconds.update(build=2.0, test=1.0)
    made = report.of([result])
    for test, status in tests.items():
        made["lanes"][0]["times"][status][test] = 1.0
        if status == "skipped":
            made["lanes"][0]["skipped"][test] = "why"
    made["lanes"][0].update(facts)
    return report.complete({**made, "commit": commit})


PARTS = [piece({"a": "passed", "b": "passed"}, Shard(1, 3)), piece({"c": "passed"}, Shard(2, 3)),
         piece({"d": "passed", "e": "skipped", "f": "passed"}, Shard(3, 3))]


def named(pieces):
    return [(f"{number}.json", copy.deepcopy(one)) for number, one in enumerate(pieces, 1)]


def merge(*pieces, expected=()):
    return report_merge.merge(named(pieces), expected)


class Merging(support.InFolder):
    def lane_of(self, *pieces, **options):
        [lane] = merge(*pieces, **options)["lanes"]
        return lane

    def kinds(self, *pieces):
        lane = self.lane_of(*pieces)
        self.assertEqual(lane["status"], "failed" if lane["findings"] else "passed")
        return [finding["kind"] for finding in lane["findings"]]

    def test_counts_and_times_add_up_and_canaries_do_not(self):
        merged = merge(*PARTS)
        [lane] = merged["lanes"]
        self.assertEqual((lane["status"], lane["tests"]), ("passed", {"passed": 5, "failed": 0, "skipped": 1}))
        self.assertEqual((lane["canaries"], lane["skipped"]), ({"expected": 2, "caught": 2}, {"e": "why"}))
        self.assertEqual(lane["seconds"], {"configure": 0.0, "build": 6.0, "test": 3.0})
        self.assertEqual([shard["shard"] for shard in lane["shards"]], [1, 2, 3])
        self.assertEqual(merged["totals"], {"passed": 7, "failed": 0})

    def test_lanes_of_different_machines_stand_side_by_side_in_the_order_of_the_table(self):
        expected = [support.lane(name="dev"), support.lane(name="valgrind")]
        dev = piece({name: "passed" for name in "abcdef"}, name="dev")
        merged = merge(*PARTS, dev, expected=expected)
        self.assertEqual([(lane["name"], lane["status"]) for lane in merged["lanes"]], [("dev", "passed"), ("valgrind", "passed")])

    def test_a_lane_that_is_in_no_report_is_an_error_where_it_is_expected(self):
        merged = merge(*PARTS, expected=[support.lane(name="dev"), support.lane(name="valgrind")])
        self.assertEqual(merged["totals"]["failed"], 1)
        self.assertEqual(merged["lanes"][0]["findings"][0]["kind"], "none of the reports has this lane")

    def test_a_missing_shard_is_said_with_the_command_that_runs_it(self):
        lane = self.lane_of(PARTS[0], PARTS[2])
        self.assertEqual((lane["status"], [finding["kind"] for finding in lane["findings"]]),
                         ("failed", ["shard 2/3 is missing: nobody knows what its tests would say"]))
        self.assertEqual(lane["findings"][0]["reproduce"], "scripts/gauntlet test valgrind --shard 2/3")

    def test_a_shard_that_was_interrupted_is_missing(self):
        interrupted = report.of([LaneResult(support.lane(name="valgrind", minimum_tests=4), Shard(2, 3))])
        self.assertEqual(self.kinds(PARTS[0], {**interrupted, "commit": "c"}, PARTS[2]),
                         ["shard 2/3 is missing: nobody knows what its tests would say"])

    def test_a_lane_that_was_interrupted_is_an_error(self):
        merged = merge({**report.of([LaneResult(support.lane(name="valgrind"))]), "commit": "c"})
        self.assertEqual(merged["totals"], {"passed": 0, "failed": 1})
        self.assertEqual(merged["lanes"][0]["findings"][0]["kind"], "it ran in none of the reports")

    def test_a_test_that_ran_twice_is_said_and_counted_once(self):
        again = piece({"a": "failed", "c": "passed", "e": "passed"}, Shard(2, 3))
        lane = self.lane_of(PARTS[0], again, PARTS[2])
        self.assertEqual([(finding["kind"], finding["stack"]) for finding in lane["findings"]],
                         [("tests that ran more than once, in different reports: 2", ["a (1.json, 2.json)", "e (2.json, 3.json)"])])
        self.assertEqual((lane["tests"], lane["skipped"]), ({"passed": 5, "failed": 1, "skipped": 0}, {}))

    def test_the_same_file_twice_is_said(self):
        self.assertEqual(self.kinds(*PARTS, PARTS[0]), ["tests that ran more than once, in different reports: 2"])

    def test_machines_that_list_different_tests_are_said(self):
        other = piece({"c": "passed"}, Shard(2, 3), listed=5)
        self.assertEqual(self.kinds(PARTS[0], other, PARTS[2]), ["the machines do not list the same tests"])

    def test_a_test_that_ran_nowhere_is_said(self):
        self.assertEqual(self.kinds(PARTS[0], piece({}, Shard(2, 3)), PARTS[2]), ["1 of 6 tests ran in no shard"])

    def test_the_least_number_of_tests_holds_for_all_together(self):
        pieces = [piece({"a": "passed", "b": "passed"}, Shard(1, 2), listed=3), piece({"c": "passed"}, Shard(2, 2), listed=3)]
        self.assertEqual(self.kinds(*pieces), ["too few tests: 3 ran, and lane valgrind has at least 4"])
        self.assertEqual(self.lane_of(*({**one, "selection": "x"} for one in pieces))["findings"], [])

    def test_a_canary_that_one_machine_missed_is_missed(self):
        missed = piece({"c": "passed"}, Shard(2, 3), faults={"leak": "missed", "heap": "caught"}, status="failed",
                       findings=[{"tool": "canary", "kind": "leak", "test": "canary.leak", "stack": [], "reproduce": "x"}])
        merged = merge(PARTS[0], missed, PARTS[2])
        self.assertEqual(merged["lanes"][0]["faults"], {"leak": "missed", "heap": "caught"})
        self.assertEqual(merged["totals"]["failed"], 1)

    def test_what_a_merge_said_is_judged_again_when_the_rest_comes(self):
        first = merge(PARTS[0], PARTS[2])
        self.assertEqual(self.kinds(first, PARTS[1]), [])

    def test_other_commits_selections_and_splits_are_refused(self):
        for other, what in ((piece({"c": "passed"}, Shard(2, 3), commit="d"), "different commits.*\n.*1.json: c\n.*2.json: d"),
                            ({**PARTS[1], "selection": "x"}, "different selections.*\n.*1.json: none\n.*2.json: x"),
                            (piece({"c": "passed"}, Shard(2, 4)), "Lane valgrind was split into 3 and into 4 shards")):
            with self.assertRaisesRegex(Problem, what) as caught:
                merge(PARTS[0], other)
            self.assertEqual(caught.exception.status, USAGE)

    def test_the_budget_is_that_of_the_slowest_machine(self):
        slow = piece({"c": "passed"}, Shard(2, 3), budget_seconds=4)
        self.assertEqual(report.report_text.over_budget(merge(*[{**one, "lanes": [{**one["lanes"][0], "budget_seconds": 4}]}
                                                               for one in (PARTS[0], slow, PARTS[2])])), [])
        slow["lanes"][0]["shards"][0]["seconds"]["test"] = 9.0
        self.assertEqual(report.report_text.over_budget(merge(slow, PARTS[0], PARTS[2])),
                         ["Lane valgrind is over its budget: 11 s of 4 s."])

    def test_the_command_writes_all_forms_and_its_status_tells(self):
        for file, one in named(PARTS):
            (self.folder / file).write_text(json.dumps(one), encoding="utf-8")
        files = [self.folder / f"{number}.json" for number in (1, 2, 3)]
        done = gauntlet("report", "merge", *files, "--into", self.folder / "all")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "7 passed, 0 failed"), done.stderr)
        self.assertEqual({path.name for path in (self.folder / "all").iterdir()}, {"report.json", "report.md", "report.html"})
        done = gauntlet("report", "merge", *files[:2], "--into", self.folder / "all")
        self.assertEqual(done.returncode, 1)
        self.assertIn("shard 3/3 is missing", done.stdout)
        done = gauntlet("report", "merge", "--all", *files, "--into", self.folder / "all")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none of the reports has this lane", done.stdout)
        done = gauntlet("report", "merge", self.folder / "none.json")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("none.json cannot be read", done.stderr)
