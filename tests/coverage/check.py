"""Compares the list of what the wrapper has of a C library with the library's own lists. What is wrong is printed, then the count."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
from collections import Counter

_EXPORT = re.compile(r"PNG_(?:FP_|FIXED_)?EXPORTA?\(\s*\d+,[^,]*,\s*\(?(\w+)")
_VERSION = re.compile(r'#define PNG_LIBPNG_VER_STRING "([0-9.]+)"')


class Coverage:
    """The functions of coverage.json: name -> the wrapper's names, or None where there is only a reason."""

    def __init__(self, path):
        self.repeated = []
        listed = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=self._unique)
        self.since, self.wrapped, self.kind = {}, {}, {}
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
            self.since[function] = _numbers(entry["since"])
            return entry[key]
        return entry

    def of(self, version):
        """What this version of the library is to have."""
        return {function for function in (*self.wrapped, *self.kind) if self.since.get(function, ()) <= version}

    def among(self, functions, *kinds):
        return {function for function in functions if self.kind.get(function) in kinds}


def _numbers(version):
    return tuple(int(part) for part in version.split("."))


def _symbols(nm, library, *flags):
    """Of a static library or of a shared one, which keeps its own in another table."""
    dynamic = ("--dynamic",) if ".so" in library.name else ()
    said = subprocess.run([nm, *flags, *dynamic, "--format=posix", str(library)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return set(re.findall(r"^(png_\w+)(?:@\S+)? ", said, re.MULTILINE))


def _differences(found, listed, extra, missing):
    return ([f"{name}: {extra}" for name in sorted(found - listed)]
            + [f"{name}: {missing}" for name in sorted(listed - found)])


def check_header(coverage, declared, version):
    mistakes = [f"{function}: is listed more than once" for function in coverage.repeated]
    return mistakes + _differences(declared, coverage.of(version), "is in png.h, but not in coverage.json",
                                   "is in coverage.json, but not in png.h")


def check_library(coverage, declared, library, exported):
    """A static library has symbols of its own beside those of its header."""
    built = declared - coverage.among(declared, "not_built")
    exported = exported if ".so" in library.name else exported & declared
    return _differences(exported, built, "is in the library, but not said to be built",
                        "is said to be built, but is not in the library")


def check_shim(coverage, declared, called):
    listed = declared & coverage.wrapped.keys()
    return _differences(called, listed, "is called by the shim, but not listed as wrapped",
                        "is listed as wrapped, but the shim does not call it")


def check_names(coverage, headers):
    """png::a::b: one header defines a and has the word b; png::a: one header has the word a."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(headers.rglob("*.hpp"))]
    wrapped = sorted(coverage.wrapped.items())
    return ([f"{function}: is wrapped by no name" for function, names in wrapped if not names]
            + [f"{function}: the public headers have no {name}" for function, names in wrapped for name in names
               if not any(_has(text, name) for text in texts)])


def _has(text, name):
    if not re.fullmatch(r"png(::\w+)+", name):
        return False
    *owners, last = name.split("::")[1:]
    return (all(re.search(rf"(?:struct|class) {owner}\b", text) for owner in owners)
            and re.search(rf"\b{last}\b", text) is not None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("coverage", "header", "library", "shim", "include"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--nm", required=True)
    options = parser.parse_args()
    header = options.header.read_text(encoding="utf-8")
    version, declared = _VERSION.search(header)[1], set(_EXPORT.findall(header))
    coverage = Coverage(options.coverage)
    mistakes = [*check_header(coverage, declared, _numbers(version)),
                *check_library(coverage, declared, options.library, _symbols(options.nm, options.library, "--defined-only")),
                *check_shim(coverage, declared, _symbols(options.nm, options.shim, "--undefined-only")),
                *check_names(coverage, options.include)]
    print("\n".join(mistakes), end="\n" if mistakes else "")
    wrapped = sum(function in coverage.wrapped for function in declared)
    reasons = sum(function in coverage.kind for function in declared)
    print(f"libpng {version}: wrapped {wrapped} of {len(declared)}, {reasons} with a reason")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
