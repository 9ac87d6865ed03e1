import http.client
import http.server
import struct
import sys
import threading
import unittest
from pathlib import Path

import support
from gauntlet_cli import demo
from gauntlet_cli.problem import Problem

PICTURE = Path("photo.png")


def png(width, height):
    """As much of one as is looked at."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + bytes(9)


def answer(status, body):
    return demo.Answer(status, body, "", 0.0)


class Checked(unittest.TestCase):
    def test_sizes_come_from_the_headers(self):
        self.assertEqual(demo.checked(answer(200, png(160, 100)), PICTURE, png(960, 600), 160),
                         ((960, 600), (160, 100)))

    def test_a_small_picture_stays_as_it_is(self):
        self.assertEqual(demo.checked(answer(200, png(9, 7)), PICTURE, png(9, 7), 160)[1], (9, 7))

    def test_a_refused_picture_ends_with_the_servers_sentence(self):
        with self.assertRaisesRegex(Problem, r"photo\.png: Send a PNG file\. \(status 415\)") as caught:
            demo.checked(answer(415, b"Send a PNG file.\n"), PICTURE, b"GIF", 160)
        self.assertEqual(caught.exception.status, 1)

    def test_another_width_or_no_png_is_no_thumbnail(self):
        for body in (png(161, 100), b"hello", b"", png(160, 100)[:20]):
            with self.assertRaisesRegex(Problem, "not the thumbnail"):
                demo.checked(answer(200, body), PICTURE, png(960, 600), 160)


class Server(support.InFolder):
    def program(self, text):
        file = self.folder / "server"
        file.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        file.chmod(0o755)
        return file

    def test_it_is_asked_to_end(self):
        program = self.program("import signal, sys, time\n"
                               "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
                               "print('listening on http://127.0.0.1:4711', flush=True)\n"
                               "time.sleep(1000)\n")
        with demo.server(program) as address:
            self.assertEqual(address, ("127.0.0.1", 4711))

    def test_one_that_does_not_listen_is_a_problem(self):
        with self.assertRaisesRegex(Problem, "does not begin to listen"):
            with demo.server(self.program("import sys; sys.exit(1)\n")):
                self.fail("it does not listen")

    def test_one_that_does_not_end_well_is_a_problem(self):
        program = self.program("import time\n"
                               "print('listening on http://127.0.0.1:4711', flush=True)\n"
                               "time.sleep(1000)\n")
        with self.assertRaisesRegex(Problem, "ended with status -15"):
            with demo.server(program):
                pass


class Post(unittest.TestCase):
    def test_the_picture_is_the_body(self):
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append((self.path, self.headers["Content-Type"],
                             self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Server-Timing", "decode;dur=1.5")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            connection = http.client.HTTPConnection(*server.server_address, timeout=60)
            got = demo.post(connection, b"bytes", 7)
            connection.close()
            thread.join()
        self.assertEqual(seen, [("/thumbnail?width=7", "image/png", b"bytes")])
        self.assertEqual((got.status, got.body, got.timing), (200, b"ok", "decode;dur=1.5"))
