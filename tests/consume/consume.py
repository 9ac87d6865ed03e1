"""Takes Gauntlet as a stranger would, and checks what that stranger gets. One test per call: see tests/consume/CMakeLists.txt."""

import argparse
import os
import pathlib
import re
import shutil
import sys
import tarfile

import packages
import symbols
from workshop import ALL, CPP, SHIMS, SKIPPED, SOURCES, Failed, Lacking, Workshop, expect, find, require


# ---- find_package

def installed_static(shop):
    take(shop, shop.installed_static(), ALL)


def installed_shared(shop):
    """By strangers who hide all of theirs: exceptions and the state of inline functions are one with the library's."""
    hidden = ["-DCMAKE_CXX_VISIBILITY_PRESET=hidden", "-DCMAKE_VISIBILITY_INLINES_HIDDEN=ON"]
    take(shop, shop.installed_shared(), ALL, *hidden, leaks=False)
    shown = shop.run("nm", "--dynamic", "--demangle", shop.build / "core").stdout
    expect("typeinfo for gauntlet::misuse" in shown, f"the program has a gauntlet::misuse of its own:\n{shown}")


def build_tree(shop):
    """The lane's own, not installed, and with the lines that docs/linking.md shows."""
    shop.write_shown("Installed", "png")
    shop.configure(prefix=shop.options.build)
    shop.build_programs("my_program")
    shop.check_program("png", "my_program")
    shop.check_nothing_leaks()


def take(shop, prefix, components, *options, leaks=True):
    shop.write_project(find(*components), *components)
    shop.configure(*options, prefix=prefix)
    shop.build_programs(*components)
    for component in components:
        shop.check_program(component)
    if leaks:
        shop.check_nothing_leaks()


def missing_component(shop):
    prefix = copy_of(shop, shop.installed_static())
    (prefix / "lib/cmake/gauntlet/gauntlet_uring_targets.cmake").unlink()  # as if it had been left out
    shop.write_project(find("png", "tiff", "uring"))
    said = refused(shop, prefix)
    # Those of what `scripts/gauntlet new` has added, too.
    there = ", ".join(sorted(path.name[len("gauntlet_"):-len("_targets.cmake")] for path in prefix.rglob("gauntlet_*_targets.cmake")))
    expect({"core", "llhttp", "png", "shim_png", "shim_uring", "uv"} <= set(there.split(", ")), f"the install has {there}")
    for words in (f"Gauntlet has no component tiff: there are {there}.",
                  f"The component uring was not built or is not installed: there are {there}. "
                  "To have it, build and install Gauntlet with -DGAUNTLET_URING=ON, or install the package libgauntlet-uring-dev."):
        expect(words in said, f"CMake did not say: {words}\nbut:\n{said}")


def missing_library(shop):
    """Where the C library is not installed, the stranger is told how to get it; who does not need it is not asked for it."""
    prefix = shop.installed_static()
    shop.write_project(f'set(UV_INCLUDE_DIR "") # as if the search had found nothing\n{find("png")}\n{find("uv")}')
    said = refused(shop, prefix)
    words = ("The component uv needs the C library uv 1.44.2 or newer, which was not found. On Debian: apt-get install libuv1-dev")
    expect(words in said, f"CMake said:\n{said}")
    expect("CMakeLists.txt:5" in said, f"not the search for uv failed:\n{said}")


def optional_component(shop):
    shop.write_project("find_package(gauntlet 0.1 REQUIRED COMPONENTS png OPTIONAL_COMPONENTS tiff)\n"
                       'message(STATUS "png ${gauntlet_png_FOUND}, tiff ${gauntlet_tiff_FOUND}, modules \'${CMAKE_MODULE_PATH}\'")')
    said = shop.configure(prefix=shop.installed_static()).stdout
    expect("png TRUE, tiff FALSE, modules ''" in said, f"CMake said:\n{said}")


def wrong_version(shop):
    shop.write_project(find("png", version="0.2"))
    said = refused(shop, shop.installed_static())
    expect("version: 0.1.0" in said, f"CMake said:\n{said}")


def refused(shop, prefix):
    said = shop.configure(prefix=prefix, must_succeed=False)
    expect(said.returncode != 0, "CMake found it all the same")
    return " ".join(said.stdout.split())


# ---- pkg-config. From another place than it was installed to: nothing in it says where it is.

def pkg_config_static(shop):
    by_pkg_config(shop, copy_of(shop, shop.installed_static()))


def pkg_config_shared(shop):
    by_pkg_config(shop, copy_of(shop, shop.installed_shared()))


