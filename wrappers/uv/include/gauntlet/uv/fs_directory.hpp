#pragma once
/// An open folder, read in portions: uv_dir_t.

#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

#include "gauntlet/uv/fs_types.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/request.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

namespace detail {
class directory_state;
struct fs_access;
}  // namespace detail

namespace fs {

/// Made by opendir(). Destroying it closes the folder, here and now, unless a read is in flight: then at its
/// end. One read at a time: a second one, and close(), are misuse while one is in flight.
class directory {
 public:
  /// Not open.
  directory() noexcept = default;
  /// False after close() and being moved from: operations are misuse then.
  bool is_open() const noexcept { return state_ != nullptr; }

  /// The next entries, at most so many (1 or more), in the system's order, without "." and ".."; none at the
  /// end (uv_fs_readdir).
  std::vector<directory_entry> readdir(std::size_t most,
                                       std::source_location where = std::source_location::current());
  request readdir(loop& loop, std::size_t most, on_done<std::vector<directory_entry>> done,
                  std::source_location where = std::source_location::current());
  detail::request_operation<std::vector<directory_entry>> readdir(
      loop& loop, std::size_t most, std::source_location where = std::source_location::current());

  /// uv_fs_closedir
  void close(std::source_location where = std::source_location::current());
  request close(loop& loop, on_done<> done, std::source_location where = std::source_location::current());
  detail::request_operation<void> close(loop& loop,
                                        std::source_location where = std::source_location::current());

 private:
  friend struct detail::fs_access;
  explicit directory(std::shared_ptr<detail::directory_state> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<detail::directory_state> state_;
};

}  // namespace fs
}  // namespace gauntlet::uv

#pragma GCC visibility pop
