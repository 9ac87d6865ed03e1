import json
import os
import re
import subprocess
import sys
import unittest
from unittest import mock

import support
from gauntlet_cli import lanes, prefixes, settings, setup, shared_presets, sources, suppressions
from gauntlet_cli import project as projects
from gauntlet_cli.problem import USAGE, Problem
from gauntlet_cli.project import Project
from gauntlet_cli.report import _folders

GAUNTLET = support.ROOT / "scripts" / "gauntlet"
PRESETS = support.ROOT / settings.PRESETS
HASH = "0" * 64
DEBIAN = {"package": "thing", "suite": "trixie", "file": "thing.tar", "sha256": HASH}


class Guest(support.InFolder):
    """A project that is not Gauntlet, as its owner would write it."""

    def setUp(self):
        super().setUp()
        self.folder = self.folder.resolve()
        self.write("CMakePresets.json", {"version": 6, "include": [str(PRESETS)]})
        self.write("gauntlet.json", {"sources": "pins.json", "dependencies": ["thing"], "test_dependencies": ["catch2"],
                                     "packages": ["g++", "libthing-dev"], "minimum_tests": 7})
        self.pin(thing={"version": "1", "debian": DEBIAN})

    def write(self, name, told):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")

    def pin(self, **entries):
        self.write("pins.json", {"sources": entries})

    def project(self):
        return Project.other(self.folder)


