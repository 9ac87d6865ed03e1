// Every kind of awaitable: completes, is cancelled before, during and after, times out, its handle is closed
// under it, its loop is destroyed under it.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tasks_support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// Something that a task waits for, and that does not come by itself.
class specimen {
 public:
  specimen() = default;
  specimen(const specimen&) = delete;
  specimen& operator=(const specimen&) = delete;
  virtual ~specimen() = default;

  virtual task<> wait() = 0;
  /// Now it comes.
  virtual task<> bring() = 0;
  /// Closes the handle that is waited for; false: there is none.
  virtual bool close() { return false; }
  /// To cancel it closes the handle.
  virtual bool closed_by_cancelling() { return false; }
  /// What a thread of the pool has begun is awaited.
  virtual bool cannot_be_cancelled() { return false; }
  virtual bool has_begun() { return true; }
};

template <class Stream>
std::pair<Stream, Stream> pair_of(loop& loop);
template <>
std::pair<tcp, tcp> pair_of(loop& loop) {
  return socket_pair(loop);
}
template <>
std::pair<pipe, pipe> pair_of(loop& loop) {
  return pipe_pair(loop);
}

template <class Stream>
class with_streams : public specimen {
 public:
  explicit with_streams(loop& loop) : ends(pair_of<Stream>(loop)) {}
  bool close() override {
    ends.first.close();
    return true;
  }
  task<> bring() override { co_await ends.second.write(bytes_of("a\n")); }

  std::pair<Stream, Stream> ends;
  std::array<std::byte, 2> buffer{};
};

template <class Stream>
struct read_some final : with_streams<Stream> {
  using with_streams<Stream>::with_streams;
  task<> wait() override { static_cast<void>(co_await this->ends.first.read_some(this->buffer)); }
};
template <class Stream>
struct read_exactly final : with_streams<Stream> {
  using with_streams<Stream>::with_streams;
  task<> wait() override { static_cast<void>(co_await this->ends.first.read_exactly(this->buffer)); }
};
template <class Stream>
struct read_until final : with_streams<Stream> {
  using with_streams<Stream>::with_streams;
  task<> wait() override { static_cast<void>(co_await this->ends.first.read_until(text, "\n")); }
  std::string text;
};

/// The other side does not read.
template <class Stream>
struct write final : with_streams<Stream> {
  using with_streams<Stream>::with_streams;
  task<> wait() override { co_await this->ends.first.write(std::span(bytes)); }
  task<> bring() override {
    std::vector<std::byte> read(1 << 20);
    for (std::size_t come = 0; come < bytes.size();) come += co_await this->ends.second.read_some(read);
  }
  bool closed_by_cancelling() override { return true; }
  std::vector<std::byte> bytes = std::vector<std::byte>(std::size_t{8} << 20);
};

/// Behind a write that waits.
template <class Stream>
struct shutdown final : with_streams<Stream> {
  explicit shutdown(loop& loop) : with_streams<Stream>(loop) {
    this->ends.first.write(std::vector<std::byte>(size), [](outcome<>) {});
  }
  task<> wait() override { co_await this->ends.first.shutdown(); }
  task<> bring() override {
    std::vector<std::byte> read(1 << 20);
    for (std::size_t come = 0; come < size;) come += co_await this->ends.second.read_some(read);
  }
  bool closed_by_cancelling() override { return true; }
  static constexpr std::size_t size = std::size_t{8} << 20;
};

struct accept final : specimen {
  explicit accept(loop& loop) : listener(loop, any_port()), client(loop) {}
  task<> wait() override { static_cast<void>(co_await listener.accept()); }
  task<> bring() override { co_await client.connect(listener.local_address()); }
  bool close() override {
    listener.close();
    return true;
  }
  tcp_listener listener;
  tcp client;
};

struct accept_pipe final : specimen {
  explicit accept_pipe(loop& loop) : listener(loop, folder / "a"), client(loop) {}
  task<> wait() override { static_cast<void>(co_await listener.accept()); }
  task<> bring() override { co_await client.connect(folder / "a"); }
  bool close() override {
    listener.close();
    return true;
  }
  temporary_folder folder;
  pipe_listener listener;
  pipe client;
};

struct receive final : specimen {
  explicit receive(loop& loop) : receiver(loop), sender(loop) { receiver.bind(any_port()); }
  task<> wait() override { static_cast<void>(co_await receiver.receive_from(buffer)); }
  task<> bring() override { co_await sender.send_to(bytes_of("a"), receiver.local_address()); }
  bool close() override {
    receiver.close();
    return true;
  }
  udp receiver;
  udp sender;
  std::array<std::byte, 2> buffer{};
};

struct next_signal final : specimen {
  explicit next_signal(loop& loop) : hangups(loop) { hangups.start(SIGHUP); }
  task<> wait() override { static_cast<void>(co_await hangups.next()); }
  task<> bring() override {
    ::kill(::getpid(), SIGHUP);
    co_return;
  }
  bool close() override {
    hangups.close();
    return true;
  }
  signal hangups;
};

