"""What the documentation quotes: tables that CMakePresets.json and coverage.json decide, and programs that tests run.

Tables stand between markers. The blocks of C++ in a page are, in their order, the marked regions of its programs. A test
compares all of it.
"""

import json
import re
import textwrap

from .lanes import matrix
from .problem import Problem

PAGES = ("README.md", "docs/matrix.md", "docs/png.md", "docs/png-untrusted.md")
PROGRAMS = {
    "docs/png.md": ("tests/docs/png_reading.cpp", "tests/docs/png_writing.cpp"),
    "docs/png-untrusted.md": ("tests/docs/png_untrusted.cpp",),
}
_REGION = re.compile(r"^ *// \[shown\]\n(.*?)^ *// \[end\]\n", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^```cpp\n.*?^```$", re.DOTALL | re.MULTILINE)
# What is code in a sentence of coverage.json.
_CODE = re.compile(r"\b(?:png::[\w:]*\w|(?:gauntlet_)?png_\w+|gauntlet/shim/png\.h)")


def stale(root, lanes):
    """The pages that are not what their sources say."""
    return [page for page in PAGES if _read(root, page) != _updated(root, page, lanes)]


def update(root, lanes):
    """Writes tables and programs anew; returns the pages that changed."""
    changed = stale(root, lanes)
    for page in changed:
        (root / page).write_text(_updated(root, page, lanes), encoding="utf-8")
    return changed


def lane_table(lanes):
    return _table(("lane", "built with", "catches"), [(lane.name, lane.title, lane.catches) for lane in lanes])


def canary_table(lanes):
    faults = dict.fromkeys(name for lane in lanes for name in lane.canaries)
    rows = [(name.replace("_", " "), *("yes" if name in lane.canaries else "no" for lane in lanes)) for name in sorted(faults)]
    return _table(("seeded fault", *(lane.name for lane in lanes)), rows)


def coverage_count(coverage):
    wrapped, reasons = len(coverage["wrapped"]), sum(len(kind["functions"]) for kind in coverage["not_wrapped"].values())
    return (f"Of libpng's {wrapped + reasons} public functions, {wrapped} are called by the shim and have a name here; "
            f"each of the other {reasons} has a reason.")


def reason_table(coverage):
    rows = [(kind.replace("_", " "), str(len(group["functions"])), group["reason"])
            for kind, group in coverage["not_wrapped"].items()]
    return _table(("kind", "functions", "reason"), rows)


def function_table(coverage):
    rows = {function: _names(entry, "names") for function, entry in coverage["wrapped"].items()}
    for kind, group in coverage["not_wrapped"].items():
        for function, entry in group["functions"].items():
            rows[function] = f"*{kind.replace('_', ' ')}*: {_names(entry, 'instead')}"
    return _table(("libpng", "Gauntlet"), [(f"`{function}`", rows[function]) for function in sorted(rows)])


def _names(entry, key):
    if isinstance(entry, dict):
        return f"{_names(entry[key], key)} (from libpng {entry['since']})"
    text = entry if isinstance(entry, str) else ", ".join(entry)
    return _CODE.sub(lambda match: f"`{match[0]}`", text)


def _updated(root, page, lanes):
    text = _with_programs(root, page, _read(root, page))
    tables = {
        "lanes": lambda: lane_table(matrix(lanes)),
        "canaries": lambda: canary_table(matrix(lanes)),
        "coverage": lambda: coverage_count(_coverage(root)),
        "reasons": lambda: reason_table(_coverage(root)),
        "functions": lambda: function_table(_coverage(root)),
    }
    for marker, table in tables.items():
        text = re.sub(rf"(<!-- {marker}: [^\n]*-->\n).*?(<!-- end of {marker} -->)",
                      lambda match, table=table: f"{match[1]}{table()}\n{match[2]}", text, flags=re.DOTALL)
    return text


def _with_programs(root, page, text):
    regions = [textwrap.dedent(region) for program in PROGRAMS.get(page, ())
               for region in _REGION.findall(_read(root, program))]
    blocks = len(_BLOCK.findall(text))
    if page in PROGRAMS and blocks != len(regions):
        raise Problem(f"{page} has {blocks} blocks of C++, but its programs in tests/docs have {len(regions)} regions between "
                      "[shown] and [end]: give each block its region, in the same order.")
    return _BLOCK.sub(lambda _: f"```cpp\n{regions.pop(0)}```", text) if page in PROGRAMS else text


def _coverage(root):
    return json.loads(_read(root, "wrappers/png/coverage.json"))


def _read(root, page):
    return (root / page).read_text(encoding="utf-8")


def _table(head, rows):
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
