#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

constexpr bool has_abstract_names = UV_VERSION_HEX >= ((1 << 16) | (46 << 8));

TEST_CASE("pipe_bind_error_addrinuse") {
  const temporary_folder folder;
  loop loop;
  pipe_listener first{loop, folder / "a"};
  CHECK(error_of([&] { pipe_listener second(loop, folder / "a"); }) == std::errc::address_in_use);
  first.close();
  run_to_the_end(loop);
}

TEST_CASE("pipe_bind_error_addrnotavail") {
  const temporary_folder folder;
  loop loop;
  CHECK(error_of([&] { pipe_listener refused(loop, folder / "none/a"); }) == std::errc::permission_denied);
  run_to_the_end(loop);
}

TEST_CASE("pipe_bind_error_long_path") {
  const temporary_folder folder;
  loop loop;
  CHECK(error_of([&] { pipe_listener refused(loop, std::string(109, 'a')); }) ==
        std::errc::filename_too_long);
  CHECK(misuse_of([&] { pipe_listener refused(loop, std::string("/tmp/a\0b", 8)); }) != "");
  CHECK(misuse_of([&] { pipe_listener refused(loop, any_port()); }).find("Unix addresses") !=
        std::string::npos);
  pipe client{loop};
  CHECK(misuse_of([&] { client.connect(any_port(), no_callback()); }).find("Unix addresses") !=
        std::string::npos);
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("pipe_bind_or_listen_error_after_close") {
  const temporary_folder folder;
  loop loop;
  pipe_listener listener{loop, folder / "a"};
  CHECK(misuse_of([&] { listener.listen([](pipe) {}, 0); }).find("backlog") != std::string::npos);
  listener.close();
  CHECK(misuse_of([&] { listener.listen([](pipe) {}); }).find("the handle is closed") != std::string::npos);
  run_to_the_end(loop);
  CHECK_FALSE(std::filesystem::exists(folder / "a"));  // it goes with the handle
}

TEST_CASE("pipe_connect_bad_name") {
  const temporary_folder folder;
  loop loop;
  pipe client{loop};
  std::error_code told;
  client.connect(folder / "none", [&](outcome<> connected) {
    REQUIRE(connected.error() != nullptr);
    told = connected.error()->code();
    CHECK(connected.error()->subject() == "unix:" + folder / "none");
  });
  CHECK(error_of([&] { client.connect(folder / "other", no_callback()); }) ==
        std::errc::connection_already_in_progress);
  CHECK(loop.pending().size() == 2);
  loop.run();
  CHECK(told == std::errc::no_such_file_or_directory);
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("pipe_connect_to_file") {
  const temporary_folder folder;
  std::ofstream(folder / "file") << "text";
  loop loop;
  pipe client{loop};
  client.connect(folder / "file", no_callback());
  CHECK(error_of([&] { loop.run(); }) == std::errc::connection_refused);  // nobody asked for it: out of run()
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("pipe_connect_multiple") {
  const temporary_folder folder;
  loop loop;
  pipe_listener listener{loop, folder / "a"};
  std::vector<pipe> served;
  std::vector<pipe> clients;
  listener.listen([&](pipe peer) {
    peer.write(buffer_of("hello"));
    served.push_back(std::move(peer));
    if (served.size() == 2) listener.close();
  });
  std::string heard;
  for (int i = 0; i < 2; ++i) {
    pipe& client = clients.emplace_back(loop);
    client.connect(folder / "a", no_callback());
  }
  for (pipe& client : clients)
    client.read_start([&](std::span<std::byte> data) {
      heard += text_of(data);
      if (heard.size() < 10) return;
      served.clear();
      clients.clear();
    });
  run_to_the_end(loop);
  CHECK(heard == "hellohello");
}

TEST_CASE("pipe_connect_close_multiple") {
  const temporary_folder folder;
  loop loop;
  pipe_listener listener{loop, folder / "a"};
  listener.listen([](pipe) {});  // and closed at once
  std::array clients{pipe(loop), pipe(loop)};
  int ends = 0;
  for (pipe& client : clients)
    client.connect(folder / "a", [&] {
      client.read_start([&](std::span<std::byte> data) {
        CHECK(data.empty());
        client.close();
        if (++ends == 2) listener.close();
      });
    });
  run_to_the_end(loop);
  CHECK(ends == 2);
}

TEST_CASE("pipe_connect_on_prepare") {
  const temporary_folder folder;
  loop loop;
  pipe client{loop};
  prepare hook{loop};
  std::error_code told;
  hook.start([&] {
    hook.close();
    client.connect(folder / "none", [&](outcome<> connected) {
      told = connected.error()->code();
      client.close();
    });
  });
  run_to_the_end(loop);
  CHECK(told == std::errc::no_such_file_or_directory);
}

TEST_CASE("pipe_getsockname") {
  const temporary_folder folder;
  const address path = address::unix_path(folder / "a");
  loop loop;
  pipe_listener listener{loop, path};
  CHECK(listener.local_address() == path);
  pipe client{loop};
  CHECK(error_of([&] { static_cast<void>(client.local_address()); }) == std::errc::bad_file_descriptor);
  std::optional<pipe> served;
  listener.listen([&](pipe peer) {
    CHECK(peer.local_address() == path);
    CHECK(peer.peer_address().to_string() == "unix:");
    peer.send_buffer_size(8192);
    CHECK(peer.send_buffer_size() >= 8192);
    peer.recv_buffer_size(8192);
    CHECK(peer.recv_buffer_size() >= 8192);
    listener.close();
  });
  client.connect(path, [&] {
    CHECK(client.local_address().to_string() == "unix:");
    CHECK(client.peer_address() == path);
    CHECK(error_of([&] { client.connect(path, no_callback()); }) == std::errc::already_connected);
    client.close();
  });
  run_to_the_end(loop);
}

TEST_CASE("pipe_getsockname_abstract") {
  const address name = address::unix_abstract("gauntlet-" + std::to_string(::getpid()));
  loop loop;
  pipe client{loop};
  if (!has_abstract_names) {
    CHECK(error_of([&] { pipe_listener refused(loop, name); }) == std::errc::function_not_supported);
    CHECK(error_of([&] { client.connect(name, no_callback()); }) == std::errc::function_not_supported);
    CHECK(error_of([&] { pipe_listener refused(loop, std::string(108, 'a')); }) ==
          std::errc::function_not_supported);
    return;
  }
  pipe_listener listener{loop, name};
  CHECK(listener.local_address() == name);
  CHECK(error_of([&] { client.connect(address::unix_abstract(std::string("a\0b", 3)), no_callback()); }) ==
        std::errc::invalid_argument);
  listener.listen([&](const outcome<pipe>& peer) {
    CHECK(peer);
    listener.close();
  });
  client.connect(name, [&] {
    CHECK(client.peer_address() == name);
    client.close();
  });
  run_to_the_end(loop);
}

TEST_CASE("pipe_getsockname_blocking: an end of an anonymous pipe has no name") {
  loop loop;
  auto [reading, writing] = make_pipe(loop);
  CHECK(error_of([&] { static_cast<void>(reading.local_address()); }) == std::errc::not_a_socket);
  CHECK(reading.is_readable());
  CHECK_FALSE(reading.is_writable());
  CHECK_FALSE(writing.is_readable());
  std::string heard;
  reading.read_start([&, &reader = reading](std::span<std::byte> data) {
    heard += text_of(data);
    if (data.empty()) reader.close();
  });
  writing.write(buffer_of("through"), [&, &writer = writing] { writer.close(); });
  run_to_the_end(loop);
  CHECK(heard == "through");
}

TEST_CASE("make_pipe answers descriptors as they were asked for") {
  const auto is_nonblocking = [](int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0; };
  for (const bool read : {false, true})
    for (const bool write : {false, true}) {
      const pipe_descriptors ends = make_pipe({.nonblocking_read = read, .nonblocking_write = write});
      CHECK(is_nonblocking(ends.read) == read);
      CHECK(is_nonblocking(ends.write) == write);
      CHECK((::fcntl(ends.read, F_GETFD) & FD_CLOEXEC) != 0);
      ::close(ends.read);
      ::close(ends.write);
    }
}

TEST_CASE("a descriptor that cannot be opened stays the caller's") {
  loop loop;
  const pipe_descriptors ends = make_pipe();
  pipe first{loop};
  pipe second{loop};
  first.open(ends.read);
  first.read_start([](std::span<std::byte>) {});
  CHECK(error_of([&] { second.open(ends.read); }) == std::errc::file_exists);
  CHECK(error_of([&] { first.open(ends.write); }) == std::errc::device_or_resource_busy);
  CHECK(error_of([&] { second.open(-1); }) == std::errc::bad_file_descriptor);
  ::close(ends.write);
  first.close();
  second.close();
  run_to_the_end(loop);
}

TEST_CASE("pipe_server_close") {
  const temporary_folder folder;
  loop loop;
  pipe_listener listener{loop, folder / "a"};
  bool waited = false;
  listener.listen([&](outcome<> waiting) { waited = static_cast<bool>(waiting); });
  CHECK_FALSE(listener.try_accept());
  pipe client{loop};
  client.connect(folder / "a", [&] {
    client.read_start([&](const outcome<std::span<std::byte>>&) { client.close(); });
    listener.close();  // with the connection that nobody has accepted
  });
  run_to_the_end(loop);
}

TEST_CASE("pipe_set_chmod") {
  const temporary_folder folder;
  loop loop;
  pipe_listener listener{loop, folder / "a"};
  ::chmod((folder / "a").c_str(), 0600);
  const auto mode = [&] {
    struct stat found{};
    REQUIRE(::stat((folder / "a").c_str(), &found) == 0);
    return found.st_mode & 0777U;
  };
  listener.chmod(pipe_access::readable);
  CHECK(mode() == 0644);
  listener.chmod(pipe_access::both);
  CHECK(mode() == 0666);
  listener.pending_instances(4);
  listener.close();
  CHECK(misuse_of([&] { listener.chmod(pipe_access::writable); }) != "");
  run_to_the_end(loop);
}

TEST_CASE("pipe_set_non_blocking") {
  loop loop;
  const pipe_descriptors ends = make_pipe();
  pipe writing{loop};
  writing.open(ends.write);
  CHECK((::fcntl(ends.write, F_GETFL) & O_NONBLOCK) != 0);
  writing.set_blocking(true);
  CHECK((::fcntl(ends.write, F_GETFL) & O_NONBLOCK) == 0);
  std::size_t read = 0;
  std::thread reader([&] {
    std::array<std::byte, 65536> memory{};
    for (ssize_t count = 1; count > 0;) {
      count = ::read(ends.read, memory.data(), memory.size());
      if (count > 0) read += static_cast<std::size_t>(count);
    }
  });
  writing.write(more_than_fits(), [&](outcome<> written) {
    CHECK(written);
    writing.close();
  });
  run_to_the_end(loop);
  reader.join();
  CHECK(read == std::size_t{4} << 20);
  ::close(ends.read);
}

TEST_CASE("a listener of a socket that was bound elsewhere") {
  const temporary_folder folder;
  loop loop;
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const address path = address::unix_path(folder / "a");
  REQUIRE(::bind(socket, path.native(), static_cast<socklen_t>(path.size())) == 0);
  pipe_listener listener{loop, socket, {.accepted = {.ipc = true}}};
  CHECK(listener.fileno() == socket);
  CHECK(listener.native() != nullptr);
  std::optional<pipe> served;
  listener.listen([&] {
    served = listener.try_accept();
    CHECK(served->native() != nullptr);
    CHECK(served->pending_count() == 0);
    served->close();
    listener.close();
  });
  pipe client{loop};
  client.connect(path, [&] { client.close(); });
  run_to_the_end(loop);
  CHECK(served);
}

TEST_CASE("what the callbacks of pipes throw comes out of run") {
  const temporary_folder folder;
  loop loop;
  pipe_listener listener{loop, folder / "a"};
  pipe client{loop};
  listener.listen([](const outcome<pipe>&) { throw std::runtime_error("accepted"); });
  client.connect(folder / "a", [] { throw std::runtime_error("connected"); });
  std::vector<std::string> thrown;
  for (int i = 0; i < 2; ++i) thrown.push_back(thrown_by<std::runtime_error>([&] { loop.run(); }));
  std::ranges::sort(thrown);
  CHECK(thrown == std::vector<std::string>{"accepted", "connected"});
  listener.close();
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("a pipe is dropped while it connects, a loop ends while it does") {
  const temporary_folder folder;
  std::optional<loop> loop;
  loop.emplace();
  pipe_listener listener{*loop, folder / "a"};
  listener.listen([](const outcome<pipe>&) {});
  std::vector<std::string> told;
  {
    pipe dropped{*loop};
    dropped.connect(folder / "a", [&](const outcome<>& connected) {
      REQUIRE(connected.error() != nullptr);
      CHECK(connected.error()->code() == std::errc::operation_canceled);
      told.push_back("dropped");
    });
  }
  while (told.empty()) loop->run(run_mode::once);
  pipe left{*loop};
  left.connect(folder / "a", [&](const outcome<>&) { told.push_back("left"); });
  left.write(buffer_of("x"), [&](outcome<>, owned_buffer) { told.push_back("written"); });
  loop.reset();
  CHECK(told == std::vector<std::string>{"dropped"});
  CHECK(left.is_closing());
}

}  // namespace
}  // namespace gauntlet::uv::test
