#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;
using read_result = outcome<std::span<std::byte>>;

struct ends {
  explicit ends(loop& loop) {
    auto pair = socket_pair(loop);
    left.emplace(std::move(pair.first));
    right.emplace(std::move(pair.second));
  }
  std::optional<tcp> left;
  std::optional<tcp> right;
};

TEST_CASE("tcp_write_fail") {
  loop loop;
  ends pair(loop);
  // As if somebody had closed the descriptor's writing side behind libuv's back.
  REQUIRE(::shutdown(pair.left->fileno(), SHUT_WR) == 0);
  std::string told;
  pair.left->write(buffer_of("hello"), [&](outcome<> written) { told = name_of(written); });
  CHECK_FALSE(loop.run());
  CHECK(told == "EPIPE");
  loop.close();
}

TEST_CASE("tcp_try_write") {
  loop loop;
  ends pair(loop);
  CHECK(pair.left->try_write(bytes_of("PING")) == 4);
  const std::array<std::span<const std::byte>, 2> several{bytes_of("PO"), bytes_of("NG")};
  CHECK(pair.left->try_write(several) == 4);
  CHECK(pair.left->try_write(bytes_of("")) == 0);
  std::vector<std::byte> large(std::size_t{1} << 20);
  while (pair.left->try_write(large) != 0) {
  }
  CHECK(pair.left->write_queue_size() == 0);
  std::size_t read = 0;
  pair.right->read_start([&](std::span<std::byte> data) {
    if (read == 0) CHECK(text_of(data.first(8)) == "PINGPONG");
    read += data.size();
    if (data.empty()) pair.right->close();
  });
  pair.left->close();
  run_to_the_end(loop);
  CHECK(read > 8);
}

TEST_CASE("tcp_try_write_error") {
  loop loop;
  tcp none{loop};
  CHECK(error_name_of([&] { none.try_write(bytes_of("x")); }) == "EBADF");
  none.close();
  ends pair(loop);
  pair.right.reset();
  loop.run(run_mode::nowait);
  CHECK(error_name_of([&] {
          for (int i = 0; i < 3; ++i) pair.left->try_write(bytes_of("x"));
        }) == "EPIPE");
  pair.left->close();
  run_to_the_end(loop);
}

TEST_CASE(
    "tcp_write_queue_order: callbacks come in the order of the writes, and try_write does not overtake") {
  loop loop;
  ends pair(loop);
  const std::size_t large = std::size_t{4} << 20;
  std::string order;
  pair.left->write(std::vector<std::byte>(large), [&] { order += '1'; });
  pair.left->write(buffer_of("two"), [&] { order += '2'; });
  CHECK(pair.left->write_queue_size() > 3);
  CHECK(pair.left->try_write(bytes_of("overtakes")) == 0);
  pair.left->write(std::vector<owned_buffer>(10), [&] { order += '3'; });
  pair.left->shutdown([&] { order += 's'; });
  std::size_t read = 0;
  pair.right->read_start([&](std::span<std::byte> data) {
    read += data.size();
    if (!data.empty()) return;
    pair.right->close();
    pair.left->close();
  });
  run_to_the_end(loop);
  CHECK(order == "123s");
  CHECK(read == large + 3);
}

TEST_CASE("tcp_write_after_connect: what is written while connecting goes when there is a connection") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  std::string read;
  listener.listen([&](tcp peer) {
    served = std::move(peer);
    listener.close();
    served->read_start([&](std::span<std::byte> data) {
      read += text_of(data);
      if (data.empty()) served->close();
    });
  });
  tcp client{loop};
  std::string order;
  client.connect(listener.local_address(), [&] { order += "connected "; });
  client.write(buffer_of("hello"), [&] {
    order += "written ";
    client.close();
  });
  run_to_the_end(loop);
  CHECK(order == "connected written ");
  CHECK(read == "hello");
}

