#include "idle_reading.hpp"

#include <utility>

namespace gauntlet::uv::detail {

void idle_readings::add(idle_reading& reading, uv_handle_t* handle) noexcept {
  if (reading.is_linked()) return;
  reading.handle_ = handle;
  readings_.push_back(reading);
  ++count_;
  // SAFETY: every handle of libuv's begins as a uv_handle_t.
  auto* const prepare = reinterpret_cast<uv_handle_t*>(&prepare_);
  if (!std::exchange(has_prepare_, true)) {
    uv_prepare_init(&loop_, &prepare_);  // cannot fail
    prepare_.data = this;
    uv_unref(prepare);
  }
  if (uv_is_closing(prepare) == 0) uv_prepare_start(&prepare_, on_prepare);
}

void idle_readings::on_prepare(uv_prepare_t* prepare) noexcept {
  // SAFETY: add() set it, and the prepare is a member.
  auto& self = *static_cast<idle_readings*>(prepare->data);
  if (self.readings_.empty())
    uv_prepare_stop(prepare);
  else if (self.are_all_that_comes())
    self.stop_all();
}

/// Nothing but them keeps the loop running. Some may be unreferenced: then the first look is too pessimistic.
bool idle_readings::are_all_that_comes() const noexcept {
  if (loop_.active_handles > count_ || loop_.active_reqs.count != 0) return false;
  std::size_t keeping = 0;
  readings_.for_each([&](const idle_reading& each) {
    if (uv_is_active(each.handle_) != 0 && uv_has_ref(each.handle_) != 0) ++keeping;
  });
  return loop_.active_handles == keeping;
}

void idle_readings::stop_all() noexcept {
  count_ = 0;
  while (!readings_.empty()) {
    uv_handle_t* const handle = readings_.pop_front().handle_;
    // SAFETY: add() was given a udp or a stream.
    if (handle->type == UV_UDP)
      uv_udp_recv_stop(reinterpret_cast<uv_udp_t*>(handle));
    else
      uv_read_stop(reinterpret_cast<uv_stream_t*>(handle));
  }
}

}  // namespace gauntlet::uv::detail
