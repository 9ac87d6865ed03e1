#include "lend_tools.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/memory_checker.hpp"
#include "lend_registry.hpp"
#include "telling.hpp"
#include "which_tool.hpp"

namespace gauntlet::detail {

#if defined(GAUNTLET_ASAN)

// Poisons what is lent for writing. AddressSanitizer cannot let memory be read and not be written.
// Shadow memory has a byte for 8, a granule: of one that is lent only in part, the runtime poisons the end of
// the range only where the rest is no one's. It never poisons a byte too many.

namespace {

constexpr std::size_t granule = 8;

/// Adds to AddressSanitizer's own report whose the memory is.
void tell_lend(const char*) {
  lent_range found;
  if (!lend_registry::the().try_find(std::bit_cast<std::uintptr_t>(__asan_get_report_address()), found))
    return;
  std::fprintf(stderr, "gauntlet: this memory is lent to %s\n", found.told().c_str());
}

/// The first granule in there that somebody else has changed since it was poisoned, or end. Shadow memory has
/// no shadow of its own, so this is not instrumented.
[[gnu::noinline]] [[gnu::no_sanitize_address]] std::uintptr_t first_changed(std::uintptr_t begin,
                                                                            std::uintptr_t end) noexcept {
  constexpr auto by_user = static_cast<signed char>(0xf7);
  std::size_t scale = 0;
  std::size_t offset = 0;
  __asan_get_shadow_mapping(&scale, &offset);
  // SAFETY: so AddressSanitizer has mapped it.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const auto* shadow = reinterpret_cast<const signed char*>((begin >> scale) + offset);
  while (begin < end && *shadow == by_user) {
    begin += granule;
    ++shadow;
  }
  return begin;
}

/// An exception that is thrown unpoisons the whole stack of its thread.
bool is_on_a_stack(std::uintptr_t at) noexcept {
  std::array<char, 1> name{};
  void* region = nullptr;
  std::size_t size = 0;
  // SAFETY: it is only looked at.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const char* const kind =
      __asan_locate_address(reinterpret_cast<void*>(at), name.data(), name.size(), &region, &size);
  return std::string_view(kind) == "stack";
}

/// The whole granules of it are poisoned, and by nobody else since: else it was freed, or is another's.
void check_still_lent(const lent_range& range) noexcept {
  const std::uintptr_t begin = (range.begin + granule - 1) / granule * granule;
  const std::uintptr_t end = range.end / granule * granule;
  if (begin >= end) return;
  const std::uintptr_t changed = first_changed(begin, end);
  if (changed == end || is_on_a_stack(changed)) return;
  check_allocated(range.memory() + (changed - range.begin), granule);  // if freed, who did is reported
  end_program("memory that is lent to " + range.told() +
              " was freed, or taken for something else, before it was returned");
}

}  // namespace

void lend_tools::lay(lent_range& range) noexcept {
  if (!range.writable) return;
  [[maybe_unused]] static const bool once = [] {
    __asan_set_error_report_callback(tell_lend);
    return true;
  }();
  check_allocated(range.memory(), range.size());
  __asan_poison_memory_region(range.memory(), range.size());
  range.tool.told = true;
}

void lend_tools::lift(lent_range& range, std::size_t) noexcept {
  if (!std::exchange(range.tool.told, false)) return;
  check_still_lent(range);
  __asan_unpoison_memory_region(range.memory(), range.size());
}

bool lend_tools::see_writes_of(const lent_range&) noexcept { return false; }

#elif defined(GAUNTLET_MSAN)

// Memory that is lent for writing holds nothing that may be decided on; a write to it is not seen. What it
// held before is kept aside: of what the borrower has not written it is true again.

void lend_tools::lay(lent_range& range) noexcept {
  if (!range.writable) return __msan_check_mem_is_initialized(range.memory(), range.size());
  range.tool.definedness = std::malloc(range.size());
  if (range.tool.definedness == nullptr) return;
  __msan_copy_shadow(range.tool.definedness, range.memory(), range.size());
  __msan_allocated_memory(range.memory(), range.size());
  range.tool.told = true;
}

void lend_tools::lift(lent_range& range, std::size_t written) noexcept {
  if (std::exchange(range.tool.told, false)) {
    __msan_copy_shadow(range.memory(), range.tool.definedness, range.size());
    std::free(std::exchange(range.tool.definedness, nullptr));
  }
  if (range.by == borrower::unseen && written != 0) __msan_unpoison(range.memory(), written);
}

bool lend_tools::see_writes_of(const lent_range&) noexcept { return false; }

#elif defined(GAUNTLET_TSAN)

// A fiber, which is a thread to ThreadSanitizer, has written to the range, or read it, and the rest of the
// program knows nothing of it until the lend is returned. This source is not instrumented: what it does
// itself in a fiber is no part of that.

extern "C" {
void __tsan_write_range(void* memory, unsigned long size);  // NOLINT: not in its public header
void __tsan_read_range(void* memory, unsigned long size);   // NOLINT
}

namespace {

/// ThreadSanitizer can have 8128 threads, and each costs memory.
constexpr std::size_t most_fibers = 1000;
std::atomic<std::size_t> fibers{0};

/// Of one thread: a fiber that several used would order what they do.
class fiber_pool {
 public:
  fiber_pool() noexcept = default;
  fiber_pool(const fiber_pool&) = delete;
  fiber_pool& operator=(const fiber_pool&) = delete;
  ~fiber_pool() {
    for (void* const fiber : free_) {
      __tsan_destroy_fiber(fiber);
      --fibers;
    }
  }
  /// nullptr: there are enough.
  void* take() {
    if (!free_.empty()) {
      void* const taken = free_.back();
      free_.pop_back();
      return taken;
    }
    if (fibers.fetch_add(1, std::memory_order_relaxed) < most_fibers) return __tsan_create_fiber(0);
    fibers.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  void give_back(void* fiber) { free_.push_back(fiber); }

 private:
  std::vector<void*> free_;
};

fiber_pool& pool() {
  static thread_local fiber_pool of_this_thread;
  return of_this_thread;
}

/// Does something as the fiber. A signal that came meanwhile would be the fiber's, for ThreadSanitizer keeps
/// signals until the thread that they came to calls something that it watches, and a fiber does not: it would
/// never be told. So signals wait.
template <class Work>
void as_fiber(void* fiber, unsigned switch_there, unsigned switch_back, const Work& work) noexcept {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  void* const here = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber, switch_there);
  work();
  __tsan_switch_to_fiber(here, switch_back);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

const char* file_of(const char* path) noexcept {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

}  // namespace

void lend_tools::lay(lent_range& range) noexcept {
  void* const fiber = pool().take();
  if (fiber == nullptr) return;
  std::array<char, 64> name{};  // it keeps no more
  std::snprintf(name.data(), name.size(), "%s at %s:%u", range.operation, file_of(range.where.file_name()),
                static_cast<unsigned>(range.where.line()));
  __tsan_set_fiber_name(fiber, name.data());
  as_fiber(fiber, 0, __tsan_switch_to_fiber_no_sync, [&] {
    if (range.writable)
      __tsan_write_range(range.memory(), range.size());
    else
      __tsan_read_range(range.memory(), range.size());
  });
  range.tool.fiber = fiber;
}

void lend_tools::lift(lent_range& range, std::size_t) noexcept {
  void* const fiber = std::exchange(range.tool.fiber, nullptr);
  if (fiber == nullptr) return;
  as_fiber(fiber, __tsan_switch_to_fiber_no_sync, 0, [] {});
  pool().give_back(fiber);
}

bool lend_tools::see_writes_of(const lent_range& range) noexcept {
  return range.tool.fiber != nullptr || range.by == borrower::thread;
}

#elif defined(GAUNTLET_MEMCHECK)

// Memory that is lent for writing is nobody's, but for its last byte: by that it is known when it is returned
// whether it was freed. What was defined before is kept aside, as with MemorySanitizer.

void lend_tools::lay(lent_range& range) noexcept {
  if (!under_valgrind()) [[likely]]
    return;
  std::byte* const memory = range.memory();
  if (!range.writable) {
    static_cast<void>(VALGRIND_CHECK_MEM_IS_DEFINED(memory, range.size()));
    return;
  }
  if (VALGRIND_CHECK_MEM_IS_ADDRESSABLE(memory, range.size()) != 0) return;
  range.tool.definedness = std::malloc(range.size());
  if (range.tool.definedness == nullptr) return;
  static_cast<void>(VALGRIND_GET_VBITS(memory, range.tool.definedness, range.size()));
  const std::string lent = "buffer lent to " + range.told();
  range.tool.block = VALGRIND_CREATE_BLOCK(memory, range.size(), lent.c_str());
  static_cast<void>(VALGRIND_MAKE_MEM_NOACCESS(memory, range.size() - 1));
  range.tool.told = true;
}

void lend_tools::lift(lent_range& range, std::size_t written) noexcept {
  if (!under_valgrind()) [[likely]]
    return;
  std::byte* const memory = range.memory();
  if (std::exchange(range.tool.told, false)) {
    VALGRIND_DISCARD(range.tool.block);
    void* const kept = std::exchange(range.tool.definedness, nullptr);
    if (VALGRIND_CHECK_MEM_IS_ADDRESSABLE(memory + (range.size() - 1), 1) == 0) {
      static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(memory, range.size() - 1));
      static_cast<void>(VALGRIND_SET_VBITS(memory, kept, range.size()));
    } else {
      written = 0;  // it has been freed
    }
    std::free(kept);
  }
  if (range.by == borrower::unseen && written != 0)
    static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(memory, written));
}

bool lend_tools::see_writes_of(const lent_range&) noexcept { return false; }

#else

void lend_tools::lay(lent_range&) noexcept {}
void lend_tools::lift(lent_range&, std::size_t) noexcept {}
bool lend_tools::see_writes_of(const lent_range&) noexcept { return false; }

#endif

}  // namespace gauntlet::detail