struct next_change final : specimen {
  explicit next_change(loop& loop) : watcher(loop) { watcher.start(folder.path()); }
  task<> wait() override { static_cast<void>(co_await watcher.next()); }
  task<> bring() override {
    folder.make("a");
    co_return;
  }
  bool close() override {
    watcher.close();
    return true;
  }
  temporary_folder folder;
  fs_event watcher;
};

struct descriptor_ready final : specimen {
  explicit descriptor_ready(loop& loop)
      : ends(make_pipe({.nonblocking_read = true})), poll(std::in_place, loop, ends.read) {}
  ~descriptor_ready() override {
    poll.reset();
    ::close(ends.read);
    ::close(ends.write);
  }
  task<> wait() override { static_cast<void>(co_await poll->ready(poll_events::readable)); }
  task<> bring() override {
    CHECK(::write(ends.write, "a", 1) == 1);
    co_return;
  }
  bool close() override {
    poll->close();
    return true;
  }
  pipe_descriptors ends;
  std::optional<uv::poll> poll;
};

struct child_exit final : specimen {
  explicit child_exit(loop& loop)
      : input(loop),
        child(loop, {.file = "cat",
                     .args = {"cat"},
                     .stdio = {stdio_container::create_pipe(input, pipe_end::readable)}}) {}
  task<> wait() override { static_cast<void>(co_await child.exit()); }
  task<> bring() override {
    input.close();
    co_return;
  }
  bool close() override {
    child.close();
    return true;
  }
  pipe input;
  process child;
};

/// A thread has begun with it.
struct work final : specimen {
  explicit work(loop& loop) : on(loop) {}
  task<> wait() override {
    co_await offload(on, [this] {
      begun = true;
      for (int i = 0; i < 500 && !may_end; ++i) std::this_thread::sleep_for(1ms);
    });
  }
  task<> bring() override {
    may_end = true;
    co_return;
  }
  bool cannot_be_cancelled() override { return true; }
  bool has_begun() override { return begun; }
  loop& on;
  std::atomic<bool> begun = false;
  std::atomic<bool> may_end = false;
};

struct asleep final : specimen {
  explicit asleep(loop&) {}
  task<> wait() override { co_await event.wait(); }
  task<> bring() override {
    event.set();
    co_return;
  }
  gauntlet::event event;
};

struct kind {
  const char* name;
  std::unique_ptr<specimen> (*make)(loop&);
};
template <class Specimen>
constexpr auto made =
    [](loop& loop) -> std::unique_ptr<specimen> { return std::make_unique<Specimen>(loop); };

constexpr kind kinds[] = {
    {"tcp read_some", made<read_some<tcp>>},
    {"tcp read_exactly", made<read_exactly<tcp>>},
    {"tcp read_until", made<read_until<tcp>>},
    {"tcp write", made<write<tcp>>},
    {"tcp shutdown", made<shutdown<tcp>>},
    {"pipe read_some", made<read_some<pipe>>},
    {"pipe read_exactly", made<read_exactly<pipe>>},
    {"pipe read_until", made<read_until<pipe>>},
    {"pipe write", made<write<pipe>>},
    {"pipe shutdown", made<shutdown<pipe>>},
    {"tcp_listener accept", made<accept>},
    {"pipe_listener accept", made<accept_pipe>},
    {"udp receive_from", made<receive>},
    {"signal next", made<next_signal>},
    {"fs_event next", made<next_change>},
    {"poll ready", made<descriptor_ready>},
    {"process exit", made<child_exit>},
    {"offload", made<work>},
    {"an event of core's", made<asleep>},
};

/// test(loop, specimen&): on a loop of its own, which is proven to close clean.
template <class Test>
void for_each_kind(Test test) {
  for (const kind& each : kinds) {
    INFO(each.name);
    loop loop;
    {
      const std::unique_ptr<specimen> one = each.make(loop);
      test(loop, *one);
    }
    loop.run();
    closes_clean(loop);
  }
}

task<bool> is_cancelled(task<> waiting) {
  const std::error_code ended = co_await code_of(std::move(waiting));
  co_return ended == std::errc::operation_canceled;
}

}  // namespace

TEST_CASE("whatever is awaited: it waits until it comes, is pending meanwhile, and comes") {
  for_each_kind([](loop& loop, specimen& one) {
    bool came = false;
    const auto waits = [&]() -> task<> {
      co_await one.wait();
      came = true;
    };
    const auto brings = [&]() -> task<> {
      co_await sleep_for(2ms);
      CHECK_FALSE(came);
      CHECK(dump_of(loop).find("awaited by the one that waits") != std::string::npos);
      co_await one.bring();
    };
    const auto program = [&]() -> task<> {
      co_await when_all(named("the one that waits", waits()), brings());
    };
    gauntlet::run(loop, program());
    CHECK(came);
  });
}

