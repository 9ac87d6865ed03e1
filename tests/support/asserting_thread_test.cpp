#include "asserting_thread.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <stdexcept>
#include <thread>

#include "alone.hpp"

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
  const gauntlet::test::outcome run = gauntlet::test::run_alone("hidden: asserts where nobody waits");
  CHECK(run.status != 0);
  CHECK_THAT(run.output,
             Catch::Matchers::ContainsSubstring("asserting_thread_test.cpp:25: asserted on another"));
}
