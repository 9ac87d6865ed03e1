import json
import subprocess
import sys

import support

GAUNTLET = support.ROOT / "scripts" / "gauntlet"


def gauntlet(*arguments):
    return subprocess.run([sys.executable, GAUNTLET, *arguments], capture_output=True, text=True, check=False)


class CommandLine(support.InFolder):
    def test_without_a_command_it_prints_help(self):
        done = gauntlet()
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage: gauntlet", done.stderr)

    def test_each_command_has_help_with_an_example(self):
        for command in ("setup", "demo", "test", "report", "report merge", "fuzz", "bench", "inlines", "lanes"):
            done = gauntlet(*command.split(), "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"  scripts/gauntlet {command} ", done.stdout)

    def test_an_unknown_lane_is_wrong_usage(self):
        done = gauntlet("test", "asna")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("Did you mean asan?", done.stderr)

    def test_the_job_list_is_json(self):
        jobs = json.loads(gauntlet("lanes", "--json").stdout)["include"]
        self.assertIn("asan", [job["lane"] for job in jobs])
        self.assertEqual({tuple(job) for job in jobs}, {("lane", "shard", "of", "needs", "tool", "budget_seconds", "canaries")})
        self.assertEqual(len({(job["lane"], job["shard"]) for job in jobs}), len(jobs))
