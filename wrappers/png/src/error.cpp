#include "gauntlet/png/error.hpp"

#include <algorithm>
#include <string>

#include "gauntlet/shim/png.h"

namespace gauntlet::png {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "png"; }

  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::empty:
        return "the file is empty";
      case errc::not_a_png:
        return "this is not a PNG file";
      case errc::truncated:
        return "the file is cut off";
      case errc::corrupted:
        return "the file is corrupted";
      case errc::limit_exceeded:
        return "a limit is exceeded";
      case errc::invalid_image:
        return "this image cannot be written as PNG";
      case errc::incompatible_library:
        return "the libpng that runs is not the one this was built for";
      case errc::unsupported:
        return "this libpng cannot do it";
    }
    return "unknown error";
  }

  std::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<errc>(code)) {
      case errc::empty:
      case errc::not_a_png:
      case errc::truncated:
      case errc::corrupted:
        return std::errc::illegal_byte_sequence;
      case errc::limit_exceeded:
        return std::errc::value_too_large;
      case errc::invalid_image:
        return std::errc::invalid_argument;
      case errc::incompatible_library:
      case errc::unsupported:
        return std::errc::not_supported;
    }
    return {code, *this};
  }
};

std::string detail_of(const gauntlet_png_failure& failure) {
  std::string place;
  if (failure.chunk[0] != 0) place += std::string("chunk ") + failure.chunk + ", ";
  if (failure.row >= 0) place += "row " + std::to_string(failure.row) + ", ";
  return std::string(failure.message) + " (" + place + "at byte " + std::to_string(failure.offset) + ')';
}

}  // namespace

const std::error_category& png_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), png_category()}; }

error::error(std::error_code code, std::string_view operation, std::string_view subject,
             std::string_view detail, std::source_location where)
    : gauntlet::error(code, operation, subject, detail, where) {}

error::error(std::error_code code, std::string_view operation, std::string_view subject,
             const gauntlet_png_failure& failure, std::source_location where)
    : gauntlet::error(code, operation, subject, detail_of(failure), where), offset_(failure.offset) {
  std::copy_n(failure.chunk, sizeof chunk_, chunk_);
  if (failure.row >= 0) row_ = static_cast<std::uint32_t>(failure.row);
  if (failure.pass >= 0) pass_ = failure.pass;
  if (failure.reason == GAUNTLET_PNG_LIMIT)
    limit_ = broken_limit{.name = failure.limit, .allowed = failure.allowed, .found = failure.found};
}

}  // namespace gauntlet::png
