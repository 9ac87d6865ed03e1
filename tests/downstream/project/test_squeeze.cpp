#include "squeeze.hpp"

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <string>

TEST_CASE("what was packed is smaller and comes back") {
  const std::string text(1000, 'a');
  const std::string packed = squeeze::pack(text);
  CHECK(packed.size() < text.size());
  CHECK(squeeze::unpack(packed, text.size()) == text);
}

TEST_CASE("what was not packed is refused") {
  CHECK_THROWS_AS(squeeze::unpack("abc", 10), std::runtime_error);
}
