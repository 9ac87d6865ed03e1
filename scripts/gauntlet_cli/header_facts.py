"""What there is to know of a C header before it is bound: its functions, what it hides in inline functions and macros, which
functions make something that others clean up, where it calls back, and whether it jumps."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import inlines

_MAKE = ("new", "create", "alloc", "allocate", "open", "init", "initialize")
_CLEAN_UP = ("free", "destroy", "delete", "close", "end", "deinit", "cleanup", "release", "fini", "term", "terminate",
             "uninit", "dispose", "unref", "decref")
# Kept by name: they mean the same on every machine.
_STANDARD = {"size_t", "uintptr_t", "intptr_t", *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64))}
_ARITHMETIC = {"void", "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "unsigned", "long",
               "unsigned long", "long long", "unsigned long long", "float", "double", "_Bool", "bool"}
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_CALL = re.compile(r"\(*\s*(\w+)\s*\((.*)\)\s*\)*$")
_WORDS = re.compile(r"[A-Z]+[a-z]*|[a-z]+|\d+")
# Who is opened is closed: where two would clean up, or two make, these belong together.
_PARTNERS = {"open": ("close",), "create": ("destroy", "free", "delete"), "new": ("free", "delete", "destroy", "close"),
             "alloc": ("free",), "init": ("deinit", "end", "fini", "cleanup", "close", "destroy", "release", "free")}


@dataclass(frozen=True)
class Type:
    base: str  # "int", "struct thing", "enum kind", "function"; of types without a tag "anonymous thing_t", "enumerated kind_t"
    const: bool = False  # what is at the end of the pointers
    pointers: int = 0

    @property
    def pointee(self):
        return Type(self.base, self.const, self.pointers - 1)

    def spelled(self, name="", cpp=False):
        """For a header that does not include the library's; None if there it cannot be said."""
        kind, _, tag = self.base.partition(" ")
        if kind in ("enum", "enumerated") and not self.pointers:
            text = "int"
        elif kind == "anonymous" and self.pointers == 1:
            text = "void"
        elif kind in ("struct", "union") and tag and self.pointers:
            text = self.base
        elif self.base in _STANDARD:
            text = f"std::{self.base}" if cpp else self.base
        elif self.base in _ARITHMETIC and (self.pointers or self.base != "void" or not name):
            text = "bool" if self.base == "_Bool" else self.base
        else:
            return None
        return " ".join(filter(None, ["const" if self.const else "", text, "*" * self.pointers + name]))

    def __str__(self):
        kind, _, tag = self.base.partition(" ")
        return " ".join(filter(None, ["const" if self.const else "", tag if kind in ("anonymous", "enumerated") else self.base, "*" * self.pointers]))


@dataclass(frozen=True)
class Function:
    name: str
    result: Type
    parameters: tuple  # of (name, Type)
    kind: str = "exported"  # or "inline", "macro"
    draftable: bool = True  # no function comes or goes through it, nor a list of arguments

    def spelled(self, name, cpp=False):
        """A declaration under another name, or None."""
        parts = [kind.spelled(word, cpp) for word, kind in self.parameters]
        result = self.result.spelled("", cpp)
        if not self.draftable or result is None or None in parts:
            return None
        space = "" if result.endswith("*") else " "
        return f"{result}{space}{name}({', '.join(parts) or ('' if cpp else 'void')})"


@dataclass(frozen=True)
class Pair:
    """How a thing is made: "answered", "put out" through the first parameter, or "in place" of the caller's memory."""

    name: str
    thing: Type  # the pointer
    make: Function
    clean_up: Function
    how: str


@dataclass(frozen=True)
class Callback:
    function: str
    type: str


@dataclass(frozen=True)
class Jump:
    """A guard can be written where the library has the place to jump to in a struct (field), or gives it (function)."""

    what: str
    thing: str = ""
    field: str = ""
    function: str = ""


@dataclass(frozen=True)
class Facts:
    header: str
    guard: str  # the macro that keeps it from being read twice, or ""
    for_cpp: bool  # it says extern "C" by itself
    functions: tuple
    versions: tuple  # functions that take nothing and say which version the library has, whatever they begin with
    pairs: tuple
    other_makers: tuple  # of (maker's name, what cleans up)
    macros: tuple  # with parameters, of which no call can be made
    callbacks: tuple
    jumps: tuple
    named: frozenset  # what stands before a bracket in its text, also where the preprocessor leaves it out

    def of_kind(self, kind):
        return tuple(function for function in self.functions if function.kind == kind)


