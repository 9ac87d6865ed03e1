// Time, memory, processors, interfaces, random numbers.

#include <uv.h>

#include <algorithm>
#include <limits>

#include "c_array.hpp"
#include "gauntlet/uv/os.hpp"
#include "text.hpp"
#include "version.hpp"

namespace gauntlet::uv::os {
namespace {

std::chrono::microseconds duration_of(const uv_timeval_t& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

rusage value_of(const uv_rusage_t& native) noexcept {
  return {.utime = duration_of(native.ru_utime),
          .stime = duration_of(native.ru_stime),
          .maxrss = native.ru_maxrss,
          .ixrss = native.ru_ixrss,
          .idrss = native.ru_idrss,
          .isrss = native.ru_isrss,
          .minflt = native.ru_minflt,
          .majflt = native.ru_majflt,
          .nswap = native.ru_nswap,
          .inblock = native.ru_inblock,
          .oublock = native.ru_oublock,
          .msgsnd = native.ru_msgsnd,
          .msgrcv = native.ru_msgrcv,
          .nsignals = native.ru_nsignals,
          .nvcsw = native.ru_nvcsw,
          .nivcsw = native.ru_nivcsw};
}

}  // namespace

// ---- what was used

rusage getrusage(std::source_location where) {
  uv_rusage_t native{};
  detail::check(uv_getrusage(&native), "os::getrusage", "process", where);
  return value_of(native);
}

#if UV_VERSION_HEX >= 0x013200

rusage getrusage_thread(std::source_location where) {
  uv_rusage_t native{};
  detail::check(uv_getrusage_thread(&native), "os::getrusage_thread", "thread", where);
  return value_of(native);
}

#else

rusage getrusage_thread(std::source_location where) {
  detail::throw_missing("os::getrusage_thread", "1.50", where);
}

#endif

std::size_t resident_set_memory(std::source_location where) {
  std::size_t bytes = 0;
  detail::check(uv_resident_set_memory(&bytes), "os::resident_set_memory", "process", where);
  return bytes;
}

// ---- time

std::chrono::nanoseconds hrtime() noexcept {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(uv_hrtime()));
}

#if UV_VERSION_HEX >= 0x012D00

std::chrono::nanoseconds clock_gettime(clock_id clock, std::source_location where) {
  uv_timespec64_t time{};
  detail::check(uv_clock_gettime(clock == clock_id::realtime ? UV_CLOCK_REALTIME : UV_CLOCK_MONOTONIC, &time),
                "os::clock_gettime", "clock", where);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  if (time.tv_sec > most || time.tv_sec < -most)
    throw error(UV_EOVERFLOW, "os::clock_gettime", "clock", where,
                std::to_string(time.tv_sec) + " seconds are too many to count in nanoseconds");
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

#else

std::chrono::nanoseconds clock_gettime(clock_id, std::source_location where) {
  detail::throw_missing("os::clock_gettime", "1.45", where);
}

#endif

std::chrono::sys_time<std::chrono::microseconds> gettimeofday(std::source_location where) {
  uv_timeval64_t time{};
  detail::check(uv_gettimeofday(&time), "os::gettimeofday", "clock", where);
  return std::chrono::sys_time<std::chrono::microseconds>(std::chrono::seconds(time.tv_sec) +
                                                          std::chrono::microseconds(time.tv_usec));
}

std::chrono::duration<double> uptime(std::source_location where) {
  double seconds = 0;
  detail::check(uv_uptime(&seconds), "os::uptime", "system", where);
  return std::chrono::duration<double>(seconds);
}

std::array<double, 3> loadavg() noexcept {
  std::array<double, 3> average{};
  uv_loadavg(average.data());
  return average;
}

void sleep(std::chrono::milliseconds time) noexcept {
  constexpr std::int64_t most = std::numeric_limits<unsigned>::max();
  for (std::int64_t left = time.count(); left > 0; left -= most)
    uv_sleep(static_cast<unsigned>(std::min(left, most)));
}

// ---- memory and processors

std::uint64_t get_free_memory() noexcept { return uv_get_free_memory(); }
std::uint64_t get_total_memory() noexcept { return uv_get_total_memory(); }
std::uint64_t get_constrained_memory() noexcept { return uv_get_constrained_memory(); }

#if UV_VERSION_HEX >= 0x012D00

std::uint64_t get_available_memory(std::source_location) { return uv_get_available_memory(); }

std::uint32_t cpumask_size(std::source_location where) {
  const int size = uv_cpumask_size();
  detail::check(size, "os::cpumask_size", "system", where);
  return static_cast<std::uint32_t>(size);
}

#else

std::uint64_t get_available_memory(std::source_location where) {
  detail::throw_missing("os::get_available_memory", "1.45", where);
}

std::uint32_t cpumask_size(std::source_location where) {
  detail::throw_missing("os::cpumask_size", "1.45", where);
}

#endif

std::uint32_t available_parallelism() noexcept { return uv_available_parallelism(); }

namespace {

std::chrono::milliseconds duration_of(std::uint64_t milliseconds) noexcept {
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

cpu value_of(const uv_cpu_info_t& native) {
  return {.model = detail::text_or_empty(native.model),
          .speed = native.speed,
          .times = {.user = duration_of(native.cpu_times.user),
                    .nice = duration_of(native.cpu_times.nice),
                    .sys = duration_of(native.cpu_times.sys),
                    .idle = duration_of(native.cpu_times.idle),
                    .irq = duration_of(native.cpu_times.irq)}};
}

}  // namespace

std::vector<cpu> cpu_info(std::source_location where) {
  detail::c_array<uv_cpu_info_t, uv_free_cpu_info> native;
  detail::check(native.fill_with(uv_cpu_info), "os::cpu_info", "system", where);
  std::vector<cpu> cpus;
  cpus.reserve(native.items().size());
  for (const uv_cpu_info_t& item : native.items()) cpus.push_back(value_of(item));
  return cpus;
}

// ---- interfaces

namespace {

interface_address value_of(const uv_interface_address_t& native, const std::source_location& where) {
  interface_address value{.name = detail::text_or_empty(native.name), .is_internal = native.is_internal != 0};
  const std::span<const char, 6> phys_addr(native.phys_addr);
  std::ranges::copy(std::as_bytes(phys_addr), value.phys_addr.begin());
  // SAFETY: both are unions of the structs of IPv4 and IPv6, of which the family, at the beginning of each,
  // says which it is. One that is all zeroes is of AF_UNSPEC.
  value.address = address::from_native(reinterpret_cast<const sockaddr*>(&native.address), where);
  value.netmask = address::from_native(reinterpret_cast<const sockaddr*>(&native.netmask), where);
  return value;
}

}  // namespace

std::vector<interface_address> interface_addresses(std::source_location where) {
  detail::c_array<uv_interface_address_t, uv_free_interface_addresses> native;
  detail::check(native.fill_with(uv_interface_addresses), "os::interface_addresses", "system", where);
  std::vector<interface_address> addresses;
  addresses.reserve(native.items().size());
  for (const uv_interface_address_t& item : native.items()) addresses.push_back(value_of(item, where));
  return addresses;
}

// ---- random numbers

void random(std::span<std::byte> bytes, std::source_location where) {
  // SAFETY: without a callback it needs neither loop nor request, and is done with the bytes when it returns.
  detail::check(uv_random(nullptr, nullptr, bytes.data(), bytes.size(), 0, nullptr), "os::random",
                std::to_string(bytes.size()) + " bytes", where);
}

}  // namespace gauntlet::uv::os
