import json

import support
from gauntlet_cli import lanes
from gauntlet_cli.problem import USAGE, Problem

VENDOR = {"gauntlet": {"tool": "T", "catches": "C", "sources": ["zlib"], "packages": ["g++"], "runtime": None,
                       "canaries": {"leak": "leaked"}, "minimum_tests": 5, "budget_seconds": 60}}


def presets(vendor):
    return {
        "configurePresets": [
            {"name": "base", "hidden": True, "binaryDir": "${sourceDir}/build/${presetName}", "vendor": vendor,
             "toolchainFile": "${sourceDir}/toolchains/${presetName}.cmake"},
            {"name": "one", "inherits": "base", "displayName": "One", "vendor": vendor},
            {"name": "two", "inherits": ["base"], "displayName": "Two", "vendor": vendor, "binaryDir": "/elsewhere"},
            {"name": "no-lane", "inherits": "base"},
        ],
        "testPresets": [{"name": name, "output": {"outputJUnitFile": "${sourceDir}/" + name + ".xml"},
                         "execution": {"timeout": 7}} for name in ("one", "two")],
    }


class Lanes(support.InFolder):
    def load(self, table):
        (self.folder / lanes.PRESETS).write_text(json.dumps(table), encoding="utf-8")
        return lanes.load(self.folder)

    def test_a_lane_is_a_visible_preset_with_our_vendor_map(self):
        self.assertEqual([lane.name for lane in self.load(presets(VENDOR))], ["one", "two"])

    def test_places_come_from_the_presets_and_what_they_inherit(self):
        one, two = self.load(presets(VENDOR))
        self.assertEqual(one.build, self.folder / "build" / "one")
        self.assertEqual(one.toolchain, self.folder / "toolchains" / "one.cmake")
        self.assertEqual(one.junit, self.folder / "one.xml")
        self.assertEqual(one.timeout_seconds, 7)
        self.assertEqual(str(two.build), "/elsewhere")

    def test_a_missing_fact_is_named(self):
        vendor = {"gauntlet": {name: value for name, value in VENDOR["gauntlet"].items() if name != "runtime"}}
        with self.assertRaisesRegex(Problem, "lane one lacks 'runtime'"):
            self.load(presets(vendor))

    def test_a_broken_table_is_a_sentence(self):
        (self.folder / lanes.PRESETS).write_text("{", encoding="utf-8")
        with self.assertRaisesRegex(Problem, "is not valid JSON"):
            lanes.load(self.folder)

    def test_an_unknown_name_is_refused_with_the_closest_and_all_known(self):
        table = self.load(presets(VENDOR))
        with self.assertRaises(Problem) as caught:
            lanes.choose(table, ["oen"])
        self.assertEqual(str(caught.exception),
                         "There is no lane named oen. Did you mean one? The lanes are: one, two.")
        self.assertEqual(caught.exception.status, USAGE)

    def test_no_name_means_all_and_the_order_is_that_of_the_table(self):
        table = self.load(presets(VENDOR))
        self.assertEqual(lanes.choose(table, []), table)
        self.assertEqual(lanes.choose(table, ["two", "one"]), table)
        self.assertEqual(lanes.choose(table, ["two"]), table[1:])

    def test_the_job_list_has_an_entry_for_each_lane(self):
        jobs = lanes.jobs(self.load(presets(VENDOR)))
        self.assertEqual(jobs["include"][0], {"lane": "one", "shard": 1, "of": 1, "needs": ["g++"], "tool": "T",
                                              "budget_seconds": 60, "canaries": 1})
        self.assertEqual(len(jobs["include"]), 2)

    def test_a_lane_in_shards_has_a_job_for_each(self):
        jobs = lanes.jobs(self.load(presets({"gauntlet": {**VENDOR["gauntlet"], "shards": 3}})))["include"]
        self.assertEqual([(job["lane"], job["shard"], job["of"]) for job in jobs],
                         [(name, shard, 3) for name in ("one", "two") for shard in (1, 2, 3)])

    def test_a_lane_cannot_vanish_from_the_job_list_by_a_number(self):
        for shards in (0, -1, "3", None):
            with self.assertRaisesRegex(Problem, f"lane one is to have {shards} shards, and must have one or more"):
                self.load(presets({"gauntlet": {**VENDOR["gauntlet"], "shards": shards}}))

    def test_the_projects_own_table_can_be_read(self):
        for lane in lanes.load(support.ROOT):
            self.assertTrue(lane.toolchain.is_file(), lane.toolchain)
