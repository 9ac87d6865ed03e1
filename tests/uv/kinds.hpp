#pragma once
// One specimen of each kind of handle, so that what must hold for all of them is written once. A new kind is
// one more struct, and its name in all_kinds.

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "support.hpp"

namespace gauntlet::uv::test {

/// What a specimen has:
///   explicit X(loop&)                 makes it, open and not started
///   std::optional<...> subject        the owner
///   void start(callback<void()>)      afterwards the loop calls it in one of its next turns
///   void stop()                       the way back, where there is one (can_stop)
///   bool can_stop, can_restart        start() while it runs calls another function from then on
///   const char* name                  as pending() has it
struct timer_specimen {
  using handle_type = timer;
  static constexpr const char* name = "timer";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = true;
  explicit timer_specimen(loop& loop) : subject(std::in_place, loop) {}
  void start(callback<void()> called) {
    subject->start(std::chrono::milliseconds(0), std::chrono::milliseconds(1), std::move(called));
  }
  void stop() { subject->stop(); }
  std::optional<timer> subject;
};

template <class Watcher>
struct watcher_specimen {
  using handle_type = Watcher;
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = true;
  explicit watcher_specimen(loop& loop) : subject(std::in_place, loop) {}
  void start(callback<void()> called) { subject->start(std::move(called)); }
  void stop() { subject->stop(); }
  std::optional<Watcher> subject;
};
struct idle_specimen : watcher_specimen<idle> {
  static constexpr const char* name = "idle";
  using watcher_specimen::watcher_specimen;
};
struct prepare_specimen : watcher_specimen<prepare> {
  static constexpr const char* name = "prepare";
  using watcher_specimen::watcher_specimen;
};
struct check_specimen : watcher_specimen<check> {
  static constexpr const char* name = "check";
  using watcher_specimen::watcher_specimen;
};

struct async_specimen {
  using handle_type = async;
  static constexpr const char* name = "async";
  static constexpr bool can_stop = false;
  static constexpr bool can_restart = false;
  explicit async_specimen(loop& loop) : called(std::make_shared<callback<void()>>()) {
    subject.emplace(loop, [called = called] {
      if (!*called) return;
      callback<void()> running = std::move(*called);
      running();
      if (!*called) *called = std::move(running);
    });
  }
  void start(callback<void()> work) {
    *called = std::move(work);
    subject->send();
  }
  std::shared_ptr<callback<void()>> called;
  std::optional<async> subject;
};

/// Reads what was there before it began.
struct tcp_specimen {
  using handle_type = tcp;
  static constexpr const char* name = "tcp";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = false;
  explicit tcp_specimen(loop& loop) {
    auto ends = socket_pair(loop);
    subject.emplace(std::move(ends.first));
    peer.emplace(std::move(ends.second));
    peer->try_write(std::as_bytes(std::span("hello", 5)));
  }
  void start(callback<void()> called) {
    subject->read_start([called = std::move(called)](std::span<std::byte>) mutable { called(); });
  }
  void stop() { subject->read_stop(); }
  std::optional<tcp> subject;
  std::optional<tcp> peer;
};

/// Somebody connects right after it began.
struct tcp_listener_specimen {
  using handle_type = tcp_listener;
  static constexpr const char* name = "tcp";
  static constexpr bool can_stop = false;
  static constexpr bool can_restart = false;
  explicit tcp_listener_specimen(loop& loop)
      : subject(std::in_place, loop, any_port()), client(std::in_place, loop) {}
  void start(callback<void()> called) {
    subject->listen([called = std::move(called)](tcp) mutable { called(); });
    client->connect(subject->local_address(), [](outcome<>) {});
  }
  std::optional<tcp_listener> subject;
  std::optional<tcp> client;
};

template <class... Specimens>
struct kinds {
  /// work.template operator()<Specimen>()
  template <class Work>
  static void for_each(Work&& work) {
    (one<Specimens>(work), ...);
  }

 private:
  template <class Specimen, class Work>
  static void one(Work& work) {
    INFO("kind: " << Specimen::name);
    work.template operator()<Specimen>();
  }
};

using all_kinds = kinds<timer_specimen, idle_specimen, prepare_specimen, check_specimen, async_specimen,
                        tcp_specimen, tcp_listener_specimen>;

/// Turns of the loop until done() says so; many, but not without end.
template <class Done>
bool turn_until(loop& loop, Done&& done) {
  for (int turns = 0; turns < 100000 && !done(); ++turns) loop.run(run_mode::nowait);
  return done();
}

}  // namespace gauntlet::uv::test