class Refused(Guest):
    """One sentence, by the command itself."""

    def assert_refused(self, sentence, *arguments, folder=None):
        done = subprocess.run([sys.executable, GAUNTLET, *(arguments or ("test", "asan")), "--project", folder or self.folder],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
        self.assertRegex(done.stderr, sentence)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_a_folder_that_is_not_there(self):
        self.assert_refused("elsewhere is no folder", folder=self.folder / "elsewhere")

    def test_a_folder_without_settings(self):
        (self.folder / "gauntlet.json").unlink()
        self.assert_refused("has no gauntlet.json")

    def test_malformed_settings(self):
        self.write("gauntlet.json", "{")
        self.assert_refused(r"gauntlet.json is not valid JSON: .* line 1")
        self.write("gauntlet.json", "[]")
        self.assert_refused("must hold a JSON object")

    def test_settings_that_mean_nothing(self):
        for told, sentence in (({"dependancies": []}, "has a field dependancies, which means nothing here"),
                               ({"dependencies": "zlib"}, "dependencies must be a list of names"),
                               ({"packages": [1]}, "packages must be a list of names"),
                               ({"minimum_tests": 0}, "minimum_tests must be a number of 1 or more"),
                               ({"minimum_tests": "3"}, "minimum_tests must be a number of 1 or more"),
                               ({"minimum_tests": True}, "minimum_tests must be a number of 1 or more"),
                               ({"sources": "nowhere.json"}, "nowhere.json is no file of it"),
                               ({"sources": 3}, "3 is no file of it")):
            with self.subTest(told=told):
                self.write("gauntlet.json", told)
                self.assert_refused(sentence)

    def test_presets_that_do_not_include_the_lanes(self):
        self.write("CMakePresets.json", {"version": 6, "include": ["gauntlet.json", "nowhere.json"]})
        self.assert_refused(r'put "include": \["\S+sanitizers/presets.json"\] into one of them')

    def test_an_unknown_lane(self):
        self.assert_refused("There is no lane named asna. Did you mean asan?", "test", "asna")

    def test_the_fuzz_lane_which_is_gauntlets_own(self):
        self.assert_refused("There is no lane named fuzz", "setup", "fuzz")

    def test_a_source_whose_bytes_could_be_anything(self):
        for origin in ({**DEBIAN, "sha256": "abc"}, {name: value for name, value in DEBIAN.items() if name != "sha256"},
                       {**DEBIAN, "sha256": 3}):
            with self.subTest(origin=origin):
                self.pin(thing={"version": "1", "debian": origin})
                self.assert_refused("pins.json: source thing has an origin, debian, without a sha256", "setup", "asan", "--key")

    def test_a_source_that_cannot_be_found(self):
        for entry, sentence in ((3, "is no JSON object"), ({"debian": DEBIAN}, "has no version"), ({"version": "1"}, "has no origin"),
                                ({"version": "1", "upstream": "x"}, "upstream, that is no JSON object"),
                                ({"version": "1", "upstream": {"sha256": HASH}}, "upstream, without url"),
                                ({"version": "1", "debian": {"sha256": HASH, "file": "f"}}, "debian, without package and suite")):
            with self.subTest(entry=entry):
                self.pin(thing=entry)
                self.assert_refused(f"pins.json: source thing .*{sentence}", "setup", "asan", "--key")

    def test_a_dependency_that_nobody_pins(self):
        self.pin()
        self.assert_refused("There is no source named thing for lane asan in .*sources.json or .*pins.json", "setup", "asan", "--key")

    def test_a_recipe_that_is_nowhere(self):
        self.pin(thing={"version": "1", "debian": DEBIAN, "cmake": {"lists": "recipes/thing"}})
        self.assert_refused("The recipe of source thing is no folder: .*recipes/thing or .*recipes/thing", "setup", "asan", "--key")

    def test_what_is_gauntlets_own(self):
        for command in (["new", "thing", "--header", "thing.h", "--pkg-config", "thing"], ["demo"], ["fuzz"], ["bench", "png"]):
            self.assert_refused(f"`gauntlet {command[0]}` works on Gauntlet's own files", *command)
        self.assert_refused("--write-docs is for Gauntlet's own tables", "lanes", "--write-docs")


class Installed(Guest):
    """Where there is no checkout around the command."""

    def setUp(self):
        super().setUp()
        self.enter(mock.patch.object(projects, "is_checkout", return_value=False))

    def enter(self, patch):
        patch.start()
        self.addCleanup(patch.stop)

    def test_the_project_is_that_of_the_current_folder(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.assertEqual(Project.here().root, self.folder)

    def test_a_new_binding_has_no_tree_to_go_to(self):
        from gauntlet_cli import main
        self.enter(mock.patch.object(main, "is_checkout", return_value=False))
        with mock.patch("sys.stderr", new=self.console.stream):
            self.assertEqual(main.main(["new", "thing", "--header", "thing.h", "--pkg-config", "thing"]), USAGE)
        self.assertIn("`gauntlet new` works on Gauntlet's own files", self.said)


class Lanes(Guest):
    def lane(self, name):
        [lane] = lanes.choose(lanes.of_project(self.project()), [name])
        return lane

    def test_they_are_those_of_the_matrix(self):
        own = [lane.name for lane in lanes.matrix(lanes.load(support.ROOT))]
        self.assertEqual([lane.name for lane in lanes.of_project(self.project())], own)

    def test_they_build_in_the_project_with_toolchains_of_gauntlet(self):
        lane = self.lane("asan")
        self.assertEqual(lane.build, self.folder / "build" / "asan")
        self.assertEqual(lane.junit, self.folder / "build" / "matrix" / "asan.junit.xml")
        self.assertTrue(lane.toolchain.samefile(support.ROOT / "sanitizers" / "toolchains" / "asan.cmake"))

    def test_dependencies_are_built_where_the_systems_are_not_taken(self):
        self.assertEqual(self.lane("msan").sources, ("thing", "catch2"))
        self.assertEqual(self.lane("dev").sources, ("catch2",))

    def test_they_have_the_projects_packages_and_least_number_of_tests(self):
        self.assertEqual(self.lane("dev").packages, ("g++", "libthing-dev"))
        self.assertEqual(self.lane("valgrind").minimum_tests, 7)

    def test_they_claim_only_faults_that_are_in_nobodys_library(self):
        self.assertIn("heap_overflow", self.lane("asan").canaries)
        self.assertEqual([name for name in self.lane("asan").canaries if "_in_" in name], [])

    def test_settings_may_be_few(self):
        self.write("gauntlet.json", {})
        self.assertEqual((self.lane("asan").sources, self.lane("asan").minimum_tests), ((), 1))

    def test_the_lanes_may_be_included_by_another_file(self):
        self.write("CMakePresets.json", {"version": 6, "include": ["more/presets.json"]})
        self.write("more/presets.json", {"version": 6, "include": [os.path.relpath(PRESETS, self.folder / "more")]})
        self.assertEqual(self.lane("asan").name, "asan")

    def test_a_finding_is_reproduced_from_the_projects_root(self):
        program = support.ROOT / "scripts" / "gauntlet"
        self.assertEqual(self.lane("asan").command, f"{program} test --project .")
        with mock.patch.object(projects.shutil, "which", return_value=str(program)):
            self.assertEqual(self.lane("asan").command, "gauntlet test --project .")
        self.assertEqual(lanes.load(support.ROOT)[0].command, "scripts/gauntlet test")


class Sources(Guest):
    def prefix(self, cmake):
        self.pin(thing={"version": "1", "debian": DEBIAN, "cmake": cmake})
        project = self.project()
        [lane] = lanes.choose(lanes.of_project(project), ["asan"])
        return prefixes.of_lane(project, lane, sources.load(project))

    def test_the_projects_own_go_before_gauntlets(self):
        self.pin(zlib={"version": "9", "debian": DEBIAN})
        found = sources.load(self.project())
        self.assertEqual((found["zlib"].version, found["zlib"].borrowed), ("9", False))
        self.assertTrue(found["libpng"].borrowed)

    def test_files_to_test_with_are_unpacked_only_of_its_own(self):
        self.assertEqual(setup.corpora(self.project()), [])
        self.pin(thing={"version": "1", "debian": DEBIAN, "corpus": "files"})
        self.assertEqual([path.name for path in setup.corpora(self.project())], ["files"])

    def test_a_recipe_is_the_projects_or_one_of_gauntlets(self):
        self.assertEqual(self.prefix({"lists": "sanitizers/recipes/configure"}).recipe(mock.Mock(cmake={"lists": "sanitizers/recipes/configure"})),
                         support.ROOT / "sanitizers" / "recipes" / "configure")
        self.write("sanitizers/recipes/configure/CMakeLists.txt", "")
        self.assertIn(self.folder / "sanitizers/recipes/configure/CMakeLists.txt", self.prefix({"lists": "sanitizers/recipes/configure"}).inputs)

    def test_a_prefix_is_the_same_wherever_the_project_is(self):
        """So that the cache has one of each, of Gauntlet's libc++ too."""
        first = self.prefix({}).key
        self.folder = self.folder / "elsewhere"
        self.setUp_again()
        self.assertEqual(self.prefix({}).key, first)
        self.assertNotEqual(self.prefix({"options": ["-DX=1"]}).key, first)

    def setUp_again(self):
        self.write("CMakePresets.json", {"version": 6, "include": [str(PRESETS)]})
        self.write("gauntlet.json", {"sources": "pins.json", "dependencies": ["thing"], "test_dependencies": ["catch2"]})

    def test_its_libcxx_is_gauntlets(self):
        own = Project(support.ROOT, self.folder)
        keys = []
        for project in (own, self.project()):
            [lane] = lanes.choose(lanes.of_project(project), ["msan"])
            keys.append(prefixes.of_lane(project, lane, sources.load(project)).libcxx.key)
        self.assertEqual(keys[0], keys[1])


class Report(Guest):
    def test_suppressions_are_looked_for_in_the_projects_own_folders(self):
        for name in ("src/a.cpp", "build/asan/a.cpp", ".hidden/a.cpp"):
            self.write(name, "// __lsan_disable();\n")
        found = suppressions.in_force(self.folder, {}, _folders(self.project()))
        self.assertEqual(found, ["src/a.cpp:1: // __lsan_disable();"])


class Page(unittest.TestCase):
    """What docs/downstream.md says to copy is what tests/downstream tries."""

    def test_its_blocks_are_the_files_of_the_project(self):
        page = (support.ROOT / "docs" / "downstream.md").read_text(encoding="utf-8")
        presets, *blocks = re.findall(r"^```(?:json|cmake)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        told = json.loads(presets)
        self.assertEqual((told.keys(), told["version"]), ({"version", "include"}, 6))
        self.assertTrue(told["include"][0].endswith(f"/share/gauntlet_matrix/{settings.PRESETS}"))
        names = ("gauntlet.json", "sources.json", "CMakeLists.txt")
        self.assertEqual(len(blocks), len(names))
        for name, block in zip(names, blocks):
            text = (support.ROOT / "tests" / "downstream" / "project" / name).read_text(encoding="utf-8")
            self.assertTrue(text.endswith(block), name)


class SharedPresets(support.InFolder):
    def test_the_file_is_what_the_table_of_this_checkout_says(self):
        self.assertEqual(PRESETS.read_text(encoding="utf-8"), shared_presets.made(support.ROOT), "run scripts/gauntlet lanes --write-docs")

    def test_each_lane_has_its_presets_and_no_word_of_gauntlets_own_libraries(self):
        shared = json.loads(PRESETS.read_text(encoding="utf-8"))
        names = [preset["name"] for preset in shared["configurePresets"] if not preset.get("hidden")]
        for kind in ("buildPresets", "testPresets", "workflowPresets"):
            self.assertEqual([preset["name"] for preset in shared[kind]], names)
        self.assertNotRegex(json.dumps(shared), "libpng|libuv|llhttp|GAUNTLET_TESTS|chromium")

    def test_every_general_canary_is_claimed(self):
        shared = json.loads(PRESETS.read_text(encoding="utf-8"))
        claimed = {name for preset in shared["configurePresets"] if "vendor" in preset for name in preset["vendor"]["gauntlet"]["canaries"]}
        self.assertEqual(claimed, shared_presets.general_canaries(support.ROOT))

    def test_it_is_written_only_where_it_changes(self):
        for name in ("CMakePresets.json", "sanitizers/canaries/canary.hpp"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes((support.ROOT / name).read_bytes())
        self.assertEqual(shared_presets.update(self.folder), [settings.PRESETS])
        self.assertEqual(shared_presets.update(self.folder), [])
        self.assertEqual((self.folder / settings.PRESETS).read_bytes(), PRESETS.read_bytes())
