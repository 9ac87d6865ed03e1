// The programs of docs/coroutines.md. `scripts/gauntlet lanes --write-docs` copies there what stands between
// [shown] and [end].

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/test_loop.hpp"

// [shown]
#include <gauntlet/coroutines.hpp>
using namespace std::chrono_literals;
// [end]

namespace {

using gauntlet::test::test_loop;

// [shown]
gauntlet::task<int> half_of(int number) {
  co_await gauntlet::sleep_for(1ms);
  if (number % 2 != 0) throw std::invalid_argument("it is odd");
  co_return number / 2;
}
// [end]

TEST_CASE("docs: a task") {
  test_loop loop;
  // [shown]
  const int seven = gauntlet::run(loop, half_of(14));
  // [end]
  CHECK(seven == 7);
}

// [shown]
gauntlet::task<> work_off(gauntlet::channel<int>& jobs, std::vector<int>& results) {
  while (const std::optional<int> job = co_await jobs.receive()) results.push_back(co_await half_of(*job));
}

gauntlet::task<std::vector<int>> with_three_workers(std::vector<int> numbers) {
  std::vector<int> results;
  gauntlet::channel<int> jobs(8, "jobs");
  co_await gauntlet::with_scope([&](gauntlet::scope& workers) -> gauntlet::task<> {
    for (int i = 0; i < 3; ++i) workers.spawn(work_off(jobs, results));
    for (const int number : numbers) co_await jobs.send(number);  // waits while eight are on their way
    jobs.close();
  });  // goes on when all three have ended
  co_return results;
}
// [end]

TEST_CASE("docs: tasks beside each other") {
  test_loop loop;
  CHECK(gauntlet::run(loop, with_three_workers({2, 4, 6, 8})).size() == 4);
  CHECK_THROWS_AS(gauntlet::run(loop, with_three_workers({2, 3, 4})), std::invalid_argument);
}

TEST_CASE("docs: all, any") {
  test_loop loop;
  // [shown]
  const auto program = []() -> gauntlet::task<int> {
    auto [one, two] = co_await gauntlet::when_all(half_of(2), half_of(4));  // a tuple, in this order
    auto first =
        co_await gauntlet::when_any(half_of(6), gauntlet::sleep_for(1h));  // a variant: who was first
    co_return one + two + std::get<0>(first);
  };
  // [end]
  CHECK(gauntlet::run(loop, program()) == 6);
}

TEST_CASE("docs: time and cancellation") {
  test_loop loop;
  gauntlet::event reply("the reply");
  bool late = false;
  // [shown]
  const auto asks = [&]() -> gauntlet::task<> {
    co_await gauntlet::with_timeout(2ms, reply.wait());  // throws timed_out
  };
  const auto program = [&]() -> gauntlet::task<> {
    const std::expected<void, gauntlet::error> answered = co_await gauntlet::as_expected(asks());
    late = !answered && answered.error().code() == std::errc::timed_out;
  };
  // [end]
  gauntlet::run(loop, program());
  CHECK(late);
}

TEST_CASE("docs: long work looks whether it is to stop") {
  test_loop loop;
  int rounds = 0;
  // [shown]
  const auto computes = [&]() -> gauntlet::task<> {
    while (!co_await gauntlet::this_task::stop_requested()) {
      ++rounds;                           // a part of the work
      co_await gauntlet::sleep_for(0ms);  // and others have their turn
    }
  };
  // [end]
  const auto program = [&]() -> gauntlet::task<> {
    co_await gauntlet::as_expected(gauntlet::with_timeout(2ms, computes()));
  };
  gauntlet::run(loop, program());
  CHECK(rounds > 0);
}

/// "at here/coroutines.cpp:12" as "at coroutines.cpp:N", "3 ms" as "N ms".
std::string normalised(const std::string& text) {
  const std::string without_folders = std::regex_replace(text, std::regex("[^ \n]*/"), "");
  return std::regex_replace(without_folders, std::regex("[0-9]+"), "N");
}

TEST_CASE("docs: what a program waits for") {
  test_loop loop;
  // [shown]
  gauntlet::mutex accounts("accounts");
  gauntlet::mutex books("books");
  const auto transfer = [](gauntlet::mutex& first, gauntlet::mutex& second) -> gauntlet::task<> {
    const auto one = co_await first.lock();
    co_await gauntlet::sleep_for(1ms);
    const auto two = co_await second.lock();
  };
  const auto program = [&]() -> gauntlet::task<> {
    co_await gauntlet::when_all(gauntlet::named("handler 17", transfer(accounts, books)),
                                gauntlet::named("handler 18", transfer(books, accounts)));
  };
  // [end]
  std::string said;
  try {
    gauntlet::run(loop, program());
  } catch (const gauntlet::error& stuck) {
    said = stuck.what();
  }
  std::ifstream page(GAUNTLET_PAGE);
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  INFO(said);
  CHECK(normalised(text).find(normalised(said)) != std::string::npos);
}

TEST_CASE("docs: warnings") {
  test_loop loop;
  std::vector<std::string> log;
  // [shown]
  loop.watch(
      {.held_longer_than = 50ms, .pending_longer_than = 30s, .on_held = [&](const gauntlet::loop_held& held) {
         std::ostringstream line;
         line << held;
         log.push_back(line.str());
       }});
  // [end]
  gauntlet::run(loop, half_of(2));
  loop.watch({});
}

// ---- a C library: its requests end in a later turn of the loop

extern "C" {
struct device_request;
using device_done = void(device_request* request, int status);
struct device_request {
  void* data;
  device_done* done;
  int status;
};
}
constexpr int device_cancelled = -1;

struct device {
  explicit device(test_loop& runs) : loop(runs) {}
  test_loop& loop;
  const char* name = "/dev/numbers";
};

void device_end_later(device& from, device_request* request, int status) {
  request->status = status;
  from.loop.post([&from, request] {
    if (request->done == nullptr) return;
    from.loop.remove_guard();
    std::exchange(request->done, nullptr)(request, request->status);
  });
}
int device_read(device& from, device_request* request, std::byte* into, std::size_t size, device_done* done) {
  if (size == 0) return -22;
  from.loop.add_guard();
  request->done = done;
  if (size > 8) return 0;  // nothing comes before it is cancelled
  for (std::size_t i = 0; i < size; ++i) into[i] = std::byte{1};
  device_end_later(from, request, static_cast<int>(size));
  return 0;
}
void device_cancel(device& from, device_request* request) {
  device_end_later(from, request, device_cancelled);
}

// [shown]
class device_read_operation final : public gauntlet::detail::operation {
 public:
  device_read_operation(device& from, std::span<std::byte> into, std::source_location where) noexcept
      : operation("device::read", where), from_(from), into_(into) {}
  device_read_operation(device_read_operation&&) noexcept = default;
  ~device_read_operation() override { leave(); }  // in flight: ends the program, with what object() says