TEST_CASE("tcp_writealot") {
  loop loop;
  ends pair(loop);
  constexpr std::size_t writes = 64;
  constexpr std::size_t buffers = 16;
  constexpr std::size_t size = 2048;
  std::size_t ended = 0;
  for (std::size_t i = 0; i < writes; ++i) {
    std::vector<owned_buffer> several;
    for (std::size_t part = 0; part < buffers; ++part)
      several.emplace_back(std::vector<std::byte>(size, static_cast<std::byte>(i)));
    pair.left->write(std::move(several), [&](outcome<> written, std::vector<owned_buffer> back) {
      written.value();
      ended += back.size();
    });
  }
  pair.left->shutdown(no_callback());
  std::size_t read = 0;
  bool right = true;
  pair.right->read_start([&](std::span<std::byte> data) {
    for (const std::byte byte : data)
      right = right && byte == static_cast<std::byte>(read++ / (buffers * size));
    if (!data.empty()) return;
    pair.right->close();
    pair.left->close();
  });
  run_to_the_end(loop);
  CHECK(ended == writes * buffers);
  CHECK(read == writes * buffers * size);
  CHECK(right);
}

TEST_CASE("tcp_write_to_half_open_connection") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  tcp client{loop};
  std::string first;
  std::string read;
  std::string second;
  listener.listen([&](tcp peer) {
    served = std::move(peer);
    served->read_start([&](read_result) { served->close_reset(); });
    listener.close();
  });
  client.connect(listener.local_address(), [&] {
    client.write(buffer_of("hello"), [&](outcome<> ended) { first = name_of(ended); });
    client.read_start([&](read_result result) {
      read = name_of(result);
      second = error_name_of([&] {
        client.write(buffer_of("nobody"), [&](outcome<> ended) {
          second = name_of(ended);
          client.close();
        });
      });
      if (second != "none") client.close();
    });
  });
  run_to_the_end(loop);
  CHECK(first == "ok");
  CHECK(read == "ECONNRESET");
  CHECK(second == "EPIPE");
}

TEST_CASE("tcp_read_stop") {
  loop loop;
  ends pair(loop);
  pair.right->try_write(bytes_of("hello"));
  timer timer{loop};
  bool read = false;
  pair.left->read_start([&](std::span<std::byte>) { read = true; });
  pair.left->read_stop();
  pair.left->read_stop();
  timer.start(1ms, [&] {
    pair.left->close();
    pair.right->close();
    timer.close();
  });
  run_to_the_end(loop);
  CHECK_FALSE(read);
}

TEST_CASE("tcp_read_stop_start: reading begins anew inside its own callback, with another function") {
  loop loop;
  ends pair(loop);
  pair.right->try_write(bytes_of("first"));
  std::string told;
  pair.left->read_start([&, witness = std::make_shared<int>(0)](std::span<std::byte> data) {
    told += text_of(data) + ' ';
    CHECK(error_name_of([&] { pair.left->read_start([] {}); }) == "EALREADY");
    pair.left->read_stop();
    pair.left->read_start([&](std::span<std::byte> more) {
      told += text_of(more);
      if (more.empty()) pair.left->close();
    });
    CHECK(witness.use_count() == 1);  // alive while it runs
    pair.right->write(buffer_of("second"));
    pair.right->shutdown([&] { pair.right->close(); });
  });
  run_to_the_end(loop);
  CHECK(told == "first second");
}

TEST_CASE("tcp_unexpected_read: a peer that sends what nobody reads does not keep the loop busy") {
  loop loop;
  ends pair(loop);
  pair.right->try_write(bytes_of("unexpected"));
  int turns = 0;
  prepare prepare{loop};
  prepare.start([&] { ++turns; });
  timer timer{loop};
  timer.start(5ms, [&] { loop.stop(); });
  loop.run();
  CHECK(turns < 50);
  loop.close();
}

TEST_CASE("tcp_alloc_cb_fail: nothing to read into ends reading") {
  loop loop;
  ends pair(loop);
  pair.right->try_write(bytes_of("hello"));
  int asked = 0;
  std::vector<std::string> told;
  pair.left->read_start(
      [&](std::size_t suggested) {
        CHECK(suggested > 0);
        ++asked;
        return std::span<std::byte>();
      },
      [&](read_result read) { told.push_back(name_of(read)); });
  for (int turns = 0; turns < 3; ++turns) loop.run(run_mode::nowait);
  CHECK(asked == 1);
  CHECK(told == std::vector<std::string>{"ENOBUFS"});
  CHECK_FALSE(pair.left->is_active());
  // What was not read is still there.
  std::string read;
  pair.left->read_start([&](std::span<std::byte> data) {
    read = text_of(data);
    pair.left->close();
    pair.right->close();
  });
  run_to_the_end(loop);
  CHECK(read == "hello");
}

