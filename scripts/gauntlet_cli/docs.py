"""What the documentation quotes: tables that CMakePresets.json and coverage.json decide, and programs that tests run.

Tables stand between markers. The blocks of C++ in a page are, in their order, the marked regions of its programs. A test
compares all of it.
"""

import json
import re
import textwrap

from .lanes import matrix
from .problem import Problem

PAGES = ("README.md", "docs/coroutines.md", "docs/llhttp.md", "docs/matrix.md", "docs/png.md", "docs/png-untrusted.md", "docs/uring.md",
         "docs/uv.md",
         # [gauntlet new: pages]
         )
PROGRAMS = {
    "docs/coroutines.md": ("tests/docs/coroutines.cpp",),
    "docs/llhttp.md": ("tests/docs/llhttp.cpp",),
    "docs/png.md": ("tests/docs/png_reading.cpp", "tests/docs/png_writing.cpp"),
    "docs/png-untrusted.md": ("tests/docs/png_untrusted.cpp",),
    "docs/uring.md": ("tests/docs/uring.cpp",),
    "docs/uv.md": ("tests/docs/uv.cpp",),
}
_REGION = re.compile(r"^ *// \[shown\]\n(.*?)^ *// \[end\]\n", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^```cpp\n.*?^```$", re.DOTALL | re.MULTILINE)
# The first marker ends in the file that the table is made from, where that is not CMakePresets.json.
_TABLE = re.compile(r"(?P<begin><!-- (?P<what>\w+): [^\n]*?(?P<source>wrappers/\w+/coverage\.json)? -->\n)"
                    r".*?(?P<end><!-- end of (?P=what) -->)", re.DOTALL)
# What is code in a sentence of coverage.json.
_CODE = re.compile(r"\b(?:\w+::[\w:]*\w|(?:gauntlet_)?(?:png|uv|UV|llhttp|io_uring)_\w+|thread_local|gauntlet/shim/\w+\.h)")


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
    to_do = len(coverage["not_wrapped"].get("to_do", {"functions": ()})["functions"])
    others = f"{to_do} of the other {reasons} are to do" if to_do else f"each of the other {reasons} has a reason"
    return (f"Of {coverage['library']['name']}'s {wrapped + reasons} public functions, {wrapped} are called and have a name "
            f"here; {others}.")


def reason_table(coverage):
    rows = [(kind.replace("_", " "), str(len(group["functions"])), group["reason"])
            for kind, group in coverage["not_wrapped"].items()]
    return _table(("kind", "functions", "reason"), rows)


def function_table(coverage):
    library = coverage["library"]["name"]
    rows = {function: _names(library, entry, "names") for function, entry in coverage["wrapped"].items()}
    for kind, group in coverage["not_wrapped"].items():
        for function, entry in group["functions"].items():
            rows[function] = f"*{kind.replace('_', ' ')}*: {_names(library, entry, 'instead')}"
    return _table((library, "Gauntlet"), [(f"`{function}`", rows[function]) for function in sorted(rows)])


def _names(library, entry, key):
    if isinstance(entry, dict):
        since = f" (from {library} {entry['since']})" if "since" in entry else ""
        return f"{_names(library, entry[key], key)}{since}"
    text = entry if isinstance(entry, str) else ", ".join(entry)
    return _CODE.sub(lambda match: f"`{match[0]}`", text)


def _updated(root, page, lanes):
    return with_tables(_with_programs(root, page, _read(root, page)), matrix(lanes), lambda source: json.loads(_read(root, source)))


def with_tables(text, lanes, coverage):
    """A page's text with its tables as they should be; `coverage` reads the list of a path."""
    def written(marked):
        what, source = marked["what"], marked["source"]
        table = TABLES[what](coverage(source) if source else lanes)
        return f"{marked['begin']}{table}\n{marked['end']}"

    return _TABLE.sub(written, text)


def _with_programs(root, page, text):
    regions = [textwrap.dedent(region) for program in PROGRAMS.get(page, ())
               for region in _REGION.findall(_read(root, program))]
    blocks = len(_BLOCK.findall(text))
    if page in PROGRAMS and blocks != len(regions):
        raise Problem(f"{page} has {blocks} blocks of C++, but its programs in tests/docs have {len(regions)} regions between "
                      "[shown] and [end]: give each block its region, in the same order.")
    return _BLOCK.sub(lambda _: f"```cpp\n{regions.pop(0)}```", text) if page in PROGRAMS else text


def _read(root, page):
    return (root / page).read_text(encoding="utf-8")


def _table(head, rows):
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES = {"lanes": lane_table, "canaries": canary_table, "coverage": coverage_count, "reasons": reason_table,
          "functions": function_table}
