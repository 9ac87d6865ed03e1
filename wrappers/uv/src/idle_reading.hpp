#pragma once
// What coroutines read goes on being read when nobody waits, until something comes: to stop and start libuv
// around each read would cost as much as some reads. It must not keep a loop running that waits for nothing
// else, though: then run() would never return, and a deadlock would never be told.

#include <uv.h>

#include <cstddef>

#include "gauntlet/detail/intrusive_list.hpp"

namespace gauntlet::uv::detail {

/// Of a handle that reads. Linked while nobody waits for it.
class idle_reading : public gauntlet::detail::list_node<struct idle_reading_tag> {
 private:
  friend class idle_readings;

  uv_handle_t* handle_ = nullptr;
};

/// Of a loop: looks before it waits for events, and only while there are some.
class idle_readings {
 public:
  explicit idle_readings(uv_loop_t& loop) noexcept : loop_(loop) {}

  /// Nobody waits for what the handle, a stream or udp, reads.
  void add(idle_reading& reading, uv_handle_t* handle) noexcept;
  /// Somebody does, or it does not read any more.
  void remove(idle_reading& reading) noexcept {
    if (!reading.is_linked()) [[likely]]
      return;
    reading.unlink();
    --count_;
  }

 private:
  static void on_prepare(uv_prepare_t* prepare) noexcept;
  bool are_all_that_comes() const noexcept;
  void stop_all() noexcept;

  uv_loop_t& loop_;
  gauntlet::detail::intrusive_list<idle_reading, idle_reading_tag> readings_;
  std::size_t count_ = 0;
  bool has_prepare_ = false;
  uv_prepare_t prepare_{};  // unreferenced
};

}  // namespace gauntlet::uv::detail
