#include "gauntlet/uv/async.hpp"

#include <atomic>
#include <mutex>

#include "handle_block.hpp"

namespace gauntlet::uv {
namespace {

class async_block final : public detail::handle_block {
 public:
  async_block(detail::loop_core& loop, std::source_location where) noexcept
      : handle_block(loop, where, async) {}
  const char* kind() const noexcept override { return "async"; }

  static void wake(uv_async_t* async) noexcept {
    auto& self = detail::block_of<async_block>(async);
    // Every send() of another thread since the last time is a link of the chain that this reads from: so it
    // sees what was done before each, which libuv's own flag does not promise.
    self.sent_.exchange(false, std::memory_order_acq_rel);
    self.tell(self.woken);
  }

  bool send() noexcept {
    if (!loop().on_this_thread()) return send_from_elsewhere();
    return open_ && uv_async_send(&async) == 0;  // who is called sees this thread's own work in any case
  }

  uv_async_t async{};
  callback<void()> woken;

 private:
  [[gnu::noinline]] bool send_from_elsewhere() noexcept {
    if (!open_) return false;
    if (sent_.exchange(true, std::memory_order_acq_rel)) return true;  // the callback is still to come
    const std::scoped_lock lock(mutex_);
    return open_ && uv_async_send(&async) == 0;
  }
  void before_close() noexcept override {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }
  void release_callbacks() noexcept override { woken = {}; }

  std::atomic<bool> sent_{false};
  std::mutex mutex_;  // libuv knows nothing of another thread's send() while it closes
  std::atomic<bool> open_{true};
};

}  // namespace

async::async(uv::loop& loop, callback<void()> woken, std::source_location where)
    : handle([&]() -> detail::handle_block& {
        detail::require_callable(woken, "async", where);
        auto& block =
            detail::open_handle<async_block>(loop, "async", where, [](uv_loop_t* raw, async_block& made) {
              return uv_async_init(raw, &made.async, async_block::wake);
            });
        block.woken = std::move(woken);
        return block;
      }()) {}

bool async::send(std::source_location where) const {
  if (block_ == nullptr) [[unlikely]]
    detail::refuse_use(nullptr, "async::send", where);
  // SAFETY: this class made the block.
  return static_cast<async_block*>(block_)->send();
}

}  // namespace gauntlet::uv
