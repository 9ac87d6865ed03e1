import hashlib
import io
import json
import tarfile
from unittest import mock

import support
from gauntlet_cli import prefixes, setup
from gauntlet_cli.prefixes import MANIFEST, Prefix
from gauntlet_cli.problem import Problem
from gauntlet_cli.project import Project
from gauntlet_cli.sources import Source, Store

# No compiler, so that a whole build takes a moment.
LISTS = """cmake_minimum_required(VERSION 3.25)
project(thing NONE)
install(FILES thing.h TYPE INCLUDE)
"""


class Prefixes(support.InFolder):
    def setUp(self):
        super().setUp()
        self.write("toolchains/asan.cmake", 'include("${CMAKE_CURRENT_LIST_DIR}/base.cmake")\nset(flags -fsanitize)\n')
        self.write("toolchains/base.cmake", "set(CMAKE_C_COMPILER gcc)\n")
        self.write("recipes/thing/CMakeLists.txt", "# ours\n")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def source(self, version="1.0", digest="00", cmake=None):
        return Source(name="thing", version=version, upstream={"url": "thing.tar", "sha256": digest}, debian=None,
                      cmake=cmake or {}, unpack=(), corpus=None)

    def prefix(self, *sources, libcxx=None):
        return Prefix("asan", root=self.folder, folder=self.folder / "cache",
                      toolchain=self.folder / "toolchains/asan.cmake", sources=sources, libcxx=libcxx)

    def tarball(self, lists):
        path = self.folder / "thing.tar"
        with tarfile.open(path, "w") as tar:
            for name, text in (("CMakeLists.txt", lists), ("thing.h", "")):
                member = tarfile.TarInfo(f"thing-1.0/{name}")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        return path

    def build(self, prefix, lists=LISTS):
        store = mock.Mock(spec=Store)
        store.fetch.return_value = self.tarball(lists)
        prefixes.build(prefix, store, self.console, logs=self.folder)


class Key(Prefixes):
    def test_the_key_of_lanes_is_that_of_their_prefixes_and_of_the_corpora(self):
        pinned = {"thing": self.source(), "files": Source("files", "1", {"sha256": "aa"}, None, {}, (), "png")}
        lane = support.lane(sources=("thing",), toolchain=self.folder / "toolchains/asan.cmake")

        def key(*lanes, **changed):
            with mock.patch.object(setup.sources, "load", return_value={**pinned, **changed}):
                return setup.key(Project(self.folder, self.folder / "cache"), lanes)

        before = key(lane)
        self.assertRegex(before, "^[0-9a-f]{64}$")
        self.assertEqual(key(lane), before)
        self.assertNotEqual(key(lane, lane), before)
        self.assertNotEqual(key(lane, thing=self.source(version="1.1")), before)
        self.assertNotEqual(key(lane, files=Source("files", "1", {"sha256": "bb"}, None, {}, (), "png")), before)
        self.write("toolchains/base.cmake", "set(CMAKE_C_COMPILER g++)\n")
        self.assertNotEqual(key(lane), before)

    def test_it_stays_while_nothing_changes(self):
        self.assertEqual(self.prefix(self.source()).key, self.prefix(self.source()).key)

    def test_it_changes_with_all_that_matters(self):
        with_recipe = self.source(cmake={"lists": "recipes/thing"})
        before = {self.prefix(self.source()).key, self.prefix(with_recipe).key}
        after = set()
        after.add(self.prefix(self.source(version="1.1")).key)
        after.add(self.prefix(self.source(digest="11")).key)
        after.add(self.prefix(self.source(cmake={"options": ["-DX=1"]})).key)
        after.add(self.prefix(self.source(), libcxx=self.prefix()).key)
        self.write("recipes/thing/CMakeLists.txt", "# changed\n")
        after.add(self.prefix(with_recipe).key)
        self.write("toolchains/asan.cmake", 'include("${CMAKE_CURRENT_LIST_DIR}/base.cmake")\n')
        after.add(self.prefix(self.source()).key)
        self.write("toolchains/base.cmake", "set(CMAKE_C_COMPILER gcc)\nset(more)\n")
        after.add(self.prefix(self.source()).key)
        with mock.patch.object(prefixes, "_version", return_value=["gcc", "another version"]):
            after.add(self.prefix(self.source()).key)
        self.assertEqual(len(after), 8, "each change has a key of its own")
        self.assertFalse(before & after)

    def test_the_inputs_are_the_toolchain_what_it_includes_and_the_recipes(self):
        inputs = self.prefix(self.source(cmake={"lists": "recipes/thing"})).inputs
        self.assertEqual([str(path.relative_to(self.folder)) for path in inputs],
                         ["toolchains/asan.cmake", "toolchains/base.cmake", "recipes/thing/CMakeLists.txt"])


class Trust(Prefixes):
    def test_a_built_prefix_is_complete_and_is_not_built_again(self):
        self.build(self.prefix(self.source()))
        prefix = self.prefix(self.source())
        self.assertTrue(prefix.complete)
        self.assertTrue((prefix.path / "include/thing.h").exists())
        self.build(prefix, lists="message(FATAL_ERROR never)")

    def test_an_incomplete_prefix_is_not_trusted_and_is_replaced(self):
        prefix = self.prefix(self.source())
        prefix.path.mkdir(parents=True)
        (prefix.path / "half").touch()
        self.assertFalse(prefix.complete)
        self.build(prefix)
        self.assertTrue(prefix.complete)
        self.assertFalse((prefix.path / "half").exists())

    def test_a_manifest_must_be_whole_and_its_own(self):
        prefix = self.prefix(self.source())
        self.build(prefix)
        for text in ("", '{"key": ', json.dumps({"key": hashlib.sha256(b"another").hexdigest()})):
            (prefix.path / MANIFEST).write_text(text, encoding="utf-8")
            self.assertFalse(prefix.complete, text)

    def test_an_interrupted_build_leaves_nothing_that_is_trusted(self):
        prefix = self.prefix(self.source())
        with mock.patch.object(prefixes.process, "run", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                self.build(prefix)
        self.assertFalse(prefix.complete)
        self.assertFalse((prefix.folder / ".building").exists())

    def test_a_failed_build_shows_its_last_lines_and_the_log(self):
        prefix = self.prefix(self.source())
        with self.assertRaises(Problem) as caught:
            self.build(prefix, lists=LISTS + 'message(FATAL_ERROR "it is broken")\n')
        self.assertIn("thing-1.0 for lane asan does not build", str(caught.exception))
        self.assertIn("it is broken", str(caught.exception))
        log = self.folder / "asan-thing.log"
        self.assertIn(str(log), str(caught.exception))
        self.assertIn("it is broken", log.read_text(encoding="utf-8"))
        self.assertFalse(prefix.complete)
