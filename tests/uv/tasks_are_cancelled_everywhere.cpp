// Programs cancelled at each of their suspensions, and programs that hang and say why.
#include <pthread.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "../core/support/cancel_everywhere.hpp"
#include "tasks_support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

task<> echo(tcp peer) {
  std::array<std::byte, 4> buffer{};
  while (const std::size_t size = co_await peer.read_some(buffer))
    co_await peer.write(std::span(buffer).first(size));
  co_await peer.shutdown();
}

task<> ask(loop& loop, address server, int& answers) {
  tcp client{loop};
  co_await client.connect(server);
  std::array<std::byte, 10> buffer{};
  for (int i = 0; i < 3; ++i) {
    co_await client.write(bytes_of("0123456789"));
    if (co_await client.read_exactly(buffer) == buffer.size()) ++answers;
  }
  co_await client.shutdown();
  static_cast<void>(co_await client.read_some(buffer));
}

task<> serve(tcp_listener& listener, int connections) {
  const auto accepts = [&](scope& peers) -> task<> {
    for (int i = 0; i < connections; ++i) peers.spawn(echo(co_await listener.accept()));
  };
  co_await with_scope(accepts);
}

task<> echo_program(loop& loop, int& answers) {
  tcp_listener listener{loop, any_port()};
  const address here = listener.local_address();
  co_await when_all(serve(listener, 2), ask(loop, here, answers), ask(loop, here, answers));
}

/// Copies a file over a socket, and says it by a child.
task<> mixed_program(loop& loop, const temporary_folder& folder) {
  fs::file in = co_await fs::open(loop, folder / "a");
  auto [left, right] = pipe_pair(loop);
  const auto sends = [&]() -> task<> {
    std::array<std::byte, 8> buffer{};
    while (const std::size_t size = co_await in.read(loop, buffer))
      co_await left.write(std::span(buffer).first(size));
    co_await left.shutdown();
  };
  const auto receives = [&]() -> task<> {
    std::string text;
    while (co_await right.read_until(text, "\n") != 0) text.clear();
  };
  co_await when_all(sends(), receives());
  process child{loop, {.file = "true", .args = {"true"}}};
  static_cast<void>(co_await child.exit());
  co_await with_timeout(1h, sleep_for(0ms));
  static_cast<void>(co_await offload(loop, [] { return 1; }));
  co_await in.close(loop);
}

}  // namespace

TEST_CASE("an echo server and its clients are cancelled at every suspension, and end clean") {
  loop loop;
  int answers = 0;
  const auto program = [&] {
    answers = 0;
    return echo_program(loop, answers);
  };
  const auto check = [&](bool cancelled) {
    CHECK(answers <= 6);
    if (!cancelled) CHECK(answers == 6);
    loop.run();  // what is closed is closed
    for (const pending_operation& left : loop.pending()) CHECK(left.closing);
  };
  CHECK(gauntlet::test::cancel_everywhere(loop.context(), program, check) > 10);
  CHECK(gauntlet::test::cancel_everywhere(loop.context(), program, check,
                                          [&](callback<void()> later) { loop.post(std::move(later)); }) > 10);
  closes_clean(loop);
}

