#include "asserting_thread.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

using gauntlet::test::asserts_here;
using gauntlet::test::on_another_thread;

TEST_CASE("a thread may assert while the test waits for it") {
  CHECK(asserts_here::allowed());
  on_another_thread([] { CHECK(asserts_here::allowed()); });
  CHECK(asserts_here::allowed());
}

TEST_CASE("what is thrown on another thread comes out") {
  CHECK_THROWS_AS(on_another_thread([] { throw std::out_of_range("far"); }), std::out_of_range);
  CHECK(asserts_here::allowed());
}

TEST_CASE("hidden: asserts where nobody waits", "[.]") {
  std::thread([] { CHECK(true); }).join();
}

TEST_CASE("a test that asserts on another thread ends, and says where") {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command = "'" + program + "' 'hidden: asserts where nobody waits' 2>&1";
  FILE* const output = popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  std::string said;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), output))
    said.append(part.data(), count);
  CHECK(pclose(output) != 0);
  CHECK_THAT(said, Catch::Matchers::ContainsSubstring("asserting_thread_test.cpp:27: asserted on another"));
}
