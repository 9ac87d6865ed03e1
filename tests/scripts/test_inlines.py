import contextlib
import io
import json
import os
from types import SimpleNamespace
from unittest import mock

import support
from gauntlet_cli import inlines
from gauntlet_cli.problem import FAILED, USAGE, Problem

HEADER = """#include "thing/parts.h"
#include "other.h"
#define THING_INLINE static inline
int thing_exported(void);
static inline int thing_open(const char *name, int (*visit)(void *), int sizes[3]) { return name && visit && sizes; }
THING_INLINE void thing_close(void) {}
static int thing_not_inline(void) { return 0; }
static inline void hidden(void) {}
#define THING_MAX(a,b) ((a) > (b) ? (a) : (b))
#define THING_VALUE (1)
#define thing_gone(a) (a)
#undef thing_gone
"""
PARTS = """static inline unsigned thing_part(void) { return 1u; }
#define thing_each(part, ...) for (;;)
"""
OTHER = """static inline int thing_of_others(void) { return 0; }
#define THING_OF_OTHERS(a) (a)
"""


class Inlines(support.InFolder):
    def setUp(self):
        super().setUp()
        self.write("thing.h", HEADER)
        self.write("thing/parts.h", PARTS)
        self.write("other.h", OTHER)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def names(self, kind, header=None, flags=(), prefix="thing_"):
        found = inlines.of_header(header or str(self.folder / "thing.h"), flags, prefix)
        return [inline.name for inline in found[kind]]

    def refusal(self, *arguments):
        with self.assertRaises(Problem) as refused:
            inlines.of_header(*arguments)
        return refused.exception

    def test_functions_are_those_that_are_static_inline_and_its_own(self):
        self.assertEqual(self.names("functions"), ["thing_part", "thing_open", "thing_close"])

    def test_macros_are_those_with_parameters_that_are_its_own_and_not_undefined(self):
        self.assertEqual(self.names("macros"), ["thing_each", "THING_MAX"])

    def test_without_a_prefix_there_are_more(self):
        self.assertIn("hidden", self.names("functions", prefix=""))

    def test_a_function_is_told_with_its_signature(self):
        found = inlines.of_header(str(self.folder / "thing.h"), prefix="thing_")
        signatures = {inline.name: inline.signature for kind in found.values() for inline in kind}
        self.assertEqual(signatures["thing_open"], "int thing_open(const char *name, int (*visit)(void *), int *sizes)")
        self.assertEqual(signatures["thing_close"], "void thing_close(void)")
        self.assertEqual(signatures["thing_part"], "unsigned int thing_part(void)")
        self.assertEqual(signatures["THING_MAX"], "THING_MAX(a, b)")
        self.assertEqual(signatures["thing_each"], "thing_each(part, ...)")

    def test_a_name_is_looked_for_where_it_is_told(self):
        self.assertEqual(self.names("functions", "thing.h", [f"-I{self.folder}"]), self.names("functions"))

    def test_a_header_that_is_missing_is_wrong_usage(self):
        refused = self.refusal("no_such_thing.h")
        self.assertEqual(refused.status, USAGE)
        self.assertIn("There is no no_such_thing.h", str(refused))

    def test_a_header_that_lacks_another_says_which(self):
        refused = self.refusal(self.write("lacking.h", '#include "missing.h"\n'))
        self.assertEqual(refused.status, FAILED)
        self.assertIn("'missing.h' file not found", str(refused))

    def test_a_header_that_does_not_parse_says_the_first_error(self):
        refused = self.refusal(self.write("broken.h", "int fine;\nunknown_type value;\nother_type more;\n"))
        self.assertEqual(refused.status, FAILED)
        self.assertIn("broken.h:2:1: error: unknown type name 'unknown_type'", str(refused))
        self.assertNotIn("other_type", str(refused))

    def test_without_clang_it_says_what_installs_it(self):
        with mock.patch.dict(os.environ, {"PATH": str(self.folder)}):
            refused = self.refusal("thing.h")
        self.assertEqual(refused.status, USAGE)
        self.assertIn("apt-get install --no-install-recommends clang-19", str(refused))

    def test_flags_come_from_folders_and_from_pkg_config(self):
        self.write("thing.pc", "Name: thing\nDescription: a thing\nVersion: 1\nCflags: -I/some/where -DTHING=1\n")
        with mock.patch.dict(os.environ, {"PKG_CONFIG_PATH": str(self.folder)}):
            self.assertEqual(inlines.flags_of(["a"], "thing"), ["-Ia", "-I/some/where", "-DTHING=1"])
        with self.assertRaises(Problem) as refused:
            inlines.flags_of([], "no-such-package")
        self.assertEqual(refused.exception.status, USAGE)
        self.assertIn("no-such-package", str(refused.exception))

    def run_with(self, **changed):
        options = SimpleNamespace(**{**dict(header=str(self.folder / "thing.h"), include=[], pkg_config=None, prefix="thing_",
                                            json=False), **changed})
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(inlines.run(options), 0)
        return said.getvalue()

    def test_what_is_found_is_counted_and_listed(self):
        said = self.run_with()
        self.assertIn("3 functions\n  unsigned int thing_part(void)\n", said)
        self.assertIn("2 macros\n  thing_each(part, ...)\n", said)

    def test_json_has_names_and_signatures(self):
        said = json.loads(self.run_with(json=True))
        self.assertEqual([macro["name"] for macro in said["macros"]], ["thing_each", "THING_MAX"])
        self.assertEqual(said["functions"][2], {"name": "thing_close", "signature": "void thing_close(void)"})