namespace {

/// Starts libuv's threads where no signal may come to them: SIGCHLD there is a race inside libuv, see
/// signal.hpp.
void start_pool_without_signals() {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  REQUIRE(::pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  loop loop;
  queue_work(loop, [] {});
  loop.run();
  REQUIRE(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
}

}  // namespace

TEST_CASE("files, pipes, children and the pool are cancelled at every suspension, and end clean") {
  start_pool_without_signals();
  const temporary_folder folder;
  folder.make("a", "one\ntwo\nthree and more\n");
  loop loop;
  const auto program = [&] { return mixed_program(loop, folder); };
  const auto check = [&](bool) {
    loop.run();
    CHECK(loop.context().pending().empty());
  };
  CHECK(gauntlet::test::cancel_everywhere(loop.context(), program, check) > 10);
  closes_clean(loop);
}

namespace {

/// What dump() says of the program when it has not ended for some time.
template <class Program>
std::string dump_of_hung(Program program) {
  loop loop;
  std::string said;
  const auto watched = [&]() -> task<> {
    const auto looks = [&]() -> task<> {
      co_await sleep_for(20ms);
      said = dump_of(loop);
    };
    co_await when_any(named("program", program(loop)), named("watcher", looks()));
  };
  gauntlet::run(loop, watched());
  loop.run();
  closes_clean(loop);
  return said;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a lost reply: dump() names the task, the socket and the line that waits for it") {
  const std::string said = dump_of_hung([](loop& loop) -> task<> {
    auto [client, server] = socket_pair(loop);
    const auto asks = [&]() -> task<> {
      co_await client.write(bytes_of("question\n"));
      std::string answer;
      static_cast<void>(co_await client.read_until(answer, "\n"));
    };
    const auto answers = [&]() -> task<> {
      std::string question;
      static_cast<void>(co_await server.read_until(question, "\n"));
      question.clear();
      static_cast<void>(co_await server.read_until(question, "\n"));  // the next one, instead of answering
    };
    co_await when_all(named("client", asks()), named("server", answers()));
  });
  CAPTURE(said);
  CHECK(contains(said, "stream::read_until tcp descriptor "));
  CHECK(contains(said, "awaited by client, at "));
  CHECK(contains(said, "awaited by server, at "));
  CHECK(contains(said, "awaited by program, at "));
  CHECK(contains(said, "tasks_are_cancelled_everywhere.cpp:"));
}

TEST_CASE("a deadlock of two mutexes: dump() names both, and who waits for which") {
  const std::string said = dump_of_hung([](loop&) -> task<> {
    mutex accounts{"accounts"};
    mutex journal{"journal"};
    const auto locks = [](mutex& first, mutex& second) -> task<> {
      const auto outer = co_await first.lock();
      co_await sleep_for(1ms);
      const auto inner = co_await second.lock();
    };
    co_await when_all(named("transfer", locks(accounts, journal)), named("audit", locks(journal, accounts)));
  });
  CAPTURE(said);
  const std::size_t journal_waits = said.find("mutex::lock journal");
  const std::size_t accounts_waits = said.find("mutex::lock accounts");
  REQUIRE(journal_waits != std::string::npos);
  REQUIRE(accounts_waits != std::string::npos);
  CHECK(said.find("awaited by transfer", journal_waits) < said.find("mutex::lock", journal_waits + 1));
  CHECK(said.find("awaited by audit", accounts_waits) != std::string::npos);
}

TEST_CASE("a deadlock of two mutexes where nothing else goes on: run() itself says so, with the dump") {
  loop loop;
  mutex accounts{"accounts"};
  mutex journal{"journal"};
  const auto locks = [](mutex& first, mutex& second) -> task<> {
    const auto outer = co_await first.lock();
    co_await sleep_for(1ms);
    const auto inner = co_await second.lock();
  };
  const auto program = [&]() -> task<> {
    co_await when_all(named("transfer", locks(accounts, journal)), named("audit", locks(journal, accounts)));
  };
  std::string said;
  try {
    gauntlet::run(loop, program());
  } catch (const gauntlet::error& thrown) {
    CHECK(thrown.code() == std::errc::resource_deadlock_would_occur);
    said = thrown.what();
  }
  CAPTURE(said);
  CHECK(contains(said, "mutex::lock journal, locked at "));
  CHECK(contains(said, "awaited by transfer, at "));
  CHECK(contains(said, "mutex::lock accounts, locked at "));
  CHECK(contains(said, "awaited by audit, at "));
  closes_clean(loop);
}

TEST_CASE("a forgotten write: dump() has both sides waiting to read, from which lines, and no write") {
  std::string client_waits;
  std::string server_waits;
  const auto line = [](std::uint_least32_t number) {
    return "tasks_are_cancelled_everywhere.cpp:" + std::to_string(number);
  };
  const std::string said = dump_of_hung([&](loop& loop) -> task<> {
    auto [client, server] = socket_pair(loop);
    const auto asks = [&]() -> task<> {
      // Here the question should be written.
      std::array<std::byte, 6> answer{};
      client_waits = line(std::source_location::current().line() + 1);
      static_cast<void>(co_await client.read_exactly(answer));
    };
    const auto answers = [&]() -> task<> {
      std::string question;
      server_waits = line(std::source_location::current().line() + 1);
      static_cast<void>(co_await server.read_until(question, "\n"));
      co_await server.write(bytes_of("answer"));
    };
    co_await when_all(named("client 7", asks()), named("server of 7", answers()));
  });
  CAPTURE(said);
  CHECK_FALSE(contains(said, "write"));
  const auto waits = [&](std::string_view kind, std::string_view by, const std::string& where) {
    const std::size_t found = said.find(kind);
    REQUIRE(found != std::string::npos);
    const std::size_t end_of_line = said.find('\n', found);
    CHECK(contains(said.substr(found, end_of_line - found), where));
    const std::string next = said.substr(end_of_line + 1, said.find('\n', end_of_line + 1) - end_of_line - 1);
    CHECK(contains(next, std::string("awaited by ").append(by).append(", at ")));
    CHECK(contains(next, where));
  };
  waits("stream::read_exactly tcp descriptor ", "client 7", client_waits);
  waits("stream::read_until tcp descriptor ", "server of 7", server_waits);
}

TEST_CASE("a write that nobody reads: dump() says for how long, and from where") {
  const std::string said = dump_of_hung([](loop& loop) -> task<> {
    auto [writer, reader] = socket_pair(loop);
    const std::vector<std::byte> much(std::size_t{8} << 20);
    co_await named("upload", [](tcp& to, std::span<const std::byte> bytes) -> task<> {
      co_await to.write(bytes);
    }(writer, much));
  });
  CAPTURE(said);
  CHECK(contains(said, "stream::write tcp descriptor "));
  CHECK(contains(said, "awaited by upload, at "));
  CHECK(said.find("stream::write") == said.rfind("stream::write"));  // the request is not told a second time
}

}  // namespace gauntlet::uv::test
