"""Compares the list of what a wrapper has of a C library with the library's own lists. What is wrong is printed, a line
for each function, and last the count."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
from collections import Counter

_INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*")
_C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_BEFORE_BRACKET = re.compile(r"\b(\w+)\s*\(")
_NO_SYMBOL = ("not_built", "inline", "macro")


class Coverage:
    """A coverage.json: what it says of its library, and function -> the wrapper's names, or the kind of reason."""

    def __init__(self, path):
        self.repeated = []
        listed = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=self._unique)
        library = listed["library"]
        self.library, self.prefix = library["name"], library["prefix"]
        # In C++, where it is not the prefix.
        self.namespace = library.get("namespace", self.prefix.rstrip("_"))
        # The first group is a name, or a part of the version.
        self.declaration = re.compile(library["declaration"]) if "declaration" in library else None
        self.version = re.compile(library["version"]) if "version" in library else None
        # Functions that are in the header only, and the symbols that a shim gives them: shim's prefix -> library's.
        self.inline = re.compile(library["inline"]) if "inline" in library else None
        self.shim = library.get("shim", {})
        # The same, of those that the shim has inline, which leave no symbol in who calls them.
        self.inline_shim = library.get("inline_shim", {})
        self.since, self.built_since, self.wrapped, self.kind = {}, {}, {}, {}
        for function, entry in listed["wrapped"].items():
            self.wrapped[function] = self._entry(function, entry, "names")
        for kind, group in listed["not_wrapped"].items():
            for function, entry in group["functions"].items():
                self._entry(function, entry, "instead")
                if function in self.wrapped or function in self.kind:
                    self.repeated.append(function)
                self.kind[function] = kind

    def _unique(self, pairs):
        self.repeated += [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        return dict(pairs)

    def _entry(self, function, entry, key):
        if isinstance(entry, dict):
            self.since[function] = _numbers(entry.get("since", "0"))
            self.built_since[function] = _numbers(entry.get("built_since", "0"))
            return entry[key]
        return entry

    def declared(self, header, exported):
        """What a header declares. Without a pattern for it: the names before a bracket that the library exports, or that are
        listed, as inline functions and macros are."""
        if self.declaration:
            return set(self.declaration.findall(header))
        return set(_BEFORE_BRACKET.findall(_C_COMMENT.sub(" ", header))) & (exported | self.wrapped.keys() | self.kind.keys())

    def of(self, version):
        """What this version of the library is to have."""
        if not version:
            return {*self.wrapped, *self.kind}
        return {function for function in (*self.wrapped, *self.kind) if self.since.get(function, ()) <= _numbers(version)}

    def built(self, functions, version):
        """What this version of the library is to have a symbol of: some were forgotten there first."""
        return {function for function in functions if self.kind.get(function) not in _NO_SYMBOL
                and (not version or self.built_since.get(function, ()) <= _numbers(version))}

    def inlined(self, header):
        """By the pattern, or by the kind of reason."""
        found = set(self.inline.findall(header)) if self.inline else set()
        return found | {function for function, kind in self.kind.items() if kind == "inline"}

    def symbols(self, nm, library, *flags):
        """Of a static library or of a shared one, which keeps its own in another table."""
        prefixes = {self.prefix: self.prefix, **self.shim}
        dynamic = ("--dynamic",) if ".so" in library.name else ()
        said = subprocess.run([nm, *flags, *dynamic, "--format=posix", str(library)], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        found = re.findall(rf"^({'|'.join(prefixes)})(\w+)(?:@\S+)? ", said, re.MULTILINE)
        return {prefixes[prefix] + rest for prefix, rest in found}

    def inline_calls(self, sources):
        """By the sources in a folder."""
        if not self.inline_shim:
            return set()
        text = "".join(_COMMENT.sub("", path.read_text(encoding="utf-8")) for path in sources.rglob("*.[ch]pp"))
        found = re.findall(rf"\b({'|'.join(self.inline_shim)})(\w+)\(", text)
        return {self.inline_shim[prefix] + rest for prefix, rest in found}


def _numbers(version):
    return tuple(int(part) for part in version.split("."))


def read_header(path, seen=None):
    """The text of a header and of those that it brings along from its own folder."""
    seen = set() if seen is None else seen
    if path in seen or not path.is_file():
        return ""
    seen.add(path)
    text = path.read_text(encoding="utf-8")
    return text + "".join(read_header(path.parent / name, seen) for name in _INCLUDE.findall(text))


def _differences(found, listed, extra, missing):
    """What is wrong, as all checks say it: (function, sentence)."""
    return [*((name, extra) for name in found - listed), *((name, missing) for name in listed - found)]


def check_header(coverage, declared, version):
    repeated = [(function, "is listed more than once") for function in coverage.repeated]
    return repeated + _differences(declared, coverage.of(version), "is in the header, but not in coverage.json",
                                   "is in coverage.json, but not in the header")


def check_library(coverage, declared, version, library, exported, inline):
    """A static library has symbols of its own beside those of its header; of inline functions it may have some."""
    built = coverage.built(declared, version) - inline
    exported = exported - inline
    exported = exported if ".so" in library.name and coverage.declaration else exported & declared
    return _differences(exported, built, "is in the library, but not said to be built",
                        "is said to be built, but is not in the library")


def check_calls(coverage, declared, called):
    listed = declared & coverage.wrapped.keys()
    called = called if coverage.declaration and not coverage.shim else called & declared
    return _differences(called, listed, "is called, but not listed as wrapped", "is listed as wrapped, but is not called")


def check_names(coverage, headers):
    """png::a::b: one header defines a and has the word b; png::a: one header has the word a. A comment has no words."""
    texts = [_COMMENT.sub("", path.read_text(encoding="utf-8")) for path in sorted(headers.rglob("*.hpp"))]
    return ([(function, "is wrapped by no name") for function, names in coverage.wrapped.items() if not names]
            + [(function, f"the public headers have no {name}") for function, names in coverage.wrapped.items()
               for name in names if not any(_has(text, coverage.namespace, name) for text in texts)])


def _has(text, namespace, name):
    if not re.fullmatch(rf"{namespace}(::\w+)+", name):
        return False
    *owners, last = name.split("::")[1:]
    return (all(re.search(rf"\b(?:struct|class|namespace) (?:\[\[\w+\]\] )?(?:\w+::)*{owner}\b(?!;)", text) for owner in owners)
            and re.search(rf"\b{last}\b", text) is not None)


def by_function(mistakes):
    """A line for each function, sorted."""
    functions = sorted({function for function, _ in mistakes})
    return [f"{function}: {'; '.join(what for name, what in mistakes if name == function)}" for function in functions]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, text in {"coverage": "the list", "header": "the C library's", "library": "the C library itself",
                       "include": "the wrapper's public headers", "source": "its sources"}.items():
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True, help=text)
    parser.add_argument("--caller", type=pathlib.Path, required=True, nargs="+", help="the libraries of ours that call it")
    parser.add_argument("--version", help="of the library, where its header does not say it")
    parser.add_argument("--nm", required=True)
    options = parser.parse_args()
    coverage = Coverage(options.coverage)
    header = read_header(options.header)
    exported = coverage.symbols(options.nm, options.library, "--defined-only")
    version = (".".join(coverage.version.findall(header)) if coverage.version else "") or options.version or ""
    declared = coverage.declared(header, exported)
    called = set().union(*(coverage.symbols(options.nm, caller, "--undefined-only") for caller in options.caller))
    called |= coverage.inline_calls(options.source)
    mistakes = [*check_header(coverage, declared, version),
                *check_library(coverage, declared, version, options.library, exported, coverage.inlined(header)),
                *check_calls(coverage, declared, called),
                *check_names(coverage, options.include)]
    for line in by_function(mistakes):
        print(line)
    wrapped = sum(function in coverage.wrapped for function in declared)
    reasons = sum(function in coverage.kind for function in declared)
    print(f"{f'{coverage.library} {version}'.strip()}: wrapped {wrapped} of {len(declared)}, {reasons} with a reason")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
