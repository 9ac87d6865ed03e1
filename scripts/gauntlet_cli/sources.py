"""Pinned sources: brought from the first origin that answers, and trusted only for their hash."""

import hashlib
import json
import os
import re
import tarfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Optional

from . import settings
from .problem import USAGE, Problem

TABLE = "sanitizers/sources.json"
# Where a source can come from, and what must be known of that beside the hash.
_ORIGINS = {"upstream": ("url",), "debian": ("package", "suite", "file")}


@dataclass(frozen=True, eq=False)
class Source:
    name: str
    version: str
    upstream: Optional[dict]
    debian: Optional[dict]
    cmake: dict
    unpack: tuple
    corpus: Optional[str]
    flat: bool = False
    borrowed: bool = False  # of Gauntlet's own table, by another project

    @property
    def label(self):
        return f"{self.name}-{self.version}"

    @property
    def hashes(self):
        """What its bytes may be: upstream and Debian may pack one version differently."""
        return tuple(origin["sha256"] for origin in (self.upstream, self.debian) if origin)

    @property
    def file_names(self):
        names = [self.upstream["url"].rsplit("/", 1)[-1]] if self.upstream else []
        return names + [self.debian["file"]] if self.debian else names


class Refused(Exception):
    """The bytes are not those that were pinned."""


class Unavailable(Exception):
    """An origin has no answer, and why."""


def load(project):
    """All sources by name. What another project pins itself goes before what Gauntlet has of the same name."""
    found = {}
    for path in tables(project):
        entries = settings.read_object(path).get("sources")
        if not isinstance(entries, dict):
            raise Problem(f"{path} has no object named sources.", USAGE)
        borrowed = bool(project.guest) and path != project.guest.sources
        found.update({name: _source(path, name, entry, borrowed) for name, entry in entries.items()})
    return found


def tables(project):
    """The files that pin its sources."""
    own = [project.guest.sources] if project.guest and project.guest.sources else []
    return [project.home / TABLE, *own]


def _source(path, name, entry, borrowed):
    def must(holds, what):
        if not holds:
            raise Problem(f"{path}: source {name} {what}.", USAGE)

    must(isinstance(entry, dict), "is no JSON object")
    must(isinstance(entry.get("version"), str), "has no version")
    origins = {origin: entry[origin] for origin in _ORIGINS if origin in entry}
    must(origins, f"has no origin: {' or '.join(_ORIGINS)}")
    for origin, told in origins.items():
        must(isinstance(told, dict), f"has an origin, {origin}, that is no JSON object")
        missing = [field for field in _ORIGINS[origin] if not isinstance(told.get(field), str)]
        must(not missing, f"has an origin, {origin}, without {' and '.join(missing)}")
        digest = told.get("sha256")
        must(isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest), f"has an origin, {origin}, without a sha256 of 64 "
             "hexadecimal digits: its bytes could be anything")
    return Source(name=name, version=entry["version"], upstream=entry.get("upstream"), debian=entry.get("debian"),
                  cmake=entry.get("cmake", {}), unpack=tuple(entry.get("unpack", ())), corpus=entry.get("corpus"),
                  flat=entry.get("flat", False), borrowed=borrowed)


class Store:
    """The folder of verified tarballs."""

    def __init__(self, folder, origins, console):
        self.folder = folder
        self.origins = origins
        self.console = console

    def fetch(self, source):
        """Path of the source's tarball, verified now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self._cached(source) or self._fetched(source)

    def _path(self, source, digest):
        return self.folder / f"{source.label}-{digest[:12]}.tarball"

    def _cached(self, source):
        for digest in source.hashes:
            path = self._path(source, digest)
            if path.exists():
                try:
                    _verify(path, source)
                    return path
                except Refused as reason:
                    self.console.warn(f"The cached {source.label} is refused and fetched again: {reason}.")
                    path.unlink()
        return None

    def _fetched(self, source):
        failures = []
        # Only a complete and verified file ever gets a name that a later run looks for.
        partial = self.folder / f".partial-{source.label}"
        for origin in self.origins:
            try:
                with self.console.phase(f"fetch {source.label}") as phase:
                    origin.bring(source, partial, phase)
                    phase.remark = origin.name
                    path = self._path(source, _verify(partial, source))
                    os.replace(partial, path)
                    return path
            except Refused as reason:
                self.console.warn(f"{source.label} from {origin.name} is refused: {reason}.")
                failures.append(f"{origin.name}: refused, {reason}")
            except Unavailable as reason:
                failures.append(f"{origin.name}: {reason}")
            finally:
                with suppress(FileNotFoundError):
                    partial.unlink()
        raise Problem("\n  ".join([f"{source.label} could not be fetched from anywhere:", *failures,
                                   f"Put {' or '.join(source.file_names)} into a folder and name that folder in "
                                   "GAUNTLET_SOURCE_MIRROR."]))


def unpack(archive, folder, parts=(), flat=False):
    """Unpacks without the archive's top folder, unless it is flat; only these parts of it, if any are named."""
    wanted = tuple(f"{part}/" for part in parts)
    with tarfile.open(archive) as tar:
        # Newer Pythons have a filter of their own and want it named; the check below is there for the older ones.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        for member in tar:
            name = member.name if flat else member.name.partition("/")[2]
            if not name or (wanted and not f"{name}/".startswith(wanted)):
                continue
            if not (member.isfile() or member.isdir() or member.issym()) or ".." in name.split("/"):
                raise Problem(f"{archive} has an entry that is not unpacked: {member.name}.")
            member.name = name
            tar.extract(member, folder)


def sync(file):
    """To the disk before a rename makes it trusted: a power cut must not leave a good name on bad bytes."""
    file.flush()
    os.fsync(file.fileno())


def _verify(path, source):
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            found.update(chunk)
    if found.hexdigest() not in source.hashes:
        expected = " or ".join(dict.fromkeys(source.hashes))
        raise Refused(f"expected sha256 {expected}, found {found.hexdigest()} in {path.stat().st_size} bytes")
    return found.hexdigest()
