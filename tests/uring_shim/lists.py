"""Holds against each other: what the io_uring shim's header declares, what liburing's header has inline (by Clang's
syntax tree), the symbols of the shim's library, and the table that it gives out. What is wrong is printed, a line for each
function, and last the count."""

import argparse
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

from gauntlet_cli import inlines  # noqa: E402

NEWEST = "2.9"  # the version that the shim's list is made from
LEFT_OUT = {"uring_likely": "a hint to the compiler", "uring_unlikely": "a hint to the compiler"}

_ONE_TO_ONE = "/* ---- liburing's inline functions, one to one ---- */"
_MACROS = "/* ---- liburing's macros ---- */"
_DECLARED = re.compile(r"(?:/\* since (\d+\.\d+) \*/\s)?^\w[\w* ]*?\bgauntlet_uring_(\w+)\(", re.MULTILINE)


def declarations(text):
    """name -> the version that it is there since."""
    return {name: since or "2.3" for since, name in _DECLARED.findall(text)}


def one_to_one(text):
    return declarations(text.partition(_ONE_TO_ONE)[2].partition(_MACROS)[0])


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def is_there(since, version):
    return numbers(since) <= numbers(version)


def public(functions):
    """Names without their io_uring_; those with an underscore in front are liburing's own business."""
    return {name[len("io_uring_"):] for name in functions if name.startswith("io_uring_")}


def check_functions(text, functions, version):
    """The header's list against liburing's."""
    listed = one_to_one(text)
    expected = {name for name, since in listed.items() if is_there(since, version)}
    missing = [(name, "is in liburing.h, but not in the shim's header") for name in public(functions) - expected]
    if numbers(version) > numbers(NEWEST):
        missing = []  # it is not claimed that these are had
    return missing + [(name, "is in the shim's header, but not in liburing.h") for name in expected - public(functions)]


def check_macros(text, macros):
    declared = declarations(text).keys()
    names = {name.lower().replace("io_uring_", "") for name in macros if name not in LEFT_OUT}
    return [(name, "is a macro of liburing.h, but not in the shim's header") for name in names - declared]


def check_symbols(text, symbols, version):
    """One step from the ring is there for each version, and answers -ENOSYS."""
    absent = {name for name, since in one_to_one(text).items() if not is_there(since, version)}
    declared = declarations(text).keys() - absent
    return ([(name, "is declared, but not in the library") for name in declared - symbols]
            + [(name, "is in the library, but not declared for this version") for name in symbols - declared])


def check_steps(text):
    """A queue_ for each prep_. io_uring_prep_send_set_addr only adds to a submission that is prepared."""
    declared = declarations(text)
    prepared = {name[len("prep_"):]: since for name, since in one_to_one(text).items() if name.startswith("prep_")}
    del prepared["send_set_addr"]
    queued = {name[len("queue_"):]: since for name, since in declared.items() if name.startswith("queue_")}
    extra = queued.keys() - prepared.keys() - {"send_zc_to", "send_zc_fixed_to"}
    return ([(f"queue_{name}", "is missing") for name in prepared.keys() - queued.keys()]
            + [(f"queue_{name}", "has no prep_ of that name") for name in extra]
            + [(f"queue_{name}", f"is said to be there since {queued[name]}, its prep_ since {since}")
               for name, since in prepared.items() if name in queued and queued[name] != since])


def check_table(text, table, version):
    listed = {f"io_uring_{name} {since} {'there' if is_there(since, version) else 'missing'}"
              for name, since in one_to_one(text).items()}
    return ([(row, "is not in the table") for row in listed - table]
            + [(row, "is in the table, but not in the header") for row in table - listed])


def symbols_of(nm, library):
    said = subprocess.run([nm, "--defined-only", "--extern-only", "--format=posix", str(library)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return set(re.findall(r"^gauntlet_uring_(\w+) ", said, re.MULTILINE))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, text in {"header": "the shim's", "include": "the folder of liburing.h", "version": "liburing's",
                       "library": "the shim's", "table": "the program that prints it", "nm": "the tool"}.items():
        parser.add_argument(f"--{name}", required=True, help=text)
    options = parser.parse_args()
    text = pathlib.Path(options.header).read_text(encoding="utf-8")
    found = inlines.of_header(f"{options.include}/liburing.h", [f"-I{options.include}"])
    functions, macros = ({inline.name for inline in found[kind]} for kind in ("functions", "macros"))
    table = subprocess.run([options.table], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    mistakes = [*check_functions(text, functions, options.version), *check_macros(text, macros),
                *check_symbols(text, symbols_of(options.nm, options.library), options.version), *check_steps(text),
                *check_table(text, set(table), options.version)]
    for name, what in sorted(mistakes):
        print(f"{name}: {what}")
    listed = one_to_one(text)
    there = sum(is_there(since, options.version) for since in listed.values())
    print(f"liburing {options.version}: {there} of its {len(public(functions))} inline functions, of {len(listed)} that "
          f"{NEWEST} has; {len(macros) - len(LEFT_OUT.keys() & macros)} of {len(macros)} macros")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