TEST_CASE("an alloc that throws: both what it threw and the error of reading come out") {
  loop loop;
  ends pair(loop);
  pair.right->try_write(bytes_of("hello"));
  pair.left->read_start(
      [](std::size_t) -> std::span<std::byte> { throw std::runtime_error("no memory for you"); },
      [](std::span<std::byte>) {});
  CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "no memory for you");
  CHECK(error_name_of([&] { loop.run(); }) == "ENOBUFS");
  CHECK_FALSE(loop.run());
  loop.close();
}

TEST_CASE("a stream may be closed, dropped, stopped and read anew inside alloc") {
  for (const int what : {0, 1, 2, 3}) {
    INFO("what " << what);
    loop loop;
    ends pair(loop);
    pair.right->try_write(bytes_of("hello"));
    std::array<std::byte, 64> memory{};
    int told = 0;
    bool replaced = false;
    pair.left->read_start(
        [&](std::size_t) -> std::span<std::byte> {
          if (what == 0) pair.left->close();
          if (what == 1) pair.left.reset();
          if (what == 2) pair.left->read_stop();
          if (what == 3) {
            pair.left->read_stop();
            pair.left->read_start([&](std::span<std::byte> data) {
              replaced = text_of(data) == "hello";
              pair.left->read_stop();
            });
          }
          return memory;
        },
        [&](read_result) { ++told; });
    for (int turns = 0; turns < 3; ++turns) loop.run(run_mode::nowait);
    CHECK(told == 0);
    CHECK(replaced == (what == 3));
    loop.close();
  }
}

TEST_CASE("bytes are read into the memory that alloc gave") {
  loop loop;
  ends pair(loop);
  pair.right->try_write(bytes_of("hello"));
  std::array<std::byte, 3> memory{};
  std::string read;
  pair.left->read_start([&](std::size_t) { return std::span<std::byte>(memory); },
                        [&](std::span<std::byte> data) {
                          CHECK(data.data() == memory.data());
                          CHECK(data.size() <= 3);
                          read += text_of(data);
                          if (read.size() == 5) pair.left->close();
                        });
  loop.run();
  CHECK(read == "hello");
  loop.close();
}

TEST_CASE("shutdown_eof, tcp_shutdown_after_write") {
  loop loop;
  ends pair(loop);
  std::string order;
  pair.left->write(buffer_of("Q"), [&] { order += "written "; });
  pair.left->shutdown([&] {
    order += "shut ";
    CHECK_FALSE(pair.left->is_writable());
    CHECK(pair.left->is_readable());
  });
  pair.left->read_start([&](std::span<std::byte> data) {
    order += data.empty() ? "eof " : "answer ";
    if (data.empty()) pair.left->close([&] { order += "closed"; });
  });
  pair.right->read_start([&](std::span<std::byte> data) {
    if (data.empty()) {  // the other direction still works
      pair.right->write(buffer_of("A"), [&] { pair.right->close(); });
    }
  });
  run_to_the_end(loop);
  CHECK(order == "written shut answer eof closed");
}

TEST_CASE("shutdown_close_tcp: close right behind shutdown cancels it") {
  loop loop;
  ends pair(loop);
  std::string order;
  pair.left->shutdown([&](outcome<> ended) { order += name_of(ended) + ' '; });
  pair.left->close([&] { order += "closed"; });
  pair.right->close();
  run_to_the_end(loop);
  CHECK((order == "ECANCELED closed" || order == "ok closed"));
}

TEST_CASE("shutdown_twice") {
  loop loop;
  ends pair(loop);
  int ended = 0;
  pair.left->shutdown([&] { ++ended; });
  CHECK(error_name_of([&] { pair.left->shutdown(no_callback()); }) == "ENOTCONN");
  CHECK_FALSE(loop.run());
  CHECK(ended == 1);
  CHECK(error_name_of([&] { pair.left->shutdown(no_callback()); }) == "ENOTCONN");
  CHECK(error_name_of([&] { pair.left->write(buffer_of("late")); }) == "EPIPE");
  loop.close();
}

TEST_CASE("shutdown_simultaneous") {
  loop loop;
  ends pair(loop);
  int ended = 0;
  int closed = 0;
  for (tcp* end : {&*pair.left, &*pair.right}) {
    end->write(buffer_of("bye"));
    end->shutdown([&] { ++ended; });
    end->read_start([&closed, end](std::span<std::byte> data) {
      if (data.empty()) end->close([&] { ++closed; });
    });
  }
  run_to_the_end(loop);
  CHECK(ended == 2);
  CHECK(closed == 2);
}

