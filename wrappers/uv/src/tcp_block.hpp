#pragma once
// Of tcp and tcp_listener, and of a pipe that hands them over.

#include "stream_block.hpp"

namespace gauntlet::uv::detail {

class tcp_block final : public stream_block {
 public:
  tcp_block(loop_core& loop, std::source_location where) noexcept : stream_block(loop, where, tcp) {}
  const char* kind() const noexcept override { return "tcp"; }

  static tcp_block& open(loop_core& loop, unsigned flags, const char* operation, std::source_location where) {
    return open_handle<tcp_block>(loop, operation, where, [flags](uv_loop_t* raw, tcp_block& made) {
      return uv_tcp_init_ex(raw, &made.tcp, flags);
    });
  }

  uv_tcp_t tcp{};
};

}  // namespace gauntlet::uv::detail
