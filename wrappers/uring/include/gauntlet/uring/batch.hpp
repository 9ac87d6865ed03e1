#pragma once
/// Many operations in flight that one coroutine awaits together.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <utility>

#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/file_types.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// How one of a batch ended.
struct batch_end {
  std::uint32_t place = 0;
  std::int32_t res = 0;        ///< how many bytes, or a negative errno
  const char* kind = nullptr;  ///< "batch::read"

  /// How many bytes; throws the error, if it is one.
  std::size_t size(std::source_location where = std::source_location::current()) const {
    if (res < 0) [[unlikely]]
      throw_error(where);
    return static_cast<std::size_t>(res);
  }

 private:
  [[noreturn]] void throw_error(const std::source_location& where) const;
};

namespace detail {

class batch_block;

/// `co_await all.next()`
class [[nodiscard]] batch_wait final : public gauntlet::detail::operation {
 public:
  batch_wait(batch_block& on, std::source_location where) noexcept;
  batch_wait(batch_wait&& other) noexcept
      : operation(std::move(other)), block_(std::exchange(other.block_, nullptr)) {}
  ~batch_wait() override;
  std::span<const batch_end> await_resume();
  std::string object() const override;

 private:
  friend class batch_block;
  void start() override;
  void cancel() noexcept override;
  [[noreturn]] void throw_canceled() const override;

  batch_block* block_;
};

}  // namespace detail

/// Reads, writes and nops that end in any order, each in a place with memory of its own. What has ended is
/// told together, and what is begun then is submitted together: no coroutine is suspended for each, which is
/// what an operation costs most where the kernel has little to do for it.
///
///     uring::batch all{ring, 32, 4096};
///     for (std::size_t place = 0; place < all.size(); ++place) all.read(place, file, offset_of(next++));
///     while (all.in_flight() != 0)
///       for (const uring::batch_end& each : co_await all.next()) {
///         use(all.bytes(each.place).first(each.size()));
///         if (next < end) all.read(each.place, file, offset_of(next++));
///       }
///
/// Destroyed, it cancels what is in flight; its memory stays until the kernel is done with it.
class batch {
 public:
  /// Places, and so many bytes for each, whose addresses are multiples of a page where that many are: good
  /// for open_flags::direct, too. All that it ever needs is allocated here.
  batch(ring& on, std::size_t places, std::size_t bytes_each = 0,
        std::source_location where = std::source_location::current());
  batch(batch&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  batch& operator=(batch&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~batch();

  std::size_t size(std::source_location where = std::source_location::current()) const;
  /// How many of its places are in use, without those that next() would tell at once.
  std::size_t in_flight(std::source_location where = std::source_location::current()) const;
  /// A place's memory, as long as nothing is in flight there that next() has not told of: misuse otherwise.
  /// After a read, what was read is at its beginning.
  std::span<std::byte> bytes(std::size_t place,
                             std::source_location where = std::source_location::current()) const;

  /// These begin an operation in a place where none is in flight, and of which next() has told.

  /// IORING_OP_NOP.
  void nop(std::size_t place, std::source_location where = std::source_location::current());
  /// Fills the place's memory, or as much of it as there is at once (IORING_OP_READ).
  void read(std::size_t place, const any_descriptor& from, std::uint64_t offset = current_position,
            std::source_location where = std::source_location::current());
  /// Of the place's memory, so much of its beginning, or less (IORING_OP_WRITE).
  void write(std::size_t place, const any_descriptor& to, std::size_t size,
             std::uint64_t offset = current_position,
             std::source_location where = std::source_location::current());

  /// All that have ended since it was asked last: one at least, or none where none is in flight. It is valid
  /// until it is asked again. One task at a time awaits it; cancelled, it has told nothing, and nothing else
  /// is.
  detail::batch_wait next(std::source_location where = std::source_location::current());
  /// Asks the kernel to end all early; they are told of by next().
  void cancel(std::source_location where = std::source_location::current());

 private:
  detail::batch_block& use(const char* operation, const std::source_location& where) const;
  detail::batch_block* block_;
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
