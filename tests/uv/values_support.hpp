#pragma once
// What the tests of functions without a loop share.

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <gauntlet/error.hpp>
#include <gauntlet/uv/error.hpp>
#include <gauntlet/uv/library.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace gauntlet::uv::test {

// The E that work throws; anything else, or nothing, fails the test.
template <class E, std::invocable Work>
E value_thrown_by(Work&& work) {
  try {
    static_cast<void>(std::forward<Work>(work)());
  } catch (const E& caught) {
    return caught;
  }
  throw std::runtime_error("this should have thrown, but did not");
}

template <std::invocable Work>
bool is_refused(Work&& work, std::errc code, std::string_view advice = {}) {
  const auto failure = value_thrown_by<gauntlet::error>(std::forward<Work>(work));
  INFO(failure.what());
  CHECK(failure.code() == code);
  CHECK(std::string_view(failure.what()).contains(advice));
  return failure.code() == code && std::string_view(failure.what()).contains(advice);
}

template <std::invocable Work>
bool is_misuse(Work&& work, std::string_view advice) {
  const auto told = value_thrown_by<misuse>(std::forward<Work>(work));
  INFO(told.what());
  CHECK(std::string_view(told.what()).contains(advice));
  return std::string_view(told.what()).contains(advice);
}

// Whether the libuv that is there lacks what came with `version`, which work calls: then it must say so.
template <std::invocable Work>
bool lacks(std::uint32_t number, std::string_view version, Work&& work) {
  if (header_version_number() >= number) return false;
  CHECK(is_refused(std::forward<Work>(work), std::errc::function_not_supported,
                   std::string("it came with libuv ").append(version)));
  return true;
}

}  // namespace gauntlet::uv::test
