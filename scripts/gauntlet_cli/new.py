"""Makes a new binding from a C header: green in every lane, with a list of what is left to write."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from . import docs, drafts, header_facts, inlines, lanes, mould, pins, sources
from .problem import FAILED, USAGE, Problem
from .sources import Unavailable
from .tree_edits import Change

_TEMPLATE = "scripts/template"
_FORMAT = "clang-format-19"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RESERVED = set("""alignas and asm auto bool break case catch char class concept const constexpr continue core decltype default delete
    detail do docs double else enum error explicit export extern false final float for friend gauntlet goto if inline int long misuse module
    mutable namespace new not operator or override private protected public register requires return scripts short signed sizeof static std
    struct support switch task template test tests this throw true try typedef typename union unsigned using version virtual void volatile
    while xor""".split())
_BINDING = "gauntlet::{name}::is_at_least"
# What each lane says of the binding's canaries; @ is where the fault is.
_CANARIES = {
    "misuse_of_{name}": {None: "gauntlet::misuse.*read a version of {name}"},
    "heap_overflow_in_{name}_binding": {"asan": "heap-buffer-overflow.* in @", "fuzz": "heap-buffer-overflow.* in @",
                                        "valgrind": "Invalid read of size.*: @"},
    "invalid_bool_in_{name}_binding": {"ubsan": "runtime error: load of value 2.*@", "fuzz": "runtime error: load of value 2.*@"},
    "data_race_in_{name}_binding": {"tsan": "ThreadSanitizer: data race.* @"},
    "uninitialised_branch_in_{name}_binding": {"msan": "use-of-uninitialized-value.* in @",
                                               "valgrind": "depends on uninitialised value.*: @"},
    "lent_memory_read_in_{name}_binding": {"asan": "use-after-poison.* in @.*this memory is lent to an operation of {name}",
                                           "fuzz": "use-after-poison.* in @.*this memory is lent to an operation of {name}",
                                           "tsan": "data race.* @.*an operation of {name}",
                                           "msan": "use-of-uninitialized-value.* in @",
                                           "valgrind": "Invalid read of size.*: @.*buffer lent to an operation of {name}"},
}


def run(project, console, options):
    _check_name(project.root, options.name)
    for tool in (inlines.CLANG, _FORMAT):
        inlines.require(tool, tool)
    package = pins.package(options.pkg_config)
    header = _included(options.header, package)
    flags = inlines.flags_of([], package.name)
    facts = _facts(header, flags, options, package)
    if not facts.of_kind("exported"):
        raise Problem(f"{header} declares no function" + (f" that begins with {options.prefix}: name another --prefix." if options.prefix else
                                                          ": name the header that declares the library's."), USAGE)
    pinned, why = _pinned(package, options.name, project, console)
    draft = drafts.Draft(options.name, header, facts, options.prefix, flags, options.include)
    change = Change(project.root)
    with change:
        _enter(change, project.root, package, draft, pinned, why)
        change.commit()
    print(_told(options.name, package, draft, pinned, why, change))
    return 0


def _check_name(root, name):
    if not _NAME.fullmatch(name) or name in _RESERVED:
        better = "_".join(re.findall(r"[a-z0-9]+", re.sub(r"^[^a-zA-Z]+", "", name).lower()))
        hint = f": say {better}" if better and better != name and better not in _RESERVED and _NAME.fullmatch(better) else ""
        raise Problem(f"'{name}' is no name for a binding, which is a C++ namespace and a folder{hint or ': take another'} (small letters, "
                      "digits and single underscores, a letter first, no word of C++ or of this house).", USAGE)
    for place in ("wrappers", "shims", "tests"):
        if (root / place / name).exists():
            raise Problem(f"{place}/{name} exists already: take another name, or remove it first.", USAGE)
    if any((root / place).exists() for place in (f"cmake/Find{name}.cmake", f"docs/{name}.md", f"tests/fuzz/{name}.cpp")):
        raise Problem(f"Files named {name} exist already in cmake, docs or tests/fuzz: take another name.", USAGE)


def _included(header, package):
    """As it is written between < and >."""
    if not Path(header).is_file():
        return header
    path = Path(header).resolve()
    for folder in sorted((*package.folders, "/usr/include", "/usr/local/include"), key=len, reverse=True):
        if path.is_relative_to(Path(folder).resolve()):
            return str(path.relative_to(Path(folder).resolve()))
    raise Problem(f"{header} is in none of the folders of {package.name} ({', '.join(package.folders)}): name it as it is included.", USAGE)


def _facts(header, flags, options, package):
    try:
        return header_facts.of_header(header, flags, options.prefix, options.include)
    except Problem as problem:
        text = str(problem)
        if text.startswith("There is no "):
            text = f"There is no {header}: neither here nor in the folders of {package.name} ({', '.join(package.folders)})."
        elif "does not parse" in text:
            text += "\nIf it needs another header before it, as stdio.h, name that with --include."
        raise Problem(text, USAGE)


def _pinned(package, name, project, console):
    try:
        return pins.of(package, name, project, console), ""
    except Unavailable as reason:
        return None, str(reason)


def _enter(change, root, package, draft, pinned, why):
    words = {**draft.words, "package": package.name, "version": package.version, "debian": package.debian or "", "pinned": bool(pinned),
             "why": why, "link": package.libraries[0], "link_more": ";".join(package.libraries[1:]),
             "suffixes": _suffixes(package), "get_it": f"On Debian: apt-get install {package.debian}" if package.debian else
             f"It is the package {package.name} of pkg-config"}
    for name, text in mould.cast(root / _TEMPLATE / "files", words).items():
        change.add(name, text)
    for name, fragment in mould.cast(root / _TEMPLATE / "lists", words).items():
        change.insert(name, fragment)
    change.add(f"wrappers/{draft.name}/coverage.json", _as_json(draft.coverage(_exported(package))))
    _enter_lanes(change, draft.name, package, pinned)
    if pinned:
        table = json.loads(change.text(sources.TABLE))
        table["sources"][draft.name] = pinned
        change.rewrite(sources.TABLE, _as_json(table))
    _format(change)
    _write_tables(change, draft.name)


def _suffixes(package):
    below = [folder.rpartition("/include/")[2] for folder in package.folders if "/include/" in folder]
    return f" PATH_SUFFIXES {' '.join(below)}" if below else ""


def _enter_lanes(change, name, package, pinned):
    table = json.loads(change.text(lanes.PRESETS))
    tools = {"sanitizers/recipes/meson": ["meson"], "sanitizers/recipes/configure": ["make"]}
    for preset in table["configurePresets"]:
        if preset["name"] == "lane":
            preset["cacheVariables"] = _with_binding(preset["cacheVariables"], f"GAUNTLET_{name.upper()}")
        vendor = preset.get("vendor", {})
        if "gauntlet-bench" in vendor and package.debian:
            _put(vendor["gauntlet-bench"]["packages"], package.debian)
        lane = vendor.get("gauntlet")
        if lane is None:
            continue
        system = preset["cacheVariables"]["GAUNTLET_DEPENDENCIES"] == "system"
        if pinned and not system:
            lane["sources"].insert(lane["sources"].index("catch2"), name)
            for tool in tools.get(pinned["cmake"].get("lists"), ()):
                _put(lane["packages"], tool)
        elif package.debian:
            _put(lane["packages"], package.debian)
        lane["canaries"].update(_claims(preset["name"], name))
    change.rewrite(lanes.PRESETS, _as_json(table))


def _with_binding(variables, option):
    """Before the options that are no library's."""
    made = {}
    for key, value in variables.items():
        if key == "GAUNTLET_TESTS":
            made[option] = "ON"
        made[key] = value
    return made


