"""What the tests of tests/consume share: a folder, the installed trees, and strangers' projects."""

import contextlib
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess

from pathlib import Path

HERE = Path(__file__).parent
SOURCES = {path.stem: path for path in HERE.iterdir() if path.suffix in (".c", ".cpp")}
CPP = ("core", "png", "uv", "uring", "llhttp")
SHIMS = ("shim_png", "shim_uring")
ALL = CPP + SHIMS
# This exit status says that the machine lacks something: the test is skipped, by its name and with the reason.
SKIPPED = 77

PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C CXX)
{take}
"""

PROGRAM = """\
add_executable({component} {file})
target_link_libraries({component} PRIVATE gauntlet::{component})
"""


class Failed(Exception):
    pass


class Lacking(Exception):
    """The machine has not what the test needs."""


def expect(condition, what):
    if not condition:
        raise Failed(what)


def require(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Lacking(f"{program} is not installed")


def find(*components, version="0.1"):
    return f"find_package(gauntlet {version} REQUIRED COMPONENTS {' '.join(components)})"


def shown(source, heading):
    """The CMake code that docs/linking.md has below this heading."""
    page = (source / "docs/linking.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}\n.*?^```cmake\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    expect(found, f"docs/linking.md has no CMake code below {heading}")
    return found[1]


class Workshop:
    """The folder of one test. It is the same in each run, so that a compiler cache knows the paths again."""

    def __init__(self, options):
        self.options = options
        self.shared_place = Path(f"{options.build}-shared")  # as deep as the lane's: the cache compares relative paths
        self.place = options.build / "consume"
        self.folder = self.place / options.test
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.project = self.folder / "project"
        self.build = self.folder / "build"
        # What this lane sets for its own build must not reach the stranger's.
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("CFLAGS", "CXXFLAGS", "LDFLAGS", "CMAKE_TOOLCHAIN_FILE", "MAKEFLAGS")}
        self.no_io_uring = False

    def run(self, *command, must_succeed=True, **environment):
        done = subprocess.run([str(part) for part in command], env={**self.environment, **environment}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if must_succeed and done.returncode != 0:
            raise Failed(f"{shlex.join(str(part) for part in command)}\nended with {done.returncode}:\n{done.stdout}")
        return done

    # ---- Gauntlet, as it is taken. Each is made by the first test that needs it and found made by the others. CTest's
    # fixtures would do that, too, but a fixture runs again on each machine that a lane's tests are split over.

    @contextlib.contextmanager
    def _alone(self, with_what):
        with open(self.place / f"{with_what}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def installed_static(self):
        prefix = self.place / "static"
        with self._alone("static"):
            self.run(self.options.cmake, "--install", self.options.build, "--prefix", prefix)
        return prefix

    def installed_shared(self):
        prefix = self.place / "shared"
        with self._alone("shared"):
            self._build_shared()
            self.run(self.options.cmake, "--install", self.shared_place, "--prefix", prefix)
        return prefix

    def packages(self):
        with self._alone("shared"):
            self._build_shared()
            self.run("cpack", "-G", "DEB", "-B", self.folder / "packages", "--config", self.shared_place / "CPackConfig.cmake")
        return sorted((self.folder / "packages").glob("*.deb"))

    def _build_shared(self):
        """With the lane's flags: its objects are position independent, so that a compiler cache has them all."""
        if not (self.shared_place / "build.ninja").exists():
            self.run(self.options.cmake, "-S", self.options.source, "-B", self.shared_place, "-G", "Ninja",
                     f"-DCMAKE_TOOLCHAIN_FILE={self.options.toolchain}", "-DCMAKE_BUILD_TYPE=Release",
                     "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_INSTALL_PREFIX=/usr", "-DGAUNTLET_LLHTTP=ON", "-DGAUNTLET_URING=ON",
                     "-DGAUNTLET_TESTS=OFF", "-DGAUNTLET_EXAMPLES=OFF", "-DGAUNTLET_WARNINGS_AS_ERRORS=ON",
                     *self._launchers())
        self.run(self.options.cmake, "--build", self.shared_place, "--parallel", "2")

    def _launchers(self):
        return [f"-DCMAKE_{language}_COMPILER_LAUNCHER={self.options.launcher}" for language in ("C", "CXX")]

    # ---- strangers

    def write_project(self, take, *components):
        self.project.mkdir(parents=True)
        lists = PROJECT.format(take=take)
        for component in components:
            source = SOURCES[component]
            lists += PROGRAM.format(component=component, file=source.name)
            shutil.copy(source, self.project)
        (self.project / "CMakeLists.txt").write_text(lists, encoding="utf-8")

    def write_shown(self, heading, component, *replaced):
        """A project of one program, my_program, with what docs/linking.md shows below the heading."""
        self.project.mkdir(parents=True)
        lists = PROJECT.format(take=f"add_executable(my_program {SOURCES[component].name})\n{shown(self.options.source, heading)}")
        for old, new in replaced:
            expect(old in lists, f"docs/linking.md does not say {old} below {heading}")
            lists = lists.replace(old, str(new))
        (self.project / "CMakeLists.txt").write_text(lists, encoding="utf-8")
        shutil.copy(SOURCES[component], self.project)

    def configure(self, *more, prefix=None, must_succeed=True):
        """As a stranger would: without this build's toolchain, flags or options."""
        return self.run(self.options.cmake, "-S", self.project, "-B", self.build, "-G", self.options.generator,
                        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                        f"-DCMAKE_C_COMPILER={self.options.c_compiler}",
                        f"-DCMAKE_CXX_COMPILER={self.options.cxx_compiler}", *self._launchers(),
                        # llhttp comes from no package of this system.
                        f"-DCMAKE_PREFIX_PATH={prefix or ''};{self.options.llhttp_prefix}", *more, must_succeed=must_succeed)

    def build_programs(self, *components):
        self.run(self.options.cmake, "--build", self.build, "--parallel", "2", "--target", *components)

    def check_program(self, component, name=None, **environment):
        """The program does what it is for."""
        getattr(self, f"_check_{component}")(self.build / (name or component), environment)

    def _says(self, expected, *command, **environment):
        done = self.run(*command, must_succeed=False, **environment)
        if done.returncode == SKIPPED:
            self.no_io_uring = True
            return
        expect(done.returncode == 0 and done.stdout == expected,
               f"{command[0]} ended with {done.returncode} and said {done.stdout!r}")

    def _check_core(self, program, environment):
        self._says("caught\n", program, **environment)

    def _check_png(self, program, environment):
        """It reads a real file, says its size, and writes one that it can read again."""
        first, second = self.folder / "first.png", self.folder / "second.png"
        self._says("32 x 32\n", program, self.options.sample, first, **environment)
        self._says("32 x 32\n", program, first, second, **environment)
        expect(first.read_bytes() == second.read_bytes(), "the same pixels gave another file")
        failed = self.run(program, self.folder / "missing.png", second, must_succeed=False, **environment)
        expect(failed.returncode == 1 and "missing.png: open: " in failed.stdout, f"it said {failed.stdout!r}")

    def _check_uv(self, program, environment):
        self._says("hello\n", program, **environment)

    def _check_llhttp(self, program, environment):
        self._says("GET /a\n", program, **environment)

    def _check_uring(self, program, environment):
        self._says("64 bytes\n", program, **environment)

    def _check_shim_png(self, program, environment):
        self._says("32 x 32\n", program, self.options.sample, **environment)

    def _check_shim_uring(self, program, environment):
        self._says("completed 42\n", program, **environment)

    def check_nothing_leaks(self):
        """No flag of ours reaches the stranger's code but the language and the folders of headers."""
        commands = json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8"))
        mine = [entry["command"].split() for entry in commands if Path(entry["file"]).parent == self.project]
        expect(mine, "nothing of the stranger's is compiled")
        for command in mine:
            leaks = [flag for flag in command[1:] if flag.startswith(("-W", "-f", "-D", "-U", "-g", "-O"))]
            expect(not leaks, f"the consumer is compiled with {' '.join(leaks)}")
