// The watch must be able to fail a run: each fault is a hidden test case, run as a process by a visible one.
#include "descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

using Catch::Matchers::ContainsSubstring;

namespace {

int open_something() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

struct outcome {
  int status;  // as waitpid reports it
  std::string output;
};

outcome run_alone(const std::string& test_case) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  FILE* pipe = popen(("'" + program + "' '" + test_case + "' 2>&1").c_str(), "r");
  std::array<char, 4096> chunk;
  std::string output;
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), pipe))
    output.append(chunk.data(), size);
  return {pclose(pipe), output};
}

}  // namespace

TEST_CASE("hidden: leaks a descriptor", "[.]") { REQUIRE(open_something() >= 0); }

TEST_CASE("hidden: closes a descriptor twice", "[.]") {
  const int descriptor = open_something();
  close(descriptor);
  close(descriptor);
}

TEST_CASE("hidden: closes the descriptor below a stream", "[.]") {
  FILE* stream = std::fopen("/dev/null", "r");
  close(fileno(stream));
  std::fclose(stream);
}

TEST_CASE("hidden: closes what it opens", "[.]") { REQUIRE(close(open_something()) == 0); }

TEST_CASE("a leaked descriptor fails the run and is named") {
  const outcome run = run_alone("hidden: leaks a descriptor");
  CHECK(run.status != 0);
  CHECK_THAT(run.output,
             ContainsSubstring("gauntlet: leaked descriptor") && ContainsSubstring("-> /dev/null"));
}

TEST_CASE("a descriptor that is closed twice ends the run and is named") {
  const char* test_case =
      GENERATE("hidden: closes a descriptor twice", "hidden: closes the descriptor below a stream");
  const outcome run = run_alone(test_case);
  CHECK(run.status != 0);
  CHECK_THAT(run.output, ContainsSubstring("gauntlet: double close of descriptor"));
}

TEST_CASE("a test case that closes what it opens passes") {
  const outcome run = run_alone("hidden: closes what it opens");
  CHECK(run.status == 0);
  CHECK_THAT(run.output, !ContainsSubstring("gauntlet:"));
}
