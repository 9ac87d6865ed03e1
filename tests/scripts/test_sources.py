import hashlib
import io
import os
import tarfile
import threading
import urllib.error
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import support
from gauntlet_cli import sources
from gauntlet_cli.origins import DebianArchive, Mirror, Upstream
from gauntlet_cli.problem import Problem
from gauntlet_cli.sources import Source, Store, Unavailable

CONTENT = b"the pinned bytes" * 1000


def source(url="http://127.0.0.1:9/thing-1.0.tar.gz", content=CONTENT):
    digest = hashlib.sha256(content).hexdigest()
    return Source(name="thing", version="1.0", upstream={"url": url, "sha256": digest},
                  debian={"package": "thing", "suite": "trixie", "file": "thing_1.0.orig.tar.gz", "sha256": digest},
                  cmake={}, unpack=(), corpus=None)


class Origin:
    """Writes what it is told to, and counts."""

    def __init__(self, *answers):
        self.name = "test origin"
        self.answers = list(answers)

    def bring(self, _source, target, _phase):
        answer = self.answers.pop(0)
        target.write_bytes(CONTENT[:100] if isinstance(answer, BaseException) else answer)
        if isinstance(answer, BaseException):
            raise answer


@contextmanager
def server(body, announced):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/thing-1.0.tar.gz"
        http.shutdown()


class Fetching(support.InFolder):
    def store(self, *origins):
        return Store(self.folder / "store", origins, self.console)

    def mirror(self, content=CONTENT, name="thing-1.0.tar.gz"):
        folder = self.folder / "mirror"
        folder.mkdir()
        (folder / name).write_bytes(content)
        return Mirror(folder)

    def files(self):
        return os.listdir(self.folder / "store")

    def test_the_mirror_serves_both_names_of_a_file(self):
        for name in source().file_names:
            with self.subTest(name):
                self.setUp()
                path = self.store(self.mirror(name=name)).fetch(source())
                self.assertEqual(path.read_bytes(), CONTENT)

    def test_what_is_cached_needs_no_origin(self):
        path = self.store(Origin(CONTENT)).fetch(source())
        self.assertEqual(self.store().fetch(source()), path)

    def test_a_corrupted_cache_is_refused_and_fetched_again(self):
        path = self.store(Origin(CONTENT)).fetch(source())
        path.write_bytes(b"!" + CONTENT[1:])
        self.store(self.mirror()).fetch(source())
        self.assertEqual(path.read_bytes(), CONTENT)
        self.assertIn("The cached thing-1.0 is refused and fetched again: expected sha256", self.said)

    def test_a_corrupted_cache_goes_also_when_nothing_replaces_it(self):
        self.store(Origin(CONTENT)).fetch(source()).write_bytes(b"bad")
        with self.assertRaises(Problem):
            self.store().fetch(source())
        self.assertEqual(self.files(), [])

    def test_a_truncated_download_is_refused_with_both_hashes_and_its_size(self):
        short = CONTENT[:5000]
        with server(short, announced=len(CONTENT)) as url, self.assertRaises(Problem) as caught:
            self.store(Upstream()).fetch(source(url))
        sentence = str(caught.exception)
        self.assertIn(f"expected sha256 {hashlib.sha256(CONTENT).hexdigest()}", sentence)
        self.assertIn(f"found {hashlib.sha256(short).hexdigest()} in 5000 bytes", sentence)
        self.assertEqual(self.files(), [])

    def test_after_a_refusal_the_next_origin_is_asked(self):
        path = self.store(Origin(b"wrong"), Origin(CONTENT)).fetch(source())
        self.assertEqual(path.read_bytes(), CONTENT)

    def test_upstream_is_used(self):
        with server(CONTENT, announced=len(CONTENT)) as url:
            self.assertEqual(self.store(Upstream()).fetch(source(url)).read_bytes(), CONTENT)

    def test_when_nothing_answers_each_origin_says_why(self):
        apt = DebianArchive(self.folder / "apt", configuration=self.folder)
        with self.assertRaises(Problem) as caught:
            self.store(Mirror(None), Upstream(), apt).fetch(source())
        lines = str(caught.exception).splitlines()
        self.assertEqual(lines[0], "thing-1.0 could not be fetched from anywhere:")
        self.assertRegex(lines[1], "mirror folder: GAUNTLET_SOURCE_MIRROR is not set")
        self.assertRegex(lines[2], "upstream: unreachable, .*refused")
        self.assertRegex(lines[3], "Debian's source archive: ")
        self.assertRegex(lines[4], "thing-1.0.tar.gz or thing_1.0.orig.tar.gz .*GAUNTLET_SOURCE_MIRROR")

    def test_an_unreachable_upstream_is_not_tried_again(self):
        upstream = Upstream()
        with mock.patch("urllib.request.urlopen", side_effect=urllib.error.URLError("no such host")) as opened:
            for _ in range(2):
                with self.assertRaisesRegex(Unavailable, "no such host"):
                    upstream.bring(source(), self.folder / "x", mock.Mock())
        self.assertEqual(opened.call_count, 1)

    def test_without_a_pinned_upstream_the_others_are_asked(self):
        only_debian = replace(source(), upstream=None)
        self.assertEqual(only_debian.file_names, ["thing_1.0.orig.tar.gz"])
        path = self.store(Upstream(), Origin(CONTENT)).fetch(only_debian)
        self.assertEqual(path.read_bytes(), CONTENT)

    def test_an_interrupted_download_leaves_nothing(self):
        with self.assertRaises(KeyboardInterrupt):
            self.store(Origin(KeyboardInterrupt())).fetch(source())
        self.assertEqual(self.files(), [])


class Unpacking(support.InFolder):
    def archive(self, *names):
        path = self.folder / "thing.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = 3
                tar.addfile(member, io.BytesIO(b"abc"))
        return path

    def test_the_top_folder_goes(self):
        sources.unpack(self.archive("thing-1.0/a", "thing-1.0/b/c"), self.folder / "out")
        self.assertEqual((self.folder / "out/b/c").read_bytes(), b"abc")

    def test_a_flat_archive_has_no_top_folder(self):
        sources.unpack(self.archive("a", "b/c"), self.folder / "out", flat=True)
        self.assertEqual({path.name for path in (self.folder / "out").iterdir()}, {"a", "b"})
        self.assertEqual((self.folder / "out/b/c").read_bytes(), b"abc")

    def test_only_the_named_parts_are_unpacked(self):
        sources.unpack(self.archive("t/a/x", "t/ab/x", "t/c/d/x"), self.folder / "out", ["a", "c/d"])
        found = {str(path.relative_to(self.folder / "out")) for path in self.folder.glob("out/**/x")}
        self.assertEqual(found, {"a/x", "c/d/x"})

    def test_nothing_is_written_outside(self):
        for flat in (False, True):
            with self.assertRaisesRegex(Problem, "not unpacked"):
                sources.unpack(self.archive("t/../../evil"), self.folder / "out", flat=flat)
