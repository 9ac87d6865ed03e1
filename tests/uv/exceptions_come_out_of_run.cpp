#include <uv.h>

#include <catch2/catch_test_macros.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

struct thrown_here {
  int number = 0;
};

/// Throws the very same object each time, so that its address can be compared.
class marked {
 public:
  [[noreturn]] void throw_it() const { std::rethrow_exception(marker_); }
  /// work throws it, itself.
  template <class Work>
  bool comes_out_of(Work&& work) const {
    try {
      work();
    } catch (...) {
      return std::current_exception() == marker_;
    }
    return false;
  }

 private:
  std::exception_ptr marker_ = std::make_exception_ptr(thrown_here{1});
};

/// begin makes something of which a callback throws; then run() throws that, and goes on.
void comes_out_itself(const char* from,
                      const std::function<std::shared_ptr<void>(loop&, const marked&)>& begin) {
  INFO("from " << from);
  loop loop;
  const marked thrown;
  timer later{loop};
  timer also{loop};
  bool later_called = false;
  std::shared_ptr<void> keeps = begin(loop, thrown);
  also.start(1h, [] {});
  CHECK(thrown.comes_out_of([&] {
    for (;;) loop.run(run_mode::once);
  }));
  also.close();
  keeps.reset();
  later.start(0ms, [&] { later_called = true; });
  CHECK_FALSE(loop.run());
  CHECK(later_called);
  CHECK(loop.take_exceptions().empty());
  later.close();
  run_to_the_end(loop);
}

template <class Watcher>
std::shared_ptr<void> watched(loop& loop, const marked& thrown) {
  auto watcher = std::make_shared<Watcher>(loop);
  // A prepare and a check need a turn that does not wait.
  auto turning = std::make_shared<idle>(loop);
  turning->start([turning] {});
  watcher->start([&thrown, turning] {
    turning->close();
    thrown.throw_it();
  });
  return watcher;
}

struct connected {
  explicit connected(loop& loop) {
    auto ends = socket_pair(loop);
    left = std::make_unique<tcp>(std::move(ends.first));
    right = std::make_unique<tcp>(std::move(ends.second));
    right->try_write(std::as_bytes(std::span("hello", 5)));
  }
  std::unique_ptr<tcp> left;
  std::unique_ptr<tcp> right;
};

TEST_CASE("what a callback of a handle throws comes out of run, itself, and run goes on") {
  comes_out_itself("timer", [](loop& loop, const marked& thrown) {
    auto handle = std::make_shared<timer>(loop);
    handle->start(0ms, [&] { thrown.throw_it(); });
    return handle;
  });
  comes_out_itself("idle", watched<idle>);
  comes_out_itself("prepare", watched<prepare>);
  comes_out_itself("check", watched<check>);
  comes_out_itself("async", [](loop& loop, const marked& thrown) {
    auto handle = std::make_shared<async>(loop, [&] { thrown.throw_it(); });
    handle->send();
    return handle;
  });
  comes_out_itself("close", [](loop& loop, const marked& thrown) -> std::shared_ptr<void> {
    timer(loop).close([&] { thrown.throw_it(); });
    return nullptr;
  });
  comes_out_itself("post", [](loop& loop, const marked& thrown) -> std::shared_ptr<void> {
    loop.post([&] { thrown.throw_it(); });
    return nullptr;
  });
}

