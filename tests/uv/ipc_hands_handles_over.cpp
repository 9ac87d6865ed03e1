#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

constexpr pipe_options ipc{.ipc = true};

/// Two pipes that hand handles over, and the loop.
struct channel {
  uv::loop loop;
  std::pair<pipe, pipe> ends = pipe_pair(loop, ipc);
  pipe& here = ends.first;
  pipe& there = ends.second;

  /// Lets all through.
  void drain() {
    there.read_start([](std::span<std::byte>) {});
  }
  /// Runs until something waits at the other end.
  void run_until_pending() {
    there.read_stop();
    there.read_start([this](std::span<std::byte>) {
      if (there.pending_count() != 0) there.read_stop();
    });
    while (there.pending_count() == 0) loop.run(run_mode::once);
    there.read_stop();
  }
  void close() {
    here.close();
    there.close();
    run_to_the_end(loop);
  }
};

/// Bytes go from one stream to the other.
void check_talks(uv::loop& loop, stream& from, stream& to) {
  std::string heard;
  to.read_start([&](std::span<std::byte> data) {
    heard += text_of(data);
    to.read_stop();
  });
  from.write(buffer_of("hello"));
  while (heard.empty()) loop.run(run_mode::once);
  CHECK(heard == "hello");
}

TEST_CASE("ipc_send_recv_tcp_inprocess") {
  channel pipes;
  auto [kept, sent] = socket_pair(pipes.loop);
  pipes.here.write(buffer_of("x"), tcp(std::move(sent)));  // gone at once
  pipes.run_until_pending();
  CHECK(pipes.there.pending_type() == pending_kind::pipe);  // a Unix socket, whoever held it
  pipe taken = pipes.there.accept_pipe();
  CHECK(pipes.there.pending_type() == pending_kind::none);
  check_talks(pipes.loop, taken, kept);
  check_talks(pipes.loop, kept, taken);
  taken.close();
  kept.close();
  pipes.close();
}

TEST_CASE("ipc_tcp_connection") {
  channel pipes;
  tcp_listener listener{pipes.loop, any_port()};
  std::optional<tcp> served;
  listener.listen([&](tcp peer) { served = std::move(peer); });
  tcp client{pipes.loop};
  client.connect(listener.local_address(), no_callback());
  while (!served) pipes.loop.run(run_mode::once);
  pipes.here.write(buffer_of("x"), *served);
  served->close();
  pipes.run_until_pending();
  CHECK(pipes.there.pending_type() == pending_kind::tcp);
  CHECK(misuse_of([&] { static_cast<void>(pipes.there.accept_pipe()); }).find("a TCP socket waits") !=
        std::string::npos);
  CHECK(misuse_of([&] { static_cast<void>(pipes.there.accept_udp()); }) != "");
  CHECK(pipes.there.pending_count() == 1);
  tcp taken = pipes.there.accept_tcp();
  check_talks(pipes.loop, client, taken);
  taken.close();
  client.close();
  listener.close();
  pipes.close();
}

void sends_a_listener(bool listens_before) {
  channel pipes;
  tcp_listener listener{pipes.loop, any_port()};
  const address local = listener.local_address();
  if (listens_before) listener.listen([](const outcome<tcp>&) { FAIL("the other one accepts"); });
  pipes.here.write(buffer_of("x"), listener);
  if (!listens_before) listener.listen([](const outcome<tcp>&) { FAIL("the other one accepts"); });
  listener.close();
  pipes.run_until_pending();
  tcp_listener taken = pipes.there.accept_tcp_listener();
  CHECK(taken.local_address() == local);
  bool accepted = false;
  taken.listen([&](tcp) { accepted = true; });
  tcp client{pipes.loop};
  client.connect(local, no_callback());
  while (!accepted) pipes.loop.run(run_mode::once);
  client.close();
  taken.close();
  pipes.close();
}

TEST_CASE("ipc_listen_before_write") { sends_a_listener(true); }
TEST_CASE("ipc_listen_after_write") { sends_a_listener(false); }

