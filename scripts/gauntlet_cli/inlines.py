"""Lists what a C header has and no library exports: static inline functions and function-like macros. Who binds the
library to another language has to give these symbols of their own."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from .problem import USAGE, Problem

CLANG = "clang-19"
# Headers of Linux libraries hide what is not in C's own standard from who does not ask for it.
_LANGUAGE = ("-x", "c", "-std=gnu17", "-D_GNU_SOURCE")
_MARKER = re.compile(r'# \d+ "(.*)"((?: \d)*)$')
_MACRO = re.compile(r"#(define|undef) (\w+)(\([^)]*\))?")


@dataclass(frozen=True)
class Inline:
    name: str
    signature: str


def run(options):
    found = of_header(options.header, flags_of(options.include, options.pkg_config), options.prefix)
    if options.json:
        print(json.dumps({kind: [asdict(inline) for inline in inlines] for kind, inlines in found.items()}, indent=2))
        return 0
    for kind, inlines in found.items():
        print(f"{len(inlines)} {kind}")
        for inline in inlines:
            print(f"  {inline.signature}")
    return 0


def flags_of(folders, package):
    """What the compiler has to be told to find the header, and those that it includes."""
    flags = [f"-I{folder}" for folder in folders]
    if not package:
        return flags
    require("pkg-config", "pkg-config")
    asked = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise Problem(f"pkg-config knows no package {package}:\n  {asked.stderr.strip()}", USAGE)
    return flags + shlex.split(asked.stdout)


def of_header(header, flags=(), prefix=""):
    """{"functions": [...], "macros": [...]} of a header and of what belongs to it, in their order."""
    parsed = parse(header, flags)
    return {"functions": [inline for inline in _functions(parsed) if inline.name.startswith(prefix)],
            # A library's macros often are its functions' prefix in capitals.
            "macros": [inline for inline, _ in macros(parsed) if inline.name.lower().startswith(prefix.lower())]}


@dataclass(frozen=True)
class Parsed:
    """A header as Clang has read it."""

    text: str  # preprocessed, with its directives
    tree: dict
    own: str  # so begin the paths of all that belongs to it

    @property
    def file(self):
        return f"{self.own}.h"

    def declarations(self):
        """Of the header and of what belongs to it."""
        places = _Places()
        for declaration in self.tree["inner"]:
            place = places.read(declaration.get("loc", {}))
            places.read({key: part for key, part in declaration.items() if key != "loc"})
            if place.startswith(self.own):
                yield declaration


def parse(header, flags=(), before=()):
    """`before`: headers that it needs and does not include."""
    require(CLANG, CLANG)
    source = "".join(f"#include <{name}>\n" for name in before)
    source += f'#include "{Path(header).resolve()}"\n' if Path(header).is_file() else f"#include <{header}>\n"
    text = _clang(source, header, [*flags, "-E", "-dD"])
    tree = json.loads(_clang(source, header, [*flags, "-fsyntax-only", "-Xclang", "-ast-dump=json"]))
    return Parsed(text, tree, _stem(text))


def _clang(source, header, arguments):
    done = subprocess.run([CLANG, *_LANGUAGE, *arguments, "-"], input=source, capture_output=True, text=True, check=False)
    if not done.returncode:
        return done.stdout
    errors = [line for line in done.stderr.splitlines() if "error: " in line]
    first = errors[0] if errors else done.stderr.strip()
    if f"'{header}' file not found" in first:
        raise Problem(f"There is no {header}: it is no file, and clang does not find it. Name its folder with -I, or its "
                      "package with --pkg-config.", USAGE)
    raise Problem(f"{header} does not parse. Clang's first error:\n  {first}")


def require(tool, package):
    if not shutil.which(tool):
        raise Problem(f"{tool} is not installed. This installs it:\n"
                      f"  sudo apt-get update && sudo apt-get install --no-install-recommends {package}", USAGE)


def _stem(text):
    """The header's path without its .h: so begin the paths of all that belongs to it, as liburing/barrier.h and pngconf.h."""
    depth, entered = 0, ""
    for marker in filter(None, map(_MARKER.match, text.splitlines())):
        enters = marker[2].startswith(" 1")
        if enters and depth == 0 and marker[1][0] != "<":
            entered = marker[1]  # the last that the source itself includes
        depth += enters - marker[2].startswith(" 2")
    return str(Path(entered).with_suffix(""))


def macros(parsed):
    """Those with parameters that are defined at the end, each with its body."""
    place, found = "", {}
    for line in parsed.text.splitlines():
        marker, macro = _MARKER.match(line), _MACRO.match(line)
        if marker:
            place = marker[1]
        elif macro and macro[1] == "undef":
            found.pop(macro[2], None)
        elif macro and macro[3] and place.startswith(parsed.own):
            found[macro[2]] = (Inline(macro[2], macro[2] + re.sub(r",\s*", ", ", macro[3])), line[macro.end():].strip())
    return list(found.values())


def _functions(parsed):
    functions = {}
    for declaration in parsed.declarations():
        if is_static_inline(declaration):
            functions[declaration["name"]] = Inline(declaration["name"], _signature(declaration))
    return list(functions.values())


class _Places:
    """Clang names a file only where it is another than in the place that it printed before, wherever that was."""

    def __init__(self):
        self._file = ""

    def read(self, value):
        """Reads on, and answers the file that it ends in."""
        if isinstance(value, dict):
            for key, part in value.items():
                if key == "file":
                    self._file = part
                elif key != "includedFrom":
                    self.read(part)
        elif isinstance(value, list):
            for part in value:
                self.read(part)
        return self._file


def is_static_inline(declaration):
    return (declaration["kind"] == "FunctionDecl" and declaration.get("storageClass") == "static"
            and declaration.get("inline", False)
            and any(part["kind"] == "CompoundStmt" for part in declaration.get("inner", ())))


def _signature(declaration):
    answer = declaration["type"]["qualType"].partition("(")[0].strip()
    parameters = [joined(part["type"]["qualType"], part.get("name", "")) for part in declaration["inner"]
                  if part["kind"] == "ParmVarDecl"]
    return f"{joined(answer, declaration['name'])}({', '.join(parameters) or 'void'})"


def joined(kind, name):
    """A declaration: a pointer to a function has its name inside."""
    if "(*)" in kind:
        return kind.replace("(*)", f"(*{name})", 1)
    return f"{kind}{name}" if kind.endswith("*") or not name else f"{kind} {name}"
