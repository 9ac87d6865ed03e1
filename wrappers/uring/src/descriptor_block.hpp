#pragma once
// A descriptor, held by its owner and by each operation on it. Its number is closed when the last lets go: a
// submission that the kernel has not looked at yet names it by number only, and that must not be another
// file's by then. One of a table (file_table_block) is a place there, and keeps the table.

#include <cstdint>
#include <string>

#include "gauntlet/uring/descriptor.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

class file_table_block;

/// "descriptor 7"
inline std::string name_of(int number, bool is_fixed) {
  return (is_fixed ? "fixed file " : "descriptor ") + std::to_string(number);
}

class descriptor_block {
 public:
  descriptor_block(ring_core& ring, int number) noexcept : ring_(ring), number_(number) {}
  descriptor_block(file_table_block& table, std::uint32_t place) noexcept;
  descriptor_block(const descriptor_block&) = delete;
  descriptor_block& operator=(const descriptor_block&) = delete;

  ring_core& ring() const noexcept { return *ring_; }
  /// The system's, or the place in the table.
  int number() const noexcept { return number_; }
  /// nullptr: it is the system's.
  file_table_block* table() const noexcept { return table_; }
  std::string name() const { return name_of(number_, table_ != nullptr); }
  bool closing() const noexcept { return closing_; }
  bool in_flight() const noexcept { return uses_ > 1; }  // the owner is one
  /// Than the owner's, and those of who closes it.
  std::uint32_t other_uses() const noexcept { return uses_ - 2; }

  /// Nothing is started on it any more, and what is in flight is cancelled.
  void begin_closing() noexcept;
  /// Closes it, now or when nobody else uses it. One that is there already is left to close it.
  void close_when_unused(close_operation& closer) noexcept;
  void owner_gone() noexcept;
  /// The number is somebody else's to close.
  int release() noexcept;

  void add_use() noexcept { ++uses_; }
  void remove_use() noexcept {
    --uses_;
    if (uses_ == 0 || closer_ != nullptr) [[unlikely]]
      use_removed();
  }

  /// Keeps its memory only, not its number.
  void add_reference() noexcept { ++references_; }
  void remove_reference() noexcept;

 private:
  ~descriptor_block();
  void use_removed() noexcept;
  void close_number() noexcept;

  ring_use ring_;
  int number_;
  file_table_block* table_ = nullptr;
  std::uint32_t uses_ = 1;
  std::uint32_t references_ = 1;  // all uses are one
  bool closing_ = false;
  close_operation* closer_ = nullptr;
};

// What each operation on a descriptor begins with: inline, so that operands are written once, to where they
// stay; and used, as templates of public headers call them, too.
[[gnu::used]] inline descriptor_use::descriptor_use(descriptor_block& used) noexcept : used_(&used) {
  used.add_use();
}
[[gnu::used]] inline void descriptor_use::let_go() noexcept { std::exchange(used_, nullptr)->remove_use(); }
[[gnu::used]] inline submitted::submitted(descriptor_block& on, const opcode& code, const operands& with,
                                          std::source_location where) noexcept
    : operation(code.kind, where),
      ring_(on.ring()),
      descriptor_(on),
      opcode_(&code),
      operands_(with),
      special_(special_of(code, with)) {
  operands_.fd = on.number();
  flags_ = on.table() != nullptr ? fixed_file : std::uint8_t{0};
}

[[noreturn, gnu::cold]] void refuse_descriptor(const char* advice, const char* operation,
                                               const std::source_location& where);

/// Knows a descriptor as long as it likes, and lets it be closed meanwhile.
class descriptor_reference {
 public:
  explicit descriptor_reference(descriptor_block& known) noexcept : known_(&known) { known.add_reference(); }
  descriptor_reference(const descriptor_reference&) = delete;
  descriptor_reference& operator=(const descriptor_reference&) = delete;
  ~descriptor_reference() { known_->remove_reference(); }
  descriptor_block* operator->() const noexcept { return known_; }
  descriptor_block& operator*() const noexcept { return *known_; }

 private:
  descriptor_block* known_;
};

/// What functions that are no member's see of a descriptor.
struct descriptor_access {
  static descriptor_block& use(const any_descriptor& of, const char* operation,
                               const std::source_location& where) {
    return of.use(operation, where);
  }
};

}  // namespace gauntlet::uring::detail

namespace gauntlet::uring {

[[gnu::used]] inline detail::descriptor_block& any_descriptor::use(const char* operation,
                                                                   const std::source_location& where) const {
  if (block_ == nullptr) [[unlikely]]
    detail::refuse_descriptor("it was moved from: use the one it was moved to", operation, where);
  block_->ring().require_open(operation, where);
  if (block_->closing()) [[unlikely]]
    detail::refuse_descriptor("it is closed: open another one", operation, where);
  return *block_;
}

}  // namespace gauntlet::uring
