// Rings made, moved, used wrongly, destroyed in any order, and inherited by a child.
#include <liburing.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../core/support/death.hpp"
#include "../core/support/foreign.hpp"
#include "asserting_thread.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;
using gauntlet::test::foreign;
using gauntlet::test::last_words_of;

template <class Operation>
foreign tells(Operation operation, std::error_code& ended) {
  try {
    static_cast<void>(co_await std::move(operation));
  } catch (const gauntlet::error& failed) {
    ended = failed.code();
  }
}

TEST_CASE("rings, files and guards die in any order") {
  require_io_uring();
  for (int order = 0; order < 6; ++order) {
    std::optional<ring> own(std::in_place);
    std::optional<pipe_of> ends(*own);
    std::optional<ring::work_guard> guard(own->keep_alive());
    gauntlet::run(*own, [&]() -> task<> { co_await ends->out.write_some(bytes_of("x")); }());
    const std::array<int, 3> firsts{order % 3, (order % 3 + 1 + order / 3) % 3, 3};
    const auto destroy = [&](int which) {
      if (which == 0) own.reset();
      if (which == 1) ends.reset();
      if (which == 2) guard.reset();
    };
    destroy(firsts[0]);
    destroy(firsts[1]);
    for (int which = 0; which < 3; ++which) destroy(which);
  }
}

TEST_CASE("a ring is moved, and the one it was moved from says so") {
  require_io_uring();
  ring first;
  pipe_of ends(first);
  ring second(std::move(first));
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(misuse_of([&] { static_cast<void>(first.nop()); }).contains("moved from"));
  CHECK(misuse_of([&] { static_cast<void>(first.metrics()); }).contains("moved from"));
  // NOLINTEND(bugprone-use-after-move)
  ring third;
  third = std::move(second);
  run_to_the_end(third, [&]() -> task<> {
    const std::size_t written = co_await ends.out.write_some(bytes_of("x"));
    CHECK(written == 1);
  });
}

TEST_CASE("a closed ring is closed: twice is once, and what comes late is misuse") {
  require_io_uring();
  ring own;
  pipe_of ends(own);
  CHECK(own.close().empty());
  CHECK(own.close().empty());
  std::array<std::byte, 4> memory{};
  CHECK(misuse_of([&] { return own.nop(); }).contains("the ring is closed"));
  CHECK(misuse_of([&] { static_cast<void>(ends.in.read_some(memory)); }).contains("the ring is closed"));
  CHECK(misuse_of([&] { gauntlet::run(own, []() -> task<> { co_return; }()); }).contains("closed"));
  CHECK_FALSE(own.post([] {}));
}

TEST_CASE("a ring that is closed inside of its own task is misuse, and goes on") {
  require_io_uring();
  ring own;
  std::string said;
  run_to_the_end(own, [&]() -> task<> {
    said = misuse_of([&] { own.close(); });
    co_await own.nop();
  });
  CHECK(said.contains("close it when run() has returned"));
}

TEST_CASE("a ring that its own task destroys ends with its run, which says so") {
  require_io_uring();
  for (const bool as_context : {false, true}) {
    std::optional<ring> own(std::in_place);
    const auto program = [&]() -> task<> {
      co_await own->nop();
      own.reset();
      co_await sleep_for(0ms);
    };
    const std::string said = misuse_of([&] {
      if (as_context)
        gauntlet::run(own->context(), program());
      else
        gauntlet::run(*own, program());
    });
    CHECK(said.contains("destroyed by one of its own tasks"));
  }
}

TEST_CASE("what is another ring's is not awaited on this one") {
  require_io_uring();
  ring own;
  ring other;
  inbox others{other};
  run_to_the_end(own, [&]() -> task<> {
    const std::string alone = co_await misuse_in([&]() -> task<> { co_await other.nop(); });
    CHECK(alone.contains("another loop than the one that the task runs on"));
    const std::string chained =
        co_await misuse_in([&]() -> task<> { static_cast<void>(co_await link(other.nop(), other.nop())); });
    CHECK(chained.contains("another loop than the one that the task runs on"));
    const std::string received =
        co_await misuse_in([&]() -> task<> { static_cast<void>(co_await others.receive()); });
    CHECK(received.contains("another loop than the one that the task runs on"));
  });
}