TEST_CASE("ipc_send_recv_pipe_inprocess") {
  const temporary_folder folder;
  channel pipes;
  pipe_listener listener{pipes.loop, folder / "a"};
  pipes.here.write(buffer_of("x"), listener);
  pipes.run_until_pending();
  CHECK(misuse_of([&] { static_cast<void>(pipes.there.accept_tcp()); }).find("a pipe waits") !=
        std::string::npos);
  pipe_listener taken = pipes.there.accept_pipe_listener(ipc);
  std::optional<pipe> served;
  taken.listen([&](pipe peer) { served = std::move(peer); });
  pipe client{pipes.loop, ipc};
  client.connect(folder / "a", no_callback());
  while (!served) pipes.loop.run(run_mode::once);
  // And through what was accepted there, which hands over, too.
  client.write(buffer_of("y"), pipes.here);
  served->read_start([&](std::span<std::byte>) { served->read_stop(); });
  while (served->pending_count() == 0) pipes.loop.run(run_mode::once);
  served->drop_pending();
  CHECK(served->pending_count() == 0);
  served->close();
  client.close();
  taken.close();
  listener.close();
  pipes.close();
}

TEST_CASE("ipc_send_recv_udp") {
  channel pipes;
  udp sent{pipes.loop};
  sent.bind(any_port());
  const address local = sent.local_address();
  pipes.here.write(buffer_of("x"), sent);
  sent.close();
  pipes.run_until_pending();
  CHECK(pipes.there.pending_type() == pending_kind::udp);
  udp taken = pipes.there.accept_udp();
  CHECK(taken.local_address() == local);
  std::string heard;
  taken.recv_start([&](const datagram& received) { heard = text_of(received.bytes); });
  udp sender{pipes.loop};
  sender.send(buffer_of("hello"), local);
  while (heard.empty()) pipes.loop.run(run_mode::once);
  CHECK(heard == "hello");
  sender.close();
  taken.close();
  pipes.close();
}

TEST_CASE("ipc_send_zero: a handle travels with a byte at least, bytes travel without") {
  channel pipes;
  udp sent{pipes.loop, {.family = address_family::ip4}};
  CHECK(misuse_of([&] { pipes.here.write(owned_buffer(), sent); }).find("at least one") != std::string::npos);
  CHECK(misuse_of([&] { pipes.here.write(std::vector<owned_buffer>(2), sent); }) != "");
  CHECK(misuse_of([&] { pipes.here.try_write(std::span<const std::byte>(), sent); }) != "");
  bool written = false;
  pipes.here.write(owned_buffer(), [&] { written = true; });
  while (!written) pipes.loop.run(run_mode::once);
  sent.close();
  pipes.close();
}

TEST_CASE("what cannot be sent is refused") {
  channel pipes;
  uv::loop other_loop;
  udp nothing{pipes.loop};
  CHECK(error_of([&] { pipes.here.write(buffer_of("x"), nothing); }) == std::errc::bad_file_descriptor);
  CHECK(error_of([&] { pipes.here.try_write(std::as_bytes(std::span("x", 1)), nothing); }) ==
        std::errc::bad_file_descriptor);
  udp elsewhere{other_loop, {.family = address_family::ip4}};
  CHECK(misuse_of([&] { pipes.here.write(buffer_of("x"), elsewhere); }).find("another loop") !=
        std::string::npos);
  auto plain = pipe_pair(pipes.loop);
  CHECK(misuse_of([&] { plain.first.write(buffer_of("x"), pipes.there); }).find("without ipc") !=
        std::string::npos);
  udp closed{pipes.loop, {.family = address_family::ip4}};
  closed.close();
  CHECK(misuse_of([&] { pipes.here.write(buffer_of("x"), closed); }).find("the handle is closed") !=
        std::string::npos);
  CHECK(pipes.there.pending_type() == pending_kind::none);
  CHECK(error_of([&] { static_cast<void>(pipes.there.accept_tcp()); }) ==
        std::errc::resource_unavailable_try_again);
  nothing.close();
  plain.first.close();
  plain.second.close();
  elsewhere.close();
  run_to_the_end(other_loop);
  pipes.close();
}

TEST_CASE("try_write sends a handle at once") {
  channel pipes;
  tcp_listener sent{pipes.loop, any_port()};
  CHECK(pipes.here.try_write(std::as_bytes(std::span("abc", 3)), sent) == 3);
  sent.close();
  pipes.run_until_pending();
  tcp_listener taken = pipes.there.accept_tcp_listener();
  CHECK(taken.local_address().port() != 0);
  pipes.here.write(more_than_fits(), [](const outcome<>&) {});
  CHECK(pipes.here.try_write(std::as_bytes(std::span("abc", 3)), taken) == 0);  // others wait
  taken.close();
  pipes.close();
}

/// As another program may: several descriptors with one message, of any kind.
void send_descriptors(int socket, std::span<const int> sent) {
  std::array<char, 16> bytes{};
  iovec vector{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 16)> control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof(int) * sent.size());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * sent.size());
  std::memcpy(CMSG_DATA(header), sent.data(), sizeof(int) * sent.size());
  REQUIRE(::sendmsg(socket, &message, 0) == static_cast<ssize_t>(bytes.size()));
}

