#include "gauntlet/uv/library.hpp"

#include <uv.h>

#include <atomic>
#include <string>

#include "gauntlet/error.hpp"
#include "library_state.hpp"

namespace gauntlet::uv {
namespace {

// How many loops are open; once libuv is shut down it stays at this number.
constexpr int shut_down = -1;
std::atomic<int> users = 0;

}  // namespace

detail::library_use::library_use(std::string_view operation, std::source_location where) {
  int now = users.load(std::memory_order_relaxed);
  do {
    if (now == shut_down)
      throw misuse(operation, "libuv has been shut down; make loops before library_shutdown", where);
  } while (!users.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel));
}

detail::library_use::~library_use() { users.fetch_sub(1, std::memory_order_acq_rel); }

std::uint32_t library_version_number() noexcept { return uv_version(); }
std::string_view library_version() noexcept { return uv_version_string(); }
std::uint32_t header_version_number() noexcept { return UV_VERSION_HEX; }

void replace_allocator(const allocator& functions, std::source_location where) {
  // It fails only where a function is missing.
  if (uv_replace_allocator(functions.malloc, functions.realloc, functions.calloc, functions.free) < 0)
    throw misuse("replace_allocator", "a function is missing; give all four", where);
}

void disable_stdio_inheritance() noexcept { uv_disable_stdio_inheritance(); }

void library_shutdown(std::source_location where) {
  int now = 0;
  if (users.compare_exchange_strong(now, shut_down, std::memory_order_acq_rel))
    uv_library_shutdown();
  else if (now != shut_down)
    throw misuse("library_shutdown",
                 std::string("loops are open: ").append(std::to_string(now)).append("; close them before"),
                 where);
}

}  // namespace gauntlet::uv
