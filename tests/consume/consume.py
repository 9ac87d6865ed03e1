"""Takes Gauntlet as a stranger would, and checks what that stranger gets. One test per call: see tests/consume/CMakeLists.txt."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent

PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C CXX)
{take}
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE gauntlet::{component})
"""

PROGRAMS = {"png": HERE / "main.cpp", "uv": HERE / "uv.cpp"}
OTHERS = {"llhttp": HERE / "llhttp.cpp"}


def find(component="png", version="0.1"):
    return f"find_package(gauntlet {version} REQUIRED COMPONENTS {component})"


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


class Workshop:
    """A temporary folder with what the tests need in it."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = pathlib.Path(folder)
        self.prefix = self.folder / "prefix"
        self.project = self.folder / "project"
        self.build = self.folder / "build"
        # What this lane sets for its own build must not reach the stranger's.
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("CFLAGS", "CXXFLAGS", "LDFLAGS", "CMAKE_TOOLCHAIN_FILE")}

    def run(self, *command, must_succeed=True):
        done = subprocess.run([str(part) for part in command], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if must_succeed and done.returncode != 0:
            raise Failed(f"{' '.join(str(part) for part in command)}\nended with {done.returncode}:\n{done.stdout}")
        return done

    def install(self):
        self.run(self.options.cmake, "--install", self.options.build, "--prefix", self.prefix)

    def write_project(self, take, component="png"):
        self.project.mkdir()
        (self.project / "CMakeLists.txt").write_text(PROJECT.format(take=take, component=component), encoding="utf-8")
        (self.project / "main.cpp").write_text({**PROGRAMS, **OTHERS}[component].read_text(encoding="utf-8"), encoding="utf-8")

    def configure(self, *more, must_succeed=True):
        return self.run(self.options.cmake, "-S", self.project, "-B", self.build, "-G", self.options.generator,
                        "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                        f"-DCMAKE_C_COMPILER={self.options.c_compiler}",
                        f"-DCMAKE_CXX_COMPILER={self.options.cxx_compiler}",
                        # llhttp comes from no package of this system.
                        f"-DCMAKE_PREFIX_PATH={self.prefix};{self.options.llhttp_prefix}", *more, must_succeed=must_succeed)

    def build_consumer(self):
        self.run(self.options.cmake, "--build", self.build, "--target", "consumer", "--parallel", "2")

    def check_program(self):
        """The program reads a real file, says its size, and writes one that it can read again."""
        first, second = self.folder / "first.png", self.folder / "second.png"
        said = self.run(self.build / "consumer", self.options.sample, first).stdout
        expect(said == "32 x 32\n", f"the program said {said!r}")
        said = self.run(self.build / "consumer", first, second).stdout
        expect(said == "32 x 32\n", f"of its own file the program said {said!r}")
        expect(first.read_bytes() == second.read_bytes(), "the same pixels gave another file")
        failed = self.run(self.build / "consumer", self.folder / "missing.png", second, must_succeed=False)
        expect(failed.returncode == 1 and "missing.png: open: " in failed.stdout, f"it said {failed.stdout!r}")

    def flags_of_consumer(self):
        commands = json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8"))
        mine = [entry["command"] for entry in commands if entry["file"] == str(self.project / "main.cpp")]
        expect(len(mine) == 1, f"main.cpp is compiled {len(mine)} times")
        return mine[0].split()

    def check_nothing_leaks(self):
        """No flag of ours but the language and the folders of headers."""
        for flag in self.flags_of_consumer()[1:]:
            leaks = flag.startswith(("-W", "-f", "-D", "-U", "-g")) and flag != "-DNDEBUG"
            expect(not leaks, f"the consumer is compiled with {flag}")


def installed(shop):
    shop.install()
    shop.write_project(find())
    shop.configure()
    shop.build_consumer()
    shop.check_program()
    shop.check_nothing_leaks()


def installed_uv(shop):
    shop.install()
    shop.write_project(find("uv"), "uv")
    shop.configure()
    shop.build_consumer()
    said = shop.run(shop.build / "consumer").stdout
    expect(said == "hello\n", f"the program said {said!r}")
    shop.check_nothing_leaks()


def installed_llhttp(shop):
    shop.install()
    shop.write_project(find("llhttp"), "llhttp")
    shop.configure()
    shop.build_consumer()
    said = shop.run(shop.build / "consumer").stdout
    expect(said == "GET /a\n", f"the program said {said!r}")
    shop.check_nothing_leaks()


def installed_is_complete(shop):
    """Every public header, the shim's too, and no file that belongs to this build tree."""
    shop.install()
    found = {path.relative_to(shop.prefix / "include").as_posix()
             for path in (shop.prefix / "include").rglob("*") if path.is_file()}
    roots = [*shop.options.source.glob("wrappers/*/include"), *shop.options.source.glob("shims/*")]
    public = {path.relative_to(root).as_posix() for root in roots for path in (root / "gauntlet").rglob("*.h*")}
    expect(found == public, f"installed, but not public: {sorted(found - public)}; "
                            f"public, but not installed: {sorted(public - found)}")
    for path in shop.prefix.rglob("*.cmake"):
        text = path.read_text(encoding="utf-8")
        expect(str(shop.options.source) not in text and str(shop.options.build) not in text,
               f"{path.name} names the tree it was built in")
        expect("gauntlet_own_code" not in text, f"{path.name} names gauntlet_own_code, which is not installed")


