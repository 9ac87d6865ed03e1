import shlex
import unittest
from pathlib import Path

import support  # noqa: F401
from gauntlet_cli import findings

SAMPLES = Path(__file__).parent / "samples"


def read(sample):
    """(tool, kind, stack) of each report in an output that the tool itself printed."""
    text = (SAMPLES / f"{sample}.txt").read_text(encoding="utf-8")
    return [(report.tool, report.kind, report.stack) for report in findings.read(text, root="/checkout")]


class Reports(unittest.TestCase):
    def test_address_sanitizer(self):
        self.assertEqual(read("asan"), [("AddressSanitizer", "heap-buffer-overflow", (
            "read_it(int*) tests/a.cpp:6:56", "caller(int) tests/a.cpp:7:112", "main tests/a.cpp:16:22"))])

    def test_leak_sanitizer(self):
        self.assertEqual(read("leak"), [("LeakSanitizer", "detected memory leaks", (
            "malloc", "leaks() tests/a.cpp:9:55", "main tests/a.cpp:17:15"))])

    def test_address_sanitizer_on_a_crash(self):
        self.assertEqual(read("segv"), [("AddressSanitizer", "SEGV", ("main tests/a.cpp:21:47",))])

    def test_undefined_behaviour_sanitizer(self):
        self.assertEqual(read("ubsan"), [(
            "UndefinedBehaviorSanitizer",
            "signed integer overflow: 2 + 2147483647 cannot be represented in type 'int'",
            ("overflow(int) tests/a.cpp:12:58", "main tests/a.cpp:19:22"))])

    def test_thread_sanitizer(self):
        self.assertEqual(read("tsan"), [("ThreadSanitizer", "data race", ("main tests/a.cpp:18:66",))])

    def test_memory_sanitizer(self):
        self.assertEqual(read("msan"), [("MemorySanitizer", "use-of-uninitialized-value", (
            "branch(int*) tests/a.cpp:13:52", "main tests/a.cpp:20:48"))])

    def test_memcheck(self):
        self.assertEqual(read("memcheck"), [("memcheck", "Invalid read of size 4", (
            "caller(int) (a.cpp:7)", "main (a.cpp:16)"))])

    def test_memcheck_on_a_leak(self):
        [(tool, kind, stack)] = read("memcheck-leak")
        self.assertEqual((tool, kind), ("memcheck", "40 bytes in 1 blocks are definitely lost"))
        self.assertEqual(stack[1:], ("leaks() (a.cpp:9)", "main (a.cpp:17)"))

    def test_memcheck_on_a_crash_without_what_is_still_reachable(self):
        self.assertEqual(read("memcheck-segv"), [("memcheck", "Invalid write of size 4", ("main (a.cpp:21)",))])

    def test_assertions_of_the_standard_library(self):
        [(tool, kind, stack)] = read("library-assertion")
        self.assertEqual((tool, kind), ("library assertions", "Assertion '__n < this->size()' failed"))
        self.assertEqual(stack, ("/usr/include/c++/12/bits/stl_vector.h:1123",))

    def test_assertions_of_a_test(self):
        self.assertEqual(read("catch2"), [
            ("test", "assertion", ("tests/c.cpp:4", "CHECK( sum == 3 )", "with expansion:", "2 == 3")),
            ("test", "assertion", ("tests/c.cpp:4", "REQUIRE( sum == 4 )", "with expansion:", "2 == 4")),
            ("test", "assertion", ("tests/c.cpp:5",
                                   'CHECK( []() -> int { throw std::runtime_error("no more rows"); }() == 1 )',
                                   "due to unexpected exception with message:", "no more rows"))])

    def test_a_crash_that_only_catch2_saw(self):
        [(tool, kind, stack)] = read("catch2-crash")
        self.assertEqual((tool, kind, stack[-1]), ("test", "crash", "SIGSEGV - Segmentation violation signal"))

    def test_a_crash_that_a_tool_saw_is_told_once(self):
        text = "".join((SAMPLES / f"{name}.txt").read_text(encoding="utf-8") for name in ("catch2-crash", "segv"))
        self.assertEqual([report.tool for report in findings.read(text)], ["AddressSanitizer"])

    def test_descriptors(self):
        text = ("gauntlet: leaked descriptor 5 -> /etc/hostname\n"
                "gauntlet: double close of descriptor 7\n    #0 0x55 in f() /checkout/a.cpp:3:1\n")
        self.assertEqual([(report.tool, report.kind, report.stack) for report in findings.read(text, "/checkout")],
                         [("descriptors", "leaked descriptor 5 -> /etc/hostname", ()),
                          ("descriptors", "double close of descriptor 7", ("f() a.cpp:3:1",))])

    def test_hardening(self):
        [report] = findings.read("*** stack smashing detected ***: terminated\n")
        self.assertEqual((report.tool, report.kind), ("hardening", "stack smashing detected"))

    def test_repetitions_are_told_once_and_colours_are_dropped(self):
        for escape in ("\x1b", "[NON-XML-CHAR-0x1B]"):
            text = f"{escape}[1mERROR: AddressSanitizer: SEGV{escape}[0m\n"
            self.assertEqual([report.kind for report in findings.read(text * 2)], ["SEGV"])

    def test_ordinary_output_is_no_finding(self):
        self.assertEqual(findings.read("error: file not found\nAll tests passed\n==1== Memcheck, a detector\n"), [])


class Reproducing(unittest.TestCase):
    def test_a_lane(self):
        self.assertEqual(findings.reproduce("asan"), "scripts/gauntlet test asan")

    def test_a_test_whose_name_means_something_to_the_shell_and_to_regular_expressions(self):
        words = shlex.split(findings.reproduce("asan", "png.it's [a] $test (of 1+1)"))
        self.assertEqual(words, ["scripts/gauntlet", "test", "asan", "-R",
                                 r"^png\.it's \[a\] \$test \(of 1\+1\)$"])
