"""The program itself, and clients that others wrote: program_test.py CLASS PROGRAM SAMPLE.png [LAUNCHER...]

Each test starts the program, under the lane's launcher if there is one, and proves that it ends clean.
"""

import http.client
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CLASS = sys.argv[1]
PROGRAM = Path(sys.argv[2])
SAMPLE = Path(sys.argv[3])
LAUNCHER = sys.argv[4:]
HERE = Path(__file__).resolve().parent
LONG = 120  # seconds, for what takes no time where nothing is slow


class Server:
    """The program, as it runs."""

    def __init__(self, *options, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen([*LAUNCHER, str(PROGRAM), "--port", "0", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=limit)
        line = self.process.stdout.readline()
        said = re.fullmatch(r"listening on (http://127\.0\.0\.1:(\d+))\n", line)
        if not said:
            self.process.kill()
            raise AssertionError(f"it said {line!r}\n{self.process.communicate()[1]}")
        self.url = said[1]
        self.port = int(said[2])

    def end(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)
        return self.wait()

    def wait(self):
        """What it wrote to standard error; it must end by itself, with status 0."""
        said = self.process.communicate(timeout=LONG)[1]
        if self.process.returncode != 0:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{said}")
        return said

    def ask(self, method, target, body=None, fields=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.request(method, target, body, fields or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def sockets(self):
        return sum(target.startswith("socket:") for target in self.descriptors())

    def descriptors(self):
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                yield os.readlink(link)
            except FileNotFoundError:  # closed meanwhile
                pass


def size_of(png):
    assert png[:16] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", png[:100]
    return struct.unpack(">II", png[16:24])


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, timeout=LONG, check=False, **options)


class Program(unittest.TestCase):
    def start(self, *options, **limits):
        server = Server(*options, **limits)
        self.addCleanup(server.process.stderr.close)
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.kill)
        return server

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name)


class Options(Program):
    def test_help(self):
        done = run(*LAUNCHER, PROGRAM, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for option in (b"--host", b"--port", b"--threads", b"--max-body", b"--max-pixels", b"--max-connections",
                       b"--idle-timeout", b"--body-timeout"):
            self.assertIn(option, done.stdout)

    def test_a_wrong_option_is_wrong_usage(self):
        for words, said in ((["--prot", "1"], b"there is no option --prot"), (["--port"], b"needs a value"),
                            (["--port", "65536"], b"a number from 0 to 65535"), (["--threads", "two"], b"a number")):
            done = run(*LAUNCHER, PROGRAM, *words)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(said, done.stderr)

    def test_an_address_that_is_taken_is_said(self):
        server = self.start()
        done = run(*LAUNCHER, PROGRAM, "--port", server.port)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"address already in use", done.stderr)
        server.end()


class End(Program):
    def test_with_requests_in_flight(self):
        for threads in ("1", "3"):
            with self.subTest(threads=threads):
                server = self.start("--threads", threads)
                busy = [socket.create_connection(("127.0.0.1", server.port), timeout=LONG) for _ in range(6)]
                picture = SAMPLE.read_bytes()
                for one in busy:
                    one.sendall(b"POST /thumbnail?width=9 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                                % len(picture) + picture[:-1])
                # They are in flight: a server has read them.
                while received_of(server) < 6 * (len(picture) - 1):
                    pass
                server.process.send_signal(signal.SIGTERM)
                for one in busy:
                    one.sendall(picture[-1:])
                    self.assertTrue(answer_of(one).startswith(b"HTTP/1.1 200 "))
                    one.close()
                server.wait()

    def test_before_all_loops_have_begun(self):
        for _ in range(5):
            self.start("--threads", "4").end()

    def test_a_second_signal_does_not_wait(self):
        server = self.start("--grace", "600000")
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONG) as silent:
            silent.sendall(b"POST /thumbnail?width=9 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n\x89")
            while received_of(server) == 0:
                pass
            server.process.send_signal(signal.SIGINT)
            while connects(server.port):
                pass
            server.end(signal.SIGINT)

    def test_sigusr1_prints_what_is_in_flight(self):
        server = self.start("--threads", "2")
        while listeners(server.port) < 2:
            pass
        server.process.send_signal(signal.SIGUSR1)
        lines = []
        while sum("tcp_listener::accept" in line for line in lines) < 2:
            lines.append(server.process.stderr.readline())
        server.end()

    def test_it_holds_no_more_than_its_descriptors(self):
        server = self.start("--max-connections", "100000", descriptors=200)
        idle = [socket.create_connection(("127.0.0.1", server.port), timeout=LONG) for _ in range(250)]
        self.assertEqual(server.ask("GET", "/")[0], 200)  # others have given way
        self.assertIn(b"\nthumbnail_connections_refused_total 0\n", server.ask("GET", "/metrics")[1])
        for one in idle:
            one.close()
        self.assertIn("connections at a time", server.end())

    def test_no_descriptor_stays(self):
        server = self.start()
        before = server.sockets()
        self.assertEqual(before, 1)  # that it listens with
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONG):
            while server.sockets() == before:
                pass
        for _ in range(5):
            status, _ = server.ask("POST", "/thumbnail?width=9", SAMPLE.read_bytes(), {"Content-Type": "image/png"})
            self.assertEqual(status, 200)
        while server.sockets() != before:
            pass
        server.end()