def _put(words, word):
    if word not in words:
        words.append(word)


def _claims(lane, name):
    place = _BINDING.format(name=name)
    return {canary.format(name=name): pattern.format(name=name).replace("@", place) for canary, claims in _CANARIES.items()
            for pattern in [claims.get(lane, claims.get(None))] if pattern}


def _exported(package):
    """The names that the system's library has."""
    for folder in (*_folders_of_libraries(package), *_search_path()):
        for ending in (".so", ".a"):
            library = Path(folder, f"lib{package.libraries[0]}{ending}")
            if library.is_file():
                dynamic = ["--dynamic"] if ending == ".so" else []
                said = subprocess.run(["nm", "--defined-only", *dynamic, "--format=posix", library], capture_output=True, text=True,
                                      check=False).stdout
                return {line.split()[0].partition("@")[0] for line in said.splitlines() if line.strip()}
    raise Problem(f"The library of {package.name} is not found (lib{package.libraries[0]}.so or .a): install its -dev package.", USAGE)


def _folders_of_libraries(package):
    said = subprocess.run(["pkg-config", "--libs-only-L", "--keep-system-libs", package.name], capture_output=True, text=True, check=False).stdout
    return [word[2:] for word in said.split()]


def _search_path():
    said = subprocess.run([inlines.CLANG, "-print-search-dirs"], capture_output=True, text=True, check=False).stdout
    line = next((line for line in said.splitlines() if line.startswith("libraries: =")), "libraries: =")
    return line.removeprefix("libraries: =").split(":")


