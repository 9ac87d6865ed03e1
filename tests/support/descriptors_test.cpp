// The watch must be able to fail a run: each fault is a hidden test case, run as a process by a visible one.
#include "descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdio>

#include "alone.hpp"

using Catch::Matchers::ContainsSubstring;
using gauntlet::test::outcome;
using gauntlet::test::run_alone;

namespace {

int open_something() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

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
