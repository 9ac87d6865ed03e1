// Every kind of awaitable: completes, is cancelled before, during and after, times out, its handle is closed
// under it, its loop is destroyed under it.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "awaited.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

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
  /// The other side goes, and leaves unread what it was sent.
  task<> fail() override {
    co_await ends.first.write(bytes_of("a"));
    ends.second.close();
    co_await sleep_for(0ms);
    co_await this->wait();
  }

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
  explicit shutdown(loop& loop) : with_streams<Stream>(loop), on(loop) {
    this->ends.first.write(std::vector<std::byte>(size), [](outcome<>) {});
  }
  task<> wait() override { co_await this->ends.first.shutdown(); }
  task<> bring() override {
    std::vector<std::byte> read(1 << 20);
    for (std::size_t come = 0; come < size;) come += co_await this->ends.second.read_some(read);
  }
  task<> fail() override { co_await Stream{on}.shutdown(); }
  bool closed_by_cancelling() override { return true; }
  static constexpr std::size_t size = std::size_t{8} << 20;
  loop& on;
};

/// Sends a handle along.
struct write_handle final : specimen {
  explicit write_handle(loop& loop) : ends(pipe_pair(loop, {.ipc = true})), sent(loop, any_port()) {}
  task<> wait() override { co_await ends.first.write(std::span(bytes), sent); }
  task<> bring() override {
    std::vector<std::byte> read(1 << 20);
    for (std::size_t come = 0; come < bytes.size();) come += co_await ends.second.read_some(read);
  }
  task<> fail() override {
    ends.second.close();
    co_await sleep_for(0ms);
    co_await wait();
  }
  bool close() override {
    ends.first.close();
    return true;
  }
  bool closed_by_cancelling() override { return true; }
  std::pair<pipe, pipe> ends;
  tcp_listener sent;
  std::vector<std::byte> bytes = std::vector<std::byte>(std::size_t{8} << 20);
};

struct accept final : specimen {
  explicit accept(loop& loop) : on(loop), listener(loop, any_port()), client(loop) {}
  task<> wait() override { static_cast<void>(co_await listener.accept()); }
  task<> bring() override { co_await client.connect(listener.local_address()); }
  /// What is bound to a port where another one listens cannot.
  task<> fail() override {
    listener.listen(1);
    tcp_listener second(on, listener.local_address());
    static_cast<void>(co_await second.accept());
  }
  bool close() override {
    listener.close();
    return true;
  }
  loop& on;
  tcp_listener listener;
  tcp client;
};