def missing_component(shop):
    shop.install()
    shop.write_project(find("png tiff"))
    said = shop.configure(must_succeed=False)
    expect(said.returncode != 0, "a component that does not exist was found")
    words = " ".join(said.stdout.split())
    expect("this Gauntlet was built with: core;png;uv;llhttp; not with: tiff" in words, f"CMake said:\n{said.stdout}")


def missing_library(shop):
    """Where the C library is not installed, the stranger is told how to get it."""
    shop.install()
    shop.write_project(f'set(UV_INCLUDE_DIR "") # as if the search had found nothing\n{find("uv")}', "uv")
    said = shop.configure(must_succeed=False)
    expect(said.returncode != 0 and "apt-get install libuv1-dev" in said.stdout, f"CMake said:\n{said.stdout}")


def wrong_version(shop):
    shop.install()
    shop.write_project(find(version="0.2"))
    said = shop.configure(must_succeed=False)
    expect(said.returncode != 0 and "version: 0.1.0" in said.stdout, f"CMake said:\n{said.stdout}")


def headers_without_libpng(shop):
    """Where the C libraries' own headers are a trap, the installed headers do not step into it."""
    shop.install()
    trap = shop.folder / "trap"
    trap.mkdir()
    for name in ("png.h", "pngconf.h", "pnglibconf.h", "zlib.h", "zconf.h", "setjmp.h", "uv.h", "llhttp.h"):
        (trap / name).write_text(f"#error {name} was included\n", encoding="utf-8")
    include = shop.prefix / "include"
    headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*") if path.is_file())
    expect(headers, "no header is installed")
    source = shop.folder / "all.cpp"
    source.write_text("".join(f"#include <{header}>\n" for header in headers), encoding="utf-8")
    shop.run(shop.options.cxx_compiler, "-std=c++23", "-fsyntax-only", f"-I{trap}", f"-I{include}", source)


def subdirectory(shop):
    shop.write_project(f'add_subdirectory("{shop.options.source}" gauntlet)')
    shop.configure()
    shop.build_consumer()
    shop.check_program()
    shop.check_nothing_leaks()
    cache = (shop.build / "CMakeCache.txt").read_text(encoding="utf-8")
    for option in ("TESTS", "EXAMPLES", "INSTALL"):
        expect(f"GAUNTLET_{option}:BOOL=OFF" in cache, f"GAUNTLET_{option} is not off")
    targets = shop.run(shop.options.cmake, "--build", shop.build, "--target", "help").stdout
    for target in ("test_png", "canary", "thumbnail"):
        expect(target not in targets, f"the consumer has the target {target}")
    shop.run(shop.options.cmake, "--build", shop.build, "--parallel", "2")
    shop.run(shop.options.cmake, "--install", shop.build, "--prefix", shop.prefix)
    expect(not shop.prefix.exists(), "the consumer's install step installs Gauntlet")


def readme(shop):
    """The programs that the README shows are those that the tests above have run."""
    text = (shop.options.source / "README.md").read_text(encoding="utf-8")
    for program in PROGRAMS.values():
        expect(program.read_text(encoding="utf-8") in text, f"README.md does not quote tests/consume/{program.name}")
    expect(find("png uv") in text, f"README.md does not say: {find('png uv')}")
    expect("add_subdirectory(gauntlet)" in text, "README.md does not say: add_subdirectory(gauntlet)")


TESTS = {test.__name__: test for test in (installed, installed_uv, installed_llhttp, installed_is_complete, missing_component, missing_library, wrong_version,
                                          headers_without_libpng, subdirectory, readme)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", choices=TESTS)
    for name in ("source", "build", "sample", "llhttp-prefix"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("generator", "cmake", "c-compiler", "cxx-compiler"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gauntlet.") as folder:
        try:
            TESTS[options.test](Workshop(options, folder))
        except Failed as problem:
            print(problem, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
