import json

import support
from gauntlet_cli import report, results
from gauntlet_cli.results import LaneResult, TestRun


def result(name, *runs, **facts):
    lane_result = LaneResult(support.lane(name=name, canaries={"leak": "x"}, minimum_tests=1, **facts), ran=True)
    results.judge(lane_result, [TestRun(test, status, seconds, "failed", "") for test, status, seconds in runs])
    return lane_result


GREEN = [("canary.leak", "passed", 1.0), ("a", "passed", 1.0), ("b", "passed", 1.0)]


class Report(support.InFolder):
    def test_the_json_has_this_shape_and_no_other(self):
        lane_result = result("asan", *GREEN, ("c", "failed", 0.1), ("d", "skipped", 0.0))
        lane_result.seconds.update(configure=1.0, build=2.0, test=3.0)
        report.write([lane_result], self.folder)
        self.assertEqual(json.loads((self.folder / "report.json").read_text(encoding="utf-8")), {
            "lanes": [{
                "name": "asan", "status": "failed", "tests": {"passed": 2, "failed": 1, "skipped": 1},
                "canaries": {"expected": 1, "caught": 1}, "seconds": {"configure": 1.0, "build": 2.0, "test": 3.0},
                "findings": [{"tool": "test", "kind": "failed", "test": "c", "stack": [],
                              "reproduce": "scripts/gauntlet test asan -R '^c$'"}]}],
            "totals": {"passed": 3, "failed": 1}})

    def test_the_last_line_sums_tests_and_canaries_over_lanes(self):
        lanes = [result("dev", *GREEN), result("asan", *GREEN[1:], ("c", "failed", 0.1))]
        self.assertEqual(report.as_text(lanes).splitlines()[-1], "5 passed, 2 failed")
        self.assertEqual(report.as_markdown(lanes).splitlines()[-1], "5 passed, 2 failed")

    def test_a_lane_that_failed_without_a_failed_test_counts_one(self):
        broken = LaneResult(support.lane(), ran=True)
        broken.blame("compiler", "build failed")
        self.assertEqual(report.totals([broken]), {"passed": 0, "failed": 1})

    def test_a_lane_that_did_not_run_counts_nothing_and_is_shown(self):
        waiting = LaneResult(support.lane())
        self.assertEqual(report.totals([waiting]), {"passed": 0, "failed": 0})
        self.assertIn("skipped", report.as_text([waiting]))

    def test_a_finding_has_its_stack_and_its_reproduce_line(self):
        lane_result = result("asan", *GREEN)
        lane_result.blame("AddressSanitizer", "heap-buffer-overflow", ["f a.cpp:1"], "t")
        for text in (report.as_text([lane_result]), report.as_markdown([lane_result])):
            self.assertIn("asan: AddressSanitizer: heap-buffer-overflow in t", text)
            self.assertIn("f a.cpp:1", text)
            self.assertIn("scripts/gauntlet test asan -R '^t$'", text)

    def test_slow_down_compares_the_tests_that_both_lanes_passed(self):
        release = result("release", *GREEN)
        slow = result("asan", GREEN[0], ("a", "passed", 3.0), ("only here", "passed", 50.0))
        self.assertIn(" 3.0x ", report.as_text([release, slow]))
        self.assertNotIn("x ", report.as_text([slow]).splitlines()[1])

    def test_a_lane_over_its_budget_is_named_and_not_failed(self):
        slow = result("asan", *GREEN, budget_seconds=5)
        slow.seconds.update(build=6.0)
        self.assertIn("Lane asan is over its budget: 6 s of 5 s.", report.as_text([slow]))
        self.assertEqual(slow.status, "passed")