TEST_CASE("what cannot be posted, and a ring that cannot be bound, are misuse") {
  require_io_uring();
  ring own;
  CHECK(misuse_of([&] { return own.post({}); }).contains("there is nothing to run"));
  run_to_the_end(own, [&]() -> task<> {
    CHECK(misuse_of([&] { own.bind_to_this_thread(); }).contains("wait until run() has returned"));
    co_return;
  });
  ring single{{.single_issuer = true}};
  CHECK(misuse_of([&] { single.bind_to_this_thread(); }).contains("stays with the thread that made it"));
}

TEST_CASE("on another thread a ring refuses, and names both threads") {
  require_io_uring();
  ring own;
  pipe_of ends(own);
  std::array<std::byte, 4> memory{};
  std::vector<std::string> said;
  gauntlet::test::on_another_thread([&] {
    said.push_back(misuse_of([&] { return own.nop(); }));
    said.push_back(misuse_of([&] { static_cast<void>(ends.in.read_some(memory)); }));
    said.push_back(misuse_of([&] { static_cast<void>(own.cancel_all()); }));
    said.push_back(misuse_of([&] { own.close(); }));
    said.push_back(misuse_of([&] { gauntlet::run(own, []() -> task<> { co_return; }()); }));
  });
  for (const std::string& each : said) {
    CAPTURE(each);
    CHECK(each.contains("but the ring belongs to thread"));
  }
}

TEST_CASE("a ring is destroyed on another thread, in flight what is not its tasks'") {
  require_io_uring();
  for (const bool single_issuer : {false, true}) {
    std::optional<ring> own(ring_options{.single_issuer = single_issuer});
    std::optional<pipe_of> ends(*own);
    run(*own, [&]() -> task<> { co_await ends->out.write_some(bytes_of("x")); }());
    gauntlet::test::on_another_thread([&] { own.reset(); });
  }
  std::optional<ring> own(std::in_place);
  std::optional<pipe_of> ends(*own);
  std::array<std::byte, 4> memory{};
  std::error_code ended;
  const foreign waits = tells(ends->in.read_some(memory), ended);
  gauntlet::test::on_another_thread([&] { own.reset(); });
  CHECK(waits.done());
  CHECK(ended == std::errc::operation_canceled);
}

TEST_CASE("what was begun outside of the loop is told when the ring closes") {
  require_io_uring();
  ring own;
  pipe_of ends(own);
  std::array<std::byte, 4> memory{};
  std::error_code ended;
  const foreign waits = tells(ends.in.read_some(memory), ended);
  const std::vector<pending_operation> left = own.close();
  REQUIRE(left.size() == 1);
  CHECK(left.front().kind == "file::read_some");
  CHECK(waits.done());
}

TEST_CASE("thousands of all kinds are in flight when the ring is destroyed: all are cancelled, and told") {
  require_io_uring();
  constexpr std::size_t of_each = 1000;
  for (const std::uint32_t entries : {4096U, 16U}) {
    std::optional<ring> own(ring_options{.entries = entries});
    std::optional<pipe_of> ends(*own);
    std::vector<std::array<std::byte, 8>> memory(of_each);
    std::vector<std::error_code> ended(4 * of_each);
    std::vector<foreign> waiting;
    std::size_t at = 0;
    for (std::size_t i = 0; i < of_each; ++i) {
      waiting.push_back(tells(ends->in.read_some(memory[i]), ended[at++]));
      waiting.push_back(tells(timeout(*own, 1h), ended[at++]));
      waiting.push_back(tells(ends->in.poll(poll_events::readable), ended[at++]));
      waiting.push_back(tells(own->nop(), ended[at++]));
    }
    own.reset();
    std::size_t cancelled = 0;
    for (std::size_t i = 0; i < at; ++i) {
      CHECK(waiting[i].done());
      if (ended[i] == std::errc::operation_canceled) ++cancelled;
    }
    CHECK(cancelled >= 3 * of_each);  // the nops may have been done
  }
}

TEST_CASE("an operation destroyed in flight ends the program, which names it") {
  require_io_uring();
  const std::string said = last_words_of([] {
    ring own;
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    std::error_code ended;
    foreign waits = tells(ends.in.read_some(memory), ended);
    waits.destroy();
  });
  CHECK(said.contains("file::read_some descriptor "));
  CHECK(said.contains("rings_live_and_end.cpp:"));
}