TEST_CASE("whatever is awaited: cancelled before it begins, it does not begin") {
  for_each_kind([](loop& loop, specimen& one) {
    bool cancelled = false;
    const auto program = [&]() -> task<> {
      const auto body = [&](scope& all) -> task<> {
        all.request_stop();
        cancelled = co_await is_cancelled(one.wait());
        CHECK(loop.context().pending().empty());
      };
      co_await with_scope(body);
    };
    gauntlet::run(loop, program());
    CHECK(cancelled);
  });
}

TEST_CASE("whatever is awaited: cancelled while it waits, it ends, and that is awaited") {
  for_each_kind([](loop& loop, specimen& one) {
    const bool stays = one.cannot_be_cancelled();
    bool cancelled = false;
    const auto program = [&]() -> task<> {
      const auto body = [&](scope& all) -> task<> {
        const auto waits = [&]() -> task<> { cancelled = co_await is_cancelled(one.wait()); };
        all.spawn(waits);  // uncalled: it lives longer than this frame
        co_await sleep_for(2ms);
        while (!one.has_begun()) co_await sleep_for(1ms);
        if (stays) co_await one.bring();
        all.request_stop();
      };
      co_await with_scope(body);
    };
    gauntlet::run(loop, program());
    CHECK(cancelled == !stays);
  });
}

TEST_CASE("whatever is awaited: after it was cancelled the handle goes on, but where cancelling closes it") {
  for_each_kind([](loop& loop, specimen& one) {
    if (one.cannot_be_cancelled() || one.closed_by_cancelling()) return;
    const auto program = [&]() -> task<> {
      const std::error_code ended = co_await code_of(with_timeout(1ms, one.wait()));
      CHECK(ended == std::errc::timed_out);
      co_await when_all(one.wait(), one.bring());
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("whatever is awaited: cancelled when it has come already, it has come") {
  for_each_kind([](loop& loop, specimen& one) {
    bool cancelled = true;
    const auto program = [&]() -> task<> {
      const auto body = [&](scope& all) -> task<> {
        const auto waits = [&]() -> task<> {
          cancelled = co_await is_cancelled(one.wait());
          all.request_stop();  // this one has ended
        };
        all.spawn(waits);  // uncalled: it lives longer than this frame
        co_await sleep_for(1ms);
        co_await one.bring();
      };
      co_await with_scope(body);
    };
    gauntlet::run(loop, program());
    CHECK_FALSE(cancelled);
  });
}

TEST_CASE("whatever is awaited: its handle is closed under it, and it is cancelled in a later turn") {
  for_each_kind([](loop& loop, specimen& one) {
    bool cancelled = false;
    bool closed = false;
    const auto waits = [&]() -> task<> { cancelled = co_await is_cancelled(one.wait()); };
    const auto closes = [&]() -> task<> {
      co_await sleep_for(1ms);
      closed = one.close();
      CHECK_FALSE(cancelled);
      if (!closed) co_await one.bring();
    };
    const auto program = [&]() -> task<> { co_await when_all(waits(), closes()); };
    gauntlet::run(loop, program());
    CHECK(cancelled == closed);
  });
}

TEST_CASE("whatever is awaited: closed and cancelled at the same time, it ends once") {
  for_each_kind([](loop& loop, specimen& one) {
    if (one.cannot_be_cancelled()) return;
    int ended = 0;
    const auto program = [&]() -> task<> {
      const auto body = [&](scope& all) -> task<> {
        const auto waits = [&]() -> task<> {
          const bool cancelled = co_await is_cancelled(one.wait());
          if (cancelled) ++ended;
        };
        all.spawn(waits);  // uncalled: it lives longer than this frame
        co_await sleep_for(1ms);
        static_cast<void>(one.close());
        all.request_stop();
      };
      co_await with_scope(body);
    };
    gauntlet::run(loop, program());
    CHECK(ended == 1);
  });
}

TEST_CASE("whatever is awaited: its loop is destroyed under it, and run() ends with all of it") {
  for (const kind& each : kinds) {
    INFO(each.name);
    std::optional<loop> owner(std::in_place);
    std::unique_ptr<specimen> one = each.make(*owner);
    const bool stays = one->cannot_be_cancelled();
    bool ended = false;
    bool cancelled = false;
    const auto waits = [&]() -> task<> {
      cancelled = co_await is_cancelled(one->wait());
      ended = true;
    };
    const auto program = [&]() -> task<> {
      const auto destroys = [&]() -> task<> {
        co_await sleep_for(2ms);
        while (!one->has_begun()) co_await sleep_for(1ms);
        if (stays) co_await one->bring();
        owner.reset();
      };
      co_await when_all(waits(), destroys());
    };
    const std::string told = misuse_of([&] { gauntlet::run(*owner, program()); });
    if (!stays) CHECK(told.find("the loop was destroyed") != std::string::npos);
    CHECK(ended);
    CHECK(cancelled == !stays);
  }
}

TEST_CASE("whatever is awaited: destroyed unawaited, it has done nothing") {
  for_each_kind([](loop& loop, specimen& one) {
    {
      const task<> never = one.wait();
    }
    const auto program = [&]() -> task<> { co_await sleep_for(0ms); };
    gauntlet::run(loop, program());
  });
}

}  // namespace gauntlet::uv::test
