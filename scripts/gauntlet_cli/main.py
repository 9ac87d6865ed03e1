"""The command line itself."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from . import bench, demo, docs, fuzz, inlines, preflight, report, report_merge, report_text, setup, shards, shared_presets
from . import lanes as lane_table
from . import new
from .console import Console
from .matrix import Matrix
from .problem import FAILED, INTERRUPTED, USAGE, Problem
from .project import Project, is_checkout


def main(arguments):
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.command:
        parser.print_help(sys.stderr)
        return USAGE
    # A CI job that is cancelled gets SIGTERM: it ends as by Ctrl-C, children and report included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return options.command(options.of(options), Console(), options)
    except Problem as problem:
        print(f"gauntlet: {problem}", file=sys.stderr)
        return problem.status
    except BrokenPipeError:
        # Who was reading has read enough; at exit Python would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        # A full disk, a folder that may not be written: the system's own words are the best there are.
        print(f"gauntlet: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("gauntlet: interrupted. What was not finished is not trusted, and is done again by the next run.",
              file=sys.stderr)
        return INTERRUPTED


def _any_project(options):
    return Project.here() if options.project is None else Project.other(options.project)


def _own_project(options):
    """For what is Gauntlet's alone: its examples, its fuzz targets, its bindings."""
    if options.project is not None or not is_checkout():
        raise Problem(f"`gauntlet {options.name_of_command}` works on Gauntlet's own files: run scripts/gauntlet of its checkout, without "
                      "--project.", USAGE)
    return Project.here()


def _no_project(_options):
    return None


def _setup(project, console, options):
    chosen = _chosen(project, options.lanes)
    if options.key:
        preflight.check(project, chosen, console)
        print(setup.key(project, chosen))
        return 0
    setup.set_up(project, chosen, console)
    print(f"Set up: {', '.join(lane.name for lane in chosen)}.")
    return 0


def _test(project, console, options):
    chosen = _chosen(project, options.lanes)
    if options.shard.is_part and len(options.lanes) != 1:
        raise Problem("--shard splits one lane: name it, as in `scripts/gauntlet test valgrind --shard 2/3`.", USAGE)
    # Before the first lane: a tool that the last lane misses is better known now than in half an hour.
    preflight.check(project, chosen, console)
    matrix = Matrix(project, chosen, console, options.regex, options.jobs, options.shard)
    try:
        matrix.run()
    finally:
        made = report.of(matrix.results, project, options.regex)
        report.write(made, project.matrix)
        print(report_text.as_text(made), flush=True)
    return FAILED if made["totals"]["failed"] else 0


def _report(project, _console, _options):
    """Makes the readable forms anew, and says where they are."""
    for path in report.write(report.load(project.matrix / report.DATA), project.matrix):
        print(os.path.relpath(path))
    return 0


def _merge(project, _console, options):
    known = lane_table.of_project(project)
    pieces = [(file, report.load(Path(file))) for file in options.files]
    made = report_merge.merge(pieces, lane_table.matrix(known) if options.all else [], project.command("test"))
    report.write(made, Path(options.into) if options.into else project.matrix)
    print(report_text.as_text(made), flush=True)
    return FAILED if made["totals"]["failed"] else 0


def _demo(project, console, options):
    return demo.run(project, lane_table.load(project.root), console, options.picture, options.width, options.serve)


def _fuzz(project, console, options):
    if not options.target:
        print(fuzz.listing(fuzz.targets(project.root)))
        return 0
    [lane] = _chosen(project, [fuzz.LANE])
    return fuzz.run(project, lane, console, options)


def _bench(project, console, options):
    return bench.run(project, lane_table.load(project.root), console, options)


def _inlines(_project, _console, options):
    return inlines.run(options)


def _new(project, console, options):
    return new.run(project, console, options)


def _lanes(project, _console, options):
    lanes = lane_table.of_project(project)
    if options.write_docs:
        if project.guest:
            raise Problem("--write-docs is for Gauntlet's own tables.", USAGE)
        changed = docs.update(project.root, lanes) + shared_presets.update(project.root)
        print(f"Changed: {', '.join(changed) or 'nothing'}.")
        return 0
    print(json.dumps(lane_table.jobs(lanes), indent=2) if options.json else lane_table.table(lanes))
    return 0


def _chosen(project, names):
    lanes = lane_table.choose(lane_table.of_project(project), names)
    setup.check(project, lanes)
    return lanes


