import contextlib
import functools
import io
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import support
from gauntlet_cli import drafts, header_facts, mould, new, pins, tree_edits
from gauntlet_cli.problem import Problem, USAGE
from gauntlet_cli.project import Project
from gauntlet_cli.sources import Unavailable

HEADER = """#ifndef THING_H
#define THING_H
#include <setjmp.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct thing_door thing_door;
struct thing_file;
enum thing_colour { THING_RED };
typedef struct { int depth; } thing_box_t;
struct thing_room { int size; jmp_buf exit; };
typedef void (*thing_visit)(void *data, const char *what);
thing_door *thing_door_new(const char *name, size_t size);
void thing_door_free(thing_door *door);
int thing_file_open(struct thing_file **file, enum thing_colour colour);
int thing_file_close(struct thing_file *file);
int thing_box_init_(thing_box_t *box, int version);
#define thing_box_init(box) thing_box_init_((box), 3)
void thing_box_deinit(thing_box_t *box);
void thing_walk(thing_door *door, thing_visit visit, void *data);
void thing_walk_end(thing_door *door);
int thing_both(int first, int second);
const char *thing_version(void);
jmp_buf *thing_set_jump(thing_door *door, void (*jump)(jmp_buf, int), size_t size);
#ifdef THING_MORE
int thing_more(void);
#endif
static inline enum thing_colour thing_paint(thing_door *door, enum thing_colour colour) { (void)door; return colour; }
static inline int thing_sum(int count, ...) { return count; }
#define thing_twice(a) thing_both((a), (a))
#define thing_each(a) for (; a;)
#ifdef __cplusplus
}
#endif
#endif
"""
CODE = """#include "thing.h"
struct thing_door { int open; };
int thing_cleaned;
static int something;
thing_door *thing_door_new(const char *name, size_t size) { (void)name; (void)size; return (thing_door *)&something; }
void thing_door_free(thing_door *door) { thing_cleaned += (void *)door == &something; }
int thing_file_open(struct thing_file **file, enum thing_colour colour) { *file = (struct thing_file *)&something; return (int)colour; }
int thing_file_close(struct thing_file *file) { thing_cleaned += (void *)file == &something; return 0; }
int thing_box_init_(thing_box_t *box, int version) { box->depth = 9; return version - 3; }
void thing_box_deinit(thing_box_t *box) { thing_cleaned += box->depth == 9; }
void thing_walk(thing_door *door, thing_visit visit, void *data) { (void)door; visit(data, ""); }
void thing_walk_end(thing_door *door) { (void)door; }
int thing_both(int first, int second) { return first + second; }
const char *thing_version(void) { return "1.2"; }
jmp_buf *thing_set_jump(thing_door *door, void (*jump)(jmp_buf, int), size_t size) { (void)door; (void)jump; (void)size; return 0; }
int thing_more(void) { return 0; }
"""
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wcast-qual", "-Werror")


