import json
import re
import unittest

import support
from gauntlet_cli import docs, lanes
from gauntlet_cli.problem import Problem

COVERAGE = {
    "library": {"name": "libpng"},
    "wrapped": {"png_b": ["png::b", "png::c::d"], "png_c": {"since": "1.6.45", "names": ["png::c"]}},
    "not_wrapped": {"no_op": {"reason": "It does nothing.", "functions": {"png_a": "png::b, always"}}},
}


class Docs(support.InFolder):
    def setUp(self):
        super().setUp()
        for name in (*docs.PAGES, *(program for programs in docs.PROGRAMS.values() for program in programs)):
            self.write(name, "")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def page(self, text):
        for name in docs.PAGES:
            self.write(name, text)

    def read(self, name=docs.PAGES[0]):
        return (self.folder / name).read_text(encoding="utf-8")

    def test_tables_and_programs_of_this_checkout_are_what_their_sources_say(self):
        self.assertEqual(docs.stale(support.ROOT, lanes.load(support.ROOT)), [],
                         "run scripts/gauntlet lanes --write-docs")

    def test_the_defaults_of_limits_are_those_of_the_header(self):
        header = (support.ROOT / "wrappers/png/include/gauntlet/png/limits.hpp").read_text(encoding="utf-8")
        page = (support.ROOT / "docs/png-untrusted.md").read_text(encoding="utf-8")
        limits = re.findall(r"^  std::\w+ (max_\w+) = ([^;]+);", header, re.MULTILINE)
        self.assertGreaterEqual(len(limits), 9)
        for name, value in limits:
            said = re.sub(r"std::uint64_t\{1\} << (\d+)", r"2^\1", value).replace("'", ",")
            self.assertRegex(page, rf"(?m)^\|[^|]*`{name}`[^|]*\| {re.escape(said)} \|")

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

    def test_every_function_has_one_line_with_names_as_code(self):
        self.assertEqual(docs.function_table(COVERAGE).splitlines()[2:],
                         ["| `png_a` | *no op*: `png::b`, always |", "| `png_b` | `png::b`, `png::c::d` |",
                          "| `png_c` | `png::c` (from libpng 1.6.45) |"])
        self.assertIn("| no op | 1 | It does nothing. |", docs.reason_table(COVERAGE))

    def test_a_marker_names_the_list_that_its_count_is_made_from(self):
        self.write("wrappers/png/coverage.json", json.dumps(COVERAGE))
        self.write("wrappers/uv/coverage.json",
                   json.dumps({"library": {"name": "libuv"}, "wrapped": {"uv_a": ["uv::a"]}, "not_wrapped": {}}))
        self.write("README.md", "".join(f"<!-- coverage: made from wrappers/{name}/coverage.json -->\n<!-- end of coverage -->\n"
                                        for name in ("uv", "png")))
        docs.update(self.folder, [])
        counts = [line for line in self.read("README.md").splitlines() if line.startswith("Of ")]
        self.assertEqual(counts, ["Of libuv's 1 public functions, 1 are called and have a name here; each of the other 0 has a "
                                  "reason.",
                                  "Of libpng's 3 public functions, 2 are called and have a name here; each of the other 1 has a "
                                  "reason."])

    def test_blocks_of_a_page_are_the_regions_of_its_programs_in_their_order(self):
        first, second = docs.PROGRAMS["docs/png.md"]
        self.write(first, "  // [shown]\n  a {\n    b;\n  }\n  // [end]\n")
        self.write(second, "// [shown]\nc;\n// [end]\nnot shown\n")
        self.write("docs/png.md", "x\n```cpp\nold\n```\n```sh\ny\n```\n```cpp\n```\n")
        self.assertEqual(docs.update(self.folder, []), ["docs/png.md"])
        self.assertEqual(self.read("docs/png.md"), "x\n```cpp\na {\n  b;\n}\n```\n```sh\ny\n```\n```cpp\nc;\n```\n")
        self.write(second, "// [shown]\nd;\n// [end]\n")
        self.assertEqual(docs.stale(self.folder, []), ["docs/png.md"])

    def test_a_block_without_a_region_is_refused(self):
        self.write("docs/png.md", "```cpp\n```\n")
        with self.assertRaisesRegex(Problem, "docs/png.md has 1 blocks of C\\+\\+, .* have 0 regions"):
            docs.update(self.folder, [])


if __name__ == "__main__":
    unittest.main()
