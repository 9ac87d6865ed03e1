#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

/// A socket that receives in batches, with datagrams "0", "1", ... that wait for it.
struct batch {
  explicit batch(int count = 10) {
    receiver.emplace(loop, udp_options{.recvmmsg = true});
    receiver->bind(any_port());
    for (int i = 0; i < count; ++i) {
      const std::string text = std::to_string(i);
      REQUIRE(sender.try_send(std::as_bytes(std::span(text)), receiver->local_address()));
    }
  }
  void end() {
    receiver.reset();
    sender.close();
    run_to_the_end(loop);
  }

  uv::loop loop;
  udp sender{loop};
  std::optional<udp> receiver;
  std::vector<std::string> heard;
};

TEST_CASE("udp_mmsg") {
  batch datagrams;
  CHECK(datagrams.receiver->using_recvmmsg());
  std::set<const std::byte*> places;
  datagrams.receiver->recv_start([&](const datagram& received) {
    CHECK(received.from == any_port().with_port(datagrams.sender.local_address().port()));
    CHECK_FALSE(received.truncated);
    places.insert(received.bytes.data());
    datagrams.heard.push_back(text_of(received.bytes));
  });
  while (datagrams.heard.size() < 10) datagrams.loop.run(run_mode::once);
  datagrams.loop.run(run_mode::nowait);
  CHECK(datagrams.heard == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  CHECK(places.size() == 10);  // they came with one call
  datagrams.end();
}

TEST_CASE("a datagram of no bytes is one in a batch, too") {
  batch datagrams(0);
  REQUIRE(datagrams.sender.try_send(std::span<const std::byte>(), datagrams.receiver->local_address()));
  int received = 0;
  datagrams.receiver->recv_start([&](const datagram& empty) {
    CHECK(empty.bytes.empty());
    CHECK(empty.from.is_loopback());
    ++received;
  });
  for (int i = 0; i < 3; ++i) datagrams.loop.run(run_mode::nowait);
  CHECK(received == 1);
  datagrams.end();
}

TEST_CASE("in the middle of a batch the callback may throw") {
  batch datagrams;
  datagrams.receiver->recv_start([&](const datagram& received) {
    datagrams.heard.push_back(text_of(received.bytes));
    throw std::runtime_error(datagrams.heard.back());
  });
  for (int i = 0; i < 10; ++i)
    CHECK(thrown_by<std::runtime_error>([&] { datagrams.loop.run(); }) == std::to_string(i));
  CHECK(datagrams.heard.size() == 10);
  datagrams.end();
}

TEST_CASE("in the middle of a batch the callback may stop, and start again") {
  batch datagrams;
  udp& receiver = *datagrams.receiver;
  SECTION("stop") {
    receiver.recv_start([&](const datagram& received) {
      datagrams.heard.push_back(text_of(received.bytes));
      if (datagrams.heard.size() == 3) receiver.recv_stop();
    });
    CHECK_FALSE(datagrams.loop.run());
    CHECK(datagrams.heard.size() == 3);
    receiver.recv_start(
        [&](const datagram& received) { datagrams.heard.push_back(text_of(received.bytes)); });
    datagrams.sender.send(buffer_of("next"), receiver.local_address());
    while (datagrams.heard.size() < 4) datagrams.loop.run(run_mode::once);
    CHECK(datagrams.heard.back() == "next");  // those of the same batch are lost
  }
  SECTION("stop and start") {
    receiver.recv_start([&](const datagram& received) {
      datagrams.heard.push_back(text_of(received.bytes));
      if (datagrams.heard.size() != 3) return;
      receiver.recv_stop();
      receiver.recv_start(
          [&](const datagram& rest) { datagrams.heard.emplace_back("+").append(text_of(rest.bytes)); });
    });
    while (datagrams.heard.size() < 10) datagrams.loop.run(run_mode::once);
    CHECK(datagrams.heard[3] == "+3");
  }
  datagrams.end();
}

TEST_CASE("in the middle of a batch the callback may close the socket, or let it go, or end the loop") {
  batch datagrams;
  SECTION("close") {
    datagrams.receiver->recv_start([&](const outcome<datagram>& received) {
      CHECK(received);
      datagrams.heard.emplace_back();
      if (datagrams.heard.size() == 3) datagrams.receiver->close();
    });
  }
  SECTION("let go") {
    datagrams.receiver->recv_start([&](const datagram& received) {
      datagrams.heard.emplace_back();
      if (datagrams.heard.size() == 3) datagrams.receiver.reset();
      CHECK(received.bytes.size() == 1);
      CHECK(text_of(received.bytes).size() == 1);  // the memory is still there
    });
  }
  SECTION("end the loop") {
    auto loop = std::make_unique<uv::loop>(std::move(datagrams.loop));
    datagrams.receiver->recv_start([&](const datagram&) {
      datagrams.heard.emplace_back();
      if (datagrams.heard.size() == 3) {
        datagrams.receiver.reset();
        loop.reset();
      }
    });
    loop->run();
    CHECK(datagrams.heard.size() == 3);
    CHECK(datagrams.sender.is_closing());
    return;
  }
  CHECK_FALSE(datagrams.loop.run());
  CHECK(datagrams.heard.size() == 3);
  datagrams.end();
}

TEST_CASE("a batch goes into the caller's memory, of which less than 64 KiB is nothing") {
  batch datagrams;
  udp& receiver = *datagrams.receiver;
  std::vector<std::byte> memory(65535);
  std::error_code told;
  receiver.recv_start([&](std::size_t) { return std::span(memory); },
                      [&](const outcome<datagram>& received) { told = received.error()->code(); });
  CHECK_FALSE(datagrams.loop.run());  // libuv would never have returned
  CHECK(told == std::errc::no_buffer_space);
  memory.resize(std::size_t{3} * 65536);
  receiver.recv_start([&](std::size_t) { return std::span(memory); },
                      [&](const datagram& received) {
                        CHECK(received.bytes.data() >= memory.data());
                        CHECK(received.bytes.data() < memory.data() + memory.size());
                        datagrams.heard.push_back(text_of(received.bytes));
                      });
  while (datagrams.heard.size() < 10) datagrams.loop.run(run_mode::once);
  CHECK(datagrams.heard.back() == "9");
  datagrams.end();
}

TEST_CASE("a batch of Unix datagrams, whose senders have no names") {
  const temporary_folder folder;
  loop loop;
  const address path = address::unix_path(folder / "a");
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  REQUIRE(::bind(socket, path.native(), static_cast<socklen_t>(path.size())) == 0);
  udp receiver{loop, {.recvmmsg = true}};
  receiver.open(socket);
  int received = 0;
  receiver.recv_start([&](const datagram& unnamed) {
    CHECK(text_of(unnamed.bytes) == "x");
    if (++received == 2) receiver.close();
  });
  const int sender = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  for (int i = 0; i < 2; ++i)
    REQUIRE(::sendto(sender, "x", 1, 0, path.native(), static_cast<socklen_t>(path.size())) == 1);
  ::close(sender);
  run_to_the_end(loop);
  CHECK(received == 2);
}

}  // namespace
}  // namespace gauntlet::uv::test