def _format(change):
    shutil.copy(change.root / ".clang-format", change.stage)
    canaries = "sanitizers/canaries/canary.hpp"
    scratch = change.stage / ".canary.hpp"
    scratch.write_text(change.text(canaries), encoding="utf-8")
    files = [change.stage / name for name in change.made if name.endswith((".c", ".h", ".cpp", ".hpp"))]
    done = subprocess.run([_FORMAT, "-i", *files, scratch], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"{_FORMAT} fails: {done.stderr.strip()}", FAILED)
    change.rewrite(canaries, scratch.read_text(encoding="utf-8"))


def _write_tables(change, name):
    """The pages' tables are made from lists that are not in their places yet."""
    page = f"docs/{name}.md"
    coverage = json.loads((change.stage / f"wrappers/{name}/coverage.json").read_text(encoding="utf-8"))
    table = json.loads(change.text(lanes.PRESETS))
    known = lanes.of_presets(change.root, table)
    (change.stage / page).write_text(docs.with_tables((change.stage / page).read_text(encoding="utf-8"), lanes.matrix(known),
                                                      lambda _: coverage), encoding="utf-8")
    change.rewrite("docs/matrix.md", docs.with_tables(change.text("docs/matrix.md"), lanes.matrix(known), lambda _: coverage))


def _as_json(value):
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _told(name, package, draft, pinned, why, change):
    facts = draft.facts
    counts = [(len(facts.of_kind("exported")), "functions"), (len(draft.owners), "owners"), (len(draft.hidden), "functions in the shim"),
              (len(facts.callbacks), "callbacks"), (len(facts.jumps), "places that jump")]
    lines = [f"Made {name} for {package.name} {package.version}: " + ", ".join(f"{count} {what}" for count, what in counts if count) + ".",
             f"{len(change.made)} new files, {len(change.changed)} lists changed (`git status` tells which).", "",
             "Left to do, in this order:"]
    return "\n".join(lines + [f"{number:2}. {step}" for number, step in enumerate(_steps(name, package, draft, pinned, why), 1)])


def _steps(name, package, draft, pinned, why):
    if not pinned:
        yield (f"Pin the source: {why}. Put its version, address and SHA-256 into {sources.TABLE} (docs/new-binding.md says how), name "
               f"{name} in `sources` of the lanes in {lanes.PRESETS}, write gauntlet_require_pinned into cmake/gauntlet_dependencies.cmake "
               f"and let tests/{name} run in msan. Until then its code is not instrumented.")
    yield f"scripts/gauntlet test -R '{name}': green in all lanes, before anything is written."
    for function, reason in draft.refused:
        yield f"{function}: {reason}."
    if draft.facts.macros:
        yield f"Macros that are no call of one function, by hand in shims/{name} if they are needed: {', '.join(draft.facts.macros[:8])}" + (
            f" and {len(draft.facts.macros) - 8} more." if len(draft.facts.macros) > 8 else ".")
    if draft.facts.jumps:
        yield f"Each call that may jump goes through the guard of shims/{name}, and never over a C++ frame."
    if draft.facts.callbacks:
        yield f"Callbacks (docs/{name}.md lists them): a noexcept function behind each, with a callback_boundary."
    for maker, clean_up in draft.facts.other_makers:
        yield f"{maker} makes one, too, that {clean_up} cleans up: give the owner a second way to be made."
    yield f"wrappers/{name}/include/gauntlet/{name}/error.hpp: the library's own errors instead of `failed`."
    yield (f"wrappers/{name}/coverage.json: {draft.to_do} functions are to do. Wrap each under its own name, or give a reason "
           "why not; coverage." + name + " compares.")
    yield "Each function that keeps memory after it has returned: docs/new-binding.md#lending-memory."
    yield f"tests/fuzz/{name}.cpp: a function that reads what strangers send, with real files in tests/fuzz/{name}/ to start from."
    yield f"sanitizers/canaries/{name}.cpp: a fault inside the library itself, as boundary.cpp has them."
    yield f"docs/{name}.md, and `scripts/gauntlet lanes --write-docs` for its tables."
