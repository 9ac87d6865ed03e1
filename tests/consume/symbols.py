"""What the shared libraries show to the loader."""

import re

from workshop import expect

# Made by the compiler in every library that uses the template or the type, and merged by the loader.
_OF_THE_STANDARD_LIBRARY = re.compile(r"^(std::|__gnu_cxx::|void std::|.* std::|operator |void \(\*)")
_MADE_OF_A_CLASS = re.compile(r"^(?:vtable for|typeinfo for|typeinfo name for|VTT for|construction vtable for|guard variable for|"
                              r"TLS init function for|TLS wrapper function for|(?:non-)?virtual thunk to) ")


_NAMESPACES = ("gauntlet", "detail", "png", "uv", "uring", "llhttp", "fs", "os", "this_task")


def exported_symbols(shop):
    """Strong symbols are what a public header of the library declares, or belong to a class that it names; the rest is
    vague linkage. Of the C libraries there is none, not even of those that are linked in as archives."""
    prefix = shop.installed_shared()
    words = set(re.findall(r"\w+", "".join(path.read_text(encoding="utf-8") for path in (prefix / "include").rglob("*.h*"))))
    libraries = sorted(prefix.glob("**/libgauntlet_*.so"))
    expect(len(libraries) == 7, f"there are {len(libraries)} libraries")
    for library in libraries:
        said = shop.run("nm", "--dynamic", "--defined-only", "--demangle", library).stdout
        kinds_and_names = [line.split(" ", 2)[1:] for line in said.splitlines()]
        expect(len(kinds_and_names) > 30, f"{library.name} exports next to nothing")
        for kind, name in kinds_and_names:
            expect(_is_public(kind, name, words), f"{library.name} exports {kind} {name}")


def _is_public(kind, name, words):
    plain = _MADE_OF_A_CLASS.sub("", name)
    if kind in "WVu":  # vague linkage
        return "gauntlet::" in plain or _OF_THE_STANDARD_LIBRARY.match(plain) is not None
    if plain.startswith("gauntlet_"):
        return plain in words
    if not plain.startswith("gauntlet::"):
        return False
    parts = re.sub(r"\[abi:\w+\]", "", re.split(r"[(<]", plain)[0]).split("::")
    declared = next((part for part in parts if part not in _NAMESPACES), "")  # itself, or its class
    return declared in words or declared.startswith("operator")


def sonames(shop):
    """The loader takes no other ABI for ours: while the version is 0.x, each minor version is one."""
    for library in sorted(shop.installed_shared().glob("**/libgauntlet_*.so")):
        dynamic = shop.run("readelf", "--dynamic", "--wide", library).stdout
        expect(f"soname: [{library.name}.0.1]" in dynamic, f"{library.name} has another soname:\n{dynamic}")
        for needed in re.findall(r"NEEDED.*\[(libgauntlet_[^]]*)\]", dynamic):
            expect(needed.endswith(".so.0.1"), f"{library.name} asks for {needed}")
