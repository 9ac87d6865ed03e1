// The programs of docs/uring.md. `scripts/gauntlet lanes --write-docs` copies there what stands between
// [shown] and [end].

#include <array>
#include <atomic>
#include <sstream>
#include <string>
#include <thread>

#include "pipes.hpp"
#include "support.hpp"

// [shown]
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
namespace uring = gauntlet::uring;
using namespace std::chrono_literals;
// [end]

namespace gauntlet::uring::test {
namespace {

std::string path;
std::string copied;

// [shown]
gauntlet::task<> copy_head(uring::ring& ring) {
  uring::file in = co_await uring::open(ring, path, uring::read_only);
  std::array<std::byte, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const std::size_t size = co_await in.read_some(buffer, 0);
  uring::file out = co_await uring::open(ring, path + ".head", uring::write_only | uring::open_flags::create);
  co_await out.write_some(std::span(buffer).first(size), 0);
  co_await out.close();
}
// [end]

TEST_CASE("docs: a ring and a file") {
  require_io_uring();
  const temporary_folder folder;
  path = folder / "a";
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      file made = co_await open(own, path, write_only | open_flags::create);
      co_await made.write_some(bytes_of("hello"), 0);
    });
  }
  // [shown]
  uring::ring ring{{.entries = 64}};
  gauntlet::run(ring, copy_head(ring));
  // [end]
  run_to_the_end(ring, [&]() -> task<> {
    file made = co_await open(ring, path + ".head", read_only);
    std::array<std::byte, 16> memory{};
    const std::size_t size = co_await made.read_some(memory, 0);
    copied = text_of(std::span(memory).first(size));
  });
  CHECK(copied == "hello");
}

TEST_CASE("docs: buffers are moved in and come back") {
  require_io_uring();
  ring own;
  std::string said;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    uring::file& in = ends.in;
    uring::file& out = ends.out;
    // [shown]
    auto [sent, text] = co_await out.write_some(gauntlet::owned_buffer(std::string("hello")));
    std::string again = text.take<std::string>();  // the very string

    auto [size, buffer] = co_await in.read_some(gauntlet::owned_buffer(64));
    const std::span<const std::byte> bytes = buffer.bytes().first(size);  // what was read, no more
    // [end]
    CHECK(sent == 5);
    CHECK(again == "hello");
    said = text_of(bytes);
  });
  CHECK(said == "hello");
}

TEST_CASE("docs: cancelling") {
  require_io_uring();
  ring own;
  bool late = false;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    uring::ring& ring = own;
    uring::file& peer = ends.in;
    std::array<std::byte, 16> buffer{};
    // [shown]
    try {
      co_await gauntlet::with_timeout(10ms, peer.read_some(buffer));
    } catch (const gauntlet::error& failure) {
      late = failure.code() == std::errc::timed_out;
    }
    ring.cancel_all_on(peer);  // whoever waits for it: operation_canceled
    // [end]
  });
  CHECK(late);
}

TEST_CASE("docs: chains") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  bool both = false;
  run_to_the_end(own, [&]() -> task<> {
    file log = co_await open(own, folder / "log", write_only | open_flags::create);
    const std::string_view line = "started\n";
    // [shown]
    auto [written, synced] =
        co_await uring::link(log.write_some(std::as_bytes(std::span(line)), 0), log.fdatasync());
    if (!written) throw *written.error();  // then synced is operation_canceled

    co_await uring::link_timeout(log.fsync(), 2s);  // its own result, or timed_out
    // [end]
    both = written && synced;
  });
  CHECK(both);
}

TEST_CASE("docs: waiting for other things") {
  require_io_uring();
  ring own;
  bool is_readable = false;
  run_to_the_end(own, [&]() -> task<> {
    uring::ring& ring = own;
    pipe_of ends(own);
    co_await ends.out.write_some(bytes_of("x"));
    const int number = ends.in.native();
    // [shown]
    const uring::poll_events ready = co_await uring::poll(ring, number, uring::poll_events::readable);
    co_await uring::timeout_at(ring, std::chrono::system_clock::now() + 5ms);
    // [end]
    is_readable = ready == poll_events::readable;
  });
  CHECK(is_readable);
}

TEST_CASE("docs: other threads") {
  require_io_uring();
  std::int32_t sum = 0;
  ring sends;
  // [shown]
  uring::ring ring;
  uring::inbox box{ring};
  const auto sender = [](uring::ring& own, uring::inbox_address to) -> gauntlet::task<> {
    for (int i = 1; i <= 3; ++i) co_await uring::send_message(own, to, i);
  };
  std::thread other([&, to = box.address()] {
    uring::ring own;  // each thread has a ring
    gauntlet::run(own, sender(own, to));
  });
  gauntlet::run(ring, [&]() -> gauntlet::task<> {
    for (int i = 0; i < 3; ++i) sum += (co_await box.receive()).value;
  }());
  other.join();
  // [end]
  CHECK(sum == 6);
}

TEST_CASE("docs: availability") {
  std::ostringstream log;
  // [shown]
  if (const uring::availability here = uring::available(); !here)
    log << "no io_uring: " << here.reason << '\n';
  // [end]
  CHECK(log.str().empty() == static_cast<bool>(available()));
}

}  // namespace
}  // namespace gauntlet::uring::test