def by_pkg_config(shop, prefix, components=ALL):
    require("pkg-config")
    shop.build.mkdir()
    library_folder = next(prefix.glob("**/pkgconfig")).parent
    running = {"LD_LIBRARY_PATH": str(library_folder)}
    for component in components:
        flags = pkg_config(shop, library_folder, "--cflags", "--libs", component)
        static = pkg_config(shop, library_folder, "--static", "--cflags", "--libs", component)
        expect(set(flags) <= set(static), f"--static leaves out {sorted(set(flags) - set(static))}")
        compiler = [shop.options.cxx_compiler, "-std=c++23"] if component in CPP else [shop.options.c_compiler, "-std=c17"]
        program = shop.build / component
        shop.run(*launcher(shop), *compiler, "-c", SOURCES[component], *(flag for flag in flags if flag.startswith("-I")),
                 "-o", f"{program}.o")
        shop.run(compiler[0], f"{program}.o", *flags, "-o", program, LIBRARY_PATH=str(shop.options.llhttp_prefix / "lib"))
        shop.check_program(component, **running)


def pkg_config(shop, library_folder, *words):
    *options, component = words
    said = shop.run("pkg-config", *options, f"gauntlet-{component.replace('_', '-')}",
                    PKG_CONFIG_PATH=str(library_folder / "pkgconfig"))
    return said.stdout.split()


def launcher(shop):
    return [shop.options.launcher] if shop.options.launcher else []


def copy_of(shop, prefix):
    return pathlib.Path(shutil.copytree(prefix, shop.folder / "moved", symlinks=True))


# ---- Rust

def rust_static(shop):
    by_cargo(shop, shop.installed_static())


def rust_shared(shop):
    by_cargo(shop, shop.installed_shared())


def by_cargo(shop, prefix):
    require("cargo", "pkg-config")
    library_folder = next(prefix.glob("**/pkgconfig")).parent
    flags = [flag for shim in SHIMS for flag in pkg_config(shop, library_folder, "--libs", shim)]
    shop.run("cargo", "build", "--offline", "--quiet", "--manifest-path", pathlib.Path(__file__).parent / "rust/Cargo.toml",
             "--target-dir", shop.build, RUSTFLAGS=" ".join(f"-Clink-arg={flag}" for flag in flags))
    done = shop.run(shop.build / "debug/consumer", shop.options.sample, must_succeed=False, LD_LIBRARY_PATH=str(library_folder))
    if done.returncode == SKIPPED:
        shop.no_io_uring = True
        return
    size, error, completed = done.stdout.splitlines()
    expect((size, completed) == ("32 x 32", "completed 42") and "ends inside the file" in error, f"it said {done.stdout!r}")


# ---- as a part of the stranger's own project

def subdirectory(shop):
    shop.write_shown("As a folder of yours", "png")
    (shop.project / "gauntlet").symlink_to(shop.options.source)
    shop.configure("-DGAUNTLET_UV=OFF")
    shop.build_programs("my_program")
    shop.check_program("png", "my_program")
    check_guest(shop)


def fetch_content(shop):
    """From an archive of the sources, as a stranger downloads one."""
    archive = shop.folder / "gauntlet.tar"
    with tarfile.open(archive, "w") as tar:
        for name in ("CMakeLists.txt", "LICENSE", "cmake", "shims", "wrappers"):
            tar.add(shop.options.source / name, f"gauntlet/{name}")
    shop.write_shown("FetchContent", "core", ("https://example.org/gauntlet.tar", archive))
    shop.configure("-DGAUNTLET_PNG=OFF", "-DGAUNTLET_UV=OFF")
    shop.build_programs("my_program")
    shop.check_program("core", "my_program")
    check_guest(shop)


def check_guest(shop):
    """Gauntlet adds nothing to the stranger's project but its libraries."""
    shop.check_nothing_leaks()
    cache = (shop.build / "CMakeCache.txt").read_text(encoding="utf-8")
    for option in ("TESTS", "EXAMPLES", "INSTALL"):
        expect(f"GAUNTLET_{option}:BOOL=OFF" in cache, f"GAUNTLET_{option} is not off")
    targets = shop.run(shop.options.cmake, "--build", shop.build, "--target", "help").stdout
    for target in ("test_", "canary", "thumbnail", "package"):
        expect(not re.search(rf"^{target}", targets, re.MULTILINE), f"the consumer has the target {target}")
    shop.run(shop.options.cmake, "--build", shop.build, "--parallel", "2")
    shop.run(shop.options.cmake, "--install", shop.build, "--prefix", shop.folder / "prefix")
    expect(not (shop.folder / "prefix").exists(), "the consumer's install step installs Gauntlet")


