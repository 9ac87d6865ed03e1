import subprocess
import sys

import support


class Instrumented(support.InFolder):
    """Whether a C library was built with a lane's tool."""

    def status(self, lane, code, name="libthing.a"):
        subprocess.run(["gcc", "-x", "c", "-c", "-w", "-", "-o", self.folder / name], input=code.encode(), check=True)
        return subprocess.run([sys.executable, support.ROOT / "sanitizers/canaries/instrumented.py", "--lane", lane, "--library",
                               self.folder / name, "--nm", "nm"], stdout=subprocess.DEVNULL, check=False).returncode

    def test_it_calls_the_tools_runtime(self):
        for lane, call in (("asan", "__asan_report_load4"), ("ubsan", "__ubsan_handle_add_overflow"), ("tsan", "__tsan_read4"),
                           ("msan", "__msan_warning_with_origin"), ("fuzz", "__asan_report_load4")):
            self.assertEqual(self.status(lane, f"int f(void) {{ {call}(); return 0; }}"), 0, lane)
            self.assertEqual(self.status(lane, "int f(void) { return 0; }"), 1, lane)

    def test_to_define_such_a_name_is_not_to_call_it(self):
        self.assertEqual(self.status("asan", "void __asan_init(void) {}"), 1)

    def test_of_the_systems_library_nothing_is_claimed(self):
        self.assertEqual(self.status("asan", "int f(void) { return 0; }", "libthing.so"), 77)
