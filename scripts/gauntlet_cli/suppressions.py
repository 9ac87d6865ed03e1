"""What keeps a tool from reporting, or from seeing code: the report says all that is found."""

import os
import re

FOLDERS = ("sanitizers", "cmake", "shims", "wrappers", "examples", "tests")
_SUFFIXES = (".c", ".h", ".cpp", ".hpp", ".cmake", ".txt", ".supp", ".json", ".in")
# A suppression file, or code that is left out of a tool's sight.
_MARK = re.compile(r"--suppressions\b|\bsuppressions=|_default_suppressions\b|-fsanitize-(?:ignore|black)list\b|\bno_sanitize\b|"
                   r"-fno-sanitize=|\bVALGRIND_DISABLE_ERROR_REPORTING\b|\b__lsan_(?:disable|ignore_object)\b|\bAnnotateIgnore\w+")
# Somebody's environment reaches each test.
_VARIABLES = ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "MSAN_OPTIONS", "VALGRIND_OPTS")


def in_force(root, environment=None, folders=FOLDERS):
    """A line for each: where it stands and what it says."""
    environment = os.environ if environment is None else environment
    found = [f"{name}: {environment[name]}" for name in _VARIABLES if _MARK.search(environment.get(name, ""))]
    for path in _files(root, folders):
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if path.suffix == ".supp" or _MARK.search(line):
                found.append(f"{path.relative_to(root)}:{number}: {line.strip()[:120]}")
    return found


def _files(root, folders):
    files = (path for name in folders for path in sorted((root / name).rglob("*")))
    return [path for path in [root / "CMakeLists.txt", *files] if path.suffix in _SUFFIXES and path.is_file()]
