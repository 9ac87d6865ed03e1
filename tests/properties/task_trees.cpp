// Trees of tasks of any shape, cancelled at any moment, against what must hold of each: it ends, its frame is
// destroyed once, nothing that it has started runs on after it, and nothing that it held is held any more.

#include "property.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <gauntlet/coroutines.hpp>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/cancel_everywhere.hpp"
#include "support/test_loop.hpp"

namespace gauntlet::test {
namespace {

enum class does : std::uint8_t {
  sleeps,
  locks,     // and does what is below while it has the lock
  acquires,  // a permit, the same
  sends,
  receives,
  closes,
  waits,
  sets,
  fails,
  all,
  any,
  scope,        // what is below is spawned
  stops_scope,  // the same, and it is asked to stop when all have begun
  limits,       // what is below has a millisecond
  ignores,      // what goes wrong below
};
constexpr std::uint8_t leaves = 9;
constexpr std::uint8_t all_kinds = 15;
constexpr std::array names{"sleeps", "locks", "acquires", "sends", "receives",    "closes", "waits",  "sets",
                           "fails",  "all",   "any",      "scope", "stops_scope", "limits", "ignores"};

struct node {
  does what = does::sleeps;
  std::size_t on = 0;  // which of the two of its kind
  std::vector<node> below{};
};

std::ostream& operator<<(std::ostream& out, const node& told) {
  out << names[static_cast<std::size_t>(told.what)] << told.on;
  if (told.below.empty()) return out;
  out << '(';
  for (const node& each : told.below) out << each << ' ';
  return out << ')';
}

/// Of numbers, so that rapidcheck can make it smaller: each node takes two, what is left out is a sleep.
class reader {
 public:
  explicit reader(const std::vector<std::uint8_t>& numbers) : numbers_(numbers) {}

  /// All that the numbers say, side by side.
  node read_all() {
    node root{.what = does::scope};
    while (at_ < numbers_.size()) root.below.push_back(read(1));
    return root;
  }

 private:
  node read(int depth) {
    node made;
    const std::uint8_t kind = next();
    made.what = kind < 64 ? (kind % 2 == 0 ? does::sends : does::receives)  // or they would seldom meet
                          : static_cast<does>(kind % (depth < 5 ? all_kinds : leaves));
    const std::uint8_t rest = next();
    made.on = rest % 2;
    const bool branches = static_cast<std::uint8_t>(made.what) >= leaves || made.what == does::locks ||
                          made.what == does::acquires;
    for (int i = 0; branches && depth < 5 && i < 1 + rest / 2 % 3; ++i) made.below.push_back(read(depth + 1));
    return made;
  }

  std::uint8_t next() { return at_ < numbers_.size() ? numbers_[at_++] : std::uint8_t{0}; }

  const std::vector<std::uint8_t>& numbers_;
  std::size_t at_ = 0;
};

struct world {
  std::array<mutex, 2> locks{};
  semaphore permits{2};
  std::array<channel<int>, 2> numbers{channel<int>(0), channel<int>(1)};
  std::array<event, 2> events{};

  long begun = 0;
  long ended = 0;
  std::array<int, 2> inside{};  // of the locks
  int with_permit = 0;
  int sent = 0;
  int received = 0;
  std::vector<std::string> wrong{};

  void demand(bool holds, const char* sentence) {
    if (!holds) wrong.emplace_back(sentence);
  }
};

/// Counts up, and down again however it ends.
class counted {
 public:
  explicit counted(int& count) : count_(count) { ++count_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --count_; }

 private:
  int& count_;
};

struct life {
  explicit life(world& in) : in_(in) { ++in_.begun; }
  life(const life&) = delete;
  life& operator=(const life&) = delete;
  ~life() { ++in_.ended; }

