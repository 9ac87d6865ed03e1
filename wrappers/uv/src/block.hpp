#pragma once
// What libuv knows by address never moves: each handle and each request is a block, held by up to four: the
// C++ owner, libuv (from init to the close callback, from submission to completion), and of a handle the
// writes that send it through a pipe and what coroutines await of it. Whoever lets go last frees it. All of a
// block belongs to the loop's thread, but for the way there (loop_core::hand_over).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/uv/pending.hpp"
#include "list_node.hpp"

namespace gauntlet::uv::detail {

class loop_core;

class block : list_node {
 public:
  enum holder : std::uint8_t { by_owner = 1, by_libuv = 2, by_write = 4, by_operation = 8, by_anyone = 15 };

  /// c_struct: libuv's, a member of the derived block.
  template <class CStruct>
  block(loop_core& loop, std::source_location where, const CStruct& c_struct) noexcept
      : where_(where), loop_(loop), c_place_(place_of(&c_struct)) {
    set_since(time_of(loop));
  }
  block(const block&) = delete;
  block& operator=(const block&) = delete;
  virtual ~block() = default;

  loop_core& loop() const noexcept { return loop_; }
  /// A literal, as pending() shows it.
  virtual const char* kind() const noexcept = 0;
  const std::source_location& where() const noexcept { return where_; }
  bool held(holder who) const noexcept { return (marks_ & who) != 0; }

  /// Not for libuv, see hold_by_libuv(). The owner keeps the loop's memory, too.
  void hold(holder who) noexcept;
  /// May free the block.
  void let_go(holder who) noexcept;
  /// True: nobody holds it any more, and the caller frees it. Of libuv and of writes.
  bool release(holder who) noexcept;

  /// The owner is no more, on whatever thread.
  void owner_gone() noexcept;
  /// The same, on the loop's thread, or when the loop is closed.
  void disown() noexcept;

  /// Closes it or cancels it: the loop is ending.
  virtual void abort() noexcept = 0;

  /// What happens to it began anew: here, now.
  void begin(std::source_location where) noexcept;
  /// A coroutine waits for it, which tells of it in pending(), and is told how it ends in any case.
  void be_awaited() noexcept { mark(is_awaited); }
  bool awaited() const noexcept { return (marks_ & is_awaited) != 0; }
  /// Of a handle: libuv was told to close it, or will be.
  bool closing() const noexcept { return (marks_ & is_closing) != 0; }
  pending_operation describe() const;

 protected:
  /// list: of what libuv holds.
  void hold_on(class block_list& list) noexcept;
  /// What becomes of what libuv holds without an owner.
  virtual void abandon() noexcept {}
  virtual void describe(pending_operation& into) const = 0;
  void begin_closing() noexcept { mark(is_closing); }
  void* c_struct() const noexcept {
    // SAFETY: the constructor has measured where in this object it is.
    return const_cast<std::byte*>(reinterpret_cast<const std::byte*>(this)) + c_place_ * sizeof(void*);
  }

 private:
  friend class block_list;
  friend class loop_core;
  friend struct discards;

  static std::uint64_t time_of(loop_core& loop) noexcept;
  void mark(std::uint8_t added) noexcept { marks_ = static_cast<std::uint8_t>(marks_ | added); }
  std::uint8_t place_of(const void* c_struct) const noexcept {
    const auto offset = static_cast<const std::byte*>(c_struct) - reinterpret_cast<const std::byte*>(this);
    return static_cast<std::uint8_t>(offset / static_cast<std::ptrdiff_t>(sizeof(void*)));
  }
  std::uint64_t since() const noexcept { return std::uint64_t{since_high_} << 32 | since_low_; }
  void set_since(std::uint64_t time) noexcept {
    since_low_ = static_cast<std::uint32_t>(time & UINT32_MAX);
    since_high_ = static_cast<std::uint16_t>(time >> 32 & UINT16_MAX);
  }
  void free() noexcept;

  // There are millions of some blocks, and each byte costs them time: so numbers share eight. What is looked
  // at most stands last, next to what a derived block begins with.
  std::source_location where_;
  block* next_handed_over_ = nullptr;  // only under loop_core's mutex
  loop_core& loop_;
  std::uint32_t since_low_;  // loop time, ms: 48 bits are 8,900 years
  std::uint16_t since_high_;
  std::uint8_t c_place_;    // in pointers from the begin
  std::uint8_t marks_ = 0;  // holders, and the two below
  static constexpr std::uint8_t is_awaited = 16;
  static constexpr std::uint8_t is_closing = 32;
};

// What is called for every block is inline, in loop_core.hpp, which knows both.

/// The kind of a block, which is asked for only where it is read: in an error.
struct kind_of {
  const block& of;
  operator std::string_view() const noexcept { return of.kind(); }
};

/// Of a block that nobody holds yet.
struct discards {
  void operator()(block* unused) const noexcept { unused->free(); }
};
template <class Block>
using fresh = std::unique_ptr<Block, discards>;

/// The blocks that libuv holds.
class block_list {
 public:
  bool empty() const noexcept { return end_.alone(); }
  void insert(block& added) noexcept { added.insert_before(end_); }
  static void remove(block& removed) noexcept { removed.list_node::remove(); }

  /// work(block&) may remove the block it is given, and must not remove another.
  template <class Work>
  void for_each(Work&& work) const {
    for (list_node* node = end_.next; node != &end_;) {
      list_node* const next = node->next;
      // SAFETY: only insert() puts nodes on the list, and each is a block.
      work(static_cast<block&>(*node));
      node = next;
    }
  }

 private:
  list_node end_;
};

}  // namespace gauntlet::uv::detail