TEST_CASE("what a callback of a stream throws comes out of run, itself, and run goes on") {
  comes_out_itself("read", [](loop& loop, const marked& thrown) {
    auto pair = std::make_shared<connected>(loop);
    pair->left->read_start([&](std::span<std::byte>) { thrown.throw_it(); });
    return pair;
  });
  comes_out_itself("alloc", [](loop& loop, const marked& thrown) {
    auto pair = std::make_shared<connected>(loop);
    pair->left->read_start([&](std::size_t) -> std::span<std::byte> { thrown.throw_it(); },
                           [](outcome<std::span<std::byte>> read) {
                             REQUIRE(read.error());
                             CHECK(read.error()->code() == std::errc::no_buffer_space);
                           });
    return pair;
  });
  comes_out_itself("write", [](loop& loop, const marked& thrown) {
    auto pair = std::make_shared<connected>(loop);
    pair->left->write(buffer_of("hello"), [&](outcome<>) { thrown.throw_it(); });
    return pair;
  });
  comes_out_itself("on_drain", [](loop& loop, const marked& thrown) {
    auto pair = std::make_shared<connected>(loop);
    pair->left->set_write_marks({.high = 1, .low = 0});
    pair->left->on_drain([&] { thrown.throw_it(); });
    std::vector<std::byte> large(std::size_t{8} << 20);
    CHECK_FALSE(pair->left->write(std::move(large)));
    pair->right->read_start([](std::span<std::byte>) {});
    return pair;
  });
  comes_out_itself("shutdown", [](loop& loop, const marked& thrown) {
    auto pair = std::make_shared<connected>(loop);
    pair->left->shutdown([&](outcome<>) { thrown.throw_it(); });
    return pair;
  });
  comes_out_itself("connect", [](loop& loop, const marked& thrown) {
    auto listener = std::make_shared<tcp_listener>(loop, any_port());
    listener->listen([](tcp) {});
    auto client = std::make_shared<tcp>(loop);
    client->connect(listener->local_address(), [&, listener] { thrown.throw_it(); });
    return client;
  });
  comes_out_itself("connection", [](loop& loop, const marked& thrown) {
    auto client = std::make_shared<tcp>(loop);
    auto listener = std::make_shared<tcp_listener>(loop, any_port());
    listener->listen([&, client](tcp) { thrown.throw_it(); });
    client->connect(listener->local_address(), no_callback());
    return listener;
  });
  comes_out_itself("a connection that waits", [](loop& loop, const marked& thrown) {
    auto client = std::make_shared<tcp>(loop);
    auto listener = std::make_shared<tcp_listener>(loop, any_port());
    listener->listen([&, client] { thrown.throw_it(); });
    client->connect(listener->local_address(), no_callback());
    return listener;
  });
}

TEST_CASE("what work throws, on the pool and afterwards, comes out of run, itself") {
  comes_out_itself("work", [](loop& loop, const marked& thrown) -> std::shared_ptr<void> {
    queue_work(loop, [&] { thrown.throw_it(); });
    return nullptr;
  });
  comes_out_itself("after work", [](loop& loop, const marked& thrown) -> std::shared_ptr<void> {
    queue_work(loop, [] {}, [&] { thrown.throw_it(); });
    return nullptr;
  });
  comes_out_itself("work_result::get", [](loop& loop, const marked& thrown) -> std::shared_ptr<void> {
    queue_work(
        loop, [&]() -> int { thrown.throw_it(); }, [](work_result<int> result) { std::move(result).get(); });
    return nullptr;
  });
}

TEST_CASE("what on_still_open throws comes out of close, and of run when the loop ended in its callback") {
  const marked thrown;
  const auto options = [&] {
    return loop_options{.on_still_open = [&](std::span<const pending_operation>) { thrown.throw_it(); }};
  };
  {
    loop loop{options()};
    timer timer{loop};
    CHECK(thrown.comes_out_of([&] { loop.close(); }));
    CHECK(timer.is_closing());
    CHECK(loop.close().empty());
  }
  {
    auto loop = std::make_unique<uv::loop>(options());
    timer timer{*loop};
    timer.start(0ms, [&] { loop.reset(); });
    CHECK(thrown.comes_out_of([&] { loop->run(); }));
  }
  {
    loop loop{options()};  // a destructor has nobody to tell
    timer timer{loop};
  }
}