def _parser():
    parser = argparse.ArgumentParser(prog="gauntlet", description="Safe C++ wrappers of C libraries, and the matrix of "
                                     "sanitizer lanes that each wrapper must run.",
                                     epilog="exit status: 0 all is well, 1 findings or failures, 2 wrong usage or a "
                                     "missing tool, 130 interrupted")
    parser.set_defaults(command=None, project=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name, run, text, *examples, among=commands, of=_any_project):
        lines = "\n".join(f"  scripts/gauntlet {name} {example}".rstrip() for example in examples)
        sub = among.add_parser(name.split()[-1], help=text, description=f"{text[0].upper()}{text[1:]}.",
                                  epilog=f"examples:\n{lines}", formatter_class=argparse.RawDescriptionHelpFormatter)
        sub.set_defaults(command=run, of=of, name_of_command=name)
        # Where it is not given, nothing is stored: `report merge` must not take away what `report` was told.
        told = "of another project, which has a gauntlet.json (docs/downstream.md)" if of is _any_project else argparse.SUPPRESS
        sub.add_argument("--project", metavar="DIR", default=argparse.SUPPRESS, help=told)
        return sub

    sub = command("setup", _setup, "install missing tools, fetch pinned sources, build what lanes need",
                  "", "asan msan")
    sub.add_argument("lanes", nargs="*", metavar="LANE", help="lanes to set up (default: those of the matrix)")

    sub.add_argument("--key", action="store_true", help="only install tools; print what a cache of all the rest, kept for the "
                     "next machine, is to be named after (the hashes of what it is built from)")

    sub = command("demo", _demo, "build the main example, a server of thumbnails, and send it a picture", "",
                  "photo.png --width 200", "--serve", of=_own_project)
    sub.add_argument("picture", nargs="?", metavar="FILE.png", help="the picture (default: a sample)")
    sub.add_argument("--width", type=_positive, metavar="N", help="width of the thumbnail in pixels")
    sub.add_argument("--serve", action="store_true", help="keep the server running until Ctrl-C")

    sub = command("test", _test, "run the lanes and report what they find", "", "asan -R 'png' --jobs 4",
                  "valgrind --shard 2/3", "--project ../other asan msan")
    sub.add_argument("lanes", nargs="*", metavar="LANE", help="lanes to run (default: those of the matrix)")
    sub.add_argument("-R", dest="regex", metavar="REGEX", help="only tests whose name matches, canaries too")
    sub.add_argument("--jobs", type=_positive, metavar="N", help="tests at a time (default: one for each processor)")
    sub.add_argument("--shard", type=_shard, metavar="I/N", default=shards.WHOLE, help="of one lane, only the I-th of N parts of "
                     "its tests, and all its canaries; `report merge` joins the parts, and only it holds them to the least number "
                     "of tests")

    sub = command("report", _report, "write the last report anew (build/matrix/report.md, .html) and print where it is", "",
                  "merge pieces/*/report.json")
    actions = sub.add_subparsers(metavar="merge")
    sub = command("report merge", _merge, "join the reports of several machines: lanes, and shards of a lane; exit status 1 if "
                  "a shard is missing", "one/report.json two/report.json", "--all pieces/*/report.json", among=actions)
    sub.add_argument("files", nargs="+", metavar="FILE", help="report.json of each machine, all of the same commit")
    sub.add_argument("--all", action="store_true", help="each lane of the matrix must be in one of them")
    sub.add_argument("--into", metavar="DIR", help="where to write the report of all (default: build/matrix)")

    sub = command("fuzz", _fuzz, "look for inputs that break a wrapper, by libFuzzer", "",
                  "pull --seconds 600 --jobs 2", of=_own_project)
    sub.add_argument("target", nargs="?", metavar="TARGET", help="what to fuzz (default: list the targets)")
    sub.add_argument("--seconds", type=_positive, metavar="N", default=fuzz.SECONDS,
                     help=f"how long (default: {fuzz.SECONDS})")
    sub.add_argument("--jobs", type=_positive, metavar="N", default=1, help="processes at a time (default: 1)")
    sub.add_argument("--seed", type=_positive, metavar="N",
                     help="of libFuzzer's random numbers (default: another each time)")
    sub.add_argument("--corpus", metavar="DIR",
                     help="the inputs to start from and to add to (default: a folder of the target's in the cache); "
                     "libpng's own files are always among those to start from")

    sub = command("bench", _bench, "measure a wrapper beside raw C and other libraries, and check its goals",
                  "png", "uv --quick", "png --filter '^read/icons/' --no-instructions", of=_own_project)
    sub.add_argument("suite", metavar="SUITE", help="what to measure: png, uring, uv")
    sub.add_argument("--quick", action="store_true",
                     help="one case of each kind, few repetitions: to see that it works")
    sub.add_argument("--filter", metavar="REGEX", help="only cases whose name (png: OPERATION/KIND/FILE) matches")
    sub.add_argument("--no-instructions", action="store_true",
                     help="only time: no instructions, allocations and bytes counted, nor their goals checked")
    sub.add_argument("--json", metavar="FILE", help="write the results there too (always: build/bench/SUITE.json, .md)")

    sub = command("inlines", _inlines, "list the inline functions and function-like macros of a C header, which a binding has "
                  "to give symbols", "liburing.h --prefix io_uring_", "thing.h -I vendor/thing --json",
                  "uv.h --pkg-config libuv", of=_no_project)
    sub.add_argument("header", metavar="HEADER", help="a file, or a name on the include path; what is listed comes from it "
                     "and from files whose path begins with its own (for liburing.h: liburing/barrier.h)")
    sub.add_argument("-I", dest="include", metavar="DIR", action="append", default=[], help="a folder to find headers in")
    sub.add_argument("--pkg-config", metavar="NAME", help="the package whose compiler flags it needs")
    sub.add_argument("--prefix", metavar="TEXT", default="", help="only names that begin so (macros: in capitals, too)")
    sub.add_argument("--json", action="store_true", help="as JSON: functions and macros, each with name and signature")

    sub = command("new", _new, "make a new binding from a C header, green in all lanes, and say what is left to write",
                  "expat --header expat.h --pkg-config expat --prefix XML_", of=_own_project)
    sub.add_argument("name", metavar="NAME", help="of the binding: a C++ namespace, a folder of wrappers/")
    sub.add_argument("--header", required=True, metavar="H", help="the library's header, as it is included")
    sub.add_argument("--pkg-config", required=True, metavar="P", help="the library's package; on Debian its source is found and pinned")
    sub.add_argument("--prefix", metavar="TEXT", default="", help="with which the library's functions begin")
    sub.add_argument("--include", metavar="H", action="append", default=[], help="a header that H needs and does not include")

    sub = command("lanes", _lanes, "list the lanes", "", "--json", "--write-docs")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as the job list of a CI matrix")
    form.add_argument("--write-docs", action="store_true", help="bring the tables of README.md and docs/ up to date")
    return parser


def _shard(text):
    try:
        return shards.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error))


def _positive(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(text)
