import support
from gauntlet_cli import suppressions


class Suppressions(support.InFolder):
    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def in_force(self, **environment):
        return suppressions.in_force(self.folder, environment)

    def test_what_hides_findings_is_found_where_it_stands(self):
        for name, line in (("sanitizers/options.c", 'const char* __lsan_default_suppressions(void) { return ""; }'),
                           ("sanitizers/toolchains/valgrind.cmake", "set(L valgrind --suppressions=x)"),
                           ("wrappers/a/b.cpp", '__attribute__((no_sanitize("thread"))) void f();'),
                           ("CMakeLists.txt", "add_compile_options(-fsanitize-ignorelist=x)"),
                           ("cmake/x.cmake", "add_compile_options(-fno-sanitize=all)"),
                           ("tests/uv/x.hpp", "VALGRIND_DISABLE_ERROR_REPORTING;"),
                           ("sanitizers/libc.supp", "{ anything")):
            with self.subTest(name):
                self.write(name, f"fine\n{line}\n" if not name.endswith(".supp") else f"{line}\n")
                self.assertIn(f"{name}:{1 if name.endswith('.supp') else 2}: {line}", self.in_force())

    def test_other_code_and_other_files_are_none(self):
        self.write("wrappers/a.cpp", "std::vector<suppressed_error> take_suppressed_errors();\n")
        self.write("tests/data.png", "no_sanitize")
        self.assertEqual(self.in_force(ASAN_OPTIONS="color=never"), [])

    def test_the_environment_reaches_tests_too(self):
        self.assertEqual(self.in_force(TSAN_OPTIONS="suppressions=mine.txt"), ["TSAN_OPTIONS: suppressions=mine.txt"])

    def test_this_project_suppresses_no_finding_and_keeps_out_of_sight_only_what_is_no_code_of_its_own_to_judge(self):
        """Each with its reason beside it: inline code of two libraries that wraps numbers on purpose, and what tells
        ThreadSanitizer of lends, whose own lock would order what threads do."""
        files = {line.partition(":")[0] for line in suppressions.in_force(support.ROOT, {})}
        self.assertEqual(files, {"shims/uring/library.h", "tests/CMakeLists.txt", "wrappers/core/CMakeLists.txt"})
