"""The workflows cannot be run here: what can be known of them without is held here."""

import re
import shlex
import unittest

import support
from gauntlet_cli import lanes, main

WORKFLOWS = sorted((support.ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}
# What the shell puts in for these.
VALUES = {"$LANE": "asan", "$SHARD": "1/2", "$target": "pull", "$(nproc)": "4"}


def commands(text):
    """The words after scripts/gauntlet of each call."""
    for call in re.findall(r"scripts/gauntlet ((?:\"[^\"]*\"|[^|)\n;&\"])*)", re.sub(r"(?m)^\s*#.*$", "", text)):
        yield [VALUES.get(word, word) for word in shlex.split(call)]


class Workflows(support.InFolder):
    def test_each_command_is_one_of_the_command_line(self):
        found = {name: list(commands(text)) for name, text in TEXTS.items()}
        self.assertEqual({name: len(calls) for name, calls in found.items()}, {"ci.yml": 5, "fuzz.yml": 4})
        for calls in found.values():
            for words in calls:
                with self.subTest(words):
                    self.assertTrue(callable(main._parser().parse_args(words).command))

    def test_what_they_take_from_a_job_is_in_the_job_list(self):
        job = lanes.jobs(lanes.load(support.ROOT))["include"][0]
        used = {field for text in TEXTS.values() for field in re.findall(r"\$\{\{ matrix\.(\w+)", text)}
        self.assertEqual(used, {"lane", "shard", "of"})
        self.assertLessEqual(used, job.keys())

    def test_what_a_step_says_of_another_is_a_step(self):
        for name, text in TEXTS.items():
            with self.subTest(name):
                self.assertLessEqual(set(re.findall(r"\bsteps\.(\w+)\.", text)), set(re.findall(r"\bid: (\w+)", text)))

    def test_nothing_from_outside_is_put_into_a_shell_script_by_text(self):
        for name, text in TEXTS.items():
            for script in re.findall(r"(?m)^( *)(?:- )?run: (\|\n(?:\1 .*\n)+|.*\n)", text):
                self.assertNotIn("${{", script[1], name)

    def test_they_are_yaml(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("there is no yaml module")
        for name, text in TEXTS.items():
            with self.subTest(name):
                jobs = yaml.safe_load(text)["jobs"]
                for job in jobs.values():
                    needs = job.get("needs", [])
                    self.assertLessEqual(set([needs] if isinstance(needs, str) else needs), jobs.keys())
                    for step in job["steps"]:
                        self.assertEqual(len({"run", "uses"} & step.keys()), 1, step)

    def test_fuzzing_runs_by_the_clock_alone(self):
        head = TEXTS["fuzz.yml"].partition("\njobs:")[0]
        self.assertIn("schedule:", head)
        self.assertNotRegex(head, "pull_request|push")


if __name__ == "__main__":
    unittest.main()
