#pragma once
// Options of a program: "--name VALUE", in any order.

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace example {

struct option {
  std::string_view name{};  ///< "--listen"
  std::function<void(std::string_view value)> take{};
};

/// Gives each option its value. False: `--help` was asked for. Throws std::invalid_argument that says what is
/// wrong with the words.
bool parse(std::span<char* const> words, std::span<const option> options);

/// 1 to most; anything else is std::invalid_argument.
std::size_t parse_count(std::string_view text, std::size_t most = 1'000'000);
/// "30" or "0.5", in seconds; more than nothing, and at most a day.
std::chrono::milliseconds parse_seconds(std::string_view text);

}  // namespace example
