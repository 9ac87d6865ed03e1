#include "gauntlet/uv/signal.hpp"

#include <csignal>
#include <iostream>

#include "handle_block.hpp"

namespace gauntlet::uv {

namespace {

/// libuv never takes the mark of a one-shot from a handle again, stops such a handle after its callback
/// whatever was started there, and takes no notice when one that waits for the same signal is to become a
/// one-shot. So a block is one or the other for all its life, and a signal that changes gets a new block.
class signal_block final : public detail::waited_block {
 public:
  signal_block(detail::loop_core& loop, std::source_location where) noexcept
      : waited_block(loop, where, signal) {}
  const char* kind() const noexcept override { return "signal"; }

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

  static void begin_next(detail::waited_block& on, detail::next_operation<int>& next) {
    // SAFETY: only a signal gives these rules.
    auto& self = static_cast<signal_block&>(on);
    if (!self.keeps_ || uv_is_active(self.uv()) == 0)
      throw misuse(next.kind(), "no signal is kept for it: call start() without a callback first",
                   next.where());
    if (self.kept_ == 0) return next.wait();
    --self.kept_;
    next.give(self.signal.signum);
  }
  /// What comes is kept for next(), or told to a callback.
  void keep(bool keeps) noexcept {
    keeps_ = keeps;
    kept_ = 0;
  }
  bool keeps() const noexcept { return keeps_; }

  uv_signal_t signal{};

 private:
  static void catch_signal(uv_signal_t* signal, int signum) noexcept {
    auto& self = detail::block_of<signal_block>(signal);
    if (self.keeps_) return self.tell_next(signum);
    self.in_callback_ = true;
    self.tell(self.caught_, signum);
    self.in_callback_ = false;
  }
  void tell_next(int signum) noexcept {
    if (!is_waited_for()) {
      ++kept_;
      return;
    }
    // SAFETY: only next() waits for a signal.
    static_cast<detail::next_operation<int>&>(waits().front()).give(signum);
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
  std::size_t kept_ = 0;
  bool keeps_ = false;
  bool started_ = false;  // ever
  bool once_ = false;
  bool in_callback_ = false;
};

signal_block& use_signal(detail::handle_block* block, const char* operation,
                         const std::source_location& where) {
  return detail::use<signal_block>(block, operation, where);
}

}  // namespace

signal::signal(uv::loop& loop, std::source_location where)
    : handle(signal_block::open(detail::loop_core::of(loop, "signal", where), "signal", where)) {}

void signal::begin(bool once, const char* operation, int signum, callback<void(int)>&& caught,
                   const std::source_location& where) {
  signal_block& used = use_signal(block_, operation, where);
  if (!caught) throw misuse(operation, "there is nothing to call: give it a callable", where);
  if (used.is_waited_for()) throw misuse(operation, "a task waits for it: cancel it first", where);
  if (used.fits(once)) {
    used.keep(false);
    used.start(once, operation, signum, std::move(caught), where);
    return;
  }
  // The new one waits before the old one stops: no signal slips through between them.
  signal next(signal_block::open(used.loop(), operation, where));
  use_signal(next.block_, operation, where).start(once, operation, signum, std::move(caught), where);
  if (!has_ref(where)) next.unref(where);
  *this = std::move(next);
}

void signal::start(int signum, callback<void(int)> caught, std::source_location where) {
  begin(false, "signal::start", signum, std::move(caught), where);
}

void signal::start(int signum, std::source_location where) {
  begin(false, "signal::start", signum, [](int) {}, where);
  use_signal(block_, "signal::start", where).keep(true);
}

detail::next_operation<int> signal::next(std::source_location where) {
  static constexpr detail::next_rules<int> rules{.kind = "signal::next", .begin = signal_block::begin_next};
  return {use_signal(block_, "signal::next", where), rules, where};
}

void signal::start_oneshot(int signum, callback<void(int)> caught, std::source_location where) {
  begin(true, "signal::start_oneshot", signum, std::move(caught), where);
}

static_assert(SIGUSR1 == 10, "the default of dump_on_signal()");

signal dump_on_signal(loop& loop, int signum, std::source_location where) {
  signal watching{loop, where};
  const detail::loop_core& core = detail::loop_core::of(loop, "dump_on_signal", where);
  watching.start(signum, [&core](int) { core.dump_all(std::cerr); }, where);
  watching.unref(where);
  return watching;
}

void signal::stop(std::source_location where) {
  signal_block& used = use_signal(block_, "signal::stop", where);
  if (used.is_waited_for()) throw misuse("signal::stop", "a task waits for it: cancel it first", where);
  uv_signal_stop(&used.signal);
}

}  // namespace gauntlet::uv
