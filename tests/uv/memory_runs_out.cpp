// An executable of its own: operator new and libuv's allocator are those of the tests here.
#include <stdlib.h>
#include <uv.h>

#include <atomic>
#include <cstdint>
#include <gauntlet/uv/library.hpp>
#include <gauntlet/uv/os.hpp>
#include <gauntlet/uv/shared_library.hpp>
#include <gauntlet/uv/wtf8.hpp>
#include <new>

#include "values_support.hpp"

namespace {

// The one that is refused, counted down; none while it is below 0.
std::atomic<long> cpp_countdown = -1;
std::atomic<long> uv_countdown = -1;
// What libuv holds.
std::atomic<long> uv_blocks = 0;

bool refuse(std::atomic<long>& countdown) {
  if (countdown.load() < 0) return false;
  return countdown.fetch_sub(1) == 0;
}

void* uv_kept(void* memory) {
  if (memory != nullptr) ++uv_blocks;
  return memory;
}

void* allocate(std::size_t size) noexcept { return refuse(uv_countdown) ? nullptr : uv_kept(::malloc(size)); }

void* allocate_cleared(std::size_t count, std::size_t size) noexcept {
  return refuse(uv_countdown) ? nullptr : uv_kept(::calloc(count, size));
}

void* reallocate(void* memory, std::size_t size) noexcept {
  if (refuse(uv_countdown)) return nullptr;
  return memory == nullptr ? uv_kept(::malloc(size)) : ::realloc(memory, size);
}

void release(void* memory) noexcept {
  if (memory != nullptr) --uv_blocks;
  ::free(memory);
}

// Before main, so before libuv has allocated anything.
const bool replaced = [] {
  gauntlet::uv::replace_allocator(
      {.malloc = allocate, .realloc = reallocate, .calloc = allocate_cleared, .free = release});
  return true;
}();

}  // namespace

void* operator new(std::size_t size) {
  if (refuse(cpp_countdown)) throw std::bad_alloc();
  if (void* const memory = ::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (refuse(cpp_countdown)) throw std::bad_alloc();
  void* memory = nullptr;
  if (::posix_memalign(&memory, static_cast<std::size_t>(alignment), size) != 0) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { ::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { ::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { ::free(memory); }

namespace gauntlet::uv::test {
namespace {

// Runs work with its k-th allocation in C++ failing, for every k, until it passes: nothing of libuv's is
// lost. Answers how many failed.
template <class Work>
long cpp_refusals(Work work) {
  const long before = uv_blocks;
  for (long k = 0;; ++k) {
    bool passed = true;
    cpp_countdown = k;
    try {
      work();
    } catch (const std::bad_alloc&) {
      passed = false;
    }
    cpp_countdown = -1;
    if (uv_blocks != before) {
      INFO("allocation " << k);
      CHECK(uv_blocks == before);
      return -1;
    }
    if (passed) return k;
  }
}

// The same for allocations of libuv.
template <class Work>
long uv_refusals(Work work) {
  const long before = uv_blocks;
  for (long k = 0;; ++k) {
    uv_countdown = k;
    const auto done = attempt<error>([&] { work(); });
    uv_countdown = -1;
    INFO("allocation " << k);
    CHECK(uv_blocks == before);
    if (done) return k;
    CHECK(done.error().code() == std::errc::not_enough_memory);
  }
}

TEST_CASE("libuv allocates with the functions it was given") {
  REQUIRE(replaced);
  const long before = uv_blocks;
  uv_passwd_t native{};
  REQUIRE(uv_os_get_passwd(&native) == 0);
  CHECK(uv_blocks == before + 1);
  uv_os_free_passwd(&native);
  CHECK(uv_blocks == before);
}

TEST_CASE("when C++ gets no memory at its k-th allocation, nothing of libuv's is lost, for every k") {
  // A name that no small string holds.
  os::setenv("GAUNTLET_MEMORY", std::string(100, 'x'));
  CHECK(cpp_refusals([] { os::environ(); }) > 3);
  CHECK(cpp_refusals([] { os::cpu_info(); }) >= 1);
  CHECK(cpp_refusals([] { os::interface_addresses(); }) >= 0);  // there may be none
  CHECK(cpp_refusals([] { os::get_passwd(); }) >= 0);           // all of it may be short
  CHECK(cpp_refusals([] { os::homedir(); }) >= 1);
  CHECK(cpp_refusals([] { os::cwd(); }) >= 1);
  const std::string path = GAUNTLET_PLUGIN;
  CHECK(cpp_refusals([&] { shared_library{path}; }) >= 1);
  CHECK(cpp_refusals([&] { shared_library{path}.symbol<int(int, int)>("plugin_add"); }) >= 1);
  // The error that is thrown has strings of its own to make.
  CHECK(cpp_refusals([] {
          if (attempt<error>([] { shared_library("/none/such.so"); })) FAIL("it was loaded");
        }) >= 3);
  const shared_library plugin{path};
  CHECK(cpp_refusals([&] {
          if (attempt<error>([&] { plugin.symbol<int>("plugin_none"); })) FAIL("it was found");
        }) >= 3);
  if (header_version_number() >= 0x012D00) CHECK(cpp_refusals([] { os::get_group(0); }) >= 0);
  os::unsetenv("GAUNTLET_MEMORY");
}

TEST_CASE("when libuv gets no memory, that is an error") {
  CHECK(uv_refusals([] { os::get_passwd(); }) >= 1);
  CHECK(uv_refusals([] { os::cpu_info(); }) >= 1);
  if (header_version_number() >= 0x012D00) CHECK(uv_refusals([] { os::get_group(0); }) >= 1);

  // Only its first: where one of the strings is refused, libuv forgets the others.
  uv_countdown = 0;
  const auto variables = attempt<error>([] { return os::environ(); });
  uv_countdown = 0;
  const auto addresses = attempt<error>([] { return os::interface_addresses(); });
  uv_countdown = -1;
  REQUIRE_FALSE(variables.has_value());
  CHECK(variables.error().code() == std::errc::not_enough_memory);
  CHECK((addresses.has_value() ? addresses->empty()
                               : addresses.error().code() == std::errc::not_enough_memory));
}

}  // namespace
}  // namespace gauntlet::uv::test
