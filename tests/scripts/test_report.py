import contextlib
import io
import json
import os
from html.parser import HTMLParser
from unittest import mock

import support
from gauntlet_cli import main, report, report_page, report_text, results
from gauntlet_cli.problem import Problem
from gauntlet_cli.project import Project
from gauntlet_cli.results import LaneResult, TestRun

SKIPPED = "a.cpp:3\n....\n\na.cpp:4: SKIPPED:\nexplicitly with message:\n  there are no\n  terminals here\n\n====\n"


def result(name, *runs, **facts):
    lane_result = LaneResult(support.lane(name=name, **{"canaries": {"leak": "x"}, "minimum_tests": 1, **facts}), ran=True)
    results.judge(lane_result, [TestRun(test, status, seconds, "failed", "") for test, status, seconds in runs])
    return lane_result


def of(*lane_results, **facts):
    return {**report.of(lane_results), "date": "2026-01-02T03:04:05+00:00", **facts}


GREEN = [("canary.leak", "passed", 1.0), ("s.a", "passed", 1.0), ("s.b", "passed", 1.0)]


class Report(support.InFolder):
    def test_the_json_has_this_shape_and_no_other(self):
        lane_result = result("asan", *GREEN, ("s.c", "failed", 0.1), ("d", "skipped", 0.0))
        lane_result.seconds.update(configure=1.0, build=2.0, test=3.0)
        lane_result.listed = 4
        report.write(of(lane_result), self.folder)
        self.assertEqual(json.loads((self.folder / "report.json").read_text(encoding="utf-8")), {
            "version": 1, "date": "2026-01-02T03:04:05+00:00", "commit": None, "selection": None, "suppressions": [],
            "lanes": [{
                "name": "asan", "tool": "AddressSanitizer", "status": "failed", "minimum_tests": 1, "budget_seconds": 300,
                "listed": 4, "tests": {"passed": 2, "failed": 1, "skipped": 1},
                "canaries": {"expected": 1, "caught": 1}, "seconds": {"configure": 1.0, "build": 2.0, "test": 3.0},
                "shards": [{"shard": 1, "of": 1, "seconds": {"configure": 1.0, "build": 2.0, "test": 3.0}}],
                "findings": [{"tool": "test", "kind": "failed", "test": "s.c", "stack": [],
                              "reproduce": r"scripts/gauntlet test asan -R '^s\.c$'"}],
                "faults": {"leak": "caught"}, "skipped": {"d": "failed"},
                "times": {"passed": {"s.a": 1.0, "s.b": 1.0}, "failed": {"s.c": 0.1}, "skipped": {"d": 0.0}},
                "slow_down": None,
                "suites": {"d": {"passed": 0, "failed": 0, "skipped": 1, "seconds": 0.0, "slow_down": None},
                           "s": {"passed": 2, "failed": 1, "skipped": 0, "seconds": 2.1, "slow_down": None}}}],
            "totals": {"passed": 3, "failed": 1}})

    def test_what_was_written_can_be_loaded_and_is_the_same(self):
        made = of(result("asan", *GREEN))
        report.write(made, self.folder)
        self.assertEqual(report.load(self.folder / "report.json"), made)

    def test_the_command_makes_the_readable_forms_anew_and_says_where_they_are(self):
        project = Project(self.folder, self.folder)
        paths = report.write(of(result("asan", *GREEN)), project.matrix)
        forms = [path.read_text(encoding="utf-8") for path in paths]
        for path in paths[1:]:
            path.unlink()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(main._report(project, self.console, None), 0)
        self.assertEqual([path.read_text(encoding="utf-8") for path in paths], forms)
        self.assertEqual([os.path.abspath(line) for line in said.getvalue().splitlines()], [str(path) for path in paths])

    def test_what_is_no_report_is_a_sentence(self):
        path = self.folder / "report.json"
        with self.assertRaisesRegex(Problem, "cannot be read: No such file or directory. `scripts/gauntlet test` makes"):
            report.load(path)
        for text in ("{", "[]", "null", '{"lanes": []}', '{"version": 1, "lanes": [{"name": "asan"}]}', "\udcff"):
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            with self.assertRaisesRegex(Problem, "is no report.json of"):
                report.load(path)
        path.write_text('{"version": 2}', encoding="utf-8")
        with self.assertRaisesRegex(Problem, "is a report of version 2, and this is for version 1"):
            report.load(path)

    def test_the_last_line_sums_tests_and_canaries_over_lanes(self):
        lanes = of(result("dev", *GREEN), result("asan", *GREEN[1:], ("c", "failed", 0.1)))
        self.assertEqual(report_text.as_text(lanes).splitlines()[-1], "5 passed, 2 failed")
        self.assertEqual(report_text.as_markdown(lanes).splitlines()[-1], "5 passed, 2 failed")

    def test_a_lane_that_failed_without_a_failed_test_counts_one(self):
        broken = LaneResult(support.lane(), ran=True)
        broken.blame("compiler", "build failed")
        self.assertEqual(of(broken)["totals"], {"passed": 0, "failed": 1})

    def test_a_canary_that_was_missed_or_not_run_counts_as_a_failure(self):
        for first in [[("canary.leak", "failed", 1.0)], [("canary.leak", "skipped", 1.0)], []]:
            made = of(result("asan", *first, *GREEN[1:]))
            self.assertEqual(made["totals"], {"passed": 2, "failed": 1})
            self.assertEqual(made["lanes"][0]["canaries"], {"expected": 1, "caught": 0})

    def test_a_lane_that_did_not_run_counts_nothing_and_is_shown(self):
        made = of(LaneResult(support.lane()))
        self.assertEqual(made["totals"], {"passed": 0, "failed": 0})
        self.assertIn("skipped", report_text.as_text(made))
        self.assertIn("Lanes that did not run: asan.", report_page.as_html(made))

    def test_a_finding_has_its_stack_and_its_reproduce_line(self):
        lane_result = result("asan", *GREEN)
        lane_result.blame("AddressSanitizer", "heap-buffer-overflow", ["f a.cpp:1"], "t")
        for form in (report_text.as_text, report_text.as_markdown):
            text = form(of(lane_result))
            self.assertIn("asan: AddressSanitizer: heap-buffer-overflow in t", text)
            self.assertIn("f a.cpp:1", text)
            self.assertIn("scripts/gauntlet test asan -R '^t$'", text)

    def test_slow_down_compares_the_tests_that_both_lanes_passed(self):
        release = result("release", *GREEN, ("u.a", "passed", 1.0))
        slow = result("asan", GREEN[0], ("s.a", "passed", 3.0), ("u.a", "passed", 1.0), ("s.only here", "passed", 50.0))
        made = of(release, slow)
        self.assertIn(" 2.0x ", report_text.as_text(made))
        self.assertEqual({name: suite["slow_down"] for name, suite in made["lanes"][1]["suites"].items()}, {"s": 3.0, "u": 1.0})
        self.assertNotIn("x ", report_text.as_text(of(slow)).splitlines()[1])

    def test_markdown_has_each_suite_in_each_lane(self):
        slow = result("asan", GREEN[0], ("s.a", "passed", 3.0), ("s.b", "failed", 0.5), ("t.c", "passed", 1.0))
        text = report_text.as_markdown(of(result("release", *GREEN), slow))
        self.assertIn("| suite | release | asan |\n| --- | --: | --: |\n| s | 2 (2.0) | 1, 1 failed (3.5, 3.0x) |\n"
                      "| t |  | 1 (1.0) |\n", text)

    def test_a_lane_over_its_budget_is_named_and_not_failed(self):
        slow = result("asan", *GREEN, budget_seconds=5)
        slow.seconds.update(build=6.0)
        for form in (report_text.as_text, report_text.as_markdown, report_page.as_html):
            self.assertIn("Lane asan is over its budget: 6 s of 5 s.", form(of(slow)))
        self.assertEqual(slow.status, "passed")

    def test_why_a_test_was_skipped_is_what_it_said(self):
        def why(output):
            return results.why_skipped(TestRun("t", "skipped", 0.0, "SKIP_RETURN_CODE=4", output))

        self.assertEqual(why(SKIPPED), "there are no terminals here")
        self.assertEqual(why("a.cpp:4: SKIPPED:\n\n====\n"), "SKIP_RETURN_CODE=4")
        self.assertEqual(why(""), "SKIP_RETURN_CODE=4")

    def test_a_skipped_test_is_said_once_for_each_reason_with_its_lanes(self):
        lanes = [result(name, *GREEN) for name in ("dev", "asan", "tsan")]
        for lane_result, why in zip(lanes, (SKIPPED, SKIPPED, "")):
            lane_result.runs.append(TestRun("s.t", "skipped", 0.0, "off", why))
        self.assertEqual(report_text.skipped(of(*lanes)),
                         [("s.t", "off", ["tsan"]), ("s.t", "there are no terminals here", ["dev", "asan"])])
        self.assertIn("| s.t | dev, asan | there are no terminals here |", report_text.as_markdown(of(*lanes)))

    def test_the_commit_is_gits_and_says_that_there_are_changes(self):
        def git(*arguments):
            report.subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=self.folder, check=True,
                                  capture_output=True)

        with mock.patch.dict(report.subprocess.os.environ, {"GIT_CEILING_DIRECTORIES": str(self.folder.parent)}):
            self.assertIsNone(report._commit(self.folder))
            git("init")
            (self.folder / "a").write_text("1", encoding="utf-8")
            git("add", "a")
            git("commit", "-m", "x")
            self.assertRegex(report._commit(self.folder), "^[0-9a-f]{40}$")
            (self.folder / "a").write_text("2", encoding="utf-8")
            self.assertRegex(report._commit(self.folder), "^[0-9a-f]{40}-dirty$")

    def test_markdown_has_no_mark_that_a_test_made(self):
        lane_result = result("asan", *GREEN, ("a|b <i> *x* `c`\n# d.t", "failed", 0.1))
        lane_result.blame("tool", "kind", ["```", "</details>"])
        text = report_text.as_markdown(of(lane_result))
        self.assertIn(r"a\|b \<i\> \*x\* \`c\` \# d", text)
        self.assertIn("````\n```\n</details>\n", text)


