#pragma once
// Of pipe and pipe_listener.

#include "stream_block.hpp"

namespace gauntlet::uv::detail {

class pipe_block final : public stream_block {
 public:
  pipe_block(loop_core& loop, std::source_location where) noexcept : stream_block(loop, where, pipe) {}
  const char* kind() const noexcept override { return "pipe"; }

  static pipe_block& open(loop_core& loop, bool ipc, const char* operation, std::source_location where) {
    return open_handle<pipe_block>(loop, operation, where, [ipc](uv_loop_t* raw, pipe_block& made) {
      return uv_pipe_init(raw, &made.pipe, ipc ? 1 : 0);
    });
  }

  uv_pipe_t pipe{};
  bool accepts_ipc = false;  // of one that listens
};

}  // namespace gauntlet::uv::detail
