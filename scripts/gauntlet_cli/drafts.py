"""What of a binding can be written from what its header says: owners, shims, the list of functions. Each draft is compiled once,
and one that does not compile is left out and told."""

import re
import subprocess

from . import inlines

_KINDS = {"inline": "Inline in the header. The shim has a symbol for it.", "macro": "A macro that is a call. The shim has a symbol for it.",
          "on_demand": "The header declares it only for who defines a macro first.", "not_built": "In the header, and not in the library.", "to_do": "To do."}
# Names that the drafted files have themselves.
_TAKEN = {"version", "errc", "error", "name", "detail"}


class Draft:
    def __init__(self, name, header, facts, prefix, flags, before=()):
        self.name, self.facts, self.prefix = name, facts, prefix
        self.header, self._flags, self._before = header, flags, before
        self.refused = []  # (function, why there is no draft)
        self.hidden = self._compiled([self._shim(function) for kind in ("inline", "macro") for function in facts.of_kind(kind)])
        self.guards = [self._guard(jump) for jump in facts.jumps if jump.field or jump.function]
        self.refused += [(jump.what, "it has to do with a jmp_buf, and where to jump to is not plain: write a guard by hand")
                         for jump in facts.jumps if not jump.field and not jump.function]
        self.owners = [owner for owner in map(self._owner, facts.pairs) if owner]
        self.to_do = 0

    @property
    def words(self):
        """For the mould."""
        made = [owner for owner in self.owners if owner["no_arguments"]]
        asked = [{"function": function.name, "text": function.result.pointers == 1} for function in self.facts.versions]
        shims = self.hidden + self.guards
        return {"name": self.name, "NAME": self.name.upper(), "header": self.header, "guard": self.facts.guard,
                "before": [{"file": name} for name in self._before],
                "wrap": not self.facts.for_cpp, "owners": self.owners, "forwards": _forwards(self.owners), "made": made, "asked": asked,
                "linked": self.facts.of_kind("exported")[0].name, "hidden": self.hidden, "guards": self.guards, "shims": bool(shims),
                "shim_forwards": _forwards(shims), "callbacks": [vars(callback) for callback in self.facts.callbacks],
                "jumps": [{"what": jump.what, "guard": self._guard_name(jump)} for jump in self.facts.jumps],
                "first_owner": self.owners[0]["owner"] if self.owners else "", "lends": True,
                "owners_header": f" gauntlet/{self.name}/owners.hpp" if self.owners else "",
                "shim_target": f" gauntlet::shim_{self.name}" if shims else "",
                "owner_tests": "owners_clean_up_once.cpp " if made else "", "shim_tests": "shim_has_symbols.cpp " if shims else ""}

    def coverage(self, exported):
        """For coverage.json: what the owners call is wrapped, all else is to do."""
        wrapped, groups = {}, {}
        for owner in self.owners:
            for function in owner["calls"]:
                wrapped.setdefault(function, []).append(f"{self.name}::{owner['owner']}")
        for function in sorted(self.facts.functions, key=lambda function: function.name):
            if function.name in wrapped:
                continue
            kind = function.kind if function.kind != "exported" else "to_do" if function.name in exported else "not_built"
            instead = f"gauntlet/shim/{self.name}.h" if function.kind != "exported" else ""
            groups.setdefault(kind, {})[function.name] = instead
        known = {function.name for function in self.facts.functions}
        # The preprocessor leaves them out for who does not ask, but the library has them.
        for function in sorted((self.facts.named & exported) - known):
            groups.setdefault("on_demand", {})[function] = "declared where a macro asks for it"
        self.to_do = len(groups.get("to_do", ()))
        return {"library": {"name": self.name, "namespace": self.name, "prefix": self.prefix},
                "wrapped": dict(sorted(wrapped.items())),
                "not_wrapped": {kind: {"reason": reason, "functions": groups[kind]} for kind, reason in _KINDS.items() if kind in groups}}

    def _own(self, function):
        """Its name without the library's."""
        return function[len(self.prefix):] if function.lower().startswith(self.prefix.lower()) else function

    def _shim(self, function):
        symbol = f"gauntlet_{self.name}_{self._own(function.name)}"
        declaration = function.spelled(symbol)
        if not declaration:
            self.refused.append((function.name, "its parameters cannot be said without the header: write a shim by hand"))
            return None
        call = f"{function.name}({', '.join(_passed(word, kind) for word, kind in function.parameters)})"
        answers = str(function.result) != "void"
        result = f"({function.result.spelled()})" if function.result.base.startswith("enum") else ""
        return {"function": function.name, "shim": symbol, "declaration": declaration, "types": _types(function),
                "statement": f"return {result}{call};" if answers else f"{call};"}

    def _compiled(self, shims):
        shims = [shim for shim in shims if shim]
        if self._compiles(shims):
            return shims
        good = [shim for shim in shims if self._compiles([shim])]
        self.refused += [(shim["function"], "a draft of its shim does not compile: write it by hand") for shim in shims if shim not in good]
        return good

    def _compiles(self, shims):
        source = "\n".join([*(f"#include <{name}>" for name in (*self._before, self.header)), "#include <stdbool.h>",
                            *(f"{shim['declaration']}; {shim['declaration']} {{ {shim['statement']} }}" for shim in shims)])
        return subprocess.run([inlines.CLANG, "-x", "c", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-Wshadow",
                               "-Wcast-qual", "-Werror", "-fsyntax-only", *self._flags, "-"], input=source, text=True, capture_output=True,
                              check=False).returncode == 0

    def _guard(self, jump):
        return {"tag": self._own(jump.thing.split()[-1]), "thing": jump.thing, "function": jump.function, "field": jump.field,
                "what": jump.what, "types": [jump.thing]}

    def _guard_name(self, jump):
        known = jump.field or jump.function
        return f"`gauntlet_{self.name}_protect_{self._own(jump.thing.split()[-1])}`" if known else "to do, by hand"

    def _owner(self, pair):
        owner = f"{pair.name}_handle" if pair.name in _TAKEN | {self.name} else pair.name
        block = pair.how == "in place"
        made = pair.make.parameters[0 if pair.how == "answered" else 1:]
        parts = [kind.spelled(word, True) for word, kind in made]
        held = f"{owner}_block" if block else pair.thing.base
        if not pair.make.draftable or None in parts or (not block and pair.thing.base.startswith("anonymous")):
            self.refused.append((pair.make.name, f"with {pair.clean_up.name} it would be an owner, but its types cannot be said without the "
                                 "header: write it by hand"))
            return None
        make, clean_up = (self._called(function) for function in (pair.make, pair.clean_up))
        first = {"answered": [], "put out": ["&made"], "in place": ["&block->value"]}[pair.how]
        arguments = [*first, *(_passed(word, kind, True) for word, kind in made)]
        signature = f"make_{owner}({', '.join(parts)})"
        return {"owner": owner, "held": held, "block": block, "put_out": pair.how == "put out", "thing": str(pair.thing.pointee),
                "make": pair.make.name, "clean_up": clean_up, "call": f"{make}({', '.join(arguments)})",
                "declaration": f"{held}* {signature}", "definition": f"{held}* {signature}", "no_arguments": not made,
                "can_fail": str(pair.make.result) != "void", "good": "true" if pair.make.result.base == "_Bool" else "0",
                "calls": [function.name for function in (pair.make, pair.clean_up) if function.kind == "exported"],
                "types": [*([] if block else [pair.thing.base]), *(kind.base for _, kind in made)]}

    def _called(self, function):
        """What is inline or a macro, only the shim sees."""
        return function.name if function.kind == "exported" else f"gauntlet_{self.name}_{self._own(function.name)}"


def _passed(word, kind, cpp=False):
    if kind.base.partition(" ")[0] not in ("enum", "enumerated") or kind.pointers:
        return word
    return f"static_cast<{kind}>({word})" if cpp else f"({kind}){word}"


def _types(function):
    return [function.result.base, *(kind.base for _, kind in function.parameters)]


def _forwards(drafted):
    """The structs that a header has to name before it uses them."""
    named = dict.fromkeys(kind for draft in drafted for kind in draft["types"] if re.fullmatch(r"(struct|union) \w+", kind))
    return [{"forward": kind} for kind in named]
