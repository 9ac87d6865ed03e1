import contextlib
import importlib.util
import io
import json
import subprocess
import sys
import unittest
from unittest import mock

import support

_place = support.ROOT / "tests/coverage/check.py"
_spec = importlib.util.spec_from_file_location("check", _place)
check = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(check)

LIBRARY = {"name": "libthing", "prefix": "thing_", "declaration": r"EXPORT \w+ (thing_\w+)\(",
           "version": r"#define THING_(?:MAJOR|MINOR) (\d+)"}
WRAPPED = {"thing_open": ["thing::door::open"], "thing_slam": {"since": "1.2", "names": ["thing::door::slam"]}}
NOT_WRAPPED = {"deprecated": {"reason": "old", "functions": {"thing_old": "thing::door::open"}}}

HEADER = """#include "thing/version.h"
EXPORT int thing_open(void);
EXPORT int thing_slam(void);
EXPORT int thing_old(void);
"""
VERSION = "#define THING_MAJOR 1\n#define THING_MINOR 3\n"
CODE = "int thing_open(void) { return 0; } int thing_slam(void) { return 0; } int thing_old(void) { return 0; }"
CALLER = "int thing_open(void); int thing_slam(void); int ours(void) { return thing_open() + thing_slam(); }"
PUBLIC = """struct thing_door_s;  // thing_old
namespace gauntlet::thing {
class door {
  void open();
  void slam();  // whisper
};
}
"""


class Checked(support.InFolder):
    """A library of three functions, and a wrapper of it that lacks nothing."""

    def setUp(self):
        super().setUp()
        self.write("thing.h", HEADER)
        self.write("thing/version.h", VERSION)
        self.write("include/door.hpp", PUBLIC)
        self.compile("library", CODE)
        self.compile("caller", CALLER)
        self.list()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def compile(self, name, code):
        subprocess.run(["gcc", "-x", "c", "-c", "-", "-o", self.folder / f"{name}.a"], input=code.encode(), check=True)

    def compile_shared(self, name, code):
        subprocess.run(["gcc", "-x", "c", "-shared", "-fPIC", "-s", "-", "-o", self.folder / f"{name}.so"], input=code.encode(),
                       check=True)

    def list(self, wrapped=WRAPPED, not_wrapped=NOT_WRAPPED, **library):
        self.write("coverage.json", json.dumps({"library": {**LIBRARY, **library}, "wrapped": wrapped, "not_wrapped": not_wrapped}))

    def said(self, library="library.a", *more):
        """The lines of a run, and its exit status last."""
        options = {"coverage": "coverage.json", "header": "thing.h", "library": library, "caller": "caller.a",
                   "include": "include", "source": "src"}
        words = ["check.py", "--nm", "nm"]
        for name, file in options.items():
            words += [f"--{name}", str(self.folder / file)]
        with mock.patch.object(sys, "argv", [*words, *more]), contextlib.redirect_stdout(io.StringIO()) as out:
            status = check.main()
        return [*out.getvalue().splitlines(), status]


