import argparse

import support
from gauntlet_cli import fuzz, lanes
from gauntlet_cli.problem import USAGE, Problem
from gauntlet_cli.project import Project

ALONE = """INFO: Seed: 1
#2\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb
#1024\tpulse  cov: 70 ft: 200 corp: 12/3Kb lim: 4 exec/s: 512 rss: 31Mb
#1500\tDONE   cov: 71 ft: 210 corp: 13/3Kb lim: 4 exec/s: 500 rss: 31Mb
Done 1500 runs in 3 second(s)
stat::number_of_executed_units: 1507
stat::new_units_added:          11
"""

FORKED = """INFO: -fork=2: fuzzing in separate process(s)
#118: cov: 40 ft: 41 corp: 20 exec/s: 59 oom/timeout/crash: 0/0/0 time: 2s job: 1 dft_time: 0
#900: cov: 55 ft: 77 corp: 31 exec/s: 90 oom/timeout/crash: 0/0/0 time: 4s job: 2 dft_time: 0
INFO: fuzzed for 5 seconds, wrapping up soon
"""

FOUND = """#8\tpulse  cov: 7 ft: 9 corp: 1/1b exec/s: 0 rss: 30Mb
terminate called after throwing an instance of 'gauntlet::fuzz::finding'
  what():  other pixels were decoded than were encoded
==1== ERROR: libFuzzer: deadly signal
    #0 0x5594e4bf28e1 in __sanitizer_print_stack_trace (/checkout/build/fuzz/fuzz_pull+0x21a8e1)
    #1 0x7ffb52c24471 in abort stdlib/abort.c:79:7
    #2 0x5594e4c2cef3 in LLVMFuzzerTestOneInput /checkout/build/fuzz/../../tests/fuzz/pull.cpp:12:3
SUMMARY: libFuzzer: deadly signal
artifact_prefix='/checkout/build/findings/pull/'; Test unit written to /checkout/build/findings/pull/crash-0af9
stat::number_of_executed_units: 9
"""


def options(**changed):
    return argparse.Namespace(**{**dict(target="pull", seconds=60, jobs=1, seed=None, corpus=None), **changed})


class Output(support.InFolder):
    def test_counts_of_a_process_alone(self):
        self.assertEqual(fuzz.read(ALONE), fuzz.Run(1507, 71, 210, None, ()))

    def test_counts_of_several_processes(self):
        self.assertEqual(fuzz.read(FORKED), fuzz.Run(900, 55, 77, None, ()))

    def test_no_output_is_no_execution(self):
        self.assertEqual(fuzz.read(""), fuzz.Run(0, 0, 0, None, ()))

    def test_a_finding_is_told_without_the_frames_of_the_fuzzer(self):
        found = fuzz.read(FOUND, "/checkout")
        self.assertEqual(found.saved, "/checkout/build/findings/pull/crash-0af9")
        self.assertEqual(found.executions, 9)
        self.assertEqual(found.first_lines, (
            "terminate called after throwing an instance of 'gauntlet::fuzz::finding'",
            "  what():  other pixels were decoded than were encoded",
            "==1== ERROR: libFuzzer: deadly signal",
            "    #2 0x5594e4c2cef3 in LLVMFuzzerTestOneInput tests/fuzz/pull.cpp:12:3"))

    def test_hangs_memory_and_leaks_are_findings_and_slow_inputs_are_not(self):
        for kind, is_finding in (("timeout", True), ("oom", True), ("leak", True), ("slow-unit", False)):
            with self.subTest(kind):
                saved = fuzz.read(f"artifact_prefix='/x/'; Test unit written to /x/{kind}-12ab\n").saved
                self.assertEqual(saved, f"/x/{kind}-12ab" if is_finding else None)

    def test_the_summary_has_rate_and_growth(self):
        said = fuzz.summary(fuzz.read(ALONE), 3.0, 11, "corpus/pull")
        self.assertEqual(said, "1507 executions in 3 s, 502 exec/s; coverage 71, features 210; "
                               "11 new units in corpus/pull")


