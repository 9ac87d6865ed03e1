"""Makes two bindings in a copy of the tree, and runs them in three lanes, their seeded faults included."""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from inner_run import run  # noqa: E402

LIBRARIES = {"expat": ("--header", "expat.h", "--pkg-config", "expat", "--prefix", "XML_"),
             "jansson": ("--header", "jansson.h", "--pkg-config", "jansson", "--prefix", "json_")}
LANES = ("asan", "msan", "valgrind")
# What each binding has at least, beside its canaries.
LEAST_TESTS = 8


def copy(source, target):
    """Without what was built, neither here nor there; what has not changed keeps its time, and is not built again."""
    target.mkdir(parents=True, exist_ok=True)
    for path in target.iterdir():
        if path.name != "build":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in source.iterdir():
        if path.name in ("build", ".git"):
            continue
        shutil.copytree(path, target / path.name) if path.is_dir() else shutil.copy2(path, target / path.name)


def claims(tree, lane, name):
    """The lane's canaries that are this binding's."""
    presets = json.loads((tree / "CMakePresets.json").read_text(encoding="utf-8"))["configurePresets"]
    canaries = next(preset for preset in presets if preset["name"] == lane)["vendor"]["gauntlet"]["canaries"]
    return [canary for canary in canaries if re.search(rf"_{name}(_|$)", canary)]


def must_be_formatted(tree):
    # Before anything is built: all that there is, is source.
    files = [path for path in tree.rglob("*") if path.suffix in (".c", ".h", ".cpp", ".hpp") and "build" not in path.relative_to(tree).parts
             and any(name in str(path.relative_to(tree)) for name in LIBRARIES)]
    run(tree, "clang-format-19", "--dry-run", "--Werror", *files, tree / "sanitizers/canaries/canary.hpp")


def run_lane(tree, lane):
    run(tree, "scripts/gauntlet", "setup", lane)
    run(tree, "cmake", "--preset", lane, "-DGAUNTLET_EXAMPLES=OFF")
    targets = ["canary", *(f"{part}_{name}" for name in LIBRARIES for part in ("test", "test_regressions"))]
    run(tree, "cmake", "--build", "--preset", lane, "--target", *targets, "-j2")
    for name in LIBRARIES:
        mine = claims(tree, lane, name)
        if len(mine) < 2:
            sys.exit(f"lane {lane} claims of {name} only {mine}")
        said = run(tree, "ctest", "--preset", lane, "-R", rf"^({name}\.|regressions_{name}\.|coverage\.{name}$)")
        if len(re.findall(rf"\d+/\d+ Test +#\d+: \S*{name}.* Passed", said)) < LEAST_TESTS:
            sys.exit(f"lane {lane}: too few tests of {name} have passed:\n{said}")
        for canary in mine:
            must_be_caught(tree, lane, canary)


def must_be_caught(tree, lane, canary):
    """By the judge, who also looks at the clean twin; and a claim of something else, he must refuse."""
    launcher = ["valgrind", "--quiet", "--error-exitcode=99", "--track-origins=yes"] if lane == "valgrind" else []
    judge = [sys.executable, "sanitizers/canaries/judge.py", "--presets", "CMakePresets.json", "--lane", lane, "--name", canary, "--",
             *launcher, tree / "build" / lane / "sanitizers/canaries/canary"]
    run(tree, *judge)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="of the copy; what it has built is kept")
    options = parser.parse_args()
    copy(options.source, options.folder)
    for name, arguments in LIBRARIES.items():
        said = run(options.folder, "scripts/gauntlet", "new", name, *arguments)
        if "Left to do, in this order:\n 1." not in said or "not instrumented" in said:
            sys.exit(f"gauntlet new {name} says:\n{said}")
    must_be_formatted(options.folder)
    for lane in LANES:
        run_lane(options.folder, lane)


if __name__ == "__main__":
    main()