class Coverage(Checked):
    """Each test takes something away."""

    def test_a_whole_list_passes_with_its_count(self):
        self.assertEqual(self.said(), ["libthing 1.3: wrapped 2 of 3, 1 with a reason", 0])

    def test_all_that_is_wrong_with_a_function_is_one_line_and_lines_are_sorted(self):
        self.compile("caller", "int ours(void) { return 0; }")
        self.write("include/door.hpp", "class door {};")
        self.assertEqual(self.said(), [
            "thing_open: is listed as wrapped, but is not called; the public headers have no thing::door::open",
            "thing_slam: is listed as wrapped, but is not called; the public headers have no thing::door::slam",
            "libthing 1.3: wrapped 2 of 3, 1 with a reason", 1])

    def test_a_function_of_a_header_that_is_included_must_be_listed(self):
        self.write("thing/version.h", f"{VERSION}EXPORT int thing_more(void);\n")
        self.compile("library", f"{CODE} int thing_more(void) {{ return 0; }}")
        self.assertEqual(self.said()[0], "thing_more: is in the header, but not in coverage.json")

    def test_a_listed_function_must_be_in_the_header(self):
        self.write("thing.h", HEADER.replace("EXPORT int thing_slam(void);", ""))
        self.assertEqual(self.said()[0], "thing_slam: is in coverage.json, but not in the header; "
                                         "is called, but not listed as wrapped")

    def test_what_is_newer_than_the_library_is_not_asked_of_it(self):
        self.write("thing/version.h", VERSION.replace("3", "1"))
        self.write("thing.h", HEADER.replace("EXPORT int thing_slam(void);", ""))
        self.compile("library", CODE.replace("thing_slam", "other"))
        self.compile("caller", CALLER.replace("thing_slam", "other"))
        self.assertEqual(self.said(), ["libthing 1.1: wrapped 1 of 2, 1 with a reason", 0])

    def test_a_declared_function_that_is_not_built_needs_its_own_reason(self):
        self.compile("library", CODE.replace("thing_old", "other"))
        self.assertEqual(self.said()[0], "thing_old: is said to be built, but is not in the library")
        self.list(not_wrapped={"not_built": NOT_WRAPPED["deprecated"]})
        self.assertEqual(self.said()[-1], 0)

    def test_all_that_a_shared_library_exports_must_be_listed(self):
        self.compile_shared("library", f"{CODE} int thing_hidden(void) {{ return 0; }}")
        self.assertEqual(self.said("library.so")[0], "thing_hidden: is in the library, but not said to be built")

    def test_a_function_with_a_reason_may_not_be_called(self):
        self.compile("caller", CALLER.replace("+", "+ thing_old() +").replace("int thing_open(void);",
                                                                             "int thing_open(void); int thing_old(void);"))
        self.assertEqual(self.said()[0], "thing_old: is called, but not listed as wrapped")

    def test_a_function_is_listed_once(self):
        self.list(wrapped={**WRAPPED, "thing_old": ["thing::door"]})
        self.assertIn("thing_old: is listed more than once", self.said()[0])

    def test_a_name_is_a_declaration_not_a_comment_or_a_forward_declaration(self):
        for names, header in ((["thing::door::whisper"], PUBLIC), (["other::door::open"], PUBLIC), ([], PUBLIC),
                              (["thing::door::open"], "class door; void open();")):
            self.write("include/door.hpp", header)
            self.list(wrapped={**WRAPPED, "thing_open": names})
            self.assertIn("thing_open: ", self.said()[0])

    def test_what_the_shim_has_inline_is_found_in_the_sources(self):
        self.compile("caller", CALLER.replace("+ thing_slam()", ""))
        self.list(inline_shim={"ours_": "thing_"})
        self.write("src/door.cpp", "int slam() { return 1; }  // ours_slam()\n")
        self.assertEqual(self.said()[0], "thing_slam: is listed as wrapped, but is not called")
        self.write("src/door.cpp", "int slam() { return ours_slam(); }\n")
        self.assertEqual(self.said()[-1], 0)

    def test_a_name_may_stand_in_a_class_with_an_attribute(self):
        self.write("include/door.hpp", PUBLIC.replace("class door", "class [[nodiscard]] door"))
        self.assertEqual(self.said()[-1], 0)

    def test_a_name_may_stand_in_a_namespace(self):
        self.write("include/os.hpp", "namespace gauntlet::thing::os {\nint lock();\n}\n")
        self.list(wrapped={**WRAPPED, "thing_open": ["thing::os::lock"]})
        self.assertEqual(self.said()[-1], 0)


