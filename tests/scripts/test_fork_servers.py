import contextlib
import sys
import time
import unittest
from pathlib import Path

import support
from gauntlet_cli import fork_servers

# A fork server of few words: a test case is a line of Python.
PROGRAM = """import os, signal, sys, time
with open("starts", "a") as starts:
    starts.write("x")
control = int(sys.argv[2])
with os.fdopen(control, "r+b", buffering=0) as lines:
    for line in lines:
        child = os.fork()
        if child == 0:
            os.close(control)
            exec(line)
            sys.stdout.flush()
            os._exit(0)
        lines.write(b"%d\\n" % os.waitpid(child, 0)[1])
"""


def listed(name, program, code, folder, label="fork_server"):
    return {"name": name, "command": [*program, code],
            "properties": [{"name": "LABELS", "value": [label]}, {"name": "SKIP_RETURN_CODE", "value": 4},
                           {"name": "WORKING_DIRECTORY", "value": str(folder)}]}


class ForkServers(support.InFolder):
    def setUp(self):
        super().setUp()
        (self.folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        self.program = [sys.executable, str(self.folder / "program.py")]

    def run_cases(self, *codes, jobs=1, timeout=60):
        tests = [listed(f"case {number}", self.program, code, self.folder) for number, code in enumerate(codes)]
        return self.run_tests(tests, jobs, timeout)

    def run_tests(self, tests, jobs=1, timeout=60):
        with self.console.phase("forks") as phase:
            runs = fork_servers.run(fork_servers.served(tests)[0], jobs, timeout, phase)
        return sorted(runs, key=lambda run: run.name)

    def starts(self):
        return len((self.folder / "starts").read_text(encoding="utf-8"))

    def assert_gone(self, file):
        """What was killed may take a moment, and is a zombie until its parent looks."""
        stat = Path("/proc", (self.folder / file).read_text(encoding="utf-8"), "stat")
        late = time.monotonic() + 60
        with contextlib.suppress(OSError):
            while stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z":
                self.assertLess(time.monotonic(), late, "the process still runs")
                time.sleep(0.01)

    def test_only_tests_with_the_label_are_served(self):
        mine = listed("a", ["x"], "c", self.folder)
        other = listed("b", ["x"], "c", self.folder, label="canary")
        self.assertEqual([case.name for case in fork_servers.served([mine, other])[0]], ["a"])
        self.assertEqual([fork_servers.served(tests)[1] for tests in ([mine], [mine, other], [{"name": "bare"}])],
                         [[], [other], [{"name": "bare"}]])

    def test_a_property_that_would_be_ignored_fails_the_test(self):
        case = listed("a", self.program, "pass", self.folder)
        case["properties"].append({"name": "RUN_SERIAL", "value": True})
        [run] = self.run_tests([case])
        self.assertEqual((run.status, run.reason), ("failed", "fork_servers.py does not know the property RUN_SERIAL"))

    def test_each_case_has_its_own_verdict_and_output(self):
        runs = self.run_cases("print('fine')", "print('bad'); sys.stdout.flush(); os._exit(3)", "os._exit(4)",
                              "os.kill(os.getpid(), signal.SIGSEGV)", "print(os.getcwd())")
        self.assertEqual([(run.status, run.reason) for run in runs],
                         [("passed", ""), ("failed", "exit status 3"), ("skipped", "SKIP_RETURN_CODE=4"),
                          ("failed", "segmentation fault"), ("passed", "")])
        self.assertEqual([run.output for run in runs], ["fine\n", "bad\n", "", "", f"{self.folder}\n"])

    def test_a_program_starts_once_for_all_its_cases(self):
        self.run_cases(*["pass"] * 5)
        self.assertEqual(self.starts(), 1)

    def test_cases_of_a_program_follow_each_other(self):
        programs = [self.program, [*self.program[:1], "-B", *self.program[1:]]]
        tests = [listed(f"case {number}", programs[number % 2], "pass", self.folder) for number in range(6)]
        self.assertEqual([run.status for run in self.run_tests(tests)], ["passed"] * 6)
        self.assertEqual(self.starts(), 2)

    def test_cases_run_beside_each_other(self):
        def meet(mine, other):
            code = f"open('{mine}', 'w').close()\nwhile not os.path.exists('{other}'): time.sleep(0.01)"
            return f"exec({code!r})"

        runs = self.run_cases(meet("a", "b"), meet("b", "a"), jobs=2)
        self.assertEqual([run.status for run in runs], ["passed", "passed"])

    def test_a_case_that_does_not_end_is_ended_and_the_others_run(self):
        runs = self.run_cases("open('pid', 'w').write(str(os.getpid())); print('so far'); sys.stdout.flush(); time.sleep(600)",
                              "print('next')", timeout=1)
        self.assertEqual([(run.status, run.reason, run.output) for run in runs],
                         [("failed", "timeout", "so far\n"), ("passed", "", "next\n")])
        self.assert_gone("pid")
        self.assertEqual(self.starts(), 2)

    def test_a_program_that_dies_fails_its_case_only(self):
        runs = self.run_cases("os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)", "pass")
        self.assertEqual([(run.status, run.reason) for run in runs], [("failed", "the program ended"), ("passed", "")])

    def test_a_program_that_dies_between_cases_fails_the_next_only(self):
        (self.folder / "program.py").write_text(
            "import socket, sys\ncontrol = socket.socket(fileno=int(sys.argv[2]))\ncontrol.recv(100)\n"
            "control.shutdown(socket.SHUT_RD)\ncontrol.send(b'0\\n')", encoding="utf-8")
        self.assertEqual([run.status for run in self.run_cases("pass", "pass", "pass")], ["passed", "failed", "passed"])

    def test_a_program_that_is_no_fork_server_fails_each_case(self):
        (self.folder / "program.py").write_text("print('what?')", encoding="utf-8")
        runs = self.run_cases("pass", "pass")
        self.assertEqual([(run.status, run.output) for run in runs], [("failed", "what?\n")] * 2)

    def test_nothing_is_left_behind_when_it_is_interrupted(self):
        class Interrupting:
            def update(phase, _):
                if (self.folder / "pid").exists():
                    raise KeyboardInterrupt

        case = listed("a", self.program, "open('pid', 'w').write(str(os.getpid())); time.sleep(600)", self.folder)
        with self.assertRaises(KeyboardInterrupt):
            fork_servers.run(fork_servers.served([case])[0], 1, 60, Interrupting())
        self.assert_gone("pid")


if __name__ == "__main__":
    unittest.main()
