#pragma once
/// What a client sends: the bytes of a connection as heads and bodies of requests.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/llhttp.hpp>
#include <gauntlet/uv.hpp>
#include <memory>
#include <optional>
#include <span>

#include "limits.hpp"
#include "metrics.hpp"

/// Reads no more than somebody waits for: what is not asked for stays in the system, and the client waits.
/// Its memory is small until a body is asked for. Throws refusal for what takes too long or is too much,
/// llhttp::error for what is not HTTP, uv::error if the connection is lost.
class incoming {
 public:
  incoming(gauntlet::uv::tcp& peer, const server_limits& limits, metrics& counts);

  /// Of the next request. Nothing: the client has ended the connection, or has not begun one in time.
  gauntlet::task<std::optional<gauntlet::llhttp::request>> head();
  /// The first byte of a request has come, and not all of its head.
  bool in_head() const { return !reader_.between_requests(); }

  /// Some more of the body, until the next call; empty at its end.
  gauntlet::task<std::span<const std::byte>> body();
  /// All of it that is left, for nobody.
  gauntlet::task<> drop_body();
  /// The whole request has come.
  bool complete() const { return complete_; }

 private:
  gauntlet::task<std::size_t> read(std::size_t most, std::chrono::nanoseconds time);
  gauntlet::task<> read_more_of_body();
  std::span<const std::byte> parse_body();
  void join(std::span<const std::byte>& before, std::span<const std::byte> piece);

  gauntlet::uv::tcp& peer_;
  const server_limits& limits_;
  metrics& counts_;
  gauntlet::llhttp::request_reader reader_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t size_ = 0;               // of the buffer
  std::span<const std::byte> unread_;  // in it
  bool complete_ = true;
  // of the body
  std::uint64_t received_ = 0;
  std::uint64_t on_the_wire_ = 0;      // with what frames it
  std::chrono::nanoseconds waited_{};  // for the client
};
