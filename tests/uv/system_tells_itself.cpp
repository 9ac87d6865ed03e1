#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <gauntlet/uv/os.hpp>
#include <vector>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

// ---- time

std::chrono::nanoseconds system_clock_of(clockid_t clock) {
  timespec now{};
  REQUIRE(::clock_gettime(clock, &now) == 0);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

TEST_CASE("clocks stand between what the system's say before and after") {
  const auto before = system_clock_of(CLOCK_MONOTONIC);
  const auto time = os::hrtime();
  CHECK(before <= time);
  CHECK(time <= system_clock_of(CLOCK_MONOTONIC));

  const auto day_before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto day = os::gettimeofday();
  // It may be set meanwhile, but not by a day.
  CHECK(day_before - 24h < day);
  CHECK(day < std::chrono::system_clock::now() + 24h);

  CHECK(os::uptime() > 0s);
  CHECK(os::loadavg()[0] >= 0);
}

TEST_CASE("both clocks of clock_gettime are the system's") {
  if (lacks(0x012D00, "1.45", [] { return os::clock_gettime(os::clock_id::realtime); })) return;
  const auto before = system_clock_of(CLOCK_MONOTONIC);
  const auto time = os::clock_gettime(os::clock_id::monotonic);
  CHECK(before <= time);
  CHECK(time <= system_clock_of(CLOCK_MONOTONIC));
  const auto day = os::clock_gettime(os::clock_id::realtime);
  CHECK(std::chrono::abs(day - system_clock_of(CLOCK_REALTIME)) < 24h);
}

TEST_CASE("sleep takes its time, or none") {
  const auto before = os::hrtime();
  os::sleep(20ms);
  CHECK(os::hrtime() - before >= 20ms);
  os::sleep(0ms);
  os::sleep(-1ms);  // as a large number it would be longer than any test may take
  os::sleep(std::chrono::milliseconds::min());
}

// ---- memory and processors

TEST_CASE("memory is told in bytes") {
  CHECK(os::get_total_memory() > 0);
  CHECK(os::get_free_memory() <= os::get_total_memory());
  CHECK(os::get_total_memory() == uv_get_total_memory());
  CHECK(os::get_constrained_memory() == uv_get_constrained_memory());
  if (lacks(0x012D00, "1.45", [] { return os::get_available_memory(); })) return;
  CHECK(os::get_available_memory() <= os::get_total_memory());
}

TEST_CASE("processors are told by value") {
  uv_cpu_info_t* native = nullptr;
  int count = 0;
  REQUIRE(uv_cpu_info(&native, &count) == 0);
  const std::vector<os::cpu> cpus = os::cpu_info();
  REQUIRE(cpus.size() == static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < cpus.size(); ++at) {
    CHECK(cpus[at].model == native[at].model);
    // Time went on, or stood still.
    CHECK(cpus[at].times.user.count() >= static_cast<std::int64_t>(native[at].cpu_times.user));
    CHECK(cpus[at].times.sys.count() >= static_cast<std::int64_t>(native[at].cpu_times.sys));
  }
  uv_free_cpu_info(native, count);
  CHECK(os::available_parallelism() >= 1);
  CHECK(os::available_parallelism() == uv_available_parallelism());
}

// ---- interfaces

TEST_CASE("interfaces are told by value") {
  uv_interface_address_t* native = nullptr;
  int count = 0;
  REQUIRE(uv_interface_addresses(&native, &count) == 0);
  const std::vector<os::interface_address> addresses = os::interface_addresses();
  CHECK(addresses.size() == static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < std::min(addresses.size(), static_cast<std::size_t>(count)); ++at) {
    const os::interface_address& told = addresses[at];
    const uv_interface_address_t& expected = native[at];
    char host[64] = {};
    REQUIRE(uv_ip_name(reinterpret_cast<const sockaddr*>(&expected.address), host, sizeof host) == 0);
    CHECK(told.name == expected.name);
    CHECK(told.address.host() == host);
    CHECK(told.address.port() == 0);
    CHECK(told.is_internal == (expected.is_internal != 0));
    CHECK(std::ranges::equal(told.phys_addr, std::as_bytes(std::span(expected.phys_addr))));
    CHECK(told.netmask.family() == told.address.family());
    if (told.address.is_loopback()) CHECK(told.is_internal);
    CHECK(interface_index(told.name) != 0);
  }
  uv_free_interface_addresses(native, count);
}

// ---- random numbers

TEST_CASE("random fills all of the bytes it is given") {
  // Each byte of 64 KiB is 0 in ten fills with a probability of 2^-64.
  std::vector<std::byte> seen(std::size_t{1} << 16U);
  for (int i = 0; i < 10; ++i) {
    std::vector<std::byte> bytes(seen.size());
    os::random(bytes);
    for (std::size_t at = 0; at < seen.size(); ++at) seen[at] |= bytes[at];
  }
  CHECK(std::ranges::count(seen, std::byte{0}) == 0);
  os::random({});
}

TEST_CASE("more random bytes than libuv gives at once are an error") {
  // Nothing is written: the size alone is looked at.
  std::byte one{};
  const std::span<std::byte> much(&one, std::size_t{1} << 31U);
  CHECK(is_refused(
      [&] {
        os::random(much);
        return 0;
      },
      std::errc::argument_list_too_long, "2147483648 bytes"));
}

// ---- descriptors

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const noexcept { return number_; }

 private:
  int number_;
};

TEST_CASE("what a descriptor is can be guessed") {
  CHECK(os::guess_handle(-1) == os::descriptor_kind::unknown);
  CHECK(os::guess_handle(1'000'000) == os::descriptor_kind::unknown);
  const descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(os::guess_handle(null.get()) == os::descriptor_kind::file);
  const descriptor folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(os::guess_handle(folder.get()) == os::descriptor_kind::unknown);
  int ends[2] = {-1, -1};
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const descriptor read_end(ends[0]);
  const descriptor write_end(ends[1]);
  CHECK(os::guess_handle(read_end.get()) == os::descriptor_kind::pipe);
  const descriptor local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(os::guess_handle(local.get()) == os::descriptor_kind::pipe);
  const descriptor tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(os::guess_handle(tcp.get()) == os::descriptor_kind::tcp);
  const descriptor udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(os::guess_handle(udp.get()) == os::descriptor_kind::udp);
  CHECK(os::get_osfhandle(null.get()) == null.get());
  CHECK(os::open_osfhandle(null.get()) == null.get());
}

TEST_CASE("a terminal is guessed") {
  const descriptor terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal.get() < 0) SKIP("there are no terminals here");
  CHECK(os::guess_handle(terminal.get()) == os::descriptor_kind::tty);
}

}  // namespace
}  // namespace gauntlet::uv::test