@functools.lru_cache(maxsize=None)
def _library(header, code):
    """Compiled once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "thing.h").write_text(header, encoding="utf-8")
        Path(folder, "thing.c").write_text(code, encoding="utf-8")
        subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", "libthing.so", "thing.c"], cwd=folder, check=True)
        return Path(folder, "libthing.so").read_bytes()


class Thing(support.InFolder):
    """A library that has one of each, and the lists of this checkout to enter it into."""

    def setUp(self):
        super().setUp()
        self.root, self.library = self.folder / "root", self.folder / "library"
        for name in ("scripts/template", "sanitizers/recipes", "cmake", "docs"):
            shutil.copytree(support.ROOT / name, self.root / name)
        for path in (support.ROOT / "scripts/template/lists").rglob("*"):
            name = path.relative_to(support.ROOT / "scripts/template/lists")
            if path.is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(support.ROOT / name, self.root / name)
        for name in ("CMakePresets.json", "sanitizers/sources.json", ".clang-format"):
            shutil.copy(support.ROOT / name, self.root / name)
        self.library.mkdir()
        self.write("thing.h", HEADER)
        self.write("thing.c", CODE)
        self.write("thing.pc", f"Name: thing\nDescription: a thing\nVersion: 1.2\nCflags: -I{self.library}\nLibs: -L{self.library} -lthing\n")
        (self.library / "libthing.so").write_bytes(_library(HEADER, CODE))
        environment = mock.patch.dict(os.environ, {"PKG_CONFIG_PATH": str(self.library)})
        environment.start()
        self.addCleanup(environment.stop)
        self.before = self.tree()

    def write(self, name, text):
        (self.library / name).write_text(text, encoding="utf-8")

    def tree(self):
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def new(self, name="thing", header="thing.h", package="thing", prefix="thing_", include=()):
        options = SimpleNamespace(name=name, header=header, pkg_config=package, prefix=prefix, include=include)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(new.run(Project(self.root, self.folder / "cache"), self.console, options), 0)
        return said.getvalue()

    def facts(self):
        return header_facts.of_header("thing.h", [f"-I{self.library}"], "thing_")


class Facts(Thing):
    def test_pairs_are_found_by_name_and_by_type(self):
        self.assertEqual([(pair.name, pair.make.name, pair.clean_up.name, pair.how) for pair in self.facts().pairs],
                         [("door", "thing_door_new", "thing_door_free", "answered"),
                          ("file", "thing_file_open", "thing_file_close", "put out"),
                          ("box", "thing_box_init", "thing_box_deinit", "in place")])

    def test_macros_that_are_a_call_are_functions_and_others_are_told(self):
        facts = self.facts()
        self.assertEqual([function.name for function in facts.of_kind("macro")], ["thing_box_init"])
        self.assertEqual(facts.macros, ("thing_twice", "thing_each"))
        self.assertEqual([function.name for function in facts.of_kind("inline")], ["thing_paint", "thing_sum"])

    def test_callbacks_and_jumps_are_told(self):
        facts = self.facts()
        self.assertEqual([(callback.function, callback.type) for callback in facts.callbacks], [("thing_walk", "thing_visit")])
        self.assertEqual([(jump.thing, jump.field, jump.function) for jump in facts.jumps],
                         [("struct thing_room", "exit", ""), ("struct thing_door", "", "thing_set_jump")])

    def test_types_are_said_without_the_header_or_not_at_all(self):
        paint, total = self.facts().of_kind("inline")
        self.assertEqual(paint.spelled("f"), "int f(struct thing_door *door, int colour)")
        self.assertIsNone(total.spelled("f"))

    def test_the_macro_that_guards_the_header_is_known(self):
        self.assertEqual(self.facts().guard, "THING_H")


class Made(Thing):
    def test_what_is_made_compiles_without_warnings_and_is_formatted(self):
        said = self.new()
        made = sorted(set(self.tree()) - set(self.before))
        sources = [name for name in made if name.endswith((".c", ".cpp", ".h", ".hpp"))]
        core = support.ROOT / "wrappers/core/include"
        includes = [f"-I{path}" for path in (self.library, core, self.root / "wrappers/thing/include", self.root / "shims/thing")]
        for name in sources:
            if name.startswith(("wrappers/thing/src/", "shims/thing/")) and not name.endswith(".h"):
                command = ["gcc", "-std=c17", "-D_GNU_SOURCE"] if name.endswith(".c") else ["g++", "-std=c++23", "-Wold-style-cast"]
                subprocess.run([*command, *WARNINGS, '-DGAUNTLET_THING_VERSION="1.2"', "-fsyntax-only", *includes, self.root / name], check=True)
        subprocess.run(["clang-format-19", "--dry-run", "--Werror", *sources, "sanitizers/canaries/canary.hpp"], cwd=self.root, check=True)
        self.assertIn("shims/thing/guard.c", made)
        self.assertIn("thing_sum", said)  # no draft, and said
        self.assertIn("not instrumented", said)  # nobody pins a library of this test's
        self.assertEqual([path for path in self.root.iterdir() if path.name.startswith(".gauntlet-new")], [])

    def run_program(self, code, name, sources):
        """With the library, and with what was made of it."""
        self.write(name, code)
        includes = [f"-I{path}" for path in (self.library, support.ROOT / "wrappers/core/include", self.root / "wrappers/thing/include",
                                             self.root / "shims/thing")]
        objects = []
        for source in [self.library / name, *(self.root / source for source in sources)]:
            objects.append(self.folder / f"{source.name}.o")
            compiler = ["gcc", "-std=gnu17"] if source.suffix == ".c" else ["g++", "-std=c++23"]
            subprocess.run([*compiler, *includes, "-c", source, "-o", objects[-1]], check=True)
        program = self.folder / "program"
        subprocess.run(["g++", *objects, f"-L{self.library}", "-lthing", f"-Wl,-rpath,{self.library}", "-o", program], check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout

    def test_owners_clean_up_what_was_made_once(self):
        self.new()
        said = self.run_program("""#include <gauntlet/thing/owners.hpp>
