"""Makes lanes ready to configure: tools, sources, prefixes, and the file that names them to the toolchain."""

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager

from . import origins, preflight, prefixes, sources


def set_up(project, lanes, console):
    preflight.check(project, lanes, console)
    prepare(project, lanes, console)


def check(project, lanes):
    """What is wrong in the tables is said before anything is installed, fetched or built."""
    pinned = sources.load(project)
    for lane in lanes:
        prefixes.of_lane(project, lane, pinned).check()


def prepare(project, lanes, console):
    """Brings and builds what is missing, and is quick when nothing is."""
    pinned = sources.load(project)
    corpora = {source: _corpus_folder(project, source) for source in _with_corpus(pinned)}
    wanted = {lane: prefixes.of_lane(project, lane, pinned) for lane in lanes}
    project.setup.mkdir(parents=True, exist_ok=True)
    ready = all(prefix.complete for prefix in wanted.values()) and all(path.exists() for path in corpora.values())
    if not ready:
        with lock(project.cache, console):
            store = sources.Store(project.cache / "sources", origins.all_origins(project.cache), console)
            for source, folder in corpora.items():
                _unpack_corpus(source, folder, store)
            for prefix in wanted.values():
                prefixes.build(prefix, store, console, logs=project.setup)
    for lane, prefix in wanted.items():
        _tell_toolchain(project, lane, prefix, corpora)


def corpora(project):
    """Where prepare() puts the files that tests and fuzzing start from."""
    return [_corpus_folder(project, source) / source.corpus for source in _with_corpus(sources.load(project))]


def key(project, lanes):
    """One word for all that prepare() brings and builds for these lanes: it changes when any of it would."""
    pinned = sources.load(project)
    parts = [prefixes.of_lane(project, lane, pinned).key for lane in lanes]
    parts += [source.hashes for source in _with_corpus(pinned)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@contextmanager
def lock(cache, console):
    """One set-up at a time changes the cache. The kernel releases the lock of a process that dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say("Another set-up is at work in this cache; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _with_corpus(pinned):
    return [source for source in pinned.values() if source.corpus and not source.borrowed]


def _corpus_folder(project, source):
    return project.cache / "corpus" / f"{source.label}-{source.hashes[-1][:12]}"


def _unpack_corpus(source, folder, store):
    if folder.exists():
        return
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    sources.unpack(store.fetch(source), partial, [source.corpus], source.flat)
    os.replace(partial, folder)


def _tell_toolchain(project, lane, prefix, corpora):
    inputs = dict.fromkeys([*sources.tables(project), *prefix.inputs])
    hashes = [f"{path}={prefixes.file_hash(path)}" for path in inputs]
    text = "# Written by scripts/gauntlet setup.\n" + prefixes.setup_script(
        GAUNTLET_PREFIX=prefix.path,
        GAUNTLET_LIBCXX=prefix.libcxx.path if prefix.libcxx else "",
        GAUNTLET_CORPUS=";".join(str(folder / source.corpus) for source, folder in corpora.items()),
        GAUNTLET_SETUP_INPUTS=";".join(hashes))
    file = project.setup / f"{lane.name}.cmake"
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    file.write_text(text, encoding="utf-8")
    # CMake takes flags and found libraries from a toolchain only once: what an older set-up configured is stale.
    (lane.build / "CMakeCache.txt").unlink(missing_ok=True)
    shutil.rmtree(lane.build / "CMakeFiles", ignore_errors=True)
