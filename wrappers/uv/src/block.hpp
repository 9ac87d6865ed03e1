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

#include "gauntlet/uv/pending.hpp"
#include "list_node.hpp"

namespace gauntlet::uv::detail {

class loop_core;

class block : list_node {
 public:
  enum holder : std::uint8_t { by_owner = 1, by_libuv = 2, by_write = 4, by_operation = 8 };

  /// kind: a literal, as pending() shows it. c_struct: a member of the derived block.
  template <class CStruct>
  block(loop_core& loop, const char* kind, std::source_location where, const CStruct& c_struct) noexcept
      : loop_(loop), kind_(kind), where_(where), since_(time_of(loop)), c_offset_(offset_of(&c_struct)) {}
  block(const block&) = delete;
  block& operator=(const block&) = delete;
  virtual ~block() = default;

  loop_core& loop() const noexcept { return loop_; }
  const char* kind() const noexcept { return kind_; }
  const std::source_location& where() const noexcept { return where_; }
  bool held(holder who) const noexcept { return (holders_ & who) != 0; }

  /// It is on the loop's list from now on. The owner keeps the loop's memory, too.
  void hold(holder who) noexcept;
  /// May free the block.
  void let_go(holder who) noexcept;

  /// An operation that a coroutine may await is there, or is no more: on the loop's thread only.
  void add_use() noexcept {
    if (uses_++ == 0) hold(by_operation);
  }
  void remove_use() noexcept;

  /// The owner is no more, on whatever thread.
  void owner_gone() noexcept;
  /// The same, on the loop's thread, or when the loop is closed.
  void disown() noexcept;

  /// Closes it or cancels it: the loop is ending.
  virtual void abort() noexcept = 0;

  /// What happens to it began anew: here, now.
  void begin(std::source_location where) noexcept;
  /// A coroutine waits for it, which tells of it in pending(), and is told how it ends in any case.
  void be_awaited() noexcept { awaited_ = true; }
  bool awaited() const noexcept { return awaited_; }
  pending_operation describe() const;

 protected:
  /// The list of what libuv holds that it belongs to.
  virtual class block_list& list() noexcept = 0;
  /// What becomes of what libuv holds without an owner.
  virtual void abandon() noexcept {}
  virtual void describe(pending_operation& into) const = 0;
  void* c_struct() const noexcept {
    // SAFETY: the constructor has measured where in this object it is.
    return const_cast<std::byte*>(reinterpret_cast<const std::byte*>(this)) + c_offset_;
  }

 private:
  friend class block_list;
  friend class loop_core;
  friend struct discards;

  static std::uint64_t time_of(loop_core& loop) noexcept;
  std::uint16_t offset_of(const void* c_struct) const noexcept {
    return static_cast<std::uint16_t>(static_cast<const std::byte*>(c_struct) -
                                      reinterpret_cast<const std::byte*>(this));
  }
  void free() noexcept;

  loop_core& loop_;
  const char* kind_;
  std::source_location where_;
  std::uint64_t since_;                // loop time, ms
  block* next_handed_over_ = nullptr;  // only under loop_core's mutex
  std::uint32_t uses_ = 0;             // by operations
  std::uint16_t c_offset_;             // there are millions of some blocks: two bytes, and no pointer
  std::uint8_t holders_ = 0;
  bool awaited_ = false;
};

// What is called for every block is inline, in loop_core.hpp, which knows both.

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
