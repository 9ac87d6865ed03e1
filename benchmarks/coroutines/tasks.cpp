#include <chrono>
#include <gauntlet/coroutines.hpp>
#include <optional>
#include <thread>

#include "work.hpp"

namespace {

using namespace std::chrono_literals;
using gauntlet::task;

/// No C library: the time of its turns, and one timer.
class bare_loop final : public gauntlet::execution_context {
 public:
  ~bare_loop() override = default;
  clock::time_point now() const noexcept override { return now_; }
  bool on_this_thread() const noexcept override { return thread_ == gauntlet::detail::this_thread(); }
  [[noreturn]] void refuse_thread(const char* operation, const std::source_location& where) const override {
    throw gauntlet::misuse(operation, "called on another thread: call it where the loop was made", where);
  }
  bool turn() override {
    const entered here(*this);
    if (later_) {
      later_ = false;
      resume_ready();
    } else if (wake_at_) {
      std::this_thread::sleep_until(*wake_at_);
    } else {
      return false;
    }
    now_ = clock::now();
    if (wake_at_ && *wake_at_ <= now_) {
      wake_at_.reset();
      expire_timers();
    }
    return true;
  }

 private:
  void wake_at(std::optional<clock::time_point> time) noexcept override { wake_at_ = time; }
  void resume_later() noexcept override { later_ = true; }

  const void* thread_ = gauntlet::detail::this_thread();
  clock::time_point now_ = clock::now();
  std::optional<clock::time_point> wake_at_;
  bool later_ = false;
};

task<long> add(long one, long other) { co_return one + other; }
task<> add_to(long& sum, long one, long other) {
  sum += one + other;
  co_return;
}

task<long> awaits(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await add(number_of(i), 1);
  co_return sum;
}

task<long> spawns(long count) {
  long sum = 0;
  const auto body = [&](gauntlet::scope& all) -> task<> {
    for (long i = 0; i < count; ++i) all.spawn(add_to(sum, number_of(i), 1));
    co_await all.join();
  };
  co_await gauntlet::with_scope(body);
  co_return sum;
}

task<long> sends(long count) {
  gauntlet::channel<long> numbers(8);
  const auto gives = [&]() -> task<> {
    for (long i = 0; i < count; ++i) co_await numbers.send(number_of(i));
    numbers.close();
  };
  const auto takes = [&]() -> task<long> {
    long sum = 0;
    while (const std::optional<long> number = co_await numbers.receive()) sum += *number;
    co_return sum;
  };
  auto [nothing, sum] = co_await when_all(gives(), takes());
  static_cast<void>(nothing);
  co_return sum;
}

task<long> awaits_pairs(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    auto [one, other] = co_await when_all(add(number_of(i), 1), add(number_of(i), 2));
    sum += one + other;
  }
  co_return sum;
}

task<long> limits(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += co_await gauntlet::with_timeout(1h, add(number_of(i), 1));
  co_return sum;
}

task<> wakes(gauntlet::event& mine, gauntlet::event& others, long& sum, long count) {
  for (long i = 0; i < count; i += 2) {
    co_await mine.wait();
    mine.reset();
    sum += number_of(i);
    others.set();
  }
}
task<long> suspends(long count) {
  gauntlet::event left;
  gauntlet::event right;
  left.set();
  long sum = 0;
  co_await when_all(wakes(left, right, sum, count), wakes(right, left, sum, count));
  co_return sum;
}

template <task<long> (*Work)(long)>
long in_loop(long count) {
  bare_loop loop;
  return run(loop, Work(count));
}

}  // namespace

extern const contender tasks_contender{.name = "tasks",
                                       .task = in_loop<awaits>,
                                       .spawn = in_loop<spawns>,
                                       .channel = in_loop<sends>,
                                       .when_all = in_loop<awaits_pairs>,
                                       .with_timeout = in_loop<limits>,
                                       .suspend = in_loop<suspends>};