struct accept_pipe final : specimen {
  explicit accept_pipe(loop& loop) : listener(loop, folder / "a"), client(loop) {}
  task<> wait() override { static_cast<void>(co_await listener.accept()); }
  task<> bring() override { co_await client.connect(folder / "a"); }
  task<> fail() override { co_return; }
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
  /// Nobody is there to whom it has sent.
  task<> fail() override {
    const address nobody = receiver.local_address();
    receiver.close();
    sender.connect(nobody);
    co_await sender.send(bytes_of("a"));
    static_cast<void>(co_await sender.receive_from(buffer));
  }
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
  task<> fail() override { co_return; }
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
  task<> fail() override { co_return; }
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
      : on(loop), ends(make_pipe({.nonblocking_read = true})), poll(std::in_place, loop, ends.read) {}
  ~descriptor_ready() override {
    poll.reset();
    ::close(ends.read);
    ::close(ends.write);
  }
  task<> wait() override { static_cast<void>(co_await poll->ready(poll_events::readable)); }
  /// Nobody can read any more what could be written.
  task<> fail() override {
    poll.reset();
    ::close(std::exchange(ends.read, ::open("/dev/null", O_RDONLY)));
    uv::poll writable(on, ends.write);
    static_cast<void>(co_await writable.ready(poll_events::writable));
  }
  task<> bring() override {
    CHECK(::write(ends.write, "a", 1) == 1);
    co_return;
  }
  bool close() override {
    poll->close();
    return true;
  }
  loop& on;
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
  task<> fail() override { co_return; }
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
  task<> fail() override {
    co_await offload(
        on, [] { throw gauntlet::error(std::make_error_code(std::errc::io_error), "work", "", "", {}); });
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

/// Connecting to a listener that takes nobody else: its queue is full, and the system drops who comes.
struct connect_tcp final : specimen {
  explicit connect_tcp(loop& loop) : on(loop), client(loop) {
    const address any = any_port();
    REQUIRE(::bind(listener, any.native(), static_cast<socklen_t>(any.size())) == 0);
    REQUIRE(::listen(listener, 0) == 0);
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    // SAFETY: a sockaddr_storage may be used as any sockaddr.
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    where = address::from_native(reinterpret_cast<const sockaddr*>(&name), size);
    REQUIRE(::connect(first, where.native(), static_cast<socklen_t>(where.size())) == 0);
  }
  ~connect_tcp() override {
    ::close(first);
    if (listener >= 0) ::close(listener);
  }
  task<> wait() override { co_await client.connect(where); }
  /// One is taken; the system asks again a second later.
  task<> bring() override {
    ::close(::accept(listener, nullptr, nullptr));
    co_return;
  }
  task<> fail() override {
    ::close(std::exchange(listener, -1));
    tcp refused{on};
    co_await refused.connect(where);
  }
  bool close() override {
    client.close();
    return true;
  }
  bool closed_by_cancelling() override { return true; }
  loop& on;
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  int first = ::socket(AF_INET, SOCK_STREAM, 0);
  address where;
  tcp client;
};

struct connect_pipe final : specimen {
  explicit connect_pipe(loop& loop) : on(loop), listener(loop, folder / "a"), client(loop) {
    listener.listen(1);
  }
  task<> wait() override { co_await client.connect(folder / "a"); }
  task<> bring() override { co_return; }
  task<> fail() override { co_await pipe{on}.connect(folder / "missing"); }
  bool close() override {
    client.close();
    return true;
  }
  bool closed_by_cancelling() override { return true; }
  bool comes_by_itself() override { return true; }
  temporary_folder folder;
  loop& on;
  pipe_listener listener;
  pipe client;
};

/// To a Unix socket whose queue is full.
struct send_datagram final : specimen {
  explicit send_datagram(loop& loop) : on(loop), sender(loop) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
    sender.open(ends[0]);
    receiver = ends[1];
    while (sender.try_send(bytes_of("x"), {})) continue;
  }
  ~send_datagram() override { ::close(receiver); }
  task<> wait() override { co_await sender.send(bytes_of("a")); }
  task<> bring() override {
    std::array<char, 8> text{};
    while (::recv(receiver, text.data(), text.size(), 0) > 0) continue;
    co_return;
  }
  task<> fail() override {
    udp another{on};
    const std::vector<std::byte> much(70'000);
    co_await another.send_to(std::span(much), address::ip4("127.0.0.1", 9));
  }
  bool close() override {
    sender.close();
    return true;
  }
  bool closed_by_cancelling() override { return true; }
  loop& on;
  udp sender;
  int receiver = -1;
};

template <class Specimen>
awaited_kind kind_of(const char* function, std::vector<std::errc> failures, const char* never = "",
                     const char* suffix = "") {
  awaited_kind made;
  made.function = function;
  made.name = std::string(function) + suffix;
  made.make = [](loop& loop) { return std::make_unique<Specimen>(loop); };
  for (const std::errc failure : failures) made.failures.push_back(std::make_error_code(failure));
  made.never = never;
  return made;
}

const std::vector<awaited_kind>& awaited_kinds() {
  using enum std::errc;
  static const std::vector<awaited_kind> all = [] {
    std::vector<awaited_kind> made{
        kind_of<read_some<tcp>>("stream::read_some", {connection_reset}),
        kind_of<read_exactly<tcp>>("stream::read_exactly", {connection_reset}),
        kind_of<read_until<tcp>>("stream::read_until", {connection_reset}),
        kind_of<write<tcp>>("stream::write", {broken_pipe, connection_reset}),
        kind_of<shutdown<tcp>>("stream::shutdown", {not_connected}),
        kind_of<read_some<pipe>>("stream::read_some", {connection_reset}, "", " of a pipe"),
        kind_of<read_exactly<pipe>>("stream::read_exactly", {connection_reset}, "", " of a pipe"),
        kind_of<read_until<pipe>>("stream::read_until", {connection_reset}, "", " of a pipe"),
        kind_of<write<pipe>>("stream::write", {broken_pipe, connection_reset}, "", " of a pipe"),
        kind_of<write_handle>("pipe::write", {broken_pipe, connection_reset}),
        kind_of<shutdown<pipe>>("stream::shutdown", {not_connected}, "", " of a pipe"),
        kind_of<connect_tcp>("tcp::connect", {connection_refused}),
        kind_of<connect_pipe>("pipe::connect", {no_such_file_or_directory}),
        kind_of<accept>("tcp::accept", {address_in_use}),
        kind_of<accept_pipe>("pipe::accept", {}, "only where descriptors run out: descriptors_run_out.cpp"),
        kind_of<receive>("udp::receive_from", {connection_refused}),
        kind_of<send_datagram>("udp::send_to", {message_size}),
        kind_of<send_datagram>("udp::send", {message_size}),
        kind_of<next_signal>("signal::next", {}, "a signal is caught or not, and start() says so"),
        kind_of<next_change>("fs_event::next", {}, "libuv tells no failure of inotify's once it watches"),
        kind_of<descriptor_ready>("poll::ready", {bad_file_descriptor}),
        kind_of<child_exit>("process::exit", {}, "a child that was started ends, somehow"),
        kind_of<work>("work::offload", {io_error}, "", " that has begun"),
    };
    for (awaited_kind& each : awaited_on_the_pool()) made.push_back(std::move(each));
    return made;
  }();
  return all;
}

/// test(loop, specimen&): on a loop of its own, which is proven to close clean.
template <class Test>
void for_each_kind(Test test) {
  for (const awaited_kind& each : awaited_kinds()) {
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
      if (!one.comes_by_itself()) co_await sleep_for(2ms);
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

TEST_CASE("whatever is awaited: it fails with the error that it should, or cannot fail") {
  for (const awaited_kind& each : awaited_kinds()) {
    INFO(each.name);
    CHECK(each.failures.empty() != each.never.empty());
    loop loop;
    {
      const std::unique_ptr<specimen> one = each.make(loop);
      std::error_code failed;
      const auto program = [&]() -> task<> { failed = co_await code_of(one->fail()); };
      if (!each.failures.empty()) {
        gauntlet::run(loop, program());
        INFO(failed.message());
        CHECK(std::ranges::any_of(each.failures, [&](std::error_code one_of) {
          return failed == one_of.default_error_condition() || failed == one_of;
        }));
      }
    }
    loop.run();
    closes_clean(loop);
  }
}

TEST_CASE("whatever is awaited: it takes too long, and that is the error") {
  for_each_kind([](loop& loop, specimen& one) {
    if (one.cannot_be_cancelled() || one.comes_by_itself()) return;
    const auto program = [&]() -> task<> {
      const std::error_code ended = co_await code_of(with_timeout(1ms, one.wait()));
      CHECK(ended == std::errc::timed_out);
    };
    gauntlet::run(loop, program());
  });
}

namespace {

/// "stream::read_some" for each public function of stream.hpp that answers an operation to be awaited. Not
/// ordered: libstdc++ compares strings by a difference that may wrap.
std::unordered_set<std::string> awaitable_functions() {
  std::unordered_set<std::string> found;
  const std::regex declared(R"(detail::\w*_operation(?:<[^;{}()]*>)?\s+(\w+)\s*\()");
  for (const auto& header : std::filesystem::directory_iterator(GAUNTLET_UV_HEADERS)) {
    std::ifstream in(header.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), declared), end; at != end; ++at)
      if (const std::string function = (*at)[1]; !function.starts_with("await_"))  // which are private
        found.insert(header.path().stem().string() + "::" + function);
  }
  return found;
}

}  // namespace

TEST_CASE("whatever is awaited: every function that can be has a row in this table") {
  const std::unordered_set<std::string> functions = awaitable_functions();
  CHECK(functions.size() > 50);  // they were found at all
  std::unordered_set<std::string> rows;
  for (const awaited_kind& each : awaited_kinds()) rows.insert(each.function);
  for (const std::string& function : functions) {
    INFO(function << " has no row");
    CHECK(rows.contains(function));
  }
  for (const std::string& row : rows) {
    INFO(row << " is in no header");
    CHECK(functions.contains(row));
  }
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
        if (!one.comes_by_itself()) co_await sleep_for(2ms);
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
      if (!one.comes_by_itself()) co_await sleep_for(1ms);
      closed = one.close() && !one.outlives_close();
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
        if (!one.comes_by_itself()) co_await sleep_for(1ms);
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
  for (const awaited_kind& each : awaited_kinds()) {
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
        if (!one->comes_by_itself()) co_await sleep_for(2ms);
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
    { const task<> never = one.wait(); }
    const auto program = [&]() -> task<> { co_await sleep_for(0ms); };
    gauntlet::run(loop, program());
  });
}

}  // namespace gauntlet::uv::test