class Drafted(Coverage):
    """As `scripts/gauntlet new` writes the list: without patterns, with a namespace of its own. The same must hold."""

    def list(self, wrapped=WRAPPED, not_wrapped=NOT_WRAPPED, **more):
        library = {"name": "libthing", "namespace": "thing", "prefix": "thing_", **more}
        self.write("coverage.json", json.dumps({"library": library, "wrapped": wrapped, "not_wrapped": not_wrapped}))

    def said(self, library="library.a"):
        return [line.replace("libthing:", "libthing 1.3:") if isinstance(line, str) else line for line in super().said(library)]

    def test_what_is_newer_than_the_library_is_not_asked_of_it(self):
        """A list without a version is one of all functions."""
        self.write("thing.h", HEADER.replace("EXPORT int thing_slam(void);", ""))
        self.assertIn("thing_slam: is in coverage.json, but not in the header", self.said()[0])

    def test_a_listed_function_must_be_in_the_header(self):
        self.write("thing.h", HEADER.replace("EXPORT int thing_slam(void);", "/* thing_slam( is gone */"))
        self.assertIn("thing_slam: is in coverage.json, but not in the header", self.said()[0])

    def test_all_that_a_shared_library_exports_must_be_listed(self):
        """If its header has it."""
        self.compile_shared("library", f"{CODE} int thing_hidden(void) {{ return 0; }}")
        self.assertEqual(self.said("library.so")[-1], 0)
        self.write("thing/version.h", f"{VERSION}#ifdef MORE\nint thing_hidden (void);\n#endif\n")
        self.assertEqual(self.said("library.so")[0], "thing_hidden: is in the header, but not in coverage.json")

    def test_inline_functions_and_macros_have_no_symbol(self):
        self.write("thing/version.h", f"{VERSION}static inline int thing_sum(void) {{ return 0; }}\n#define thing_call(a) thing_open()\n")
        shims = {kind: {"reason": "r", "functions": {name: ""}} for kind, name in (("inline", "thing_sum"), ("macro", "thing_call"))}
        self.list(not_wrapped={**NOT_WRAPPED, **shims})
        self.assertEqual(self.said(), ["libthing 1.3: wrapped 2 of 5, 3 with a reason", 0])
        self.compile("library", f"{CODE} __attribute__((used)) static int thing_sum(void) {{ return 0; }}")
        self.assertEqual(self.said()[-1], 0)


class Shimmed(Checked):
    """A library that is partly in its header."""

    def test_an_inline_function_is_called_by_its_shim_and_in_no_library(self):
        self.write("thing.h", f"{HEADER}INLINE int thing_ring(void) {{ return 0; }}\n")
        self.compile("caller", CALLER.replace("+", "+ shim_ring() +").replace("int ours", "int shim_ring(void); int ours"))
        rules = {"declaration": r"(?:EXPORT|INLINE) \w+ (thing_\w+)\(", "inline": r"INLINE \w+ (thing_\w+)\(",
                 "shim": {"shim_": "thing_"}}
        self.list(**rules)
        self.assertEqual(self.said()[0], "thing_ring: is in the header, but not in coverage.json; "
                                         "is called, but not listed as wrapped")
        self.list(wrapped={**WRAPPED, "thing_ring": ["thing::door::open"]}, **rules)
        self.assertEqual(self.said()[-1], 0)
        self.compile("caller", CALLER)
        self.assertEqual(self.said()[0], "thing_ring: is listed as wrapped, but is not called")

    def test_a_function_may_be_declared_before_it_is_built(self):
        self.compile("library", CODE.replace("thing_old", "other"))
        for since, status in (("1.4", 0), ("1.3", 1)):
            self.list(not_wrapped={"old": {"reason": "", "functions": {"thing_old": {"built_since": since, "instead": ""}}}})
            self.assertEqual(self.said()[-1], status)

    def test_a_header_without_a_version_is_told_its_version(self):
        self.write("thing/version.h", "")
        self.assertEqual(self.said("library.a", "--version", "1.2")[-2:],
                         ["libthing 1.2: wrapped 2 of 3, 1 with a reason", 0])


if __name__ == "__main__":
    unittest.main()
