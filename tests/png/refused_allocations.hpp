#pragma once
/// max_memory, raised from one refused allocation to the next.

#include <catch2/catch_test_macros.hpp>
#include <charconv>
#include <gauntlet/png.hpp>
#include <string>

namespace gauntlet::png::test {

// "max_memory is 1000, found 1456 (...": the least limit that would have let this allocation through.
inline std::uint64_t found_in(const std::string& message) {
  const std::string marker = ", found ";
  const std::size_t at = message.find(marker);
  REQUIRE(at != std::string::npos);
  const char* const begin = message.data() + at + marker.size();
  std::uint64_t number = 0;
  REQUIRE(std::from_chars(begin, message.data() + message.size(), number).ec == std::errc{});
  return number;
}

// Runs work with every limit at which something else happens: the error says which limit lets the refused
// allocation through, so each allocation that holds more than any before is in turn the one that fails, until
// there is enough for all. Between two such limits nothing can differ. Answers how many failed.
template <class Work>
int refused_allocations(Work work) {
  std::uint64_t limit = 1;
  for (int refused = 0;; ++refused) {
    INFO("max_memory " << limit);
    const auto result = attempt<error>([&] { return work(limits{.max_memory = limit}); });
    if (result) {
      CHECK(*result);  // nothing is missing from what came out
      CHECK(work(limits{.max_memory = limit + 1}));
      return refused;
    }
    REQUIRE(result.error().code() == errc::limit_exceeded);
    const std::uint64_t found = found_in(result.error().what());
    REQUIRE(found > limit);
    if (found - 1 > limit) {  // one byte less is not enough either
      const auto less = attempt<error>([&] { return work(limits{.max_memory = found - 1}); });
      CHECK_FALSE(less.has_value());
    }
    limit = found;
  }
}

}  // namespace gauntlet::png::test
