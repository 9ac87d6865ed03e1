#pragma once
// Of udp, and of a pipe that hands it over.

#include <uv.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "gauntlet/uv/udp.hpp"
#include "handle_block.hpp"
#include "request_block.hpp"

namespace gauntlet::uv::detail {

class udp_block final : public waited_block {
 public:
  udp_block(loop_core& loop, std::source_location where) noexcept : waited_block(loop, where, udp) {}
  const char* kind() const noexcept override { return "udp"; }

  static udp_block& open(loop_core& loop, unsigned flags, const char* operation, std::source_location where) {
    return open_handle<udp_block>(loop, operation, where, [flags](uv_loop_t* raw, udp_block& made) {
      return uv_udp_init_ex(raw, &made.udp, flags);
    });
  }

  static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
  static void on_received(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                          unsigned flags) noexcept;

  static void on_alloc_for_wait(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
  static void on_received_for_wait(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer,
                                   const sockaddr* from, unsigned flags) noexcept;
  /// As a stream does, it goes on when nobody waits, until something comes.
  void receive_for_waits(const receive_operation& by);
  void stop_receiving_for_waits(const char* operation, const std::source_location& where);

  uv_udp_t udp{};
  callback<std::span<std::byte>(std::size_t)> alloc;
  callback<void(outcome<datagram>)> received;
  bool local = false;  // a Unix socket

 private:
  // A batch would go on after the callback that closed the handle.
  void before_close() noexcept override {
    loop().idle().remove(idle_);
    uv_udp_recv_stop(&udp);
  }
  void release_callbacks() noexcept override {
    alloc = {};
    received = {};
  }
  std::span<std::byte> memory(std::size_t suggested);
  void tell_failure(int status) noexcept;

  idle_reading idle_;
  std::unique_ptr<std::byte[]> batch_;  // with recvmmsg
};

class send_block final : public request_block {
 public:
  send_block(loop_core& loop, std::source_location where, const address& to, buffers_callback&& done) noexcept
      : request_block(loop, "udp_send", where, request), to_(to), sent_(std::move(done)) {}

  /// One, or several.
  std::span<owned_buffer> buffers() noexcept {
    return several.empty() ? std::span(&one, 1) : std::span(several);
  }
  std::string subject() const { return to_ ? to_.to_string() : "udp"; }
  static void on_sent(uv_udp_send_t* request, int status) noexcept;
  void release_callbacks() noexcept { sent_ = {}; }

  uv_udp_send_t request{};
  owned_buffer one;
  std::vector<owned_buffer> several;
  [[no_unique_address]] lend lent;

 private:
  using request_block::describe;
  void describe(pending_operation& into) const override {
    request_block::describe(into);
    into.object = subject();
  }

  address to_;
  buffers_callback sent_;
};

}  // namespace gauntlet::uv::detail
