#include "gauntlet/uv/signal.hpp"

#include <csignal>

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
    if (once && !is_caught(signum)) register_again(operation, signum, where);
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

  static bool is_caught(int signum) noexcept {
    struct sigaction now{};
    return sigaction(signum, nullptr, &now) == 0 && now.sa_handler != SIG_DFL;
  }
  /// A one-shot whose signal has come but has not been told yet keeps libuv from registering the next one:
  /// the signal would do what it does by default. An ordinary handle that comes and goes has it registered.
  void register_again(const char* operation, int signum, const std::source_location& where) {
    signal_block& passing = open(loop(), operation, where);
    const int status = uv_signal_start(&passing.signal, catch_signal, signum);
    passing.disown();
    detail::check(status, *this, operation, where);
  }

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
