#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ip6_support.hpp"
#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

/// The ends of a connection through a listener.
template <class Stream>
struct connected_pair {
  template <class Listener, class Where>
  connected_pair(loop& loop, Listener& listener, const Where& where) : client(loop) {
    bool connected = false;
    listener.listen([&](Stream accepted) { served = std::move(accepted); });
    client.connect(where, [&] { connected = true; });
    while (!connected || !served) loop.run(run_mode::once);
    listener.close();
  }
  Stream client;
  std::optional<Stream> served;
};
struct tcp_connection : connected_pair<tcp> {
  explicit tcp_connection(loop& loop, const address& at = any_port())
      : tcp_connection(loop, tcp_listener(loop, at)) {}

 private:
  tcp_connection(loop& loop, tcp_listener listener)
      : connected_pair(loop, listener, listener.local_address()) {}
};

/// What comes to one is sent back to the other, a hundred times, out of several buffers if it is to.
template <class Stream>
void ping_pong(loop& loop, Stream& client, Stream& served, bool vectored) {
  constexpr int rounds = 100;
  served.read_start([&](std::span<std::byte> data) {
    if (data.empty())
      served.close();
    else
      served.write(buffer_of(text_of(data)));
  });
  const auto ping = [&] {
    if (!vectored) {
      client.write(buffer_of("PING"));
      return;
    }
    std::vector<owned_buffer> parts;
    for (const char* const part : {"P", "", "IN", "G"}) parts.push_back(buffer_of(part));
    client.write(std::move(parts));
  };
  int pongs = 0;
  std::string heard;
  client.read_start([&](std::span<std::byte> data) {
    heard += text_of(data);
    if (heard.size() < 4) return;
    CHECK(heard == "PING");
    heard.clear();
    if (++pongs == rounds)
      client.close();
    else
      ping();
  });
  ping();
  run_to_the_end(loop);
  CHECK(pongs == rounds);
}

TEST_CASE("tcp_ping_pong_vec") {
  loop loop;
  tcp_connection both(loop);
  ping_pong(loop, both.client, *both.served, true);
}

TEST_CASE("tcp6_ping_pong, tcp6_ping_pong_vec") {
  for (const bool vectored : {false, true}) {
    loop loop;
    if (!has_ipv6(loop)) return;
    tcp_connection both(loop, address::ip6("::1", 0));
    ping_pong(loop, both.client, *both.served, vectored);
  }
}

TEST_CASE("pipe_ping_pong, pipe_ping_pong_vec") {
  for (const bool vectored : {false, true}) {
    const temporary_folder folder;
    loop loop;
    pipe_listener listener{loop, folder / "socket"};
    connected_pair<pipe> both(loop, listener, folder / "socket");
    ping_pong(loop, both.client, *both.served, vectored);
  }
}

TEST_CASE("connect_unspecified: no address in particular is this machine") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  listener.listen([&](tcp) { listener.close(); });
  tcp client{loop};
  bool connected = false;
  client.connect(address::ip4("0.0.0.0", listener.local_address().port()), [&] {
    connected = true;
    client.close();
  });
  run_to_the_end(loop);
  CHECK(connected);
}

TEST_CASE("tcp_oob: a byte out of band is neither read nor the end, and what follows it comes") {
  loop loop;
  tcp_connection both(loop);
  std::string heard;
  int calls = 0;
  both.served->read_start([&](std::span<std::byte> data) {
    heard += text_of(data);
    ++calls;
  });
  REQUIRE(::send(both.client.fileno(), "hello!", 6, MSG_OOB) == 6);  // the last byte is out of band
  while (heard.size() < 5) loop.run(run_mode::once);
  const int before = calls;
  for (int turns = 0; turns < 10; ++turns) loop.run(run_mode::nowait);
  CHECK(calls == before);  // it does not keep the loop busy
  both.client.write(buffer_of(" world"));
  while (heard.size() < 11) loop.run(run_mode::once);
  CHECK(heard == "hello world");
  both.client.close();
  both.served->close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_rst, not_readable_nor_writable_on_read_error: a connection that was reset") {
  loop loop;
  tcp_connection both(loop);
  std::string told;
  both.client.read_start([&](outcome<std::span<std::byte>> read) {
    REQUIRE(read.error() != nullptr);
    told += read.error()->name();
    CHECK(os::guess_handle(both.client.fileno()) == os::descriptor_kind::tcp);
    CHECK_FALSE(both.client.is_readable());
    CHECK_FALSE(both.client.is_writable());
    both.client.close();
  });
  both.served->close_reset();
  run_to_the_end(loop);
  CHECK(told == "ECONNRESET");
}

