#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "asserting_thread.hpp"
#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// Work that stays on its thread until it is let go: while enough of it runs, nothing else begins.
class busy_pool {
 public:
  explicit busy_pool(loop& loop) {
    // libuv's pool has four threads unless UV_THREADPOOL_SIZE says otherwise.
    for (int i = 0; i < 4; ++i)
      queue_work(loop, [state = state_] {
        ++state->running;
        while (!state->let_go) std::this_thread::yield();
      });
    while (state_->running != 4) std::this_thread::yield();
  }
  void let_go() { state_->let_go = true; }
  ~busy_pool() { let_go(); }

 private:
  struct state {
    std::atomic<int> running{0};
    std::atomic<bool> let_go{false};
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

TEST_CASE("threadpool_cancel_work") {
  loop loop;
  bool ran = false;
  std::vector<std::string> told;
  const auto witness = std::make_shared<int>(0);
  {
    busy_pool busy(loop);
    std::vector<request> requests;
    for (int i = 0; i < 3; ++i)
      requests.push_back(queue_work(
          loop, [&ran, witness] { ran = true; },
          [&](work_result<void> result) {
            CHECK_FALSE(result);
            try {
              std::move(result).get();
            } catch (const error& failure) {
              told.push_back(failure.name());
            }
          }));
    auto silent = queue_work(loop, [&] { ran = true; }, [&] { ran = true; });
    for (request& one : requests) {
      CHECK_FALSE(one.done());
      CHECK(one.cancel());
      CHECK(one.cancel());  // twice changes nothing
    }
    CHECK(silent.cancel());
    while (told.size() != 3) loop.run(run_mode::nowait);
    for (request& one : requests) {
      CHECK(one.done());
      CHECK_FALSE(one.cancel());
    }
  }
  run_to_the_end(loop);
  CHECK(told == std::vector<std::string>(3, "ECANCELED"));
  CHECK_FALSE(ran);
  CHECK(witness.use_count() == 1);
}

TEST_CASE("threadpool_cancel_work_when_busy") {
  loop loop;
  std::atomic<bool> begun{false};
  std::atomic<bool> let_go{false};
  int answer = 0;
  auto request = queue_work(
      loop,
      [&] {
        begun = true;
        while (!let_go) std::this_thread::yield();
        return 42;
      },
      [&](int value) { answer = value; });
  while (!begun) std::this_thread::yield();
  CHECK_FALSE(request.cancel());
  CHECK_FALSE(request.done());
  let_go = true;
  run_to_the_end(loop);
  CHECK(answer == 42);
}

TEST_CASE("threadpool_cancel_single") {
  loop loop;
  busy_pool busy(loop);
  bool cancelled = false;
  auto request = queue_work(loop, [] {}, [&](work_result<void> result) { cancelled = !result; });
  CHECK(request.cancel());
  loop.run(run_mode::once);
  CHECK(cancelled);
  busy.let_go();
  run_to_the_end(loop);
}

TEST_CASE("threadpool_queue_work_simple") {
  loop loop;
  std::thread::id on_pool;
  std::thread::id after;
  auto request = queue_work(
      loop, [&] { on_pool = std::this_thread::get_id(); }, [&] { after = std::this_thread::get_id(); });
  run_to_the_end(loop);
  CHECK(on_pool != std::this_thread::get_id());
  CHECK(after == std::this_thread::get_id());
  loop.close();
}

TEST_CASE("threadpool_multiple_event_loops: loops on threads of their own share the pool") {
  std::array<int, 3> ended{};
  std::vector<std::thread> threads;
  for (int& count : ended)
    threads.emplace_back([&count] {
      loop loop;  // its destructor proves that it closes clean
      for (int i = 0; i < 100; ++i)
        queue_work(loop, [i] { return i; }, [&, i](int value) { count += value == i; });
      fs::stat(loop, ".", [&](outcome<fs::file_status> status) { count += status ? 1 : 0; });
      getaddrinfo(loop, "127.0.0.1", {}, {.numeric_node = true}, [&](std::vector<address_info>) { ++count; });
      loop.run();
      count += loop.pending().empty() ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : ended) CHECK(count == 103);
}

TEST_CASE("threadpool_queue_work_einval") {
  loop loop;
  int (*const nothing)() = nullptr;
  CHECK(misuse_of([&] { queue_work(loop, nothing); }).find("nothing to call") != std::string::npos);
  CHECK(loop.pending().empty());
  run_to_the_end(loop);
}

TEST_CASE("a request that is dropped while its work runs ends as it would have") {
  loop loop;
  std::atomic<bool> begun{false};
  std::atomic<bool> let_go{false};
  int answer = 0;
  {
    auto dropped = queue_work(
        loop,
        [&, buffer = std::vector<int>(1000, 1)] {
          begun = true;
          while (!let_go) std::this_thread::yield();
          return buffer.back();
        },
        [&](int value) { answer = value; });
    while (!begun) std::this_thread::yield();
    CHECK_FALSE(dropped.cancel());
  }
  let_go = true;
  run_to_the_end(loop);
  CHECK(answer == 1);
}

TEST_CASE("work that runs when the loop ends is waited for, and what it holds goes with it") {
  auto witness = std::make_shared<int>(0);
  std::atomic<bool> begun{false};
  std::atomic<bool> over{false};
  bool after = false;
  std::optional<request> outlives;
  {
    loop loop;
    outlives = queue_work(
        loop,
        [&, witness] {
          begun = true;
          std::this_thread::yield();
          over = true;
        },
        [&, witness] { after = true; });
    while (!begun) std::this_thread::yield();
  }
  CHECK(over);
  CHECK_FALSE(after);
  CHECK(witness.use_count() == 1);
  CHECK(outlives->done());
  CHECK_FALSE(outlives->cancel());
}

TEST_CASE("a request may be moved, and be dropped in its own callback") {
  loop loop;
  std::optional<request> first;
  bool called = false;
  first = queue_work(
      loop, [] {},
      [&] {
        called = true;
        CHECK(first->done() == false);  // it is, when this has returned
        first.reset();
      });
  request second = std::move(*first);
  request third = std::move(second);
  CHECK(second.done());
  CHECK(misuse_of([&] { second.cancel(); }).find("moved from") != std::string::npos);
  request* const alias = &third;
  third = std::move(*alias);
  *first = std::move(third);
  run_to_the_end(loop);
  CHECK(called);
}

TEST_CASE("cancelling races with completion") {
  loop loop;
  int ended = 0;
  int cancelled = 0;
  std::atomic<int> ran{0};
  for (int round = 0; round < 500; ++round) {
    auto request = queue_work(
        loop, [&] { ++ran; },
        [&](work_result<void> result) {
          ++ended;
          if (!result) ++cancelled;
        });
    if (round % 2 == 0) std::this_thread::yield();
    const int before = cancelled;
    const bool will_be = request.cancel();
    while (ended != round + 1) loop.run(run_mode::once);
    CHECK((cancelled == before + 1) == will_be);
  }
  CHECK(ran + cancelled == 500);
  run_to_the_end(loop);
}

TEST_CASE("a foreign thread is told whose the request is, and may drop it") {
  loop loop;
  auto dropped = std::make_unique<request>(queue_work(loop, [] {}));
  gauntlet::test::on_another_thread([&] {
    CHECK(misuse_of([&] { dropped->cancel(); }).find("request::cancel: called on thread ") == 0);
    CHECK(misuse_of([&] { static_cast<void>(dropped->done()); }).find("request::done: called on thread ") ==
          0);
    CHECK(misuse_of([&] { queue_work(loop, [] {}); }).find("queue_work: called on thread ") == 0);
    dropped.reset();
  });
  run_to_the_end(loop);
}

TEST_CASE("what is written lives until libuv is done, and comes back, whoever ends first") {
  constexpr std::size_t large = std::size_t{8} << 20;
  for (const int who : {0, 1, 2, 3}) {
    INFO("who " << who);
    const auto witness = std::make_shared<std::vector<std::byte>>();
    auto loop = std::make_unique<uv::loop>();
    {
      auto [left, right] = socket_pair(*loop);
      std::vector<std::string> told;
      std::size_t back = 0;
      for (int i = 0; i < 3; ++i) {
        left.write(std::vector<std::byte>(large), [&, witness](outcome<> written, owned_buffer buffer) {
          REQUIRE(written.error());
          told.push_back(written.error()->name());
          back += buffer.take<std::vector<std::byte>>().size();
        });
      }
      CHECK(left.write_queue_size() > 0);
      CHECK(loop->pending().size() == 5);
      if (who == 0) {
        left.close();
        CHECK_FALSE(loop->run());
      } else if (who == 1) {
        {
          tcp dropped = std::move(left);
        }
        CHECK_FALSE(loop->run());
      } else if (who == 2) {
        loop->close();
      } else {
        loop.reset();  // calls nobody
        CHECK(told.empty());
      }
      if (who < 3) {
        CHECK(told == std::vector<std::string>(3, "ECANCELED"));
        CHECK(back == 3 * large);
      }
    }
    loop.reset();
    CHECK(witness.use_count() == 1);
  }
}

TEST_CASE("several buffers come back as they were, in one callback") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::vector<owned_buffer> several;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    expected += "part " + std::to_string(i) + ' ';
    several.emplace_back("part " + std::to_string(i) + ' ');
  }
  std::size_t back = 0;
  left.write(std::move(several), [&](outcome<> written, std::vector<owned_buffer> buffers) {
    written.value();
    back = buffers.size();
    CHECK(buffers.at(7).take<std::string>() == "part 7 ");
  });
  std::string read;
  right.read_start([&](std::span<std::byte> data) {
    read += text_of(data);
    if (read.size() < expected.size()) return;
    right.close();
    left.close();
  });
  run_to_the_end(loop);
  CHECK(read == expected);
  CHECK(back == 20);
}

TEST_CASE("an empty buffer may be written") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  bool written = false;
  left.write(owned_buffer(), [&](outcome<> ended) { written = ended.error() == nullptr; });
  CHECK(left.try_write(std::span<const std::byte>()) == 0);
  loop.run();
  CHECK(written);
  loop.close();
}

