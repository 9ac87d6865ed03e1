import xml.etree.ElementTree as xml

import support
from gauntlet_cli import results
from gauntlet_cli.results import LaneResult, TestRun
from gauntlet_cli.shards import Shard

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite>
  <testcase name="good" time="0.5" status="run"><system-out></system-out></testcase>
  <testcase name="crash (hard)" time="0.1" status="fail"><failure message=""/><system-out>boom</system-out></testcase>
  <testcase name="skips" time="0" status="notrun"><skipped message="SKIP_RETURN_CODE=4"/></testcase>
  <testcase name="off" time="0" status="disabled"><system-out>Disabled</system-out></testcase>
  <testcase name="absent" time="0" status="notrun"><skipped message="Unable to find executable"/></testcase>
</testsuite>
"""
# Newer versions of CTest add the labels.
SAID = """
The following tests FAILED:
	  2 - crash (hard) (SEGFAULT)    a_label
	  5 - absent (Not Run)
"""


def run(name, status="passed", output="", reason=""):
    return TestRun(name, status, 1.0, reason, output)


GREEN = [run("canary.leak"), run("canary.heap"), run("a"), run("b"), run("c")]


def judged(runs, **options):
    result = LaneResult(support.lane(), ran=True)
    results.judge(result, runs, **options)
    return result


def kinds(result):
    return [(finding.tool, finding.kind) for finding in result.findings]


class Reading(support.InFolder):
    def test_statuses_and_reasons(self):
        path = self.folder / "junit.xml"
        path.write_text(JUNIT, encoding="utf-8")
        runs = {run.name: run for run in results.read(path, SAID)}
        self.assertEqual({name: run.status for name, run in runs.items()},
                         {"good": "passed", "crash (hard)": "failed", "skips": "skipped", "off": "skipped",
                          "absent": "failed"})
        self.assertEqual(runs["crash (hard)"].reason, "segfault")
        self.assertEqual(runs["absent"].reason, "Unable to find executable")

    def test_runs_of_others_are_added_to_the_file(self):
        path = self.folder / "junit.xml"
        path.write_text(JUNIT, encoding="utf-8")
        added = [run("e <1>", output="tail \x1b[0m & more\n"), run("f", "failed", "boom", "timeout"),
                 run("g", "skipped", reason="SKIP_RETURN_CODE=4")]
        results.add(path, added)
        runs = {run.name: run for run in results.read(path, SAID)}
        self.assertEqual([runs[name].status for name in ("good", "e <1>", "f", "g")],
                         ["passed", "passed", "failed", "skipped"])
        self.assertEqual(runs["e <1>"].output, "tail [NON-XML-CHAR-0x1B][0m & more\n")
        self.assertEqual(runs["e <1>"].seconds, 1.0)

    def test_a_file_of_theirs_alone_has_their_counts(self):
        path = self.folder / "junit.xml"
        results.add(path, [run("a"), run("b", "failed")])
        results.add(path, [run("c", "skipped")])
        suite = xml.parse(path).getroot()
        self.assertEqual([suite.get(count) for count in ("tests", "failures", "skipped")], ["3", "1", "1"])


class Judging(support.InFolder):
    def test_all_well(self):
        result = judged(GREEN)
        self.assertEqual((result.status, result.tests["passed"], result.tests["failed"]), ("passed", 3, 0))
        self.assertEqual(result.faults, {"leak": "caught", "heap": "caught"})

    def test_a_lane_that_did_not_run_is_skipped(self):
        self.assertEqual(LaneResult(support.lane()).status, "skipped")

    def test_fewer_tests_than_the_minimum_fail_the_lane(self):
        result = judged(GREEN[:4])
        self.assertEqual(result.status, "failed")
        self.assertEqual(kinds(result), [("gauntlet", "too few tests: 2 ran, and lane asan has at least 3")])

    def test_skipped_tests_do_not_count_as_run(self):
        self.assertEqual(judged([*GREEN[:4], run("c", "skipped")]).status, "failed")

    def test_a_canary_that_was_not_caught_fails_the_lane(self):
        said = "canary leak was not caught: this lane cannot be trusted.\nexpected a failure\n"
        result = judged([run("canary.leak", "failed", said), *GREEN[1:]])
        self.assertEqual((result.status, result.faults), ("failed", {"leak": "missed", "heap": "caught"}))
        self.assertEqual(kinds(result), [("canary", "canary leak was not caught: this lane cannot be trusted.")])
        self.assertEqual(result.findings[0].reproduce, r"scripts/gauntlet test asan -R '^canary\.leak$'")

    def test_a_canary_that_was_not_run_fails_the_lane(self):
        for runs in (GREEN[1:], [run("canary.leak", "skipped", reason="SKIP_RETURN_CODE=4"), *GREEN[1:]]):
            result = judged(runs)
            self.assertEqual((result.status, result.faults), ("failed", {"leak": "not run", "heap": "caught"}))

    def test_no_tests_fail_the_lane(self):
        for selected in (False, True):
            result = judged([], selected=selected)
            self.assertEqual(result.status, "failed")
            self.assertIn("no tests ran", result.findings[0].kind)

    def test_of_a_selection_only_what_ran_is_expected(self):
        result = judged([run("canary.leak"), run("a")], selected=True)
        self.assertEqual((result.status, result.faults), ("passed", {"leak": "caught"}))

    def test_of_a_shard_the_least_number_is_not_demanded_but_each_canary_is(self):
        result = LaneResult(support.lane(), Shard(1, 2), ran=True)
        results.judge(result, [GREEN[0], GREEN[2]])
        self.assertEqual(kinds(result), [("canary", "heap is claimed by the lane and was not run")])

    def test_a_failed_test_is_a_finding_also_when_no_tool_said_anything(self):
        result = judged([*GREEN, run("d [x]", "failed", "last words\n", "timeout")])
        self.assertEqual(kinds(result), [("test", "timeout")])
        self.assertEqual(result.findings[0].stack, ("last words",))
        self.assertEqual(result.findings[0].reproduce, r"scripts/gauntlet test asan -R '^d \[x\]$'")