TEST_CASE("callback_stack: no callback comes before the call that began it has returned") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  listener.listen([&](tcp peer) {
    served = std::move(peer);
    served->read_start([&](std::span<std::byte> data) {
      if (data.empty()) return served->close();
      served->write(std::vector(data.begin(), data.end()));
    });
    listener.close();
  });
  bool nested = false;
  int within = 0;
  const auto enter = [&](auto&& work) {
    nested = nested || within != 0;
    ++within;
    work();
    --within;
  };
  tcp client{loop};
  client.connect(listener.local_address(), [&] {
    enter([&] {
      client.write(buffer_of("PING"), [&] { enter([] {}); });
      client.read_start([&](std::span<std::byte> data) {
        enter([&] {
          CHECK(text_of(data) == "PING");
          client.shutdown([&] { enter([] {}); });
          client.close([&] { enter([] {}); });
        });
      });
    });
  });
  run_to_the_end(loop);
  CHECK_FALSE(nested);
}

TEST_CASE("write answers whether more may come, and on_drain when") {
  loop loop;
  ends pair(loop);
  pair.left->set_write_marks({.high = 1 << 20, .low = 1 << 10});
  CHECK(misuse_of([&] { pair.left->set_write_marks({.high = 1, .low = 2}); }).find("low is above high") !=
        std::string::npos);
  int drained = 0;
  int rounds = 0;
  std::size_t sent = 0;
  const auto send_more = [&] {
    while (true) {
      sent += 65536;
      if (!pair.left->write(std::vector<std::byte>(65536))) break;
    }
  };
  pair.left->on_drain([&] {
    ++drained;
    CHECK(pair.left->write_queue_size() <= 1 << 10);
    if (++rounds < 3)
      send_more();
    else
      pair.left->shutdown(no_callback());
  });
  send_more();
  CHECK(sent > 1 << 20);
  CHECK(sent <= (1 << 20) + 65536);
  std::size_t read = 0;
  pair.right->read_start([&](std::span<std::byte> data) {
    read += data.size();
    if (!data.empty()) return;
    pair.right->close();
    pair.left->close();
  });
  run_to_the_end(loop);
  CHECK(drained == 3);
  CHECK(read == sent);
}

TEST_CASE("on_drain may drop its stream, and replace itself") {
  loop loop;
  for (const bool drop : {true, false}) {
    ends pair(loop);
    pair.left->set_write_marks({.high = 1, .low = 0});
    int calls = 0;
    pair.left->on_drain([&] {
      ++calls;
      if (drop) return pair.left.reset();
      pair.left->on_drain([&] {
        ++calls;
        pair.left->close();
      });
      pair.left->write(std::vector<std::byte>(std::size_t{4} << 20));
    });
    CHECK_FALSE(pair.left->write(std::vector<std::byte>(std::size_t{4} << 20)));
    pair.right->read_start([&](std::span<std::byte> data) {
      if (data.empty()) pair.right->close();
    });
    CHECK_FALSE(loop.run());
    CHECK(calls == (drop ? 1 : 2));
  }
  loop.close();
}

TEST_CASE("on_drain may take itself away") {
  loop loop;
  ends pair(loop);
  pair.left->set_write_marks({.high = 1, .low = 0});
  int calls = 0;
  const auto write = [&] { CHECK_FALSE(pair.left->write(std::vector<std::byte>(std::size_t{4} << 20))); };
  pair.left->on_drain([&] {
    ++calls;
    pair.left->on_drain({});
    write();
    pair.left->shutdown([&] { pair.left->close(); });
  });
  write();
  pair.right->read_start([&](std::span<std::byte> data) {
    if (data.empty()) pair.right->close();
  });
  run_to_the_end(loop);
  CHECK(calls == 1);
}

TEST_CASE("reading from who has no connection is an error at once") {
  loop loop;
  tcp none{loop};
  CHECK(error_name_of([&] { none.read_start([] {}); }) == "ENOTCONN");
  CHECK(error_name_of([&] { none.shutdown(no_callback()); }) == "ENOTCONN");
  CHECK(misuse_of([&] { none.read_again(); }).find("nothing has been read yet") != std::string::npos);
  none.close();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