TEST_CASE("a connect whose stream is dropped ends with operation_canceled; with the loop, in silence") {
  for (const bool with_loop : {false, true}) {
    loop loop;
    tcp_listener listener{loop, any_port()};
    std::vector<std::string> told;
    {
      std::optional<tcp> client(std::in_place, loop);
      client->connect(listener.local_address(), [&](outcome<> connected) {
        told.push_back(connected.error() != nullptr ? connected.error()->name() : "connected");
      });
      CHECK(loop.pending().size() == 3);
      CHECK(loop.pending().back().object == listener.local_address().to_string());
      if (!with_loop)
        client.reset();
      else {
        {
          uv::loop dropped = std::move(loop);
        }
        CHECK(client->is_closing());
        CHECK(told.empty());
        continue;
      }
    }
    listener.close();
    run_to_the_end(loop);
    CHECK(told == std::vector<std::string>{"ECANCELED"});
  }
}

TEST_CASE(
    "a shutdown whose stream is dropped ends with operation_canceled, and in silence where nobody asks") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::vector<std::string> told;
  left.write(std::vector<std::byte>(std::size_t{8} << 20));
  left.shutdown([&](outcome<> ended) {
    REQUIRE(ended.error());
    told.push_back(ended.error()->name());
  });
  right.shutdown(no_callback());
  right.close();
  {
    tcp dropped = std::move(left);
  }
  run_to_the_end(loop);
  CHECK(told == std::vector<std::string>{"ECANCELED"});
}

TEST_CASE("a write callback may drop its stream, with other writes behind it") {
  loop loop;
  auto pair = socket_pair(loop);
  std::optional<tcp> left(std::move(pair.first));
  int ended = 0;
  left->write(buffer_of("small"), [&](outcome<>) {
    ++ended;
    left.reset();
  });
  left->write(std::vector<std::byte>(std::size_t{8} << 20), [&](outcome<> written) {
    ++ended;
    CHECK(written.error()->code() == std::errc::operation_canceled);
  });
  loop.run();
  CHECK(ended == 2);
  loop.close();
}

}  // namespace
}  // namespace gauntlet::uv::test
