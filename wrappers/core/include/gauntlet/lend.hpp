#pragma once
/// Borrow tracking: memory that is lent to a C library or to the kernel is declared, so that whatever tool
/// runs can report who touches it meanwhile. docs/borrow-tracking.md says what each finds.
///
/// With GAUNTLET_LENDS (debug and sanitizer builds; gauntlet::core passes it on) a lend is
///  - in the registry, which refuses what overlaps: memory lent for writing is lent once, memory lent for
///    reading may be lent for reading again;
///  - told to the tool: AddressSanitizer, MemorySanitizer, ThreadSanitizer, or memcheck if it runs;
///  - if for reading, compared with a checksum when it is returned (not under ThreadSanitizer, which sees who
///    writes).
/// What is wrong at the lend is a misuse that names both places; what is wrong at the return ends the
/// program, in a sentence that names both. Without GAUNTLET_LENDS a lend is empty and each call is nothing.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace gauntlet {

/// Whose the memory is meanwhile.
enum class borrower : std::uint8_t {
  /// Nobody's whom a tool would see: the kernel's, or a C library's that does not touch it before it says so
  /// (lend::pause).
  unseen,
  /// A thread's of this process. To poison the memory would blame that thread: only the registry and the
  /// checksum look, and ThreadSanitizer sees both sides by itself.
  thread,
};

#ifdef GAUNTLET_LENDS

inline constexpr bool lends_are_tracked = true;

namespace detail {

struct lent_range;

/// Ends the program if one of these bytes is lent: they are about to be freed, or to be another's.
void refuse_if_lent(std::span<const std::byte> memory, const char* operation) noexcept;

/// Each range that is lent, as it is said in errors. For tests, at whose end there is none (tests/support).
std::vector<std::string> lent_now();

}  // namespace detail

/// Some ranges of memory that one operation was lent. Moved, never copied; any thread, one at a time. A lend
/// that is destroyed returns what it still has, as nothing was written: for an operation that did not begin.
/// One that is in flight must be kept from being destroyed by its owner.
class [[nodiscard]] lend {
 public:
  lend() noexcept = default;
  /// Of nothing yet. operation: a literal, as reports are to say it. where: the caller's. chain: of
  /// operations of which the next begins when the one before has ended, the same for all, or nullptr: their
  /// ranges may overlap, and what does is seen as lent to the first only.
  explicit lend(const char* operation, std::source_location where = std::source_location::current(),
                borrower by = borrower::unseen, const void* chain = nullptr) noexcept
      : operation_(operation), where_(where), chain_(chain), by_(by) {}
  lend(lend&& other) noexcept
      : operation_(other.operation_),
        where_(other.where_),
        chain_(other.chain_),
        first_(std::exchange(other.first_, nullptr)),
        last_(other.last_),
        by_(other.by_),
        returned_(other.returned_) {}
  lend& operator=(lend&& other) noexcept {
    if (this != &other) {
      return_all();
      operation_ = other.operation_;
      where_ = other.where_;
      chain_ = other.chain_;
      first_ = std::exchange(other.first_, nullptr);
      last_ = other.last_;
      by_ = other.by_;
      returned_ = other.returned_;
    }
    return *this;
  }
  ~lend() { return_all(); }

  /// From now on nobody but the borrower touches this memory. Throws misuse where it is lent already. Empty:
  /// nothing.
  lend& for_writing(std::span<std::byte> memory) {
    if (!memory.empty()) add(memory, true);
    return *this;
  }
  /// From now on nobody writes there. Throws misuse where it is lent for writing.
  lend& for_reading(std::span<const std::byte> memory) {
    if (!memory.empty()) add(memory, false);
    return *this;
  }
  /// The borrower now touches the memory, in a way that tools see: until resume() they look away.
  void pause() noexcept {
    if (first_ != nullptr) lift();
  }
  void resume() noexcept {
    if (first_ != nullptr) lay();
  }
  /// It is the caller's again, and the first `written` bytes of what was lent for writing hold something.
  /// Once: the second time ends the program. Of a lend of nothing: nothing.
  void give_back(std::size_t written = 0,
                 const std::source_location& where = std::source_location::current()) noexcept {
    if (first_ != nullptr || returned_.line() != 0) return_to_caller(written, where);
  }
  bool active() const noexcept { return first_ != nullptr; }

 private:
  void add(std::span<const std::byte> memory, bool writable);
  void lift() noexcept;
  void lay() noexcept;
  void return_to_caller(std::size_t written, const std::source_location& where) noexcept;
  void return_all() noexcept {
    if (first_ != nullptr) return_to_caller(0, where_);
  }

  const char* operation_ = nullptr;
  std::source_location where_;
  const void* chain_ = nullptr;
  detail::lent_range* first_ = nullptr;
  detail::lent_range* last_ = nullptr;
  borrower by_ = borrower::unseen;
  std::source_location returned_;  // no line: it has not been
};

#else

inline constexpr bool lends_are_tracked = false;

namespace detail {

inline void refuse_if_lent(std::span<const std::byte>, const char*) noexcept {}

}  // namespace detail

class lend {
 public:
  lend() noexcept = default;
  explicit lend(const char*, std::source_location = {}, borrower = borrower::unseen,
                const void* = nullptr) noexcept {}
  lend(lend&&) noexcept = default;
  lend& operator=(lend&&) noexcept = default;
  lend& for_writing(std::span<std::byte>) noexcept { return *this; }
  lend& for_reading(std::span<const std::byte>) noexcept { return *this; }
  void pause() noexcept {}
  void resume() noexcept {}
  void give_back(std::size_t = 0, const std::source_location& = {}) noexcept {}
  static constexpr bool active() noexcept { return false; }
};

#endif

}  // namespace gauntlet

#pragma GCC visibility pop
