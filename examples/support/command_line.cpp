#include "command_line.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace example {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view wanted) {
  throw std::invalid_argument(std::string(text).append(": ").append(wanted));
}

}  // namespace

bool parse(std::span<char* const> words, std::span<const option> options) {
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const std::string_view name = words[i];
    if (name == "--help") return false;
    const auto known = std::ranges::find(options, name, &option::name);
    if (known == options.end()) refuse(name, "no such option; see --help");
    if (i + 1 == words.size()) refuse(name, "a value is missing");
    known->take(words[i + 1]);
  }
  return true;
}

std::size_t parse_count(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failure != std::errc() || end != text.data() + text.size() || count == 0 || count > most)
    refuse(text, "a number from 1 to " + std::to_string(most) + " is wanted");
  return count;
}

std::chrono::milliseconds parse_seconds(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string digits = std::string(text.substr(point)).append("000");  // ".5" is 500 ms
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == text.size() ? "000" : std::string_view(digits).substr(1, 3);
  long long seconds = 0;
  long long thousandths = 0;
  const auto read = [&](std::string_view from, long long& into) {
    const auto [end, failure] = std::from_chars(from.data(), from.data() + from.size(), into);
    return failure == std::errc() && end == from.data() + from.size() && into >= 0;
  };
  const bool good = read(whole, seconds) && read(part, thousandths) && seconds <= 86'400;
  const std::chrono::milliseconds time(seconds * 1000 + thousandths);
  if (!good || time.count() == 0) refuse(text, "seconds are wanted, as 30 or 0.5, up to a day");
  return time;
}

}  // namespace example
