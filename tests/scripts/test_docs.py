import unittest

import support
from gauntlet_cli import docs, lanes


class Docs(support.InFolder):
    def page(self, text):
        for name in docs.PAGES:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def read(self):
        return (self.folder / docs.PAGES[0]).read_text(encoding="utf-8")

    def test_the_tables_of_this_checkout_say_what_the_presets_say(self):
        self.assertEqual(docs.stale(support.ROOT, lanes.load(support.ROOT)), [],
                         "run scripts/gauntlet lanes --write-docs")

    def test_what_stands_between_the_markers_is_written_anew(self):
        self.page("before\n<!-- lanes: x -->\nold\n<!-- end of lanes -->\nafter\n")
        changed = docs.update(self.folder, [support.lane(title="Clang", catches="things")])
        self.assertEqual(changed, list(docs.PAGES))
        self.assertEqual(self.read(), "before\n<!-- lanes: x -->\n| lane | built with | catches |\n| --- | --- | --- |\n"
                                      "| asan | Clang | things |\n<!-- end of lanes -->\nafter\n")
        self.assertEqual(docs.stale(self.folder, [support.lane(title="Clang", catches="things")]), [])

    def test_a_fault_that_a_lane_does_not_claim_is_a_no(self):
        table = docs.canary_table([support.lane(canaries={"leak": "x"}), support.lane(name="tsan", canaries={"race": "y"})])
        self.assertEqual(table.splitlines()[0], "| seeded fault | asan | tsan |")
        self.assertIn("| leak | yes | no |", table)
        self.assertIn("| race | no | yes |", table)


if __name__ == "__main__":
    unittest.main()
