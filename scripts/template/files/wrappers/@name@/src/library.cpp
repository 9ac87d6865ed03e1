#include "gauntlet/@name@/library.hpp"

#include <charconv>
#include <optional>

#include "gauntlet/error.hpp"

namespace gauntlet::@name@ {
namespace {

constexpr unsigned greatest = 999'999;

std::optional<version> read(std::string_view text) noexcept {
  version found;
  const char* place = text.data();
  const char* const end = place + text.size();
  for (unsigned& number : found.numbers) {
    const auto [rest, failed] = std::from_chars(place, end, number);
    if (failed != std::errc{} || number > greatest) return std::nullopt;
    place = rest;
    // A dot with a number behind it, or it is over.
    if (end - place < 2 || place[0] != '.' || place[1] < '0' || place[1] > '9') break;
    ++place;
  }
  found.preview = place != end;
  return found;
}

}  // namespace

version compiled_version() noexcept { return read(GAUNTLET_@NAME@_VERSION).value_or(version{}); }

version parse_version(std::string_view text, std::source_location where) {
  if (const std::optional<version> found = read(text)) return *found;
  throw misuse("read a version of @name@", "give it numbers with dots between them, as \"1.4.2\"", where);
}

bool is_at_least(const version& have, const version& wanted) noexcept {
  for (std::size_t i = 0; i < have.numbers.size(); ++i)
    if (have.numbers[i] != wanted.numbers[i]) return have.numbers[i] > wanted.numbers[i];
  return !have.preview || wanted.preview;
}

}  // namespace gauntlet::@name@
