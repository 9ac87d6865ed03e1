"""A report as one page of HTML: nothing is loaded, nothing runs, and all that comes from a test is escaped."""

from html import escape

from . import report_text

# Beyond these, a finding is closed until it is asked for: what came first is mostly why the rest came.
_OPEN_FINDINGS = 3

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1c2127; --quiet: #616b76; --line: #dfe3e8; --field: #f4f6f8;
  --good: #17703a; --bad: #b3261e; --bad-field: #fdeeec; --warn: #855800; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --text: #dfe3e7; --quiet: #98a2ad; --line: #2e353c;
  --field: #1d2226; --good: #6cc78c; --bad: #ff8f86; --bad-field: #341d1c; --warn: #e0b05a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.25rem 3rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif; -webkit-text-size-adjust: 100%; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: 0; font-weight: 600; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
small, .quiet { color: var(--quiet); font-size: 12px; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .warn { color: var(--warn); }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .55rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; background: var(--field); font-size: 12px; font-weight: 600; color: var(--quiet); white-space: nowrap; }
tbody th { font-weight: 600; }
.n, .where, .lanes th, .grid th, .grid td { overflow-wrap: normal; }
nav a { color: inherit; margin-right: .75rem; display: inline-block; }
tr.failed > * { background: var(--bad-field); }
.n { text-align: right; white-space: nowrap; }
td small, th small { display: block; line-height: 1.2; font-weight: 400; }
.grid th:first-child { position: sticky; left: 0; background: var(--page); border-right: 1px solid var(--line); z-index: 1; }
.grid thead th:first-child { background: var(--field); }
.grid tr.failed > th:first-child { background: var(--bad-field); }
details { border: 1px solid var(--line); border-left: 3px solid var(--bad); border-radius: 6px; margin: .5rem 0; }
details.plain { border-left: 1px solid var(--line); }
summary { padding: .45rem .7rem; cursor: pointer; }
summary small { display: block; }
details > div { padding: 0 .7rem .6rem; }
details > .wide { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 0; }
pre { margin: .3rem 0 0; padding: .5rem .6rem; background: var(--field); border-radius: 4px; white-space: pre-wrap;
  font: 12px/1.5 ui-monospace, monospace; }
pre.command { user-select: all; border: 1px solid var(--line); background: none; }
ul { margin: .25rem 0; padding-left: 1.2rem; }
@media (max-width: 40rem) { body { padding: .75rem .6rem 2rem; } th, td { padding: .28rem .3rem; } .roomy { display: none; }
  .lanes { font-size: 12.5px; } .lanes th, .lanes td { padding: .28rem .2rem; }
  .lanes thead th { font-size: 10.5px; white-space: normal; } .lanes th span { display: block; }
  .lanes .tool { display: none; } }
