#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// Catch2's checks are not for several threads: each thread counts what went wrong.
template <class Work>
int failures_in_two_threads(Work work) {
  std::atomic<int> failures = 0;
  const auto run = [&] {
    try {
      work(failures);
    } catch (...) {
      ++failures;
    }
  };
  std::thread other(run);
  run();
  other.join();
  return failures;
}

TEST_CASE("two threads decode and encode at once, each with objects of its own") {
  const image expected = make_picture({color_type::rgb, 8}, 50, 40);
  const bytes file = encode(expected);
  CHECK(failures_in_two_threads([&](std::atomic<int>& failures) {
          for (int i = 0; i < 10; ++i) {
            if (!same_pixels(decode(file), expected)) ++failures;
            if (encode(expected) != file) ++failures;
          }
        }) == 0);
}

TEST_CASE("two threads read rows at once, each from a reader of its own") {
  const image expected = make_picture({color_type::rgb, 8}, 50, 40);
  const bytes file = encode(expected);
  CHECK(failures_in_two_threads([&](std::atomic<int>& failures) {
          for (int i = 0; i < 10; ++i) {
            std::uint32_t y = 0;
            row_reader rows = decoder{memory_source(file)}.start();
            for (const auto row : rows) failures += same_bytes(row, expected.row(y++)) ? 0 : 1;
          }
        }) == 0);
}

TEST_CASE("two threads fail at once, each with an error of its own") {
  bytes cut = encode(make_picture({color_type::rgb, 8}, 20, 20));
  cut.resize(cut.size() / 2);
  CHECK(failures_in_two_threads([&](std::atomic<int>& failures) {
          for (int i = 0; i < 20; ++i) {
            if (try_to_decode(cut).code != errc::truncated) ++failures;
            if (try_to_decode({}).code != errc::empty) ++failures;
          }
        }) == 0);
}

TEST_CASE("a reader may be handed from one thread to another between rows") {
  const image expected = make_picture({color_type::gray, 8}, 30, 8);
  const bytes file = encode(expected);
  row_reader rows = decoder{memory_source(file)}.start();
  std::uint32_t right = 0;
  for (std::uint32_t y = 0; y < 8; ++y) {
    std::thread([&] { right += std::ranges::equal(rows.next().value(), expected.row(y)) ? 1U : 0U; }).join();
  }
  CHECK(right == 8);
}

TEST_CASE("copies of one error are read by two threads") {
  const error failure = thrown_by<error>([] { return decode(bytes{}); });
  CHECK(failures_in_two_threads([&](std::atomic<int>& failures) {
          for (int i = 0; i < 100; ++i) {
            const error copy = failure;
            if (copy.code() != errc::empty || copy.subject() != "memory") ++failures;
          }
        }) == 0);
}

}  // namespace
}  // namespace gauntlet::png::test