TEST_CASE("a ring that is destroyed while another thread runs it ends the program, which says what to do") {
  require_io_uring();
  const std::string said = last_words_of([] {
    std::optional<ring> own(std::in_place);
    std::atomic<bool> runs = false;
    std::thread other([&] {
      own->bind_to_this_thread();
      gauntlet::run(*own, [&]() -> task<> {
        runs = true;
        runs.notify_one();
        co_await sleep_for(1h);
      }());
    });
    runs.wait(false);
    own.reset();
    other.join();
  });
  CHECK(said.contains("let run() return first"));
}

/// What a child says that runs work in place of the test; it ends with the status that work answers.
template <class Work>
int in_a_child(Work&& work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) _exit(std::forward<Work>(work)());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  UNSCOPED_INFO("wait status " << status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("a child after fork() cannot use the parent's ring, may destroy it, and the parent's goes on") {
  require_io_uring();
  std::optional<ring> own(std::in_place);
  std::optional<pipe_of> ends(*own);
  std::optional<ring::work_guard> guard;
  std::array<std::byte, 4> memory{};
  std::size_t got = 0;
  gauntlet::run(*own, [&]() -> task<> { co_await own->nop(); }());
  std::error_code ended;
  foreign waits = tells(ends->in.read_some(memory), ended);
  const int status = in_a_child([&] {
    const std::string said = misuse_of([&] { static_cast<void>(own->nop()); });
    if (!said.contains("belongs to the process that called fork()")) return 1;
    if (!misuse_of([&] { gauntlet::run(*own, []() -> task<> { co_return; }()); }).contains("fork()"))
      return 2;
    if (!misuse_of([&] { return own->close(); }).contains("fork()")) return 5;
    if (own->post([] {})) return 3;
    ends.reset();  // with a read in flight, that is the parent's
    own.reset();
    if (in_a_child([] { return 0; }) != 0) return 6;  // where there is nothing left of it
    ring another;
    int done = 0;
    gauntlet::run(another, [&]() -> task<> {
      co_await another.nop();
      ++done;
    }());
    return done == 1 ? 0 : 4;
  });
  CHECK(status == 0);
  run_to_the_end(*own, [&]() -> task<> {
    co_await ends->out.write_some(bytes_of("abc"));
    while (!waits.done()) co_await own->nop();
  });
  CHECK(text_of(std::span(memory).first(3)) == "abc");
  CHECK(got == 0);
}

TEST_CASE(
    "a child after fork() lets go of what is registered with the parent's ring, and the parent keeps it") {
  require_io_uring();
  ring own;
  std::optional<pipe_of> ends(own);
  std::optional<buffer_ring> buffers(std::in_place, own, buffer_ring_options{.count = 2, .size = 8});
  std::optional<registered_buffers> memory(std::in_place, own, 1, 8);
  std::optional<file_table> table(std::in_place, own, 1);
  std::optional<fixed_file> writes;
  gauntlet::run(own, [&]() -> task<> { writes.emplace(co_await table->add(ends->out)); }());
  const int status = in_a_child([&] {
    writes.reset();
    table.reset();
    memory.reset();
    buffers.reset();
    ends.reset();
    return 0;
  });
  CHECK(status == 0);
  run_to_the_end(own, [&]() -> task<> {
    fixed_buffer text = memory->at(0);
    text.bytes()[0] = std::byte('x');
    co_await writes->write_some(text.subspan(0, 1));
    multishot<provided_buffer> stream = read_multishot(ends->in, *buffers);
    try {
      const provided_buffer got = co_await stream.next();
      CHECK(text_of(got.bytes()) == "x");
    } catch (const error& missing) {  // of liburing, or of the kernel
      CHECK(missing.code() != std::errc::no_buffer_space);
    }
  });
}

/// With the thread that it runs on: the kernel finds it by another number than its descriptor's.
bool is_registered(ring& own) { return own.native()->enter_ring_fd != own.native_descriptor(); }

/// Skips the test where the kernel registers none. The wrapper asks for nothing: it tries, and goes on
/// without.
void require_registered_rings() {
  require_io_uring();
  ring asked;
  const int status = io_uring_register_ring_fd(asked.native());
  if (status == -EINVAL) SKIP("this kernel registers no ring with a thread, as Linux does since 5.18");
  REQUIRE(status == 1);
  REQUIRE(io_uring_unregister_ring_fd(asked.native()) == 1);
}

TEST_CASE("while a ring runs for long it is registered with the thread, and no longer") {
  require_registered_rings();
  constexpr int more_than_a_thread_has_room_for = 20;
  std::vector<ring> all;
  for (int i = 0; i < more_than_a_thread_has_room_for; ++i) {
    ring& own = all.emplace_back();
    bool at_once = true;
    bool registered = false;
    gauntlet::run(own, [&]() -> task<> {
      co_await own.nop();
      at_once = is_registered(own);
      co_await make_turns(own, 100);
      registered = is_registered(own);
    }());
    REQUIRE_FALSE(at_once);  // it may end soon
    REQUIRE(registered);
    REQUIRE_FALSE(is_registered(own));
  }
}

TEST_CASE("a ring runs on where a thread has no room for another one") {
  require_registered_rings();
  std::vector<ring> others;
  while (io_uring_register_ring_fd(others.emplace_back().native()) == 1) REQUIRE(others.size() < 1000);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    co_await make_turns(own, 100);
    CHECK_FALSE(is_registered(own));
  });
}

