#include <stdlib.h>
#include <uv.h>

#include <array>
#include <atomic>
#include <chrono>
#include <gauntlet/memory_checker.hpp>
#include <new>
#include <span>
#include <string>

#include "tasks_support.hpp"
#include "temporary_folder.hpp"

namespace {

/// Of the whole process, the pool's threads included; those that libuv makes, too.
std::atomic<long> allocations = 0;

void* counting_malloc(std::size_t size) noexcept {
  ++allocations;
  return ::malloc(size);
}
void* counting_calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return ::calloc(count, size);
}
void* counting_realloc(void* memory, std::size_t size) noexcept {
  ++allocations;
  return ::realloc(memory, size);
}
void releasing(void* memory) noexcept { ::free(memory); }

// Before anything is libuv's. The first loop opens what libuv keeps as long as the process lives.
[[maybe_unused]] const bool replaced = [] {
  if (uv_replace_allocator(counting_malloc, counting_realloc, counting_calloc, releasing) != 0) ::abort();
  gauntlet::uv::loop first;
  return true;
}();

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = ::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  void* memory = nullptr;
  if (::posix_memalign(&memory, static_cast<std::size_t>(alignment), size) != 0) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { ::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { ::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { ::free(memory); }

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

constexpr int rounds_to_warm_up = 20;
constexpr int rounds = 200;

/// Under a tool that looks at each allocation, each request of libuv's is one of its own.
long at_most_for_requests() { return allocations_are_checked() ? rounds : 0; }

/// How many allocations `rounds` of awaiting round() make, when it has been awaited some times. round() makes
/// its awaitable, not a task: each of those has a frame.
template <class Round>
task<long> counted(Round& round) {
  for (int i = 0; i < rounds_to_warm_up; ++i) co_await round();
  const long before = allocations;
  for (int i = 0; i < rounds; ++i) co_await round();
  co_return allocations - before;
}

task<> echo(tcp& peer) {
  std::array<std::byte, 64> buffer{};
  while (const std::size_t size = co_await peer.read_some(buffer))
    co_await peer.write(std::span(buffer).first(size));
}

}  // namespace

TEST_CASE("a task that is awaited allocates its frame, and is counted") {
  loop loop;
  auto round = []() -> task<> { co_return; };
  CHECK(gauntlet::run(loop, counted(round)) == rounds);
  loop.close();
}

TEST_CASE("an echo allocates nothing for each round trip") {
  loop loop;
  {
    auto [client, served] = socket_pair(loop);
    long made = -1;
    const auto asks = [&]() -> task<> {
      std::array<std::byte, 16> buffer{};
      const auto trip = [&](int count) -> task<> {
        for (int i = 0; i < count; ++i) {
          co_await client.write(bytes_of("0123456789abcdef"));
          static_cast<void>(co_await client.read_exactly(buffer));
        }
      };
      co_await trip(rounds_to_warm_up);
      task<> rest = trip(rounds);  // its frame is no operation's
      const long before = allocations;
      co_await std::move(rest);
      made = allocations - before;
      client.close();
    };
    const auto program = [&]() -> task<> {
      const auto serves = [&]() -> task<> { co_await echo(served); };
      co_await when_all(serves(), asks());
    };
    gauntlet::run(loop, program());
    CHECK(made == 0);
  }
  loop.run();
  loop.close();
}

TEST_CASE("operations that wait allocate nothing") {
  const temporary_folder folder;
  loop loop;
  {
    auto [client, served] = socket_pair(loop);
    udp socket{loop};
    socket.bind(any_port());
    const address here = socket.local_address();
    fs::file file = fs::open(folder.make("a", "contents"));
    std::array<std::byte, 64> buffer{};

    auto sleeps = [] { return sleep_for(0ms); };
    CHECK(gauntlet::run(loop, counted(sleeps)) == 0);
    auto reads_file = [&] { return file.read(loop, buffer, 0); };
    CHECK(gauntlet::run(loop, counted(reads_file)) <= at_most_for_requests());
    auto works = [&] { return offload(loop, [] {}); };
    CHECK(gauntlet::run(loop, counted(works)) <= at_most_for_requests());
    auto sends = [&] { return socket.send_to(bytes_of("x"), here); };
    CHECK(gauntlet::run(loop, counted(sends)) == 0);
    auto receives = [&] { return with_timeout(1h, socket.receive_from(buffer)); };
    CHECK(gauntlet::run(loop, counted(receives)) == 0);
    const std::array parts{bytes_of("x"), bytes_of("y")};
    auto writes = [&] { return client.write(parts); };
    CHECK(gauntlet::run(loop, counted(writes)) <= at_most_for_requests());
    auto reads = [&] { return served.read_exactly(std::span(buffer).first(2)); };
    CHECK(gauntlet::run(loop, counted(reads)) == 0);
  }
  loop.run();
  loop.close();
}

}  // namespace gauntlet::uv::test
