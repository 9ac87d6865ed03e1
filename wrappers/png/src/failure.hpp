#pragma once
/// What reading and writing share on their way through the shim: limits in, failures out.

#include <source_location>
#include <system_error>

#include "gauntlet/png/error.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png::detail {

/// The shim's reasons as codes. `refused`: what it means here that libpng refused the data.
inline std::error_code code_of(gauntlet_png_reason reason, errc refused) {
  switch (reason) {
    case GAUNTLET_PNG_EMPTY:
      return errc::empty;
    case GAUNTLET_PNG_NOT_A_PNG:
      return errc::not_a_png;
    case GAUNTLET_PNG_TRUNCATED:
      return errc::truncated;
    case GAUNTLET_PNG_LIMIT:
      return errc::limit_exceeded;
    case GAUNTLET_PNG_OUT_OF_MEMORY:
      return std::make_error_code(std::errc::not_enough_memory);
    case GAUNTLET_PNG_INCOMPATIBLE:
      return errc::incompatible_library;
    case GAUNTLET_PNG_UNSUPPORTED:
      return errc::unsupported;
    default:
      return refused;
  }
}

/// Throws what a status of GAUNTLET_PNG_ERROR stands for.
[[noreturn]] inline void throw_failure(const gauntlet_png_failure& failure, errc refused,
                                       std::string_view operation, std::string_view subject,
                                       std::source_location where) {
  if (failure.reason == GAUNTLET_PNG_USAGE) throw misuse(operation, failure.message, where);
  throw error(code_of(failure.reason, refused), operation, subject, failure, where);
}

/// Where a stop_token asked for it.
[[noreturn]] inline void throw_stopped(std::string_view operation, std::string_view subject,
                                       std::source_location where) {
  throw error(std::make_error_code(std::errc::operation_canceled), operation, subject,
              "the stop_token that was given asked to stop", where);
}

inline gauntlet_png_limits to_raw(const limits& from, std::string_view operation,
                                  std::source_location where) {
  const gauntlet_png_limits raw{.max_width = from.max_width,
                                .max_height = from.max_height,
                                .max_pixels = from.max_pixels,
                                .max_image_bytes = from.max_image_bytes,
                                .max_input_bytes = from.max_input_bytes,
                                .max_chunk_bytes = from.max_chunk_bytes,
                                .max_cached_chunks = from.max_cached_chunks,
                                .max_memory = from.max_memory,
                                .max_expansion = from.max_expansion};
  if (gauntlet_png_limits_valid(&raw) == 0)
    throw misuse(operation, "no limit may be 0; leave a field out to have its default", where);
  return raw;
}

}  // namespace gauntlet::png::detail
