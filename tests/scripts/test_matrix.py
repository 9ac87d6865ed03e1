import shutil
import subprocess
from unittest import mock

import support
from gauntlet_cli import matrix, results
from gauntlet_cli.process import Outcome
from gauntlet_cli.problem import Problem
from gauntlet_cli.project import Project
from gauntlet_cli.results import TestRun


class Runtime(support.InFolder):
    """A test binary must have the lane's tool in it, or run under it."""

    def binary(self, name, code):
        path = self.folder / "build" / name
        path.parent.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-x", "c", "-", "-o", path], input=code.encode(), check=True)
        return str(path)

    def lacking(self, runtime, *commands):
        return matrix.without_runtime(support.lane(runtime=runtime, build=self.folder / "build"), commands)

    def test_a_binary_without_the_runtime_is_found(self):
        good = self.binary("good", "void __asan_init(void) {} int main() { return 0; }")
        bad = self.binary("bad", "int main() { return 0; }")
        self.assertEqual(self.lacking("__asan_init", [good], [bad, "--arg"]), [bad])

    def test_to_name_the_runtime_is_not_to_have_it(self):
        asks = self.binary("asks", "__attribute__((weak)) void __asan_init(void); int main() { return !__asan_init; }")
        self.assertEqual(self.lacking("__asan_init", [asks]), [asks])

    def test_a_binary_behind_a_script_is_found(self):
        bad = self.binary("bad", "int main() { return 0; }")
        self.assertEqual(self.lacking("__asan_init", ["python3", "judge.py", "--", bad, "leak"]), [bad])

    def test_scripts_and_programs_from_elsewhere_are_no_test_binaries(self):
        self.assertEqual(self.lacking("__asan_init", [shutil.which("cmake"), "-P", str(self.folder / "build/x.cmake")]),
                         [])

    def test_valgrind_must_be_in_the_command(self):
        binary = self.binary("t", "int main() { return 0; }")
        self.assertEqual(self.lacking("valgrind", ["/usr/bin/valgrind", "-q", binary]), [])
        self.assertEqual(self.lacking("valgrind", [binary]), [binary])

    def test_a_lane_without_a_tool_needs_none(self):
        self.assertEqual(self.lacking(None, [self.binary("t", "int main() { return 0; }")]), [])


class Lanes(support.InFolder):
    """What happens to a lane when one of its steps fails."""

    def run_matrix(self, prepare=None, **steps):
        """The first finding of a lane; each step that is not given succeeds."""
        listed = '{\n"tests": [{"name": "a", "command": ["true"]}]}'
        outcomes = {"configure": Outcome(0, ""), "build": Outcome(0, ""), "list_tests": Outcome(0, listed),
                    "test": Outcome(0, ""), **steps}
        lane = support.lane(junit=self.folder / "junit.xml", build=self.folder / "build")
        runner = matrix.Matrix(Project(self.folder, self.folder / "cache"), [lane], self.console)
        fakes = {name: mock.Mock(return_value=(outcome, 1.0)) for name, outcome in outcomes.items()}
        with mock.patch.multiple(matrix.cmake, **fakes), \
                mock.patch.object(matrix.setup, "prepare", prepare or mock.Mock()):
            runner.run()
        [result] = runner.results
        self.assertEqual(result.status, "failed")
        return result.findings[0]

    def test_set_up(self):
        failing = mock.Mock(side_effect=Problem("zlib-1.3.1 does not build.\n  error: x"))
        finding = self.run_matrix(prepare=failing)
        self.assertEqual((finding.tool, finding.kind), ("setup", "zlib-1.3.1 does not build."))
        self.assertEqual(finding.reproduce, "scripts/gauntlet setup asan")

    def test_configure(self):
        finding = self.run_matrix(configure=Outcome(1, "-- noise\nCMake Error at x\n  why\n"))
        self.assertEqual((finding.tool, finding.stack), ("cmake", ("CMake Error at x", "  why")))
        self.assertEqual(finding.reproduce, "cmake --preset asan")

    def test_build(self):
        finding = self.run_matrix(build=Outcome(1, "[1/2] fine\nFAILED: x.o\nx.cpp:1: error: no\n"))
        self.assertEqual((finding.tool, finding.stack), ("compiler", ("FAILED: x.o", "x.cpp:1: error: no")))

    def test_binaries_without_the_tool(self):
        with mock.patch.object(matrix, "without_runtime", return_value=[f"{self.folder}/build/t"]):
            finding = self.run_matrix()
        self.assertEqual((finding.tool, finding.stack), ("gauntlet", ("build/t",)))
        self.assertIn("__asan_init", finding.kind)

    def test_no_tests(self):
        self.assertEqual(self.run_matrix(list_tests=Outcome(0, '{\n"tests": []}')).kind, "no tests ran")

    def run_served(self, listed, served):
        """The lane's result, and the words that CTest was started with (None: it was not)."""
        lane = support.lane(junit=self.folder / "junit.xml", build=self.folder / "build", runtime=None)
        runner = matrix.Matrix(Project(self.folder, self.folder / "cache"), [lane], self.console, regex="x")
        runner._listed = listed

        def ctest(_project, lane, _console, selection, _jobs):
            results.add(lane.junit, [TestRun("ctest's", "passed", 1.0, "", "")])
            return Outcome(0, ""), 1.0

        with mock.patch.object(matrix.cmake, "test", side_effect=ctest) as by_ctest, \
                mock.patch.object(matrix.fork_servers, "run", return_value=served) as by_forks:
            runner._test(runner.results[0])
        self.assertEqual(by_forks.called, bool(served))
        return runner.results[0], by_ctest.call_args and by_ctest.call_args[0][3]

    def test_what_fork_servers_run_ctest_does_not(self):
        mine = {"name": "a", "command": ["p", "a"], "properties": [{"name": "LABELS", "value": ["fork_server"]}]}
        served = [TestRun("a", "failed", 1.0, "timeout", "")]
        result, selection = self.run_served([mine, {"name": "ctest's"}], served)
        self.assertEqual(selection, ["-R", "x", "-LE", "^fork_server$"])
        self.assertEqual((result.tests["passed"], result.tests["failed"]), (1, 1))
        self.assertEqual({run.name for run in results.read(result.lane.junit, "")}, {"a", "ctest's"})

    def test_one_of_the_two_is_enough(self):
        mine = {"name": "a", "command": ["p", "a"], "properties": [{"name": "LABELS", "value": ["fork_server"]}]}
        result, selection = self.run_served([mine], [TestRun("a", "passed", 1.0, "", "")])
        self.assertEqual((result.tests["passed"], selection), (1, None))
        result, selection = self.run_served([{"name": "ctest's"}], [])
        self.assertEqual((result.tests["passed"], selection), (1, ["-R", "x"]))

    def test_no_report_of_ctest(self):
        self.assertEqual(self.run_matrix(test=Outcome(8, "it died")).tool, "ctest")
