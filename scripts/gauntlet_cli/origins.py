"""Where sources come from. Each origin brings a file or raises Unavailable with the reason; none is believed."""

import os
import re
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from . import process
from .sources import Unavailable, sync

_TIMEOUT_SECONDS = 10
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def all_origins(cache):
    return [_mirror(), Upstream(), DebianArchive(cache / "apt")]


def package_origins(cache):
    """Where binary packages come from."""
    return [_mirror(), DebianPackages(cache / "apt-packages")]


def _mirror():
    folder = os.environ.get("GAUNTLET_SOURCE_MIRROR")
    return Mirror(Path(folder) if folder else None)


class Mirror:
    name = "mirror folder"

    def __init__(self, folder):
        self.folder = folder

    def bring(self, source, target, phase):
        if self.folder is None:
            raise Unavailable("GAUNTLET_SOURCE_MIRROR is not set")
        for name in source.file_names:
            if (self.folder / name).is_file():
                _copy(open(self.folder / name, "rb"), target, phase)
                return
        raise Unavailable(f"{self.folder} has no {' or '.join(source.file_names)}")


class Upstream:
    name = "upstream"

    def __init__(self):
        self._unreachable = None

    def bring(self, source, target, phase):
        if not source.upstream:
            raise Unavailable("no archive of upstream's is pinned")
        if self._unreachable:
            raise Unavailable(f"{self._unreachable} (not tried again)")
        try:
            _copy(urllib.request.urlopen(source.upstream["url"], timeout=_TIMEOUT_SECONDS), target, phase)
        except urllib.error.HTTPError as error:
            raise Unavailable(f"{source.upstream['url']} answers {error.code} {error.reason}")
        except OSError as error:
            # No network here: it will not be there for the next source either.
            self._unreachable = f"unreachable, {getattr(error, 'reason', error)}"
            raise Unavailable(self._unreachable)


class DebianArchive:
    """Debian's signed source archive, by apt with a state of its own: the machine's own stays untouched."""

    name = "Debian's source archive"
    _kind = "deb-src"
    _verb = ("source", "--download-only", "--tar-only")

    def __init__(self, state, configuration=Path("/etc/apt")):
        self.state = state
        self.configuration = configuration
        self._updated = set()

    def bring(self, source, target, phase):
        if not source.debian:
            raise Unavailable("Debian has no such package")
        with TemporaryDirectory(dir=target.parent, prefix=".apt-") as folder:
            self.download(source.debian["package"], source.debian["suite"], folder, phase)
            downloaded = Path(folder, source.debian["file"])
            if not downloaded.exists():
                raise Unavailable(f"{source.debian['suite']} now has another version than {source.debian['file']}")
            os.replace(downloaded, target)

    def download(self, package, suite, folder, phase):
        """What the suite has of the package now, into a folder."""
        if not shutil.which("apt-get"):
            raise Unavailable("this machine has no apt-get")
        apt = self._apt(suite)
        if suite not in self._updated:
            phase.update("apt-get update")
            _must(process.run([*apt, "update"], phase))
            self._updated.add(suite)
        phase.update(f"apt-get {self._verb[0]}")
        _must(process.run([*apt, *self._verb, package], phase, cwd=folder))

    def _apt(self, suite):
        """The apt-get command for a suite, with its state prepared."""
        archive = _archive(self.configuration)
        state = self.state / suite
        for folder in ("lists/partial", "cache/archives/partial"):
            (state / folder).mkdir(parents=True, exist_ok=True)
        sources = state / "sources.list"
        sources.write_text(f"{self._kind} [signed-by={archive.keyring}] {archive.uri} {suite} main\n", encoding="utf-8")
        options = {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
                   "Dir::State::Lists": state / "lists", "Dir::Cache": state / "cache",
                   "Acquire::http::Timeout": _TIMEOUT_SECONDS, "Acquire::https::Timeout": _TIMEOUT_SECONDS,
                   # The unprivileged user of apt may not write into this user's cache.
                   "APT::Sandbox::User": ""}
        return ["apt-get", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


class DebianPackages(DebianArchive):
    """Debian's binary packages, downloaded and not installed, in the same way."""

    name = "Debian's package archive"
    _kind = "deb"
    _verb = ("download",)


@dataclass(frozen=True)
class Archive:
    uri: str
    keyring: str


def _archive(configuration):
    """Debian's archive as this machine's apt sources name it (not the security archive: it has few source packages)."""
    for uri, keyring in _entries(configuration):
        # Cloud images name a file with mirrors, .../debian.list, instead of an address.
        if re.search(r"/debian(\.list)?/?$", uri):
            return Archive(uri, keyring if keyring.startswith("/") else _KEYRING)
    raise Unavailable(f"no Debian archive is among the apt sources in {configuration}")


def _entries(configuration):
    """(URI, keyring or "") of each enabled source, from both formats that apt reads."""
    for path in sorted(configuration.glob("sources.list.d/*.sources")):
        for paragraph in re.split(r"\n\s*\n", _text(path)):
            fields = {name.lower(): value.strip()
                      for name, value in re.findall(r"^([\w-]+):((?:.|\n[ \t])*)", paragraph, re.MULTILINE)}
            if fields.get("enabled", "yes").lower() not in ("no", "false"):
                for uri in fields.get("uris", "").split():
                    yield uri, fields.get("signed-by", "")
    for path in [configuration / "sources.list", *sorted(configuration.glob("sources.list.d/*.list"))]:
        if path.exists():
            for options, uri in re.findall(r"^\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)", _text(path), re.MULTILINE):
                keyring = re.search(r"signed-by=(\S+)", options)
                yield uri, keyring[1] if keyring else ""


def _text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def _copy(stream, target, phase):
    with stream, open(target, "wb") as file:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            file.write(chunk)
            phase.update(f"{file.tell() / 1e6:.0f} MB")
        sync(file)


def _must(outcome):
    if outcome.status:
        errors = [line for line in outcome.tail() if line.startswith("E:")] or outcome.tail(1)
        raise Unavailable("apt-get failed, " + " ".join(errors))