  std::string object() const override { return from_.name; }
  std::size_t await_resume() {
    finish();
    if (status_ == device_cancelled) throw_canceled();
    if (status_ < 0) throw gauntlet::error({-status_, std::system_category()}, kind(), object(), "", where());
    return static_cast<std::size_t>(status_);
  }

 private:
  void start() override {
    request_.data = this;
    status_ = device_read(from_, &request_, into_.data(), into_.size(), on_done);
    if (status_ != 0) complete();  // it did not begin: nobody is suspended
  }
  void cancel() noexcept override { device_cancel(from_, &request_); }  // on_done still comes
  static void on_done(device_request* request, int status) noexcept {
    // SAFETY: start() has put it there, and it stays in the awaiting frame until complete().
    auto& self = *static_cast<device_read_operation*>(request->data);
    self.status_ = status;
    self.complete();
  }

  device& from_;
  std::span<std::byte> into_;
  device_request request_{};
  int status_ = 0;
};

[[nodiscard]] auto read(device& from, std::span<std::byte> into,
                        std::source_location where = std::source_location::current()) noexcept {
  return device_read_operation(from, into, where);
}
// [end]

TEST_CASE("docs: a binding's operation") {
  test_loop loop;
  device numbers{loop};
  std::array<std::byte, 16> bytes{};
  const auto program = [&]() -> gauntlet::task<> {
    const std::size_t size = co_await read(numbers, std::span(bytes).first(4));
    CHECK(size == 4);
    const auto refused = co_await gauntlet::as_expected(read(numbers, {}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == std::errc::invalid_argument);
    const auto late = co_await gauntlet::as_expected(gauntlet::with_timeout(2ms, read(numbers, bytes)));
    REQUIRE_FALSE(late);
    CHECK(late.error().code() == std::errc::timed_out);
    CHECK(late.error().subject() == "device::read /dev/numbers");
  };
  gauntlet::run(loop, program());
}

TEST_CASE("docs: captures") {
  test_loop loop;
  int sum = 0;
  // [shown]
  const auto program = [&](gauntlet::scope& all) -> gauntlet::task<> {
    for (int i = 0; i < 3; ++i)
      all.spawn([&sum, i]() -> gauntlet::task<> {  // handed over uncalled: the scope keeps it
        co_await gauntlet::sleep_for(1ms);
        sum += i;
      });
    co_await all.join();
  };
  gauntlet::run(loop, gauntlet::with_scope(program));
  // [end]
  CHECK(sum == 3);
}

}  // namespace
