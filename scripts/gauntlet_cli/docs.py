"""The tables of the documentation that CMakePresets.json decides. They stand between markers; a test compares them."""

import re

from .lanes import matrix

PAGES = ("README.md", "docs/matrix.md")


def stale(root, lanes):
    """The pages whose tables are not what the presets say."""
    return [page for page in PAGES if _read(root, page) != _updated(root, page, lanes)]


def update(root, lanes):
    """Writes the tables anew; returns the pages that changed."""
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


def _updated(root, page, lanes):
    text = _read(root, page)
    lanes = matrix(lanes)
    for marker, table in (("lanes", lane_table(lanes)), ("canaries", canary_table(lanes))):
        text = re.sub(rf"(<!-- {marker}: [^\n]*-->\n).*?(<!-- end of {marker} -->)",
                      lambda match: f"{match[1]}{table}\n{match[2]}", text, flags=re.DOTALL)
    return text


def _read(root, page):
    return (root / page).read_text(encoding="utf-8")


def _table(head, rows):
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
