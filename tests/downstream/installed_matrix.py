"""Installs the matrix, and runs a project of somebody else's in two of its lanes: green, and red with each fault that is planted in it."""

import argparse
import json
import shlex
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from inner_run import run  # noqa: E402

LANES = ("asan", "msan")
TESTS = 4  # the project's, and whether its zlib is instrumented
VICTIM = "squeeze.what was packed is smaller and comes back"
LINE = "  text.copy(copy.get(), text.size());\n"
# For each lane: what stands instead of that line, and what the tool says of it, inside the project's own zlib.
FAULTS = {"asan": (LINE + "  delete[] copy.get();\n", "heap-use-after-free"),
          "msan": ("", "use-of-uninitialized-value")}


def must(holds, what):
    if not holds:
        sys.exit(what)


class Guest:
    """A copy of the project, and the command that was installed."""

    def __init__(self, prefix, folder):
        self.folder = folder
        self.command = prefix / "bin" / "gauntlet"
        shutil.copytree(Path(__file__).parent / "project", folder)
        include = prefix / "share" / "gauntlet_matrix" / "sanitizers" / "presets.json"
        self.write("CMakePresets.json", json.dumps({"version": 6, "include": [str(include)]}))

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def test(self, *arguments, status=0):
        """The report's lanes by name."""
        run(self.folder, self.command, "test", *arguments, status=status)
        return {lane["name"]: lane for lane in json.loads(self.read("build/matrix/report.json"))["lanes"]}


def must_be_green(guest):
    for name, lane in guest.test(*LANES).items():
        must((lane["tests"]["passed"], lane["tests"]["skipped"]) == (TESTS, 0), f"lane {name}: {lane['tests']}")
        must(lane["canaries"]["caught"] == lane["canaries"]["expected"] > 0, f"lane {name}: {lane['canaries']}")
        must("zlib.library_is_instrumented" in lane["times"]["passed"], f"lane {name} does not ask whether zlib is instrumented")


def must_be_red(guest, lane, fault, kind):
    """With the tool's finding, in the dependency, and a command that shows it again."""
    healthy = guest.read("squeeze.cpp")
    must(healthy.count(LINE) == 1, "squeeze.cpp has no place for a fault")
    guest.write("squeeze.cpp", healthy.replace(LINE, fault))
    findings = guest.test(lane, "-R", "comes back$", status=1)[lane]["findings"]
    must([(finding["kind"], finding["test"]) for finding in findings] == [(kind, VICTIM)], f"lane {lane} finds {findings}")
    stack = findings[0]["stack"]
    must(any("/dependency/zlib-" in frame for frame in stack) and any("squeeze::pack" in frame for frame in stack), f"lane {lane}: {stack}")
    run(guest.folder, *shlex.split(findings[0]["reproduce"]), status=1)
    guest.write("squeeze.cpp", healthy)


def must_refuse_the_systems_library(guest):
    """What the project does not pin is not there, or is not instrumented."""
    settings = guest.read("gauntlet.json")
    guest.write("gauntlet.json", settings.replace('["zlib"]', "[]"))
    [finding] = guest.test("asan", status=1)["asan"]["findings"]
    must(finding["kind"] == "configure failed", f"{finding}")
    said = " ".join(" ".join(finding["stack"]).split())
    must("zlib must come from the pinned sources" in said or "Could NOT find ZLIB" in said, said)
    guest.write("gauntlet.json", settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="Gauntlet's, from which the matrix is installed")
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    prefix = options.folder / "prefix"
    run(".", "cmake", "--install", options.build, "--component", "matrix", "--prefix", prefix)
    guest = Guest(prefix, options.folder / "project")
    must_be_green(guest)
    for lane, (fault, kind) in FAULTS.items():
        must_be_red(guest, lane, fault, kind)
    must_refuse_the_systems_library(guest)


if __name__ == "__main__":
    main()
