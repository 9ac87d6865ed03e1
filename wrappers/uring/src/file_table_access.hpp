#pragma once
// What comes into a table of files, and how it becomes an object.

#include <cstdint>

#include "file_table_block.hpp"

namespace gauntlet::uring::detail {

// The kernel chooses one; the other spelling, UINT32_MAX, is understood since liburing 2.4.
inline constexpr unsigned any_place = UINT32_MAX - 1;

struct file_table_access {
  /// Of a fixed_file or fixed_socket.
  template <class Fixed>
  static Fixed make(file_table_block& table, std::uint32_t place) {
    return {table, place};
  }
  static file_table own(file_table_block& table) noexcept { return file_table(table); }
  static file_table_block& use(const file_table& table, const char* operation,
                               const std::source_location& where) {
    return table.use(operation, where);
  }
};

}  // namespace gauntlet::uring::detail