# ---- what is installed

def installed_is_complete(shop):
    """Every public header that tests/headers checks, no other, and no file that belongs to this build tree."""
    prefix = shop.installed_static()
    found = {path.relative_to(prefix / "include").as_posix() for path in (prefix / "include").rglob("*") if path.is_file()}
    listed = set(shop.options.headers.read_text(encoding="utf-8").split())
    expect(found == listed, f"installed, but not checked by tests/headers: {sorted(found - listed)}; "
                            f"checked, but not installed: {sorted(listed - found)}")
    for path in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc")]:
        text = path.read_text(encoding="utf-8")
        for place in (shop.options.source, shop.options.build, prefix):
            expect(str(place) not in text, f"{path.name} names {place}")
        expect("gauntlet_own_code" not in text, f"{path.name} names gauntlet_own_code, which is not installed")


def headers_without_libraries(shop):
    """Where the C libraries' own headers are a trap, the installed headers do not step into it."""
    include = shop.installed_static() / "include"
    trap = shop.folder / "trap"
    for name in ("png.h", "pngconf.h", "pnglibconf.h", "zlib.h", "zconf.h", "setjmp.h", "uv.h", "llhttp.h", "liburing.h",
                 "liburing/io_uring.h", "linux/io_uring.h"):
        path = trap / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#error "the user\'s translation unit reaches {name}"\n', encoding="utf-8")
    source = shop.folder / "all.cpp"
    headers = [f"gauntlet/{name}.hpp" for name in ("png", "uv", "llhttp", "uring", "coroutines")]
    source.write_text("".join(f"#include <{name}>\n" for name in headers), encoding="utf-8")
    shop.run(shop.options.cxx_compiler, "-std=c++23", "-fsyntax-only", f"-I{trap}", f"-I{include}", source)


def readme(shop):
    """The programs that the pages show are those that the tests above have run."""
    text = (shop.options.source / "README.md").read_text(encoding="utf-8")
    for name in ("png", "uv"):
        expect(SOURCES[name].read_text(encoding="utf-8") in text, f"README.md does not quote {SOURCES[name].name}")
    page = (shop.options.source / "docs/linking.md").read_text(encoding="utf-8")
    for name in ("shim_png", "shim_uring"):
        expect(SOURCES[name].read_text(encoding="utf-8") in page, f"docs/linking.md does not quote {SOURCES[name].name}")
    for words in (find("png", "uv"), "add_subdirectory(gauntlet)"):
        expect(words in text and words in page, f"README.md or docs/linking.md does not say: {words}")


def exports_no_flag(shop):
    """What this lane's build tree would tell others: nothing of how the lane compiles."""
    told = [*(shop.options.build / "lib/cmake/gauntlet").glob("*.cmake"), *(shop.options.build / "lib/pkgconfig").glob("*.pc")]
    expect(len(told) > 2, "there is nothing to look at")
    for path in told:
        for line in path.read_text(encoding="utf-8").splitlines():
            flag = re.search(r"(?<![\w-])-(?:f|W|O|g|stdlib|nostd|D(?!GAUNTLET_)|U)[\w=+-]*|sanitize", line.split("#")[0])
            expect(not flag or path.name == "gauntletConfig.cmake", f"{path.name} passes {flag and flag[0]} on:\n{line}")
            expect("sanitize" not in line and "INTERFACE_COMPILE_OPTIONS" not in line and "INTERFACE_LINK_OPTIONS" not in line,
                   f"{path.name}:\n{line}")


TESTS = {test.__name__: test for test in (
    installed_static, installed_shared, build_tree, missing_component, missing_library, optional_component, wrong_version,
    pkg_config_static, pkg_config_shared, rust_static, rust_shared, subdirectory, fetch_content, installed_is_complete,
    headers_without_libraries, readme, exports_no_flag, symbols.exported_symbols, symbols.sonames, packages.deb_packages)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", choices=TESTS)
    for name in ("source", "build", "sample", "llhttp-prefix", "toolchain", "headers"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("generator", "cmake", "c-compiler", "cxx-compiler", "launcher"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    os.umask(0o022)  # as packages are to be installed
    shop = Workshop(options)
    try:
        TESTS[options.test](shop)
    except Lacking as what:
        print(what)
        return SKIPPED
    except Failed as problem:
        print(problem, file=sys.stderr)
        return 1
    shutil.rmtree(shop.folder)
    if shop.no_io_uring:
        print("this machine gives no io_uring to programs; all else is right")
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
