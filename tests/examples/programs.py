"""The example programs as they are, from outside, with clients of other makers: `programs.py [SUITE]`.

The environment says where they are: ECHO, PROXY and CHAT, and a LAUNCHER to run them under. What a sanitizer finds is
an exit status that is not 0."""

import hashlib
import http.server
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

PATIENCE = 300  # seconds, for a tool that is slow


def command(name, *arguments):
    return [*shlex.split(os.environ.get("LAUNCHER", "")), os.environ[name], *arguments]


class Server:
    """A program that listens. `ended` is its exit status, `said` what it wrote to standard error."""

    def __init__(self, name, *arguments, end_by=signal.SIGTERM):
        self.command = command(name, *arguments)
        self.end_by = end_by

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (.*):(\d+)\n", line)
        if not found:
            self.process.kill()
            raise AssertionError(f"{self.command} said {line!r}")
        self.where = (found[1], int(found[2]))
        return self

    def connect(self):
        peer = socket.create_connection(self.where, timeout=PATIENCE)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return peer

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *failure):
        self.process.send_signal(self.end_by)
        self.ended = self.process.wait(PATIENCE)
        self.process.stdout.close()
        said = self.said()
        self.log.close()
        if self.ended != 0 and failure[0] is None:
            raise AssertionError(f"{self.command} ended with {self.ended}:\n{said}")


def read_to_the_end(peer):
    chunks = []
    while chunk := peer.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


def read_until(peer, text):
    come = b""
    while text not in come:
        chunk = peer.recv(65536)
        if not chunk:
            raise AssertionError(f"the stream has ended before {text!r}: {come!r}")
        come += chunk
    return come


class CommandLines(unittest.TestCase):
    def run_program(self, name, *arguments):
        return subprocess.run(command(name, *arguments), capture_output=True, text=True, timeout=PATIENCE)

    def test_help_is_help(self):
        for name in ("PROXY", "CHAT"):
            done = self.run_program(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("usage: " + name.lower(), done.stdout)

    def test_what_is_wrong_is_said_with_status_2(self):
        for arguments in (["PROXY"], ["PROXY", "--upstream", "nothing"], ["PROXY", "--upstream"], ["CHAT", "--queue", "0"],
                          ["CHAT", "--write-timeout", "soon"], ["CHAT", "--bogus", "1"]):
            done = self.run_program(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_a_port_that_is_taken_is_said_with_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = "127.0.0.1:%d" % taken.getsockname()[1]
            for arguments in (["ECHO", where], ["CHAT", "--listen", where]):
                done = self.run_program(*arguments)
                self.assertEqual(done.returncode, 1)
                self.assertIn("address already in use", done.stderr)


class Echo(unittest.TestCase):
    def test_it_ends_clean_with_connections_open(self):
        for end_by in (signal.SIGINT, signal.SIGTERM):
            with Server("ECHO", end_by=end_by) as echo:
                peers = [echo.connect() for _ in range(5)]
                for peer in peers:
                    peer.sendall(b"hello")
                    self.assertEqual(peer.recv(5, socket.MSG_WAITALL), b"hello")
            for peer in peers:
                peer.close()

    def test_a_signal_has_it_say_what_it_waits_for(self):
        with Server("ECHO") as echo:
            with echo.connect() as peer:
                peer.sendall(b"x")
                self.assertEqual(peer.recv(1), b"x")
                echo.process.send_signal(signal.SIGUSR1)
                while "stream::read_some tcp" not in echo.said():
                    self.assertIsNone(echo.process.poll())
                    time.sleep(0.02)
            said = echo.said()
            self.assertIn("awaited by peer, at", said)
            self.assertIn("tcp_listener::accept tcp", said)
            self.assertIn("awaited by server", said)


class Website(http.server.ThreadingHTTPServer):
    """Serves `pages`; takes what is sent to it and answers its hash."""

    daemon_threads = True

    def __init__(self, pages):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(pages[self.path])

            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(hashlib.sha256(body).hexdigest().encode())

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Proxy(unittest.TestCase):
    def test_web_pages_come_through_it(self):
        pages = {"/small": b"a page\n", "/large": os.urandom(3 << 20)}
        with Website(pages) as site, Server("PROXY", "--upstream", "localhost:%d" % site.server_port) as proxy:
            url = "http://%s:%d" % proxy.where
            for path, page in pages.items():
                with urllib.request.urlopen(url + path, timeout=PATIENCE) as answer:
                    self.assertEqual(answer.read(), page)

    @unittest.skipUnless(os.environ.get("LANE") == "dev" or shutil.which("curl"), "curl is set up for the lane dev")
    def test_curl_loads_down_and_up_through_it(self):
        pages = {"/large": os.urandom(2 << 20)}
        with tempfile.TemporaryDirectory() as folder, Website(pages) as site, \
                Server("PROXY", "--upstream", "127.0.0.1:%d" % site.server_port, end_by=signal.SIGINT) as proxy:
            url = "http://%s:%d/large" % proxy.where
            down = Path(folder, "down")
            subprocess.run(["curl", "-sS", "--fail", "--noproxy", "*", "-o", str(down), url], check=True, timeout=PATIENCE)
            self.assertEqual(down.read_bytes(), pages["/large"])
            up = subprocess.run(["curl", "-sS", "--fail", "--noproxy", "*", "-T", str(down), url], check=True,
                                timeout=PATIENCE, capture_output=True)
            self.assertEqual(up.stdout.decode(), hashlib.sha256(pages["/large"]).hexdigest())

    def test_the_end_of_one_direction_is_passed_on(self):
        with socket.create_server(("127.0.0.1", 0)) as upstream, \
                Server("PROXY", "--upstream", "127.0.0.1:%d" % upstream.getsockname()[1]) as proxy, \
                proxy.connect() as client:
            behind, _ = upstream.accept()
            with behind:
                client.sendall(b"question")
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(read_to_the_end(behind), b"question")
                answer = os.urandom(1 << 20)
                sender = threading.Thread(target=lambda: (behind.sendall(answer), behind.shutdown(socket.SHUT_WR)))
                sender.start()
                self.assertEqual(read_to_the_end(client), answer)
                sender.join()

    def test_an_upstream_that_refuses_is_a_reset_and_a_line_on_standard_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with Server("PROXY", "--upstream", "127.0.0.1:%d" % port) as proxy:
            with self.assertRaises(ConnectionResetError), proxy.connect() as client:
                client.recv(1)
            self.assertIn("connection refused", proxy.said())


class Chat(unittest.TestCase):
    def test_lines_go_to_everybody(self):
        with Server("CHAT", "--max-members", "10", end_by=signal.SIGINT) as chat, \
                chat.connect() as alice, chat.connect() as bob:
            alice.sendall(b"alice\n")
            read_until(alice, b"* alice joined\n")
            bob.sendall(b"bob\r\n")
            read_until(alice, b"* bob joined\n")
            read_until(bob, b"* bob joined\n")
            bob.sendall("grüß dich\n".encode())
            for each in (alice, bob):
                read_until(each, "bob: grüß dich\n".encode())
            bob.sendall(b"\xff\n/quit\n")
            self.assertIn(b"! that was not sent", read_to_the_end(bob))
            self.assertEqual(read_until(alice, b"* bob left\n"), b"* bob left\n")

    def test_its_end_is_told(self):
        with Server("CHAT") as chat:
            alice = chat.connect()
            alice.sendall(b"alice\n")
            read_until(alice, b"* alice joined\n")
        with alice:
            self.assertIn(b"the server ends", read_to_the_end(alice))


if __name__ == "__main__":
    unittest.main()
