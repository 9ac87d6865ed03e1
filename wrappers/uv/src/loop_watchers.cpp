#include "gauntlet/uv/loop_watchers.hpp"

#include "handle_block.hpp"

namespace gauntlet::uv {
namespace {

/// The three differ in nothing but the names of libuv's functions.
template <class Handle, auto Init, auto Start, auto Stop>
class watcher_block final : public detail::handle_block {
 public:
  watcher_block(detail::loop_core& loop, std::source_location where) noexcept
      : handle_block(loop, where, watcher) {}
  const char* kind() const noexcept override { return name(); }

  static watcher_block& open(uv::loop& owner, std::source_location where) {
    return detail::open_handle<watcher_block>(
        owner, name(), where, [](uv_loop_t* raw, watcher_block& block) { return Init(raw, &block.watcher); });
  }
  static void start(detail::handle_block* used, const char* operation, callback<void()>&& called,
                    const std::source_location& where) {
    auto& block = detail::use<watcher_block>(used, operation, where);
    detail::require_callable(called, operation, where);
    detail::check(Start(&block.watcher, on_turn), block, operation, where);
    block.called_ = std::move(called);
    block.begin(where);
  }
  static void stop(detail::handle_block* used, const char* operation, const std::source_location& where) {
    Stop(&detail::use<watcher_block>(used, operation, where).watcher);
  }

  Handle watcher{};

 private:
  static const char* name() noexcept {
    if constexpr (std::is_same_v<Handle, uv_prepare_t>)
      return "prepare";
    else
      return std::is_same_v<Handle, uv_check_t> ? "check" : "idle";
  }
  static void on_turn(Handle* handle) noexcept {
    auto& self = detail::block_of<watcher_block>(handle);
    self.tell(self.called_);
  }
  void release_callbacks() noexcept override { called_ = {}; }

  callback<void()> called_;
};

using prepare_block = watcher_block<uv_prepare_t, uv_prepare_init, uv_prepare_start, uv_prepare_stop>;
using check_block = watcher_block<uv_check_t, uv_check_init, uv_check_start, uv_check_stop>;
using idle_block = watcher_block<uv_idle_t, uv_idle_init, uv_idle_start, uv_idle_stop>;

}  // namespace

prepare::prepare(uv::loop& loop, std::source_location where) : handle(prepare_block::open(loop, where)) {}
void prepare::start(callback<void()> called, std::source_location where) {
  prepare_block::start(block_, "prepare::start", std::move(called), where);
}
void prepare::stop(std::source_location where) { prepare_block::stop(block_, "prepare::stop", where); }

check::check(uv::loop& loop, std::source_location where) : handle(check_block::open(loop, where)) {}
void check::start(callback<void()> called, std::source_location where) {
  check_block::start(block_, "check::start", std::move(called), where);
}
void check::stop(std::source_location where) { check_block::stop(block_, "check::stop", where); }

idle::idle(uv::loop& loop, std::source_location where) : handle(idle_block::open(loop, where)) {}
void idle::start(callback<void()> called, std::source_location where) {
  idle_block::start(block_, "idle::start", std::move(called), where);
}
void idle::stop(std::source_location where) { idle_block::stop(block_, "idle::stop", where); }

}  // namespace gauntlet::uv
