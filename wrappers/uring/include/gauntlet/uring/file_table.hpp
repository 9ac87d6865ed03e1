#pragma once
/// Files that the kernel knows by their place in a table of the ring's: it need not look them up for each
/// operation, and they take no number of the process's.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include "gauntlet/uring/file.hpp"
#include "gauntlet/uring/names.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

namespace detail {
struct file_table_access;
}

/// An open file in a file_table, which it keeps. It has no descriptor of the system's: what wants one does
/// not take it.
class fixed_file : public detail::file_operations<fixed_descriptor> {
 public:
  /// The same open file with a descriptor of the system's (IORING_OP_FIXED_FD_INSTALL: liburing 2.6, Linux
  /// 6.8).
  detail::ring_operation<file> install(std::source_location where = std::source_location::current());

 private:
  friend struct detail::file_table_access;
  using file_operations::file_operations;
};

namespace detail {

/// Keeps the table until there is a file in it.
class file_table_use {
 public:
  explicit file_table_use(file_table_block& used) noexcept;
  file_table_use(file_table_use&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  file_table_use& operator=(file_table_use&& other) noexcept {
    std::swap(used_, other.used_);
    return *this;
  }
  ~file_table_use();
  file_table_block* get() const noexcept { return used_; }

 private:
  file_table_block* used_;
};

struct kept_direct_open : kept_open {
  file_table_use table;
};

/// The array that IORING_OP_FILES_UPDATE reads, and where it says which place it took.
struct kept_update {
  file_table_use table;
  descriptor_use file;
  int number = -1;
  void bind(operands& into) const noexcept { into.address = &number; }
  std::string subject() const;
  bool works_on(const descriptor_block& asked) const noexcept { return file.get() == &asked; }
  void ended() noexcept { file.reset(); }
};

}  // namespace detail

/// A ring has one at a time. It stays registered until this, the last of its files, and what adds one have
/// gone; after that there may be another.
class file_table {
 public:
  /// Room for so many (io_uring_register_files_sparse).
  file_table(ring& on, std::uint32_t places, std::source_location where = std::source_location::current());
  file_table(file_table&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  file_table& operator=(file_table&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~file_table();

  std::uint32_t size(std::source_location where = std::source_location::current()) const;
  /// What chooses a place itself chooses among these (io_uring_register_file_alloc_range).
  void alloc_range(std::uint32_t first, std::uint32_t count,
                   std::source_location where = std::source_location::current());

  /// The same open file in a place that the kernel chooses; the descriptor may be closed afterwards
  /// (IORING_OP_FILES_UPDATE). With none left: an error, too_many_files_open_in_system.
  detail::ring_operation<fixed_file, detail::kept_update> add(
      const descriptor& added, std::source_location where = std::source_location::current());
  /// The same for many at once, without waiting, in places one after the other, which must be free
  /// (io_uring_register_files_update).
  std::vector<fixed_file> update(std::uint32_t first, std::span<const descriptor* const> added,
                                 std::source_location where = std::source_location::current());

  /// Opens into a place that the kernel chooses (IORING_OP_OPENAT2).
  detail::ring_operation<fixed_file, detail::kept_direct_open> open(
      const folder_ref& from, path_ref path, const open_how& how,
      std::source_location where = std::source_location::current());
  detail::ring_operation<fixed_file, detail::kept_direct_open> open(
      const folder_ref& from, path_ref path, open_flags flags,
      permissions mode = static_cast<permissions>(0666),
      std::source_location where = std::source_location::current()) {
    return open(from, path, open_how{.flags = flags, .mode = mode}, where);
  }

 private:
  friend struct detail::file_table_access;
  explicit file_table(detail::file_table_block& block) noexcept : block_(&block) {}
  detail::file_table_block& use(const char* operation, const std::source_location& where) const;

  detail::file_table_block* block_;
};

/// A table of just these, which lives as long as they do (io_uring_register_files).
std::vector<fixed_file> register_files(ring& on, std::span<const descriptor* const> files,
                                       std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
