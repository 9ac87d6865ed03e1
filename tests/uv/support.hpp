#pragma once
/// What the tests of the libuv wrapper share.

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <gauntlet/uv.hpp>
#include <span>
#include <string>
#include <string_view>

namespace gauntlet::uv::test {

/// Runs until nothing is left and proves it: nothing is pending, and the loop closes (else the process ends).
inline void run_to_the_end(loop& loop) {
  CHECK_FALSE(loop.run());
  for (const pending_operation& left : loop.pending()) {
    UNSCOPED_INFO(left.kind);
    CHECK(left.closing);
  }
  loop.close();
}

inline bool says(const std::string& message, std::string_view part) { return message.contains(part); }

inline std::string text_of(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += static_cast<char>(byte);
  return text;
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline owned_buffer buffer_of(std::string_view text) { return owned_buffer(std::string(text)); }

inline address any_port() { return address::ip4("127.0.0.1", 0); }

/// The message of the Exception that work throws; "" if it throws none.
template <class Exception, class Work>
std::string thrown_by(Work&& work) {
  try {
    work();
  } catch (const Exception& thrown) {
    return thrown.what();
  }
  return {};
}

template <class Work>
std::string misuse_of(Work&& work) {
  return thrown_by<misuse>(std::forward<Work>(work));
}

/// Of the uv::error that work throws; a default one if it throws none.
template <class Work>
std::error_code error_of(Work&& work) {
  try {
    work();
  } catch (const error& thrown) {
    return thrown.code();
  }
  return {};
}

/// Its name.
template <class Work>
std::string error_name_of(Work&& work) {
  try {
    work();
  } catch (const error& failure) {
    return failure.name();
  }
  return "none";
}

/// Of what a callback was given: "ok", or the name of the error.
template <class Result>
std::string name_of(const Result& ended) {
  return ended.error() == nullptr ? "ok" : ended.error()->name();
}

}  // namespace gauntlet::uv::test
