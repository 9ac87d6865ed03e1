// The calling thread.

#include <pthread.h>
#include <uv.h>

#include <array>

#include "gauntlet/uv/os.hpp"
#include "text.hpp"
#include "version.hpp"

namespace gauntlet::uv::os {
namespace {}  // namespace

#if UV_VERSION_HEX >= 0x012D00

namespace {

// A byte for each processor, as libuv has them.
std::vector<std::uint32_t> numbers_in(const std::vector<char>& mask) {
  std::vector<std::uint32_t> cpus;
  for (std::uint32_t cpu = 0; cpu < mask.size(); ++cpu)
    if (mask[cpu] != 0) cpus.push_back(cpu);
  return cpus;
}

}  // namespace

std::vector<std::uint32_t> thread_getaffinity(std::source_location where) {
  std::vector<char> mask(cpumask_size(where));
  uv_thread_t self = pthread_self();
  detail::check(uv_thread_getaffinity(&self, mask.data(), mask.size()), "os::thread_getaffinity", "thread",
                where);
  return numbers_in(mask);
}

std::vector<std::uint32_t> thread_setaffinity(std::span<const std::uint32_t> cpus,
                                              std::source_location where) {
  std::vector<char> mask(cpumask_size(where));
  std::vector<char> former(mask.size());
  for (const std::uint32_t cpu : cpus) {
    if (cpu >= mask.size())
      throw misuse("os::thread_setaffinity",
                   std::string("there is no processor ")
                       .append(std::to_string(cpu))
                       .append("; give numbers below ")
                       .append(std::to_string(mask.size())),
                   where);
    mask[cpu] = 1;
  }
  uv_thread_t self = pthread_self();
  detail::check(uv_thread_setaffinity(&self, mask.data(), former.data(), mask.size()),
                "os::thread_setaffinity", "thread", where);
  return numbers_in(former);
}

std::uint32_t thread_getcpu(std::source_location where) {
  const int cpu = uv_thread_getcpu();
  detail::check(cpu, "os::thread_getcpu", "thread", where);
  return static_cast<std::uint32_t>(cpu);
}

#else

std::vector<std::uint32_t> thread_getaffinity(std::source_location where) {
  detail::throw_missing("os::thread_getaffinity", "1.45", where);
}

std::vector<std::uint32_t> thread_setaffinity(std::span<const std::uint32_t>, std::source_location where) {
  detail::throw_missing("os::thread_setaffinity", "1.45", where);
}

std::uint32_t thread_getcpu(std::source_location where) {
  detail::throw_missing("os::thread_getcpu", "1.45", where);
}

#endif

#if UV_VERSION_HEX >= 0x013000

static_assert(static_cast<int>(thread_priority::highest) == UV_THREAD_PRIORITY_HIGHEST &&
              static_cast<int>(thread_priority::above_normal) == UV_THREAD_PRIORITY_ABOVE_NORMAL &&
              static_cast<int>(thread_priority::normal) == UV_THREAD_PRIORITY_NORMAL &&
              static_cast<int>(thread_priority::below_normal) == UV_THREAD_PRIORITY_BELOW_NORMAL &&
              static_cast<int>(thread_priority::lowest) == UV_THREAD_PRIORITY_LOWEST);

void thread_setpriority(thread_priority priority, std::source_location where) {
  detail::check(uv_thread_setpriority(pthread_self(), static_cast<int>(priority)), "os::thread_setpriority",
                "thread", where);
}

int thread_getpriority(std::source_location where) {
  int value = 0;
  detail::check(uv_thread_getpriority(pthread_self(), &value), "os::thread_getpriority", "thread", where);
  return value;
}

#else

void thread_setpriority(thread_priority, std::source_location where) {
  detail::throw_missing("os::thread_setpriority", "1.48", where);
}

int thread_getpriority(std::source_location where) {
  detail::throw_missing("os::thread_getpriority", "1.48", where);
}

#endif

#if UV_VERSION_HEX >= 0x013200

void thread_setname(std::string_view name, std::source_location where) {
  detail::check(uv_thread_setname(detail::c_text(name, "os::thread_setname", "name", where).c_str()),
                "os::thread_setname", name, where);
}

std::string thread_getname(std::source_location where) {
  // No system has room for more: the longest is 64 bytes, under macOS.
  std::array<char, 256> name{};
  uv_thread_t self = pthread_self();
  detail::check(uv_thread_getname(&self, name.data(), name.size()), "os::thread_getname", "thread", where);
  return name.data();
}

#else

void thread_setname(std::string_view, std::source_location where) {
  detail::throw_missing("os::thread_setname", "1.50", where);
}

std::string thread_getname(std::source_location where) {
  detail::throw_missing("os::thread_getname", "1.50", where);
}

#endif

}  // namespace gauntlet::uv::os
