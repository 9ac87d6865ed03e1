#include "gauntlet/uv/signal.hpp"

#include "handle_block.hpp"

namespace gauntlet::uv {

namespace {

/// libuv never takes the mark of a one-shot from a handle again, stops such a handle after its callback
/// whatever was started there, and takes no notice when one that waits for the same signal is to become a
/// one-shot. So a block is one or the other for all its life, and a signal that changes gets a new block.
class signal_block final : public detail::handle_block {
 public:
  signal_block(detail::loop_core& loop, std::source_location where) noexcept
      : handle_block(loop, "signal", where, signal) {}

  static signal_block& open(detail::loop_core& loop, const char* operation,
                            const std::source_location& where) {
    return detail::open_handle<signal_block>(loop, operation, where, [](uv_loop_t* raw, signal_block& made) {
      return uv_signal_init(raw, &made.signal);
    });
  }

  bool fits(bool once) const noexcept { return !started_ || (once_ == once && !(once && in_callback_)); }

  void start(bool once, const char* operation, int signum, callback<void(int)>&& called,
             const std::source_location& where) {
    detail::check((once ? uv_signal_start_oneshot : uv_signal_start)(&signal, catch_signal, signum), *this,
                  operation, where);
    once_ = once;
    started_ = true;
    caught_ = std::move(called);
    begin(where);
  }

  uv_signal_t signal{};

 private:
  static void catch_signal(uv_signal_t* signal, int signum) noexcept {
    auto& self = detail::block_of<signal_block>(signal);
    self.in_callback_ = true;
    self.loop().invoke(self.caught_, signum);
    self.in_callback_ = false;
  }
  void release_callbacks() noexcept override { caught_ = {}; }

  callback<void(int)> caught_;
  bool started_ = false;  // ever
  bool once_ = false;
  bool in_callback_ = false;
};

signal_block& use(detail::handle_block* block, const char* operation, const std::source_location& where) {
  return detail::use<signal_block>(block, operation, where);
}

}  // namespace

signal::signal(uv::loop& loop, std::source_location where)
    : handle(signal_block::open(detail::loop_core::of(loop, "signal", where), "signal", where)) {}

void signal::begin(bool once, const char* operation, int signum, callback<void(int)>&& caught,
                   const std::source_location& where) {
  signal_block& used = use(block_, operation, where);
  if (!caught) throw misuse(operation, "there is nothing to call: give it a callable", where);
  if (used.fits(once)) {
    used.start(once, operation, signum, std::move(caught), where);
    return;
  }
  // The new one waits before the old one stops: no signal slips through between them.
  signal next(signal_block::open(used.loop(), operation, where));
  use(next.block_, operation, where).start(once, operation, signum, std::move(caught), where);
  if (!has_ref(where)) next.unref(where);
  *this = std::move(next);
}

void signal::start(int signum, callback<void(int)> caught, std::source_location where) {
  begin(false, "signal::start", signum, std::move(caught), where);
}

void signal::start_oneshot(int signum, callback<void(int)> caught, std::source_location where) {
  begin(true, "signal::start_oneshot", signum, std::move(caught), where);
}

void signal::stop(std::source_location where) { uv_signal_stop(&use(block_, "signal::stop", where).signal); }

}  // namespace gauntlet::uv