class Commands(support.InFolder):
    def setUp(self):
        super().setUp()
        self.project = Project(root=self.folder, cache=self.folder / "cache")
        self.lane = support.lane(name="fuzz", build=self.folder / "build/fuzz")

    def command(self, **changed):
        target = fuzz.Target("pull", "")
        return [str(word) for word in fuzz.command(self.project, self.lane, target, options(**changed),
                                                   ["corpus", "seeds"], self.folder / "found")]

    def test_libfuzzer_is_told_where_and_how_long(self):
        words = self.command(seconds=7)
        self.assertEqual(words[:3], [str(self.folder / "build/fuzz/tests/fuzz/fuzz_pull"), "corpus", "seeds"])
        self.assertIn("-max_total_time=7", words)
        self.assertIn(f"-artifact_prefix={self.folder}/found/", words)

    def test_time_and_memory_of_an_input_are_limited(self):
        self.assertTrue({"-timeout=20", "-rss_limit_mb=1024"} <= set(self.command()))

    def test_seed_and_jobs_are_passed_on_only_if_named(self):
        plain = self.command()
        self.assertFalse([word for word in plain if word.startswith(("-seed", "-fork"))])
        self.assertEqual([word for word in self.command(seed=5, jobs=2) if word not in plain], ["-seed=5", "-fork=2"])

    def test_advice_reproduces_from_the_checkout_and_names_the_folder_to_keep_it_in(self):
        saved = self.folder / "build/findings/pull/crash-0af9"
        said = fuzz.advice(self.project, self.lane, fuzz.Target("pull", ""), fuzz.Run(1, 1, 1, str(saved), ("boom",)))
        self.assertIn("finding: build/findings/pull/crash-0af9\n  boom\n", said)
        self.assertIn("reproduce: build/fuzz/tests/fuzz/fuzz_pull -timeout=20 -rss_limit_mb=1024 "
                      "build/findings/pull/crash-0af9\n", said)
        self.assertIn("tests/regressions/pull/", said)


class Targets(support.InFolder):
    def test_they_are_what_cmake_builds_with_the_first_line_of_their_source(self):
        folder = self.folder / "tests/fuzz"
        folder.mkdir(parents=True)
        (folder / "CMakeLists.txt").write_text("# fuzz_target(NAME)\nfunction(fuzz_target name)\nfuzz_target(one)\n"
                                               "fuzz_target(two MUTATOR m.cpp)\n", encoding="utf-8")
        for name in ("one", "two"):
            (folder / f"{name}.cpp").write_text(f"// Is {name}.\n#include <x>\n", encoding="utf-8")
        known = fuzz.targets(self.folder)
        self.assertEqual(fuzz.listing(known), "one  Is one.\ntwo  Is two.")
        self.assertEqual(fuzz.choose(known, "two"), known[1])
        with self.assertRaisesRegex(Problem, "no fuzz target named three. The targets are: one, two") as caught:
            fuzz.choose(known, "three")
        self.assertEqual(caught.exception.status, USAGE)

    def test_each_of_the_project_has_inputs_to_replay(self):
        for target in fuzz.targets(support.ROOT):
            self.assertTrue(list((support.ROOT / "tests/regressions" / target.name).iterdir()), target.name)

    def test_choices_stand_before_a_seed_as_the_targets_expect(self):
        header = (support.ROOT / "tests/fuzz/target.hpp").read_text(encoding="utf-8")
        self.assertIn("gauntlet_fuzz_choice_bytes = 16;", header)
        suite = self.folder / "corpus/pngsuite"
        suite.mkdir(parents=True)
        (suite / "a.png").write_bytes(b"PNG")
        first, again = ({path.name: path.read_bytes() for path in
                         fuzz.write_seeds([suite / "a.png"], self.folder / folder).iterdir()}
                        for folder in ("first", "again"))
        self.assertEqual(first, again)
        self.assertEqual(first["pngsuite-a-plain"], bytes(16) + b"PNG")
        self.assertEqual((len(first["pngsuite-a-chosen"]), first["pngsuite-a-chosen"][16:]), (19, b"PNG"))


    def test_a_target_with_a_folder_and_a_dictionary_of_its_name_starts_from_those(self):
        own = self.folder / "tests/fuzz/own"
        own.mkdir(parents=True)
        (own / "curl").write_bytes(b"GET /")
        (own.parent / "own.dict").write_text('"GET"', encoding="utf-8")
        project = Project(root=self.folder, cache=self.folder / "cache")
        self.assertEqual(fuzz.seed_files(project, fuzz.Target("own", "")), [own / "curl"])
        lane = support.lane(name="fuzz", build=self.folder / "build/fuzz")
        for name, words in (("own", "own.dict"), ("other", "png.dict")):
            said = [str(word) for word in fuzz.command(project, lane, fuzz.Target(name, ""), options(), [], self.folder)]
            self.assertIn(f"-dict={self.folder / 'tests/fuzz' / words}", said)


class Lane(support.InFolder):
    def test_the_lane_is_run_only_by_its_name(self):
        table = lanes.load(support.ROOT)
        self.assertEqual([lane.name for lane in lanes.choose(table, [fuzz.LANE])], [fuzz.LANE])
        self.assertNotIn(fuzz.LANE, [lane.name for lane in lanes.choose(table, [])])
        self.assertNotIn(fuzz.LANE, [job["lane"] for job in lanes.jobs(table)["include"]])
        self.assertIn(fuzz.LANE, lanes.table(table).split("only by name:")[1])