 private:
  world& in_;
};

using namespace std::chrono_literals;

task<> perform(world& in, const node& plan);

task<> perform_counted(world& in, const node& plan, int& running) {
  const counted me(running);
  co_await perform(in, plan);
}
task<> one_after_the_other(world& in, const node& plan) {
  for (const node& each : plan.below) co_await perform(in, each);
}
std::vector<task<>> all_below(world& in, const node& plan, int& running) {
  std::vector<task<>> tasks;
  for (const node& each : plan.below) tasks.push_back(perform_counted(in, each, running));
  return tasks;
}

task<> hold_lock(world& in, const node& plan) {
  const auto guard = co_await in.locks[plan.on].lock();
  in.demand(in.inside[plan.on] == 0, "two have the lock");
  const counted me(in.inside[plan.on]);
  co_await one_after_the_other(in, plan);
}
task<> hold_permit(world& in, const node& plan) {
  const auto permit = co_await in.permits.acquire();
  in.demand(in.with_permit < 2, "three have a permit");
  const counted me(in.with_permit);
  co_await one_after_the_other(in, plan);
}
task<> send_one(world& in, const node& plan) {
  co_await in.numbers[plan.on].send(1);
  ++in.sent;
}
task<> receive_one(world& in, const node& plan) {
  if (const std::optional<int> number = co_await in.numbers[plan.on].receive()) in.received += *number;
}
task<> spawn_all(world& in, const node& plan, int& running) {
  const auto body = [&](scope& tasks) -> task<> {
    for (const node& each : plan.below) tasks.spawn(perform_counted(in, each, running));
    if (plan.what == does::stops_scope) tasks.request_stop();
    if (plan.on == 0) co_await tasks.join();
  };
  co_await with_scope(body);
}

/// Those that start others: none of them runs when this one goes on, whatever came of it.
task<> perform_together(world& in, const node& plan) {
  int running = 0;
  std::exception_ptr failure;
  try {
    if (plan.what == does::all)
      co_await when_all(all_below(in, plan, running));
    else if (plan.what == does::any)
      co_await when_any(all_below(in, plan, running));
    else if (plan.what == does::limits)
      co_await with_timeout(1ms, when_all(all_below(in, plan, running)));
    else
      co_await spawn_all(in, plan, running);
  } catch (...) {
    failure = std::current_exception();
  }
  in.demand(running == 0, "one that it has started runs on");
  if (failure) std::rethrow_exception(failure);
}

task<> ignore(world& in, const node& plan) {
  try {
    co_await one_after_the_other(in, plan);
  } catch (const std::exception&) {
    co_return;
  }
}

task<> perform(world& in, const node& plan) {
  const life mine(in);
  event& happens = in.events[plan.on];
  switch (plan.what) {
    case does::sleeps:
      co_await sleep_for(std::chrono::milliseconds(plan.on));
      co_return;
    case does::locks:
      co_return co_await hold_lock(in, plan);
    case does::acquires:
      co_return co_await hold_permit(in, plan);
    case does::sends:
      co_return co_await send_one(in, plan);
    case does::receives:
      co_return co_await receive_one(in, plan);
    case does::closes:
      in.numbers[1].close();  // the other stays open, or little would be received
      co_return;
    case does::waits:
      co_await happens.wait();
      happens.reset();
      co_return;
    case does::sets:
      happens.set();
      co_return;
    case does::fails:
      if (plan.on == 1) throw std::runtime_error("meant");
      co_return;
    case does::ignores:
      co_return co_await ignore(in, plan);
    case does::all:
    case does::any:
    case does::scope:
    case does::stops_scope:
    case does::limits:
      co_return co_await perform_together(in, plan);
  }
}

/// What may come out of a tree: what was meant, and what to be stopped, late, stuck or closed looks like.
bool is_allowed(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const error& known) {
    const std::array allowed{std::errc::operation_canceled, std::errc::timed_out, std::errc::broken_pipe,
                             std::errc::resource_deadlock_would_occur};
    return std::ranges::any_of(allowed, [&](std::errc code) { return known.code() == code; });
  } catch (const std::runtime_error& known) {
    return known.what() == std::string("meant");
  } catch (...) {
    return false;
  }
}

/// What the cases have come to, or they would say little.
struct tally {
  long tasks = 0;
  long received = 0;
  long cancelled = 0;
  long stuck = 0;
  long late = 0;
  long well = 0;
};

void count(tally& all, const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const error& known) {
    all.stuck += known.code() == std::errc::resource_deadlock_would_occur;
    all.late += known.code() == std::errc::timed_out;
  } catch (...) {
  }
}

/// cancelled_at: the suspension at which all of it is asked to stop; 0: none.
void check(tally& all, const node& plan, std::size_t cancelled_at, bool later) {
  plain_loop loop;
  world in;
  cancel_at cancel(loop, cancelled_at);
  bool finished = false;
  callback<void(callback<void()>)> post;
  if (later) post = [&](callback<void()> work) { loop.post(std::move(work)); };
  const auto program = [&] { return perform(in, plan); };
  try {
    run(loop, under_control(program, cancel, std::move(post), finished));
  } catch (...) {
    RC_ASSERT(is_allowed(std::current_exception()));
    count(all, std::current_exception());
  }
  all.well += finished;
  all.cancelled += cancelled_at != 0 && cancel.suspensions() >= cancelled_at;
  all.tasks += in.begun;
  all.received += in.received;
  for (const suppressed_error& each : loop.take_suppressed_errors()) RC_ASSERT(is_allowed(each.error));
  RC_ASSERT(in.wrong == std::vector<std::string>());
  RC_ASSERT(in.begun >= 1);
  RC_ASSERT(in.ended == in.begun);
  RC_ASSERT(loop.pending().empty());
  for (const mutex& lock : in.locks) RC_ASSERT_FALSE(lock.is_locked());
  RC_ASSERT(in.permits.available() == 2U);
  const std::size_t on_their_way = in.numbers[0].size() + in.numbers[1].size();
  RC_ASSERT(static_cast<std::size_t>(in.sent - in.received) == on_their_way);
}

TEST_CASE("any tree of tasks, cancelled at any moment, ends, and leaves nothing behind") {
  tally all;
  check_property([&] {
    const auto any_number = rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 256));
    const auto numbers =
        *rc::gen::scale(3.0, rc::gen::container<std::vector<std::uint8_t>>(rc::gen::map(
                                 any_number, [](int number) { return static_cast<std::uint8_t>(number); })));
    const auto cancelled_at = *rc::gen::inRange<std::size_t>(0, 60);
    const bool later = *rc::gen::arbitrary<bool>();
    const node plan = reader(numbers).read_all();
    RC_LOG() << plan << ", cancelled at " << cancelled_at << (later ? ", a turn later" : "");
    check(all, plan, cancelled_at, later);
  });
  INFO(all.tasks << " tasks, " << all.received << " received, " << all.cancelled << " cancelled, "
                 << all.stuck << " stuck, " << all.late << " late, " << all.well << " well");
  if (std::getenv("RC_PARAMS") != nullptr) return;
  CHECK(all.tasks > 5000);
  CHECK(all.received > 200);
  CHECK(all.cancelled > 50);
  CHECK(all.stuck + all.late > 20);
  CHECK(all.well > 10);
}

}  // namespace
}  // namespace gauntlet::test
