// What a task of ours cannot do, and a coroutine of another house can: to die while something that it awaits
// is in flight. The program ends, and says why.

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <coroutine>
#include <gauntlet/coroutines.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "support/death.hpp"
#include "support/foreign.hpp"
#include "support/test_loop.hpp"

namespace gauntlet::test {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

/// "tasks_destroyed_in_flight.cpp:LINE"
std::string line(int number) {
  return std::string("tasks_destroyed_in_flight.cpp:").append(std::to_string(number));
}

foreign waits_for(event& happens) { co_await happens.wait(); }
constexpr int waits_for_line = __LINE__ - 1;

TEST_CASE("a foreign frame that is destroyed while it waits ends the program, which names the operation") {
  const std::string said = last_words_of([] {
    event reply("the reply");
    foreign waiting = waits_for(reply);
    waiting.destroy();
  });
  CHECK_THAT(said, ContainsSubstring("a coroutine is destroyed while it awaits an operation in flight"));
  CHECK_THAT(said, ContainsSubstring("make happen what it waits for"));
  CHECK_THAT(said, ContainsSubstring("It is event::wait the reply, for 0 ms, from "));
  CHECK_THAT(said, ContainsSubstring(line(waits_for_line)));
}

task<> sleeps() { co_await sleep_for(1h); }
foreign awaits_task() { co_await named("the sleeper", sleeps()); }

TEST_CASE("it names the tasks that the frame would have taken along, too") {
  const std::string said = last_words_of([] {
    test_loop loop;
    const auto starts = []() -> task<> {
      awaits_task();  // destroyed at the end of the statement
      co_return;
    };
    run(loop, starts());
  });
  CHECK_THAT(said, ContainsSubstring("It is sleep_for 3600 s, for "));
  CHECK_THAT(said, ContainsSubstring("awaited by the sleeper, at "));
}

foreign limits(event& happens) { co_await with_timeout(1h, happens.wait()); }

TEST_CASE("under a timeout it is the operation that is named, and not the timer") {
  const std::string said = last_words_of([] {
    test_loop loop;
    event reply("the reply");
    const auto starts = [&]() -> task<> {
      limits(reply);
      co_return;
    };
    run(loop, starts());
  });
  CHECK_THAT(said, ContainsSubstring("It is event::wait the reply, for "));
  CHECK_THAT(said, ContainsSubstring("awaited by with_timeout, at "));
}

foreign holds_scope(event& reply) {
  const auto body = [&](scope& all) -> task<> {
    all.spawn([&]() -> task<> { co_await reply.wait(); });
    co_await std::suspend_always();  // in flight, but nothing of ours
  };
  co_await with_scope(body);
}

TEST_CASE("a scope that is destroyed while its tasks run ends the program, which says for what one waits") {
  const std::string said = last_words_of([] {
    event reply("the reply");
    foreign holds = holds_scope(reply);
    holds.destroy();
  });
  CHECK_THAT(said, ContainsSubstring("a coroutine is destroyed while 1 task that it has started still run"));
  CHECK_THAT(said, ContainsSubstring("Cancel the task that holds the scope, and await it"));
  CHECK_THAT(said, ContainsSubstring("It waits for event::wait the reply, for "));
}

TEST_CASE("a loop that is destroyed while a coroutine waits in it ends the program, which says who") {
  const std::string said = last_words_of([] {
    event reply("the reply");
    auto loop = std::make_unique<plain_loop>();
    std::optional<foreign> waiting;
    const auto starts = [&]() -> task<> {
      waiting.emplace(waits_for(reply));
      co_return;
    };
    run(*loop, starts());
    loop.reset();
  });
  CHECK_THAT(said, ContainsSubstring("a loop is destroyed while somebody waits in it"));
  CHECK_THAT(said, ContainsSubstring("Let run() come to its end before"));
  CHECK_THAT(said, ContainsSubstring("It is event::wait the reply, for "));
  CHECK_THAT(said, ContainsSubstring(line(waits_for_line)));
}

TEST_CASE("a mutex that is destroyed while it is locked ends the program, which says where it was locked") {
  const std::string said = last_words_of([] {
    auto accounts = std::make_unique<mutex>("accounts");
    const auto held = accounts->try_lock();
    accounts.reset();
  });
  CHECK_THAT(said, ContainsSubstring("the mutex accounts is destroyed while it is locked: let it outlive"));
  CHECK_THAT(said, ContainsSubstring(line(__LINE__ - 4)));
}

TEST_CASE("a semaphore that is destroyed while permits are out ends the program") {
  const std::string said = last_words_of([] {
    auto connections = std::make_unique<semaphore>(2, "connections");
    const auto one = connections->try_acquire();
    const auto two = connections->try_acquire();
    connections.reset();
  });
  CHECK_THAT(said, ContainsSubstring("the semaphore connections is destroyed while 2 permits of it are out"));
  CHECK_THAT(said, ContainsSubstring("let it outlive all that acquire them"));
}

TEST_CASE("a lock that is let go on another thread ends the program") {
  const std::string said = last_words_of([] {
    mutex accounts("accounts");
    auto held = accounts.try_lock();
    std::thread([&] { held->unlock(); }).join();
  });
  CHECK_THAT(said, ContainsSubstring("a mutex is unlocked on another thread than that of its tasks"));
}

TEST_CASE("a task that waits for nothing of ours and does not hear of the cancel ends the program") {
  const std::string said = last_words_of([] {
    test_loop loop;
    const auto lost = []() -> task<> { co_await std::suspend_always(); };
    run(loop, lost());
  });
  CHECK_THAT(said, ContainsSubstring("a task was cancelled and has not ended, and nothing can wake it"));
}

// ---- handed on, but not yet resumed: nothing is in flight, and what it was given goes on

TEST_CASE("a foreign frame that is ready to go on may be destroyed") {
  event happens;
  int went_on = 0;
  const auto witness = std::make_shared<int>(0);
  const auto waits = [](event& on, std::shared_ptr<int>, int& count) -> foreign {
    co_await on.wait();
    ++count;
  };
  foreign first = waits(happens, witness, went_on);
  foreign second = waits(happens, witness, went_on);
  {
    const detail::resume_scope later;
    happens.set();
    first.destroy();
    CHECK(went_on == 0);
    CHECK(witness.use_count() == 2);
  }
  CHECK(went_on == 1);
  CHECK(second.done());
}

TEST_CASE("a foreign frame that is ready may hold tasks, which are destroyed with it") {
  test_loop loop;
  event happens;
  const auto witness = std::make_shared<int>(0);
  const auto inner = [](event& on, std::shared_ptr<int>) -> task<> { co_await on.wait(); };
  const auto outer = [&]() -> foreign { co_await inner(happens, witness); };
  foreign waiting = outer();
  CHECK(witness.use_count() == 2);
  const detail::resume_scope later;
  happens.set();
  waiting.destroy();
  CHECK(witness.use_count() == 1);
}

TEST_CASE("a mutex that was handed to a foreign frame which died before goes to the next") {
  mutex accounts;
  bool next_has_it = false;
  auto held = accounts.try_lock();
  REQUIRE(held);
  const auto locks = [](mutex& on, bool& has_it) -> foreign {
    const auto guard = co_await on.lock();
    has_it = true;
  };
  bool dead_has_it = false;
  foreign dies = locks(accounts, dead_has_it);
  foreign next = locks(accounts, next_has_it);
  {
    const detail::resume_scope later;
    held->unlock();
    dies.destroy();
  }
  CHECK_FALSE(dead_has_it);
  CHECK(next_has_it);
  CHECK_FALSE(accounts.is_locked());
}

TEST_CASE("a permit that was handed to a foreign frame which died before comes back") {
  semaphore connections(1);
  auto held = connections.try_acquire();
  REQUIRE(held);
  const auto acquires = [](semaphore& on) -> foreign { const auto permit = co_await on.acquire(); };
  foreign dies = acquires(connections);
  {
    const detail::resume_scope later;
    held->give_back();
    CHECK(connections.available() == 0);
    dies.destroy();
  }
  CHECK(connections.available() == 1);
}

TEST_CASE("an awaiter that nobody awaited needs nothing") {
  mutex accounts;
  event happens;
  {
    auto lock = accounts.lock();
    auto wait = happens.wait();
    auto sleep = sleep_for(1h);
    static_cast<void>(std::as_const(sleep));
  }
  CHECK_FALSE(accounts.is_locked());
}

}  // namespace
}  // namespace gauntlet::test