TEST_CASE("twenty at once are all kept, in their order, by run and by take_exceptions") {
  loop loop;
  std::vector<timer> timers;
  for (int i = 0; i < 20; ++i) timers.emplace_back(loop).start(0ms, [i] { throw thrown_here{i}; });
  for (int i = 0; i < 20; ++i) {
    int number = -1;
    try {
      loop.run();
    } catch (const thrown_here& thrown) {
      number = thrown.number;
    }
    CHECK(number == i);
  }
  CHECK_FALSE(loop.run());

  for (int i = 0; i < 20; ++i) timers[static_cast<std::size_t>(i)].start(0ms, [i] { throw thrown_here{i}; });
  CHECK_THROWS_AS(loop.run(), thrown_here);
  const auto others = loop.take_exceptions();
  REQUIRE(others.size() == 19);
  for (int i = 1; i < 20; ++i) {
    int number = -1;
    try {
      std::rethrow_exception(others[static_cast<std::size_t>(i) - 1]);
    } catch (const thrown_here& thrown) {
      number = thrown.number;
    }
    CHECK(number == i);
  }
  CHECK_FALSE(loop.run());
}

TEST_CASE("what close callbacks throw is thrown by close, when all is closed, and the others are kept") {
  loop loop;
  std::vector<timer> timers;
  int told = 0;
  for (int i = 0; i < 20; ++i) {
    timers.emplace_back(loop).start(1h, [] {});
    timers.back().close([&told, i] {
      ++told;
      throw thrown_here{i};
    });
  }
  CHECK_THROWS_AS(loop.close(), thrown_here);
  CHECK(told == 20);
  CHECK(loop.take_exceptions().size() == 19);
  CHECK(loop.close().empty());
}

TEST_CASE("a callback that has nothing to call is misuse for every operation") {
  loop loop;
  void (*const nothing)() = nullptr;
  const std::function<void()> empty;
  const auto refused = [](auto&& work) {
    CHECK(misuse_of(work).find("there is nothing to call: give it a callable") != std::string::npos);
  };
  timer timer{loop};
  refused([&] { timer.start(0ms, nothing); });
  refused([&] { timer.start(0ms, empty); });
  refused([&] { timer.start(0ms, {}); });
  idle idle{loop};
  refused([&] { idle.start(nothing); });
  prepare prepare{loop};
  refused([&] { prepare.start(nothing); });
  check check{loop};
  refused([&] { check.start(nothing); });
  refused([&] { async async(loop, nothing); });
  connected pair(loop);
  refused([&] { pair.left->read_start(nothing); });
  refused([&] { pair.left->read_start(callback<void(outcome<std::span<std::byte>>)>()); });
  refused([&] { pair.left->write(buffer_of("x"), nothing); });
  refused([&] { pair.left->write(std::vector<owned_buffer>(2), nothing); });
  refused([&] { pair.left->shutdown(nothing); });
  tcp_listener listener{loop, any_port()};
  refused([&] { listener.listen(nothing); });
  refused([&] { listener.listen(std::function<void(tcp)>()); });
  tcp client{loop};
  refused([&] { client.connect(listener.local_address(), nothing); });
  refused([&] { queue_work(loop, nothing); });
  refused([&] { queue_work(loop, [] {}, empty); });
  CHECK(misuse_of([&] { loop.post(nothing); }).find("there is nothing to run") != std::string::npos);
  CHECK_FALSE(timer.is_active());
  timer.close(nothing);  // nobody wants to know
  loop.close();
}

TEST_CASE(
    "a failure nobody has a callback for comes out of run as the error it is; a cancelled one does not") {
  loop loop;
  connected pair(loop);
  pair.right->close();
  loop.run();
  pair.left->write(buffer_of("hello"));
  const unsigned line = std::source_location::current().line() - 1;
  std::string said;
  try {
    loop.run();
  } catch (const error& failure) {
    said = failure.what();
    CHECK(failure.code() == std::errc::broken_pipe);
    CHECK(failure.where().line() == line);
  }
  CHECK(said.find("tcp: stream::write: ") == 0);

  connected another(loop);
  another.left->set_write_marks({.high = 1, .low = 0});
  another.left->write(std::vector<std::byte>(std::size_t{8} << 20));
  another.left->close();
  CHECK_FALSE(loop.run());
}

}  // namespace
}  // namespace gauntlet::uv::test