#include <cstdio>
#include <utility>
extern "C" int thing_cleaned;
template <class Owner, class... Arguments> void use(Arguments... arguments) {
  thing_cleaned = 0;
  {
    Owner first = Owner::init(arguments...);
    Owner second = std::move(first);
    std::printf("%d %d %d ", !first, !!second, thing_cleaned);
  }
  std::printf("%d\\n", thing_cleaned);
}
int main() {
  use<gauntlet::thing::door>("name", std::size_t{4});
  use<gauntlet::thing::file>(0);
  use<gauntlet::thing::box>();
}
""", "owners_main.cpp", ["wrappers/thing/src/owners.cpp", "shims/thing/inline.c"])
        self.assertEqual(said, "1 1 0 1\n" * 3)

    def test_a_jump_ends_in_the_guard(self):
        self.new()
        said = self.run_program("""#include <setjmp.h>
#include <stdio.h>
#include "thing.h"
#include <gauntlet/shim/thing.h>
static void work(struct thing_room *room, void *jumps) { room->size = 7; if (*(int *)jumps) longjmp(room->exit, 5); }
int main(void) {
  struct thing_room room; int jumps = 1, not = 0;
  printf("%d", gauntlet_thing_protect_room(&room, work, &jumps));
  printf("%d", gauntlet_thing_protect_room(&room, work, &not));
  return room.size - 7;
}
""", "guard_main.c", ["shims/thing/guard.c"])
        self.assertEqual(said, "10")

    def test_every_function_is_in_the_list(self):
        self.new()
        coverage = json.loads((self.root / "wrappers/thing/coverage.json").read_text(encoding="utf-8"))
        self.assertEqual(coverage["wrapped"], {"thing_box_deinit": ["thing::box"], "thing_door_free": ["thing::door"], "thing_door_new": ["thing::door"],
                                               "thing_file_close": ["thing::file"], "thing_file_open": ["thing::file"]})
        groups = {kind: list(group["functions"]) for kind, group in coverage["not_wrapped"].items()}
        self.assertEqual(groups, {"inline": ["thing_paint", "thing_sum"], "macro": ["thing_box_init"],
                                  "on_demand": ["thing_more"],
                                  "to_do": ["thing_both", "thing_box_init_", "thing_set_jump", "thing_version", "thing_walk",
                                            "thing_walk_end"]})

    def test_each_lane_claims_its_canaries_and_has_what_it_needs(self):
        self.new()
        table = json.loads((self.root / "CMakePresets.json").read_text(encoding="utf-8"))
        lanes = {preset["name"]: preset["vendor"]["gauntlet"] for preset in table["configurePresets"] if "gauntlet" in preset.get("vendor", {})}
        for lane, facts in lanes.items():
            self.assertIn("misuse_of_thing", facts["canaries"], lane)
            self.assertNotIn("thing", facts["sources"], "nothing was pinned")
        for lane in ("asan", "ubsan", "tsan", "msan", "valgrind", "fuzz"):
            self.assertTrue(any(canary.endswith("_in_thing_binding") for canary in lanes[lane]["canaries"]), lane)
        self.assertIn('"GAUNTLET_THING": "ON"', (self.root / "CMakePresets.json").read_text(encoding="utf-8"))

    def test_a_pinned_library_is_built_by_each_lane_that_is_not_the_systems(self):
        entry = {"version": "1.2", "debian": {"package": "thing"}, "cmake": {"lists": "sanitizers/recipes/meson"}}
        with mock.patch.object(pins, "of", return_value=entry):
            said = self.new()
        self.assertNotIn("not instrumented", said)
        self.assertEqual(json.loads((self.root / "sanitizers/sources.json").read_text(encoding="utf-8"))["sources"]["thing"], entry)
        for preset in json.loads((self.root / "CMakePresets.json").read_text(encoding="utf-8"))["configurePresets"]:
            facts = preset.get("vendor", {}).get("gauntlet")
            if facts:
                pinned = preset["cacheVariables"]["GAUNTLET_DEPENDENCIES"] == "pinned"
                self.assertEqual("thing" in facts["sources"], pinned, preset["name"])
                self.assertEqual("meson" in facts["packages"], pinned, preset["name"])

    def test_a_header_that_needs_another_is_told_which(self):
        self.write("thing.h", HEADER.replace("#include <stddef.h>\n", "").replace("#include <setjmp.h>\n", ""))
        with self.assertRaisesRegex(Problem, "--include"):
            self.new()
        self.new(include=["stddef.h", "setjmp.h"])
        self.assertIn("#include <stddef.h>\n", (self.root / "wrappers/thing/src/owners.cpp").read_text(encoding="utf-8"))
        self.assertIn("thing_door_new", (self.root / "wrappers/thing/coverage.json").read_text(encoding="utf-8"))

    def test_a_second_one_finds_the_places_of_the_first(self):
        self.new()
        self.new("thing2")
        self.assertIn("GAUNTLET_THING2", (self.root / "CMakeLists.txt").read_text(encoding="utf-8"))


class Refused(Thing):
    def refusal(self, **changed):
        with self.assertRaises(Problem) as refused:
            self.new(**changed)
        self.assertEqual(refused.exception.status, USAGE)
        self.assertEqual(self.tree(), self.before, "something was left behind")
        return str(refused.exception)

    def test_names_are_small_letters_digits_and_single_underscores(self):
        for name, better in {"my-thing": "my_thing", "My Thing": "my_thing", "Thing": "thing", "7thing": "thing", "lib__x": "lib_x",
                             "thing_": "thing", "../thing": "thing"}.items():
            self.assertIn(f": say {better} (", self.refusal(name=name))
        for name in ("", "namespace", "core", "version", "ü", "9"):
            self.assertIn("take another", self.refusal(name=name))

    def test_digits_and_underscores_inside_are_right(self):
        self.new("thing_2x")
        self.assertTrue((self.root / "wrappers/thing_2x/coverage.json").exists())

    def test_an_existing_name(self):
        (self.root / "wrappers/there").mkdir(parents=True)
        self.assertIn("wrappers/there exists already", self.refusal(name="there"))
        (self.root / "docs/page.md").write_text("x", encoding="utf-8")
        self.before = self.tree()
        self.assertIn("Files named page exist already", self.refusal(name="page"))

    def test_a_missing_header_says_so(self):
        self.assertIn("There is no no_such.h", self.refusal(header="no_such.h"))

    def test_a_header_that_does_not_parse_says_the_first_error(self):
        self.write("broken.h", "int fine;\nunknown_type value;\n")
        self.assertIn("unknown type name 'unknown_type'", self.refusal(header="broken.h"))

    def test_a_header_without_functions_or_with_another_prefix(self):
        self.write("empty.h", "#define NOTHING 1\n")
        self.assertIn("declares no function", self.refusal(header="empty.h"))
        self.assertIn("name another --prefix", self.refusal(prefix="other_"))

    def test_a_file_outside_the_packages_folders(self):
        (self.folder / "stray.h").write_text("int stray(void);\n", encoding="utf-8")
        self.assertIn("in none of the folders of thing", self.refusal(header=str(self.folder / "stray.h")))

    def test_a_missing_package(self):
        self.assertIn("pkg-config knows no package no-such-thing", self.refusal(package="no-such-thing"))

    def test_a_package_without_a_library(self):
        self.write("bare.pc", "Name: bare\nDescription: x\nVersion: 1\n")
        self.assertIn("has no library to link", self.refusal(package="bare"))

    def test_a_library_that_is_not_there(self):
        (self.library / "libthing.so").unlink()
        self.assertIn("is not found", self.refusal())

    def test_a_missing_tool(self):
        with mock.patch.dict(os.environ, {"PATH": str(self.folder)}):
            self.assertIn("apt-get install", self.refusal())


class Broken(Thing):
    """Where it cannot be finished, nothing of it stays."""

    def left(self, error):
        with self.assertRaises(error):
            self.new()
        self.assertEqual(self.tree(), self.before)
        self.assertFalse((self.root / "wrappers").exists())

    def test_a_list_that_has_lost_its_place(self):
        path = self.root / "tests/CMakeLists.txt"
        path.write_text(path.read_text(encoding="utf-8").replace("# [gauntlet new: tests]\n", ""), encoding="utf-8")
        self.before = self.tree()
        self.left(Problem)

    def test_a_move_that_fails_half_way(self):
        moved, replace = [], os.replace

        def fails_later(source, target):
            moved.append(target)
            if len(moved) == 9:
                raise OSError(28, "No space left on device")
            replace(source, target)

        with mock.patch.object(tree_edits.os, "replace", fails_later):
            self.left(OSError)
        self.assertEqual(len(moved), 9)

    def test_a_list_that_cannot_be_written(self):
        write = tree_edits.Path.write_text

        def fails(path, *arguments, **named):
            if path == self.root / "README.md" and "thing.md" in arguments[0]:
                raise OSError(13, "Permission denied")
            return write(path, *arguments, **named)

        with mock.patch.object(tree_edits.Path, "write_text", fails):
            self.left(OSError)

    def test_an_interruption(self):
        with mock.patch.object(new, "_format", side_effect=KeyboardInterrupt):
            self.left(KeyboardInterrupt)


class Drafts(Thing):
    def test_a_shim_that_does_not_compile_is_left_out_and_told(self):
        self.write("thing.h", HEADER.replace("#define thing_each", "#define thing_bad(x) thing_box_init_((&(x)), 3)\n#define thing_wrong(door) "
                                             "thing_door_free((door)->no_such)\n#define thing_each"))
        facts = self.facts()
        self.assertIn("thing_wrong", facts.macros)
        with mock.patch.object(drafts.Draft, "_compiles", lambda _, shims: all("paint" not in shim["shim"] for shim in shims)):
            draft = drafts.Draft("thing", "thing.h", facts, "thing_", [f"-I{self.library}"])
        self.assertEqual([shim["function"] for shim in draft.hidden], ["thing_box_init"])
        self.assertIn("thing_paint", [function for function, _ in draft.refused])


class Mould(support.InFolder):
    def test_words_conditions_and_lists(self):
        text = "a @x@\n@if yes@\nb\n@if no@\nc\n@else@\nd\n@end@\n@else@\ne\n@end@\n@each items@\n@y@ @x@\n@end@\nf\n"
        self.assertEqual(mould.fill(text, {"x": 1, "yes": True, "no": False, "items": [{"y": 2}, {"y": 3}]}), "a 1\nb\nd\n2 1\n3 1\nf\n")

    def test_files_are_named_by_words_and_may_be_left_out(self):
        (self.folder / "@x@").mkdir()
        (self.folder / "@x@/a").write_text("@only if no@\nz\n", encoding="utf-8")
        (self.folder / "@x@/b").write_text("@only if yes@\n@x@\n", encoding="utf-8")
        self.assertEqual(mould.cast(self.folder, {"x": "w", "yes": True, "no": False}), {"w/b": "w\n"})


class Pins(support.InFolder):
    def package(self, **changed):
        return pins.Package(**{**dict(name="thing", version="1", libraries=("thing",), folders=(), debian="libthing-dev"), **changed})

    def test_what_is_no_debian_package_is_not_pinned(self):
        with self.assertRaisesRegex(Unavailable, "no Debian package has thing.pc"):
            pins.of(self.package(debian=None), "thing", Project(self.folder, self.folder), self.console)

    def recipe(self, **files):
        tree = self.folder / "thing-1"
        shutil.rmtree(tree, ignore_errors=True)
        for name, text in files.items():
            path = tree / name.replace("__", "/").replace("_txt", ".txt").replace("_build", ".build")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run(["tar", "czf", "thing.tar.gz", "thing-1"], cwd=self.folder, check=True)
        return pins._recipe(self.folder / "thing.tar.gz", "thing")

    def test_the_recipe_is_that_of_the_build_system(self):
        self.assertEqual(self.recipe(configure=""), {"lists": "sanitizers/recipes/configure"})
        self.assertEqual(self.recipe(meson_build="", configure=""), {"lists": "sanitizers/recipes/meson"})
        self.assertEqual(self.recipe(tests__CMakeLists_txt="", thing__CMakeLists_txt="")["subdirectory"], "thing")
        with self.assertRaisesRegex(Unavailable, "neither"):
            self.recipe(Makefile="")

    def test_of_a_cmake_list_what_is_not_needed_is_switched_off(self):
        text = 'option(THING_BUILD_TESTS "x" ON)\noption(THING_WITHOUT_DOCS "x" OFF)\noption(THING_SHARED_LIBS "x" ON)\noption(THING_FAST "x" ON)\n'
        self.assertEqual(self.recipe(CMakeLists_txt=text)["options"],
                         ["-DBUILD_SHARED_LIBS=OFF", "-DBUILD_TESTING=OFF", "-DTHING_BUILD_TESTS=OFF", "-DTHING_SHARED_LIBS=OFF",
                          "-DTHING_WITHOUT_DOCS=ON"])