TEST_CASE("a ring that is destroyed while it is registered is let go of by the thread") {
  require_registered_rings();
  for (int i = 0; i < 20; ++i) {
    std::optional<ring> own(std::in_place);
    bool registered = false;
    try {
      gauntlet::run(*own, [&]() -> task<> {
        co_await make_turns(*own, 100);
        registered = is_registered(*own);
        own.reset();
      }());
    } catch (const gauntlet::misuse&) {  // NOLINT(bugprone-empty-catch): it says that its ring has gone
    }
    REQUIRE(registered);
  }
}

TEST_CASE("a child after fork() has nothing of what its parent's ring is registered as") {
  require_registered_rings();
  std::optional<ring> own(std::in_place);
  int status = -1;
  gauntlet::run(*own, [&]() -> task<> {
    co_await make_turns(*own, 100);
    status = in_a_child([&] {
      ring another;
      bool registered = false;
      gauntlet::run(another, [&]() -> task<> {
        co_await make_turns(another, 100);
        registered = is_registered(another);
        own.reset();
        co_await make_turns(another, 100);
      }());
      return registered ? 0 : 1;
    });
    co_await make_turns(*own, 100);
  }());
  CHECK(status == 0);
}

TEST_CASE("a ring cannot be closed by a task of another one that its own task runs") {
  require_io_uring();
  ring outer;
  std::string said;
  run_to_the_end(outer, [&]() -> task<> {
    co_await make_turns(outer, 100);
    ring inner;
    gauntlet::run(inner, [&]() -> task<> {
      said = misuse_of([&] { return outer.close(); });
      co_return;
    }());
    co_await make_turns(outer, 100);
  });
  CHECK(said.contains("close it when run() has returned"));
}

TEST_CASE("completions that no queue has room for at once are all handed on") {
  require_io_uring();
  ring own{{.entries = 1024, .completion_entries = 1024}};
  std::vector<std::array<std::byte, 1>> memory(5000);
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::size_t got = 0;
    co_await with_scope([&](scope& all) -> task<> {
      for (auto& each : memory) all.spawn([&]() -> task<> { got += co_await ends.in.read_some(each); });
      co_await own.nop();
      const std::string text(memory.size(), 'x');
      // 5,000 reads complete before anybody looks, the queue has 1,024 places
      REQUIRE(::write(ends.out.native(), text.data(), text.size()) == 5000);
      CHECK(gauntlet_uring_cq_has_overflow(own.native()));
    });
    CHECK(got == memory.size());
  });
}

volatile std::sig_atomic_t signals = 0;
extern "C" void note_signal(int) { signals = 1; }

TEST_CASE("signals while the ring waits interrupt nothing") {
  require_io_uring();
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = note_signal;  // without SA_RESTART
  REQUIRE(sigaction(SIGUSR1, &action, &before) == 0);
  ring own;
  std::atomic<bool> ends = false;
  const pthread_t self = pthread_self();
  std::thread other([&] {
    while (!ends) {
      pthread_kill(self, SIGUSR1);
      std::this_thread::sleep_for(100us);
    }
  });
  const auto began = std::chrono::steady_clock::now();
  run_to_the_end(own, [&]() -> task<> {
    co_await sleep_for(20ms);
    co_await timeout(own, 20ms);
  });
  const auto took = std::chrono::steady_clock::now() - began;
  ends = true;
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
  CHECK(took >= 40ms);
  CHECK(signals == 1);
}

}  // namespace
}  // namespace gauntlet::uring::test