TEST_CASE("pipe_sendmsg: what nobody takes is closed with the pipe") {
  channel pipes;
  std::array<int, 12> sent{};
  for (int& descriptor : sent) descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  send_descriptors(pipes.here.fileno(), sent);
  for (const int descriptor : sent) ::close(descriptor);
  pipes.run_until_pending();
  CHECK(pipes.there.pending_count() == sent.size());
  pipe first = pipes.there.accept_pipe();
  // Whoever made it let it block; here it may not.
  CHECK((::fcntl(first.fileno(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK(pipes.there.pending_count() == sent.size() - 1);
  first.close();
  pipes.close();  // the test fails if a descriptor is left
}

TEST_CASE("a file that is sent cannot be taken, and does not stay in the way") {
  channel pipes;
  const int file = ::open("/dev/null", O_RDONLY);
  const std::array sent{file, ::socket(AF_INET, SOCK_STREAM, 0)};
  send_descriptors(pipes.here.fileno(), sent);
  for (const int descriptor : sent) ::close(descriptor);
  pipes.run_until_pending();
  CHECK(pipes.there.pending_type() == pending_kind::other);
  CHECK(misuse_of([&] { static_cast<void>(pipes.there.accept_pipe()); }).find("drop_pending()") !=
        std::string::npos);
  pipes.there.drop_pending();
  CHECK(pipes.there.pending_type() == pending_kind::tcp);
  pipes.there.accept_tcp().close();
  pipes.close();
}

TEST_CASE("taking a handle while nobody reads does not wake the loop again and again") {
  channel pipes;
  auto [kept, sent] = socket_pair(pipes.loop);
  pipes.here.write(buffer_of("x"), sent);
  pipes.run_until_pending();
  bool written = false;
  pipes.here.write(buffer_of("there is more to read"), [&] { written = true; });
  while (!written) pipes.loop.run(run_mode::once);
  pipe taken = pipes.there.accept_pipe();
  // With nothing to do a turn of the loop waits for the timer; else it is one of many.
  int turns = 0;
  check counter{pipes.loop};
  counter.start([&] { ++turns; });
  timer end{pipes.loop};
  end.start(50ms, [&] { counter.close(); });
  while (!counter.is_closing()) pipes.loop.run(run_mode::once);
  CHECK(turns < 20);
  end.close();
  taken.close();
  kept.close();
  sent.close();
  pipes.close();
}

// ---- the handle that is sent, and everything else, end in any order

TEST_CASE("a handle may be let go of before its turn to be sent has come") {
  channel pipes;
  auto [kept, sent] = socket_pair(pipes.loop);
  bool closed = false;
  outcome<> end = error(-1, "", "", std::source_location::current());
  pipes.here.write(more_than_fits());
  CHECK(pipes.here.write_queue_size() != 0);
  pipes.here.write(buffer_of("x"), sent, [&](outcome<> written) {
    CHECK_FALSE(closed);
    end = std::move(written);
  });
  sent.close([&] { closed = true; });
  CHECK(sent.is_closing());
  CHECK(misuse_of([&] { sent.read_stop(); }) != "");
  pipes.drain();
  while (!closed) pipes.loop.run(run_mode::once);
  CHECK(end);
  pipes.run_until_pending();
  pipe taken = pipes.there.accept_pipe();
  check_talks(pipes.loop, kept, taken);
  taken.close();
  kept.close();
  pipes.close();
}

TEST_CASE("a handle that waits to be sent calls back no more when it is closed") {
  channel pipes;
  tcp_listener listener{pipes.loop, any_port()};
  listener.listen([](const outcome<tcp>&) { FAIL("closed"); });
  auto [peer, reading] = socket_pair(pipes.loop);
  reading.read_start([](const outcome<std::span<std::byte>>&) { FAIL("closed"); });
  udp receiving{pipes.loop};
  receiving.bind(any_port());
  receiving.recv_start([](const outcome<datagram>&) { FAIL("closed"); });
  const address datagrams_to = receiving.local_address();
  pipes.here.write(more_than_fits());
  pipes.here.write(buffer_of("x"), listener);
  pipes.here.write(buffer_of("x"), reading);
  pipes.here.write(buffer_of("x"), receiving);
  tcp client{pipes.loop};
  client.connect(listener.local_address(), no_callback());
  listener.close();
  reading.close();
  receiving.close();
  peer.write(buffer_of("unheard"));
  udp sender{pipes.loop};
  sender.send(buffer_of("unheard"), datagrams_to);
  for (int i = 0; i < 10; ++i) pipes.loop.run(run_mode::nowait);
  sender.close();
  peer.close();
  client.close();
  pipes.drain();
  while (pipes.there.pending_count() != 3) pipes.loop.run(run_mode::once);
  pipes.close();
}

TEST_CASE("ipc_closed_handle: the pipe is closed before the handle's turn has come") {
  channel pipes;
  auto [kept, sent] = socket_pair(pipes.loop);
  std::vector<std::string> told;
  pipes.here.write(more_than_fits(), [](const outcome<>&) {});
  pipes.here.write(buffer_of("x"), sent, [&](outcome<> written, const owned_buffer& back) {
    REQUIRE(written.error() != nullptr);
    CHECK(written.error()->code() == std::errc::operation_canceled);
    CHECK(text_of(back.bytes()) == "x");
    told.push_back("written");
  });
  bool sent_closed = false;
  SECTION("the handle first") {
    sent.close([&] { sent_closed = true; });
    pipes.here.close();
  }
  SECTION("the pipe first") {
    pipes.here.close();
    sent.close([&] { sent_closed = true; });
  }
  SECTION("the handle after the write has ended") {
    pipes.here.close();
    while (told.empty()) pipes.loop.run(run_mode::once);
    CHECK_FALSE(sent.is_closing());
    check_talks(pipes.loop, kept, sent);
    sent.close([&] { sent_closed = true; });
  }
  SECTION("the handle with a reset, which does not wait") {
    tcp_listener listener{pipes.loop, any_port()};
    tcp client{pipes.loop};
    client.connect(listener.local_address(), no_callback());
    pipes.here.write(buffer_of("y"), client, [&](const outcome<>& written) { CHECK_FALSE(written); });
    client.close_reset([&] { sent_closed = true; });
    while (!sent_closed) pipes.loop.run(run_mode::once);
    sent.close();
    listener.close();
    pipes.here.close();
  }
  kept.close();
  pipes.there.close();
  run_to_the_end(pipes.loop);
  CHECK(sent_closed);
  CHECK(told.size() == 1);
}

TEST_CASE("pipes that send themselves, or each other, can be closed") {
  channel pipes;
  auto second = pipe_pair(pipes.loop, ipc);
  int ends = 0;
  const auto count = [&](const outcome<>& written) {
    CHECK_FALSE(written);
    ++ends;
  };
  pipes.here.write(more_than_fits(), [](const outcome<>&) {});
  second.first.write(more_than_fits(), [](const outcome<>&) {});
  pipes.here.write(buffer_of("x"), pipes.here, count);
  pipes.here.write(buffer_of("x"), second.first, count);
  second.first.write(buffer_of("x"), pipes.here, count);
  second.first.write(buffer_of("x"), second.second, count);
  second.second.close();
  second.first.close();
  pipes.close();
  CHECK(ends == 4);
}

TEST_CASE("pipe, sent handle and loop end in any order, silently") {
  std::array<int, 3> order{0, 1, 2};
  do {
    std::optional<loop> loop;
    loop.emplace();
    std::optional<std::pair<pipe, pipe>> pipes(pipe_pair(*loop, ipc));
    std::optional<std::pair<tcp, tcp>> sockets(socket_pair(*loop));
    const auto fails = [](const outcome<>&) { FAIL("the loop ends silently"); };
    pipes->first.write(more_than_fits(), fails);
    pipes->first.write(buffer_of("x"), sockets->first, fails);
    pipes->first.write(buffer_of("x"), pipes->first, fails);
    pipes->first.write(buffer_of("x"), sockets->first, fails);
    for (const int which : order) {
      if (which == 0) loop.reset();
      if (which == 1) pipes.reset();
      if (which == 2) sockets.reset();
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("a loop that is closed aloud ends what waits to be sent") {
  channel pipes;
  auto [kept, sent] = socket_pair(pipes.loop);
  int ends = 0;
  pipes.here.write(more_than_fits(), [](const outcome<>&) {});
  pipes.here.write(buffer_of("x"), sent, [&](const outcome<>&) { ++ends; });
  sent.close([&] { ++ends; });
  const std::vector<pending_operation> open = pipes.loop.close();
  CHECK(open.size() == 6);
  CHECK(ends == 2);
}

}  // namespace
}  // namespace gauntlet::uv::test
