import os
from unittest import mock

import support
from gauntlet_cli.console import Console
from gauntlet_cli.origins import DebianArchive, DebianPackages
from gauntlet_cli.sources import Source, Unavailable

SOURCE = Source(name="thing", version="1.0", upstream={}, cmake={}, unpack=(), corpus=None,
                debian={"package": "thing", "suite": "trixie", "file": "thing_1.0.orig.tar.gz", "sha256": ""})

# Notes how it is called, and downloads like the real one: into the current folder.
APT_GET = """#!/bin/sh
echo "$@" >> "$APT_CALLS"
case "$*" in *" source "*|*" download "*) echo bytes > "$APT_FILE" ;; esac
"""


class Debian(support.InFolder):
    def setUp(self):
        super().setUp()
        (self.folder / "etc/sources.list.d").mkdir(parents=True)
        program = self.folder / "bin/apt-get"
        program.parent.mkdir()
        program.write_text(APT_GET, encoding="utf-8")
        program.chmod(0o755)
        self.calls = self.folder / "calls"
        environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "APT_CALLS": str(self.calls),
                       "APT_FILE": "thing_1.0.orig.tar.gz"}
        patch = mock.patch.dict(os.environ, environment)
        patch.start()
        self.addCleanup(patch.stop)
        self.archive = DebianArchive(self.folder / "apt", configuration=self.folder / "etc")

    def configure(self, name, text):
        (self.folder / "etc" / name).write_text(text, encoding="utf-8")

    def bring(self):
        with Console(self.console.stream).phase("fetch") as phase:
            self.archive.bring(SOURCE, self.folder / "target", phase)

    def source_line(self):
        self.bring()
        return (self.folder / "apt/trixie/sources.list").read_text(encoding="utf-8").strip()

    def test_new_format(self):
        self.configure("sources.list.d/debian.sources", """
# URIs: http://commented.invalid/debian
Types: deb
URIs: http://disabled.invalid/debian
Enabled: no

Types: deb
URIs: http://security.invalid/debian-security
Signed-By: /s.gpg

Types: deb
URIs: http://mirror.invalid/debian
Suites: bookworm
Components: main
Signed-By: /keys/debian.gpg
""")
        self.assertEqual(self.source_line(),
                         "deb-src [signed-by=/keys/debian.gpg] http://mirror.invalid/debian trixie main")

    def test_old_format(self):
        self.configure("sources.list", """
# deb http://commented.invalid/debian bookworm main
deb http://security.invalid/debian-security bookworm-security main
deb [arch=amd64 signed-by=/keys/d.gpg] http://mirror.invalid/debian/ bookworm main
""")
        self.assertEqual(self.source_line(),
                         "deb-src [signed-by=/keys/d.gpg] http://mirror.invalid/debian/ trixie main")

    def test_without_a_named_keyring_debians_own_is_used(self):
        self.configure("sources.list", "deb http://mirror.invalid/debian bookworm main\n")
        self.assertIn("[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", self.source_line())

    def test_a_machine_without_debians_archive_says_so(self):
        self.configure("sources.list", "deb http://mirror.invalid/ubuntu noble main\n")
        with self.assertRaisesRegex(Unavailable, "no Debian archive is among the apt sources"):
            self.bring()

    def test_apt_keeps_its_state_in_the_cache_and_updates_once(self):
        self.configure("sources.list", "deb http://mirror.invalid/debian bookworm main\n")
        self.bring()
        self.bring()
        calls = self.calls.read_text(encoding="utf-8").splitlines()
        self.assertEqual([call.split()[-1] for call in calls], ["update", "thing", "thing"])
        for call in calls:
            self.assertIn(f"Dir::State::Lists={self.folder}/apt/trixie/lists", call)
            self.assertIn("Dir::Etc::sourceparts=/dev/null", call)
        self.assertEqual((self.folder / "target").read_text(encoding="utf-8"), "bytes\n")

    def test_another_version_in_the_suite_is_named(self):
        self.configure("sources.list", "deb http://mirror.invalid/debian bookworm main\n")
        with mock.patch.dict(os.environ, {"APT_FILE": "thing_1.1.orig.tar.gz"}):
            with self.assertRaisesRegex(Unavailable, "another version than thing_1.0.orig.tar.gz"):
                self.bring()

    def test_binary_packages_are_downloaded_in_the_same_way(self):
        self.configure("sources.list", "deb [signed-by=/keys/d.gpg] http://mirror.invalid/debian bookworm main\n")
        self.archive = DebianPackages(self.folder / "apt", configuration=self.folder / "etc")
        self.assertEqual(self.source_line(), "deb [signed-by=/keys/d.gpg] http://mirror.invalid/debian trixie main")
        self.assertTrue(self.calls.read_text(encoding="utf-8").splitlines()[-1].endswith(" download thing"))