"""


def as_html(report):
    # In tables too: on a phone, only the first columns are seen at once.
    report = {**report, "lanes": sorted(report["lanes"], key=lambda lane: lane["status"] != "failed")}
    title = "{failed} failed, {passed} passed".format(**report["totals"])
    parts = [_header(report), _findings(report), _lanes(report), _suites(report), _canaries(report), _skipped(report),
             _suppressions(report)]
    return "\n".join(["<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
                      '<meta name="viewport" content="width=device-width, initial-scale=1">',
                      # Should an escape ever be forgotten, nothing comes of it.
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
                      f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>",
                      *filter(None, parts), "</body>", "</html>", ""])


def _header(report):
    passed, failed = (f"{report['totals'][count]:,}" for count in ("passed", "failed"))
    verdict = f'<span class="bad">{failed} failed</span>, {passed} passed' if report["totals"]["failed"] else \
              f'<span class="good">{passed} passed</span>, 0 failed'
    lanes = len(report["lanes"])
    facts = [f"{lanes} lane{'' if lanes == 1 else 's'}", report["date"].replace("T", " ").replace("+00:00", " UTC"),
             _commit(report["commit"]),
             *([f"only tests that match {report['selection']}"] if report["selection"] else [])]
    lines = "".join(f'<p class="warn">{escape(line)}</p>' for line in report_text.over_budget(report))
    titles = [*(["Findings"] if report_text.findings(report) else []), "Lanes", "Suites", "Canaries", "Skipped", "Suppressions"]
    links = "".join(f'<a href="#{_anchor(title)}">{title}</a>' for title in titles)
    return (f"<header><h1>{verdict}</h1><p class=\"quiet\">{escape(' · '.join(facts))}</p>{lines}"
            f"<nav><small>{links}</small></nav></header>")


def _commit(commit):
    if not commit:
        return "no commit known"
    name, dirty, _ = commit.partition("-dirty")
    return f"commit {name[:12]}{' and changes' if dirty else ''}"


def _findings(report):
    found = report_text.findings(report)
    if not found:
        return ""
    return _section(f"Findings ({len(found)})", "\n".join(
        _finding(lane, finding, number < _OPEN_FINDINGS) for number, (lane, finding) in enumerate(found)))


def _finding(lane, finding, is_open):
    test = f"<small>{escape(finding['test'])}</small>" if finding["test"] else ""
    stack = f"<pre>{escape(chr(10).join(finding['stack']))}</pre>" if finding["stack"] else ""
    return (f"<details{' open' if is_open else ''}><summary><b>{escape(lane['name'])}</b> · {escape(finding['tool'])}: "
            f"<span class=\"bad\">{escape(finding['kind'])}</span>{test}</summary>"
            f"<div>{stack}<pre class=\"command\">{escape(finding['reproduce'])}</pre></div></details>")


def _lanes(report):
    head = (_head("lane"), *(_head(name, "n") for name in ("passed", "failed", "skipped", "canaries")),
            *(_head(name, "n roomy") for name in ("configure", "build")), _head("test", "n"), _head("slow-down", "n"))
    return _section("Lanes", _table("lanes", head, map(_lane, report["lanes"])))


def _lane(lane):
    canaries = lane["canaries"]
    colour = {"failed": "bad", "passed": "good"}.get(lane["status"], "warn")
    said = {"skipped": "did not run"}.get(lane["status"], lane["status"])
    shards = f" {lane['shards'][0]['of']} shards" if any(shard["of"] > 1 for shard in lane["shards"]) else ""
    cells = [f"<th scope=\"row\">{escape(lane['name'])} <span class=\"{colour}\">{said}</span>"
             f"<small><span class=\"tool\">{escape(lane['tool'])}</span>{shards}</small></th>",
             _number(f"{lane['tests']['passed']:,}"), _number(lane["tests"]["failed"], bad=lane["tests"]["failed"]),
             _number(lane["tests"]["skipped"]),
             _number(f"{canaries['caught']}/{canaries['expected']}", bad=canaries["caught"] < canaries["expected"]),
             *(_number(f"{lane['seconds'][step]:.1f} s", "n roomy") for step in ("configure", "build")),
             _number(f"{lane['seconds']['test']:.1f} s"), _number(report_text.slow_down(lane["slow_down"]))]
    return lane["status"], cells


def _suites(report):
    names = report_text.suites(report)
    if not names:
        return ""
    head = (_head("suite"), *(_head(lane["name"], "n") for lane in report["lanes"]))
    rows = []
    for name in names:
        suites = [lane["suites"].get(name) for lane in report["lanes"]]
        failed = any(suite and suite["failed"] for suite in suites)
        # May break where its words end: on a phone the column of names must leave room for another.
        words = escape(name).replace("_", "_<wbr>")
        rows.append(("failed" if failed else "", [f'<th scope="row">{words}</th>', *map(_suite, suites)]))
    note = "Tests that passed; below, their seconds and how many times slower than in release the same tests were."
    return _section("Suites by lane", f'<p class="quiet">{note}</p>' + _table("grid", head, rows))


def _suite(suite):
    if suite is None:
        return '<td class="n quiet">–</td>'
    others = [f'<small class="bad">{suite["failed"]} failed</small>' if suite["failed"] else "",
              f'<small>{suite["skipped"]} skipped</small>' if suite["skipped"] else ""]
    time = " · ".join(filter(None, [f"{suite['seconds']:.1f} s", report_text.slow_down(suite["slow_down"])]))
    return f'<td class="n">{suite["passed"]}{"".join(others)}<small>{time}</small></td>'


def _canaries(report):
    faults = sorted({fault for lane in report["lanes"] for fault in lane["faults"]})
    caught, expected = (sum(lane["canaries"][count] for lane in report["lanes"]) for count in ("caught", "expected"))
    if not faults:
        return _section("Canaries", "<p>None ran.</p>")
    head = (_head("seeded fault"), *(_head(lane["name"]) for lane in report["lanes"]))
    rows = []
    for fault in faults:
        outcomes = [lane["faults"].get(fault) for lane in report["lanes"]]
        cells = [f'<th scope="row">{escape(fault.replace("_", " "))}</th>', *map(_outcome, outcomes)]
        rows.append(("failed" if any(one not in (None, "caught") for one in outcomes) else "", cells))
    rows.sort(key=lambda row: not row[0])
    text = f"{caught} of {expected} seeded faults were reported by the lanes that claim them"
    return _section("Canaries", f'<details class="plain"{" open" if caught < expected else ""}><summary>{text}</summary>'
                                f'{_table("grid", head, rows)}</details>')


def _outcome(outcome):
    if outcome is None:
        return '<td class="quiet">–</td>'
    return f'<td class="{"good" if outcome == "caught" else "bad"}">{escape(outcome)}</td>'


def _skipped(report):
    rows = [("", [f"<td>{escape(name)}</td>", f"<td class=\"where\">{escape(', '.join(lanes))}</td>", f"<td>{escape(why)}</td>"])
            for name, why, lanes in report_text.skipped(report)]
    waiting = [lane["name"] for lane in report["lanes"] if lane["status"] == "skipped"]
    parts = [f"<p class=\"warn\">Lanes that did not run: {escape(', '.join(waiting))}.</p>" if waiting else "",
             _table("", (_head("test"), _head("in"), _head("because")), rows) if rows else "<p>No test.</p>"]
    return _section(f"Skipped ({len(rows)})", "".join(parts))


def _suppressions(report):
    lines = "".join(f"<li><code>{escape(line)}</code></li>" for line in report["suppressions"])
    said = f"<ul>{lines}</ul>" if lines else "<p>None.</p>"
    return _section("Suppressions in force", said + '<p class="quiet">Beside these, Valgrind and LeakSanitizer have lists of their '
                                                    "own for the C library and the loader.</p>")


def _section(title, content):
    return f'<section id="{_anchor(title)}"><h2>{escape(title)}</h2>{content}</section>'


def _anchor(title):
    return title.split()[0].lower()


def _table(kind, head, rows):
    body = "\n".join(f"<tr{' class=failed' if state == 'failed' else ''}>{''.join(cells)}</tr>" for state, cells in rows)
    return f'<div class="wide"><table class="{kind}"><thead><tr>{"".join(head)}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _head(text, kind=""):
    attribute = f' class="{kind}"' if kind else ""
    return f'<th scope="col"{attribute}>{escape(text)}</th>'


def _number(value, kind="n", bad=False):
    return f'<td class="{kind}{" bad" if bad else ""}">{escape(str(value))}</td>'
