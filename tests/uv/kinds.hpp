#pragma once
// One specimen of each kind of handle, so that what must hold for all of them is written once. A new kind is
// one more struct, and its name in all_kinds.

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "pseudo_terminal.hpp"
#include "support.hpp"
#include "temporary_folder.hpp"

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

/// For a kind whose callback is given to its constructor: that one calls what start() was given last. The
/// handle alone holds it, so that it ends with the handle's callbacks.
class late_callback {
 public:
  callback<void()> caller() {
    auto held = std::make_shared<callback<void()>>();
    called_ = held;
    return [held = std::move(held)] {
      if (!*held) return;
      callback<void()> running = std::move(*held);
      running();
      if (!*held) *held = std::move(running);
    };
  }
  void set(callback<void()> called) const {
    if (const auto held = called_.lock()) *held = std::move(called);
  }

 private:
  std::weak_ptr<callback<void()>> called_;
};

struct async_specimen {
  using handle_type = async;
  static constexpr const char* name = "async";
  static constexpr bool can_stop = false;
  static constexpr bool can_restart = false;
  explicit async_specimen(loop& loop) : subject(std::in_place, loop, late.caller()) {}
  void start(callback<void()> called) {
    late.set(std::move(called));
    subject->send();
  }
  late_callback late;
  std::optional<async> subject;
};

/// A child that ends when nobody holds its standard input any more, and leaves no zombie, even where it
/// outlives its loop.
class child_on_a_line {
 public:
  child_on_a_line() = default;
  child_on_a_line(const child_on_a_line&) = delete;
  child_on_a_line& operator=(const child_on_a_line&) = delete;
  ~child_on_a_line() {
    if (line_.read >= 0) ::close(line_.read);
    ::close(line_.write);
    // The loop may have collected it, or do so after this: it takes both.
    while (pid_ != 0 && ::waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
    }
  }

  process start(loop& loop, callback<void()> ended) {
    process child(loop, {.file = "/bin/cat", .stdio = {stdio_container::inherit_fd(line_.read)}},
                  [ended = std::move(ended)](exit_status) mutable { ended(); });
    pid_ = child.pid();
    ::close(std::exchange(line_.read, -1));
    return child;
  }

 private:
  pipe_descriptors line_ = make_pipe();
  int pid_ = 0;
};

/// It runs from the beginning; started is what ends it.
struct process_specimen {
  using handle_type = process;
  static constexpr const char* name = "process";
  static constexpr bool can_stop = false;
  static constexpr bool can_restart = false;
  explicit process_specimen(loop& loop) : subject(child.start(loop, late.caller())) {}
  void start(callback<void()> called) {
    subject->kill(SIGKILL);
    late.set(std::move(called));
  }
  late_callback late;
  child_on_a_line child;
  std::optional<process> subject;
};

/// Of a signal that does nothing to who does not wait for it.
struct signal_specimen {
  using handle_type = signal;
  static constexpr const char* name = "signal";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = true;
  explicit signal_specimen(loop& loop) : subject(std::in_place, loop) {}
  void start(callback<void()> called) {
    subject->start(SIGURG, [called = std::move(called)](int) mutable { called(); });
    REQUIRE(::raise(SIGURG) == 0);
  }
  void stop() { subject->stop(); }
  std::optional<signal> subject;
};

/// Of a socket that can be read. The callbacks hold it, too: they go when nothing watches it any more.
struct poll_specimen {
  using handle_type = poll;
  static constexpr const char* name = "poll";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = true;
  struct sockets {
    sockets() {
      REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
      REQUIRE(::write(ends[1], "x", 1) == 1);
    }
    sockets(const sockets&) = delete;
    sockets& operator=(const sockets&) = delete;
    ~sockets() {
      for (const int end : ends) ::close(end);
    }
    std::array<int, 2> ends{};
  };
  explicit poll_specimen(loop& loop) : subject(std::in_place, loop, both->ends[0]) {}
  void start(callback<void()> called) {
    subject->start(poll_events::readable,
                   [called = std::move(called), both = both](poll_events) mutable { called(); });
  }
  void stop() { subject->stop(); }
  std::shared_ptr<sockets> both = std::make_shared<sockets>();
  std::optional<poll> subject;
};

/// Reads what was there before it began, and what comes after that.
template <class Stream>
struct stream_specimen {
  using handle_type = Stream;
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = false;
  explicit stream_specimen(std::pair<Stream, Stream> ends)
      : peer(std::move(ends.second)), subject(std::move(ends.first)) {
    peer->try_write(std::as_bytes(std::span("hello", 5)));
  }
  void start(callback<void()> called) {
    subject->read_start([called = std::move(called)](std::span<std::byte>) mutable { called(); });
    peer->try_write(std::as_bytes(std::span("again", 5)));
  }
  void stop() { subject->read_stop(); }
  std::optional<Stream> peer;
  std::optional<Stream> subject;
};
struct tcp_specimen : stream_specimen<tcp> {
  static constexpr const char* name = "tcp";
  explicit tcp_specimen(loop& loop) : stream_specimen(socket_pair(loop)) {}
};
struct pipe_specimen : stream_specimen<pipe> {
  static constexpr const char* name = "pipe";
  explicit pipe_specimen(loop& loop) : stream_specimen(pipe_pair(loop)) {}
};