TEST_CASE("readable_on_eof: the end of what is read is not the end of the stream, and may be read again") {
  loop loop;
  tcp_connection both(loop);
  int ends = 0;
  callback<void()> read;
  read = [&] {
    both.client.read_start([&](std::span<std::byte> data) {
      CHECK(data.empty());
      CHECK(both.client.is_readable());
      CHECK(both.client.is_writable());
      if (++ends < 3)
        read();
      else
        both.client.close();
    });
  };
  read();
  both.served->close();
  run_to_the_end(loop);
  CHECK(ends == 3);
}

TEST_CASE("not_writable_after_shutdown") {
  loop loop;
  tcp_connection both(loop);
  CHECK(both.client.is_writable());
  both.client.shutdown([&] { both.client.close(); });
  CHECK_FALSE(both.client.is_writable());
  CHECK(both.client.is_readable());
  both.served->close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_write_in_a_row: writes that wait come whole and in their order, the callbacks too") {
  loop loop;
  tcp_connection both(loop);
  both.client.send_buffer_size(4096);
  constexpr int writes = 1000;
  const std::string line(999, 'x');
  std::string sent;
  int written = 0;
  for (int i = 0; i < writes; ++i) {
    const std::string text = std::to_string(i) + line;
    sent += text;
    both.client.write(buffer_of(text), [&, i] {
      CHECK(written == i);
      if (++written == writes) both.client.close();
    });
  }
  CHECK(both.client.write_queue_size() > 0);
  std::string heard;
  both.served->read_start([&](std::span<std::byte> data) {
    heard += text_of(data);
    if (data.empty()) both.served->close();
  });
  run_to_the_end(loop);
  CHECK(written == writes);
  CHECK(heard == sent);
}

TEST_CASE("pipe_close_stdout_read_stdin: of a pipe that nobody can write to any more the end comes at once") {
  const pipe_descriptors ends = make_pipe();
  loop loop;
  pipe reading{loop};
  reading.open(ends.read);
  ::close(ends.write);
  int ended = 0;
  reading.read_start([&](std::span<std::byte> data) {
    CHECK(data.empty());
    ++ended;
    reading.close();
  });
  CHECK_FALSE(loop.run(run_mode::nowait));  // nothing is left to wait for
  CHECK(ended == 1);
  loop.close();
}

TEST_CASE("shutdown_close_pipe: close right behind shutdown cancels it") {
  loop loop;
  auto [left, right] = pipe_pair(loop);
  left.write(more_than_fits(), [](outcome<> written) { CHECK_FALSE(written); });
  std::error_code told;
  bool closed = false;
  left.shutdown([&](outcome<> ended) {
    REQUIRE_FALSE(ended);
    told = ended.error()->code();
    CHECK_FALSE(closed);
  });
  left.close([&] { closed = true; });
  right.close();
  run_to_the_end(loop);
  CHECK(told == std::errc::operation_canceled);
  CHECK(closed);
}

TEST_CASE("ipc_heavy_traffic_deadlock_bug: both sides write more than fits, and both are read") {
  loop loop;
  auto ends = pipe_pair(loop, {.ipc = true});
  std::array<std::size_t, 2> read{};
  const std::array<pipe*, 2> sides{&ends.first, &ends.second};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    pipe& side = *sides[i];
    side.write(more_than_fits(), [&] { side.shutdown(no_callback()); });
    side.read_start([&, i](std::span<std::byte> data) {
      read[i] += data.size();
      if (data.empty()) side.close();
    });
  }
  run_to_the_end(loop);
  for (const std::size_t size : read) CHECK(size == std::size_t{4} << 20);
}

}  // namespace
}  // namespace gauntlet::uv::test