class Page(HTMLParser):
    """What a browser would see: the text of each element, its attributes, and whether elements close in order."""

    _VOID = {"meta", "wbr"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts, self.broken = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


class Html(support.InFolder):
    EVIL = "a <script>alert(1)</script> & \"quoted\" 'too' </pre></details><img src=x onerror=y>"

    def page(self, *lane_results, **facts):
        page = Page(report_page.as_html(of(*lane_results, **facts)))
        self.assertEqual((page.broken, page.open), ([], []))
        return page

    def test_all_that_comes_from_outside_is_text(self):
        evil = self.EVIL
        lane_result = result(evil, *GREEN, (f"{evil}.t", "failed", 0.1), canaries={evil: "x", "leak": "x"}, tool=evil,
                             budget_seconds=0)
        lane_result.seconds.update(test=1.0)
        lane_result.faults["leak"] = evil
        lane_result.blame(evil, evil, [evil], evil, evil)
        lane_result.runs.append(TestRun(evil, "skipped", 0.0, evil, ""))
        page = self.page(lane_result, LaneResult(support.lane(name=evil)), suppressions=[evil], selection=evil, commit=evil)
        self.assertEqual({tag for tag, _ in page.tags} & {"script", "img", "i"}, set())
        self.assertFalse([name for _, attributes in page.tags for name in attributes if name.startswith("on")])
        # Of the finding: lane, tool, kind, stack, test, command; of the page: budget, lane, tool, heads of two tables, fault and
        # outcome, skipped test, lane and reason, and so on. Not one of them may be missing.
        self.assertEqual(page.text.count(evil), 30)

    def test_nothing_is_loaded_and_nothing_needs_to_run(self):
        page = self.page(result("asan", *GREEN))
        self.assertNotIn("script", {tag for tag, _ in page.tags})
        for _, attributes in page.tags:
            self.assertNotIn("src", attributes)
            self.assertTrue(attributes.get("href", "#").startswith("#"), attributes)
        policies = [attributes["content"] for _, attributes in page.tags
                    if attributes.get("http-equiv") == "Content-Security-Policy"]
        self.assertEqual(policies, ["default-src 'none'; style-src 'unsafe-inline'"])
        style = "".join(page.texts)
        self.assertNotIn("url(", style)
        self.assertNotIn("@import", style)
        self.assertIn("prefers-color-scheme: dark", style)

    def test_links_inside_the_page_lead_somewhere(self):
        page = self.page(result("asan", *GREEN, ("s.c", "failed", 0.1)))
        places = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
        links = {attributes["href"][1:] for _, attributes in page.tags if "href" in attributes}
        self.assertIn("findings", links)
        self.assertLessEqual(links, places)

    def test_failures_come_first(self):
        good, bad = result("dev", *GREEN), result("asan", *GREEN, ("z.c", "failed", 0.1))
        text = self.page(good, bad).text
        self.assertLess(text.index("1 failed"), text.index("6 passed"))
        self.assertLess(text.index("Findings (1)"), text.index("AddressSanitizer"))
        self.assertLess(text.index("asan failed"), text.index("dev passed"))
        self.assertIn("suiteasandev", text)
        self.assertEqual(report_text.suites(of(good, bad)), ["z", "s"])

    def test_of_many_findings_the_first_are_open(self):
        lane_result = result("asan", *GREEN)
        for number in range(20):
            lane_result.blame("tool", f"kind {number}")
        page = self.page(lane_result)
        found = [attributes for tag, attributes in page.tags if tag == "details" and attributes.get("class") != "plain"]
        self.assertEqual([("open" in attributes) for attributes in found], [True] * 3 + [False] * 17)

    def test_numbers_of_suites_and_canaries_and_suppressions(self):
        release = result("release", *GREEN)
        missed = result("asan", ("canary.leak", "failed", 1.0), ("s.a", "passed", 2.5), ("s.b", "skipped", 0.0))
        text = self.page(release, missed).text
        self.assertIn("2.5 s · 2.5x", text)
        self.assertIn("1 skipped", text)
        self.assertIn("1 of 2 seeded faults", text)
        self.assertIn("missed", text)
        self.assertIn("Suppressions in forceNone.", text)
        self.assertIn("a.supp:1: x", self.page(release, suppressions=["a.supp:1: x"]).text)