/// A line is typed right after it began.
struct tty_specimen {
  using handle_type = tty;
  static constexpr const char* name = "tty";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = false;
  explicit tty_specimen(loop& loop) : subject(std::in_place, loop, terminal.program) {}
  void start(callback<void()> called) {
    subject->read_start([called = std::move(called)](std::span<std::byte>) mutable { called(); });
    REQUIRE(::write(terminal.controller, "\n", 1) == 1);
  }
  void stop() { subject->read_stop(); }
  pseudo_terminal terminal;
  std::optional<tty> subject;
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

struct pipe_listener_specimen {
  using handle_type = pipe_listener;
  static constexpr const char* name = "pipe";
  static constexpr bool can_stop = false;
  static constexpr bool can_restart = false;
  explicit pipe_listener_specimen(loop& loop)
      : subject(std::in_place, loop, folder / "socket"), client(std::in_place, loop) {}
  void start(callback<void()> called) {
    subject->listen([called = std::move(called)](pipe) mutable { called(); });
    client->connect(folder / "socket", [](outcome<>) {});
  }
  temporary_folder folder;
  std::optional<pipe_listener> subject;
  std::optional<pipe> client;
};

/// A datagram comes right after it began.
struct udp_specimen {
  using handle_type = udp;
  static constexpr const char* name = "udp";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = false;
  explicit udp_specimen(loop& loop) : sender(std::in_place, loop), subject(std::in_place, loop) {
    subject->bind(any_port());
    sender->connect(subject->local_address());
  }
  void start(callback<void()> called) {
    subject->recv_start([called = std::move(called)](outcome<datagram>) mutable { called(); });
    sender->try_send(std::as_bytes(std::span("hello", 5)));
  }
  void stop() { subject->recv_stop(); }
  std::optional<udp> sender;
  std::optional<udp> subject;
};

/// The file is written to right after it began.
struct fs_event_specimen {
  using handle_type = fs_event;
  static constexpr const char* name = "fs_event";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = false;
  explicit fs_event_specimen(loop& loop) : subject(std::in_place, loop) {}
  void start(callback<void()> called) {
    subject->start(file, [called = std::move(called)](outcome<fs_change>) mutable { called(); });
    folder.make("file", "changed");
  }
  void stop() { subject->stop(); }
  temporary_folder folder;
  std::string file = folder.make("file");
  std::optional<fs_event> subject;
};

/// Its first look finds no file, and tells so.
struct fs_poll_specimen {
  using handle_type = fs_poll;
  static constexpr const char* name = "fs_poll";
  static constexpr bool can_stop = true;
  static constexpr bool can_restart = false;
  explicit fs_poll_specimen(loop& loop) : subject(std::in_place, loop) {}
  void start(callback<void()> called) {
    subject->start("/no/such/file", std::chrono::milliseconds(1),
                   [called = std::move(called)](outcome<fs_poll_change>) mutable { called(); });
  }
  void stop() { subject->stop(); }
  std::optional<fs_poll> subject;
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

using all_kinds =
    kinds<timer_specimen, idle_specimen, prepare_specimen, check_specimen, async_specimen, process_specimen,
          signal_specimen, poll_specimen, tcp_specimen, pipe_specimen, tty_specimen, tcp_listener_specimen,
          pipe_listener_specimen, udp_specimen, fs_event_specimen, fs_poll_specimen>;

/// libuv's signal handler runs on whatever thread the system has picked, and reads what the loop's thread
/// writes without a lock (see signal.hpp), so ThreadSanitizer objects. A thread that is started while this
/// lives is never picked.
class signals_blocked {
 public:
  signals_blocked() {
    sigset_t all{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};
template <class Work>
std::thread thread_without_signals(Work&& work) {
  const signals_blocked meanwhile;
  return std::thread(std::forward<Work>(work));
}
/// The thread pool starts with its first work.
inline void start_pool_without_signals() {
  const signals_blocked meanwhile;
  loop loop;
  queue_work(loop, [] {});
  loop.run();
}

/// turn(), which does not wait, until done() says so; for long, but not without end.
template <class Turn, class Done>
bool repeat_until(Turn&& turn, Done&& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done() && std::chrono::steady_clock::now() < end) {
    turn();
    std::this_thread::yield();
  }
  return done();
}
template <class Done>
bool turn_until(loop& loop, Done&& done) {
  return repeat_until([&] { loop.run(run_mode::nowait); }, done);
}

}  // namespace gauntlet::uv::test