def of_header(header, flags=(), prefix="", before=()):
    parsed = inlines.parse(header, flags, before)
    reader = _Reader(parsed)
    everything = list(dict.fromkeys(map(reader.function, reader.kinds("FunctionDecl"))))
    everything = [function for function in everything if function]
    hiding, others = _macros(parsed, everything)
    functions = tuple(function for function in [*everything, *hiding] if function.name.lower().startswith(prefix.lower()))
    pairs, other_makers = _pairs(functions, prefix, reader.complete)
    text = _text(Path(parsed.file), set())
    guard = re.search(r"^\s*#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\b", text, re.MULTILINE)
    return Facts(header, guard[1] if guard else "", "__cplusplus" in parsed.text + text, functions,
                 tuple(filter(_says_version, everything)), pairs, other_makers,
                 tuple(name for name in others if name.lower().startswith(prefix.lower())), tuple(reader.callbacks()),
                 tuple(reader.jumps()), frozenset(name for name in re.findall(r"\b(\w+)\s*\(", _COMMENT.sub(" ", text))
                                                  if name.startswith(prefix)))


def _text(path, seen):
    """Of a header and those that it brings along from its own folder, as tests/coverage/check.py reads them."""
    if path in seen or not path.is_file():
        return ""
    seen.add(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    return text + "".join(_text(path.parent / name, seen) for name in re.findall(r'^\s*#\s*include "([^"]+)"', text, re.MULTILINE))


class _Reader:
    """Of Clang's tree."""

    def __init__(self, parsed):
        self._own = list(parsed.declarations())
        self._typedefs, self._nameless = {}, set()
        self.complete = set()  # structs whose members are told
        for declaration in parsed.tree["inner"]:
            if declaration["kind"] == "TypedefDecl":
                self._typedefs[declaration["name"]] = declaration["type"]["qualType"]
                if any(part.get("ownedTagDecl", {}).get("name", "-") == "" for part in declaration.get("inner", ())):
                    self._nameless.add(declaration["name"])
                    self.complete.add(f"anonymous {declaration['name']}")
            elif declaration["kind"] == "RecordDecl" and declaration.get("completeDefinition") and declaration.get("name"):
                self.complete.add(f"{declaration['tagUsed']} {declaration['name']}")

    def kinds(self, kind):
        return [declaration for declaration in self._own if declaration["kind"] == kind]

    def type(self, text):
        text = re.sub(r"\b(?:volatile|restrict|__restrict)\b", "", text).strip()
        if "(" in text or "[" in text:
            return Type("function" if "(" in text else "array")
        base, stars, rest = text.partition("*")
        words = base.split()
        const, words = "const" in words, " ".join(word for word in words if word != "const")
        pointers = (stars + rest).count("*")
        if words in _STANDARD or words not in self._typedefs:
            return Type(words, const, pointers)
        if words in self._nameless:
            enumerated = self._typedefs[words].startswith("enum")
            return Type(f"{'enumerated' if enumerated else 'anonymous'} {words}", const, pointers)
        meant = self.type(self._typedefs[words])
        return Type(meant.base, meant.const or (const and not meant.pointers), meant.pointers + pointers)

    def function(self, declaration):
        if declaration.get("storageClass") == "static" and not inlines.is_static_inline(declaration):
            return None
        parameters = [part for part in declaration.get("inner", ()) if part["kind"] == "ParmVarDecl"]
        kinds = [self.type(part["type"]["qualType"]) for part in parameters]
        result = declaration["type"]["qualType"].partition("(")
        draftable = (not declaration.get("variadic") and not result[2].startswith("*")
                     and not any(kind.base in ("function", "array") or "va_list" in kind.base for kind in kinds))
        names = [part.get("name") or f"a{number}" for number, part in enumerate(parameters)]
        return Function(declaration["name"], self.type(result[0]), tuple(zip(names, kinds)),
                        "inline" if inlines.is_static_inline(declaration) else "exported", draftable)

    def callbacks(self):
        """Parameters that are functions which are given a void*."""
        for declaration in self.kinds("FunctionDecl"):
            for part in declaration.get("inner", ()):
                text = part["type"]["qualType"] if part["kind"] == "ParmVarDecl" else ""
                meant = text
                while meant in self._typedefs:
                    meant = self._typedefs[meant]
                if re.search(r"\(\*?\w*\)\(.*\bvoid \*", meant):
                    yield Callback(declaration["name"], text)

    def jumps(self):
        for record in self.kinds("RecordDecl"):
            for field in record.get("inner", ()):
                text = field.get("type", {}).get("qualType", "")
                if field["kind"] == "FieldDecl" and "jmp_buf" in text and record.get("name"):
                    place = field["name"] if text in ("jmp_buf", "sigjmp_buf") else ""
                    yield Jump(f"struct {record['name']}, member {field['name']}", f"{record['tagUsed']} {record['name']}", place)
        for declaration in self.kinds("FunctionDecl"):
            text = declaration["type"]["qualType"]
            if "jmp_buf" not in text and "jmp_buf_tag" not in text:
                continue
            function = self.function(declaration)
            kinds = [kind for _, kind in function.parameters]
            given = (text.startswith("jmp_buf *") and len(kinds) == 3 and kinds[0].pointers == 1 and kinds[1].base == "function"
                     and kinds[2].base == "size_t" and kinds[0].spelled("x"))
            yield Jump(declaration["name"], str(kinds[0].pointee) if given else "", "", declaration["name"] if given else "")


def _says_version(function):
    return ("version" in function.name.lower() and not function.parameters and function.kind == "exported" and function.draftable
            and str(function.result) in ("const char *", "int", "unsigned int", "unsigned", "unsigned long", "long", "size_t"))


def _macros(parsed, functions):
    """Macros that are a call of one function with their own arguments in it, and the names of the other macros."""
    known = {function.name: function for function in functions}
    hiding, others = [], []
    for macro, body in inlines.macros(parsed):
        names = re.findall(r"[\w.]+", macro.signature.partition("(")[2])
        call = _CALL.match(body)
        called = known.get(call[1]) if call and "(" + call[2] + ")" == _balanced(body[body.index("(", call.start(1)):]) else None
        arguments = [argument.strip().strip("()").strip() for argument in _arguments(call[2])] if called else []
        if called and called.draftable and len(arguments) == len(called.parameters) and all(arguments.count(name) == 1 for name in names):
            parameters = tuple((name, called.parameters[arguments.index(name)][1]) for name in names)
            hiding.append(Function(macro.name, called.result, parameters, "macro"))
        else:
            others.append(macro.name)
    return hiding, others


def _balanced(text):
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[:place + 1]
    return text


def _arguments(text):
    depth, parts = 0, [""]
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts if text.strip() else []


def words(name, prefix=""):
    return [word.lower() for word in _WORDS.findall(name[len(prefix):])]


def _pairs(functions, prefix, complete):
    """Each thing once, by its clean-up function; what else makes one is told apart."""
    pairs, others, named = [], [], set()
    for clean_up in functions:
        verbs = [word for word in words(clean_up.name, prefix) if word in _CLEAN_UP]
        kinds = [kind for _, kind in clean_up.parameters]
        if not verbs or len(kinds) != 1 or kinds[0].pointers != 1 or kinds[0].base in _ARITHMETIC or kinds[0].const:
            continue
        stem = [word for word in words(clean_up.name, prefix) if word not in _CLEAN_UP]
        # A macro that makes something is there to be used instead of the function behind it.
        found = sorted((_distance(stem, make, prefix), not _partners(make, clean_up, prefix), make.kind != "macro", make.name, how)
                       for make in functions for how in [_how(make, kinds[0], prefix, complete)] if how)
        # Others are made of what has been made, or fill it.
        found = [entry for entry in found if entry[4] != "in place" or entry[0] == 0]
        if not found or found[0][0]:
            continue
        make = next(function for function in functions if function.name == found[0][3])
        name = "_".join(stem or words(kinds[0].base.split()[-1])) or "thing"
        if name in named:
            others += [(make.name, clean_up.name)]
            continue
        named.add(name)
        pairs.append(Pair(name, kinds[0], make, clean_up, found[0][4]))
        others += [(entry[3], clean_up.name) for entry in found[1:]]
    taken = {pair.make.name for pair in pairs}
    return tuple(pairs), tuple(other for other in others if other[0] not in taken)


def _distance(stem, make, prefix):
    return len(set(stem) ^ {word for word in words(make.name, prefix) if word not in _MAKE})


def _partners(make, clean_up, prefix):
    cleaning = set(words(clean_up.name, prefix))
    return any(cleaning & set(_PARTNERS.get(word, ())) for word in words(make.name, prefix))


def _how(make, thing, prefix, complete):
    if not any(word in _MAKE for word in words(make.name, prefix)):
        return None
    first = make.parameters[0][1] if make.parameters else Type("void")
    if make.result == thing:
        return "answered"
    if first == Type(thing.base, False, 2):
        return "put out"
    if first == thing and thing.base in complete and not make.result.pointers:
        return "in place"
    return None