def received_of(server):
    """As its metrics say, without what these cost."""
    text = server.ask("GET", "/metrics")[1].decode()
    if int(re.search(r"^thumbnail_requests_in_flight (\d+)$", text, re.MULTILINE)[1]) < 2:
        return 0
    return int(re.search(r"^thumbnail_received_bytes_total (\d+)$", text, re.MULTILINE)[1])


def answer_of(connection):
    text = b""
    while b"\r\n\r\n" not in text:
        piece = connection.recv(65536)
        if not piece:
            break
        text += piece
    return text


def listeners(port):
    """How many sockets listen there: one of each loop."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(int(line[1].split(":")[1], 16) == port and line[3] == "0A" for line in lines)


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=LONG).close()
        return True
    except (ConnectionRefusedError, ConnectionResetError):
        return False


class Curl(Program):
    def curl(self, *words, **options):
        return run("curl", "--silent", "--show-error", "--max-time", LONG, *words, **options)

    def test_it_gets_thumbnails_in_every_way_it_knows(self):
        server = self.start()
        folder = self.folder()
        url = server.url + "/thumbnail?width=64"
        typed = ("-H", "Content-Type: image/png")
        ways = {
            "with its length": (*typed, "--data-binary", f"@{SAMPLE}"),
            "in chunks": ("-X", "POST", "-T", "-"),
            "in chunks, asking first": ("-X", "POST", "-H", "Expect: 100-continue", "-T", "-"),
            "asking first": (*typed, "-H", "Expect: 100-continue", "--data-binary", f"@{SAMPLE}"),
            "by HTTP/1.0": ("--http1.0", *typed, "--data-binary", f"@{SAMPLE}"),
            "willing to go on with HTTP/2": ("--http2", *typed, "--data-binary", f"@{SAMPLE}"),
        }
        for name, words in ways.items():
            with self.subTest(name):
                file = folder / "thumbnail.png"
                done = self.curl("--fail", *words, "-o", file, url, input=SAMPLE.read_bytes())
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(size_of(file.read_bytes()), (64, 40))
        server.end()

    def test_it_goes_on_with_a_connection(self):
        server = self.start()
        done = self.curl("-w", "%{num_connects} ", "-o", os.devnull, server.url, "-o", os.devnull, server.url)
        self.assertEqual(done.stdout, b"1 0 ")
        server.end()

    def test_it_hears_why_a_body_is_refused(self):
        server = self.start("--max-body", "100000")
        large = self.folder() / "large"
        large.write_bytes(SAMPLE.read_bytes() + bytes(20_000_000))
        for words in (("-X", "POST", "-T", "-"), ("-H", "Content-Type: image/png", "-H", "Expect:", "--data-binary",
                                                  f"@{large}")):
            done = self.curl("-w", "%{http_code}", *words, server.url + "/thumbnail?width=9", input=large.read_bytes())
            self.assertIn(b"send a smaller file.\n413", done.stdout)
        server.end()


class Wrk(Program):
    def test_many_clients_at_once(self):
        server = self.start("--threads", "2")
        tiny = self.folder() / "tiny.png"
        done = run("curl", "--silent", "-H", "Content-Type: image/png", "--data-binary", f"@{SAMPLE}", "-o", tiny,
                   server.url + "/thumbnail?width=40")
        self.assertEqual(done.returncode, 0)
        loads = (("/",), ("-s", HERE / "post.lua", server.url, "--", tiny, "10"))
        for load in loads:
            words = (server.url,) if load == ("/",) else load
            done = run("wrk", "--threads", "1", "--connections", "50", "--duration", "2s", "--timeout", "100s", *words)
            said = done.stdout.decode()
            self.assertEqual(done.returncode, 0, said)
            self.assertNotIn("Non-2xx", said)
            self.assertNotIn("Socket errors", said)
            self.assertGreater(int(re.search(r"(\d+) requests in", said)[1]), 0, said)
        server.end()


class Browser(Program):
    def test_the_page_shows_a_picture_and_its_thumbnail(self):
        server = self.start()
        # --no-sandbox: a container often has no right to make one, and the page is our own.
        done = run("chromium-headless-shell", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder()}",
                   "--virtual-time-budget=60000", "--dump-dom", server.url + "/#draw")
        said = done.stdout.decode()
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertRegex(said, '<body data-done="yes">', said)
        self.assertRegex(said, r'id="sent">640 × 400 pixels, [0-9.]+ KiB<')
        self.assertRegex(said, r'id="got">200 × 125 pixels, [0-9.]+ KiB<')
        self.assertRegex(said, r'role="status" class="">Done in \d+ ms \(decode [0-9.]+ ms, encode [0-9.]+ ms\)<')
        requests = server.ask("GET", "/metrics")[1].decode()
        self.assertIn('thumbnail_requests_total{status="200"} 2\n', requests)
        self.assertIn('thumbnail_requests_total{status="404"} 0\n', requests)  # it needs nothing else
        server.end()

    def test_the_page_says_what_is_wrong(self):
        server = self.start("--max-body", "1000")
        done = run("chromium-headless-shell", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder()}",
                   "--virtual-time-budget=60000", "--dump-dom", server.url + "/#draw")
        self.assertIn('class="wrong">The body is longer than 1000 bytes', done.stdout.decode())
        server.end()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "--verbose", CLASS])
