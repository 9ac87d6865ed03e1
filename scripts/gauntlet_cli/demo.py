"""Builds the main example, the thumbnail server, and sends it a picture."""

import http.client
import re
import statistics
import struct
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import cmake, setup
from .lanes import choose
from .problem import FAILED, Problem

_EXAMPLE = "thumbnail_server"
_LANE = "release"
_WIDTH = 160
_PATIENCE = 60  # seconds, for an answer
_LOAD_SECONDS = 1
_LOAD_CLIENTS = 4
_PNG_BEGIN = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def run(project, lanes, console, picture=None, width=None, serve=False):
    [lane] = choose(lanes, [_LANE])
    picture = Path(picture) if picture else project.root / "examples" / "thumbnail" / "sample.png"
    try:
        body = picture.read_bytes()
    except OSError as error:
        raise Problem(f"{picture} cannot be read: {error.strerror}.")
    setup.set_up(project, [lane], console)
    for step, target in ((cmake.configure, ()), (cmake.build, (_EXAMPLE,))):
        outcome, _ = step(project, lane, console, *target)
        if outcome.status:
            raise Problem("\n  ".join([f"{_EXAMPLE} cannot be built. The last lines:", *outcome.tail()]))
    file = project.build / "demo" / f"{picture.stem}-thumbnail.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    with server(lane.build / "examples" / _EXAMPLE / _EXAMPLE) as address:
        _show(address, picture, body, width or _WIDTH, file)
        if serve:
            _keep(address)
    print("  server     has ended by itself, with nothing in flight")
    return 0


@dataclass
class Answer:
    status: int
    body: bytes
    timing: str
    seconds: float


@contextmanager
def server(program):
    """Its address, as host and port. It is asked to end, and must."""
    # In a session of its own: Ctrl-C on the terminal is for this process, which then ends the server.
    with subprocess.Popen([program, "--port", "0"], stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            said = re.fullmatch(r"listening on http://(.*):(\d+)\n", process.stdout.readline())
            if not said:
                raise Problem(f"{program} does not begin to listen; its own words are above.")
            yield said[1], int(said[2])
        finally:
            process.terminate()
        if process.wait(_PATIENCE) != 0:
            raise Problem(f"{program} ended with status {process.returncode}.")


def post(connection, body, width):
    start = time.perf_counter()
    connection.request("POST", f"/thumbnail?width={width}", body, {"Content-Type": "image/png"})
    answer = connection.getresponse()
    return Answer(answer.status, answer.read(), answer.getheader("Server-Timing", ""), time.perf_counter() - start)


def checked(answer, picture, body, width):
    """Width and height of the picture and of its thumbnail."""
    if answer.status != 200:
        raise Problem(f"{picture}: {answer.body.decode(errors='replace').strip()} (status {answer.status})", FAILED)
    sent, got = size_of(body), size_of(answer.body)
    if not got or not sent or got[0] != min(width, sent[0]):
        raise Problem(f"The server's answer is not the thumbnail of {width} pixels that it was asked for.")
    return sent, got


def size_of(file):
    """Of a PNG file, as its header says; nothing where there is none."""
    return struct.unpack(">II", file[16:24]) if file.startswith(_PNG_BEGIN) and len(file) >= 24 else None


def _show(address, picture, body, width, file):
    connection = http.client.HTTPConnection(*address, timeout=_PATIENCE)
    answer = post(connection, body, width)
    connection.close()
    sent, got = checked(answer, picture, body, width)
    file.write_bytes(answer.body)
    inside = ", ".join(f"{name} {float(ms):.1f} ms" for name, ms in re.findall(r"(\w+);dur=([\d.]+)", answer.timing))
    print(f"{picture}, over http://{address[0]}:{address[1]}/thumbnail?width={width}")
    print(f"  picture    {sent[0]} x {sent[1]}, {len(body)} bytes")
    print(f"  thumbnail  {got[0]} x {got[1]}, {len(answer.body)} bytes: {file}")
    print(f"  time       {answer.seconds * 1000:.1f} ms ({inside})")
    times = _load(address, body, width)
    if not times:
        raise Problem("The server has answered one request, and none of several at once.")
    print(f"  load       {len(times) / _LOAD_SECONDS:.0f} requests a second by {_LOAD_CLIENTS} clients at once, "
          f"median {statistics.median(times) * 1000:.1f} ms", flush=True)


def _load(address, body, width):
    """How long each request of a short load took."""
    times = []
    end = time.monotonic() + _LOAD_SECONDS

    def client():
        connection = http.client.HTTPConnection(*address, timeout=_PATIENCE)
        while time.monotonic() < end:
            answer = post(connection, body, width)
            if answer.status == 200:
                times.append(answer.seconds)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(_LOAD_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _keep(address):
    print(f"  open       http://{address[0]}:{address[1]}/ in a browser; Ctrl-C ends it", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
