#pragma once
/// What file operations take and answer.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/callback.hpp"
#include "gauntlet/file_types.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uv/completion.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv::fs {

using gauntlet::file_type;
using gauntlet::native_flags;
using gauntlet::open_flags;
using gauntlet::path_ref;
using gauntlet::permissions;
using time_point = gauntlet::file_time;

/// What is asked of access(2).
enum class access_mode { exists = 0, execute = 1, write = 2, read = 4 };
constexpr access_mode operator|(access_mode left, access_mode right) noexcept {
  return static_cast<access_mode>(static_cast<int>(left) | static_cast<int>(right));
}

enum class copy_flags {
  none = 0,
  exclusive = 1,      ///< the destination must not be there (UV_FS_COPYFILE_EXCL)
  ficlone = 2,        ///< share the blocks where the file system can, else copy (UV_FS_COPYFILE_FICLONE)
  ficlone_force = 4,  ///< share the blocks, or fail (UV_FS_COPYFILE_FICLONE_FORCE)
};
constexpr copy_flags operator|(copy_flags left, copy_flags right) noexcept {
  return static_cast<copy_flags>(static_cast<int>(left) | static_cast<int>(right));
}

/// Only Windows makes a difference.
enum class symlink_flags { none = 0, dir = 1, junction = 2 };

/// Of chown: that one stays as it is.
inline constexpr std::uint32_t unchanged = 0xFFFFFFFF;

/// Where a read or write begins: where the last one of this open file ended.
inline constexpr std::int64_t current_position = -1;

/// uv_stat_t
struct file_status {
  file_type type = file_type::unknown;
  permissions mode = permissions::none;
  std::uint64_t dev = 0;   ///< the device it is on
  std::uint64_t ino = 0;   ///< its number there
  std::uint64_t rdev = 0;  ///< of a device: which one it is
  std::uint64_t nlink = 0;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;     ///< bytes
  std::uint64_t blksize = 0;  ///< bytes that are best read at once
  std::uint64_t blocks = 0;   ///< of 512 bytes, taken on the device
  std::uint64_t flags = 0;    ///< always 0 on Linux
  std::uint64_t gen = 0;      ///< always 0 on Linux
  time_point atime{};         ///< last read
  time_point mtime{};         ///< contents last changed
  time_point ctime{};         ///< status last changed
  time_point birthtime{};     ///< made; the epoch where the file system does not know

  friend bool operator==(const file_status&, const file_status&) = default;
};

/// uv_dirent_t
struct directory_entry {
  std::string name{};  ///< without the folder's
  file_type type = file_type::unknown;

  friend bool operator==(const directory_entry&, const directory_entry&) = default;
};

/// uv_statfs_t
struct file_system_status {
  std::uint64_t type = 0;   ///< the system's number of the kind of file system
  std::uint64_t bsize = 0;  ///< bytes in a block
  std::uint64_t blocks = 0;
  std::uint64_t bfree = 0;
  std::uint64_t bavail = 0;  ///< of those, for who is not root
  std::uint64_t files = 0;   ///< inodes
  std::uint64_t ffree = 0;

  friend bool operator==(const file_system_status&, const file_system_status&) = default;
};

/// The buffer of a read, back again.
struct read_result {
  owned_buffer buffer{};
  std::size_t size = 0;  ///< bytes that were read, from the buffer's beginning; 0: the end of the file

  /// What was read; the rest of the buffer may never have been written.
  std::span<const std::byte> bytes() const noexcept {
    return buffer.bytes().first(std::min(size, buffer.size()));
  }
};

/// The buffers of a read into several, back again.
struct vectored_read_result {
  std::vector<owned_buffer> buffers{};
  std::size_t size = 0;  ///< bytes that were read into all of them, one after the other

  /// What was read into one of them.
  std::span<const std::byte> bytes(std::size_t index) const {
    std::size_t left = size;
    for (std::size_t i = 0; i < index; ++i) left -= std::min(left, buffers.at(i).size());
    const std::span<const std::byte> all = buffers.at(index).bytes();
    return all.first(std::min(left, all.size()));
  }
};

/// The buffer of a write, back again.
struct write_result {
  owned_buffer buffer{};
  std::size_t size = 0;  ///< bytes that were written; fewer than the buffer's where the disk was full
};

/// The buffers of a write of several, back again.
struct vectored_write_result {
  std::vector<owned_buffer> buffers{};
  std::size_t size = 0;  ///< bytes that were written of all of them
};

/// What an operation calls on the loop's thread when it has ended: any completion_callback<T>, or nothing, in
/// which case a failure comes out of run().
template <class T = void>
class on_done {
 public:
  on_done() : on_done(no_callback()) {}
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, on_done> && completion_callback<std::decay_t<F>, T>)
  on_done(F&& done) : done_(detail::completion<T>(std::forward<F>(done))) {}

  callback<void(outcome<T>)> take() && noexcept { return std::move(done_); }

 private:
  callback<void(outcome<T>)> done_;
};

}  // namespace gauntlet::uv::fs

namespace gauntlet::uv::detail {

/// A completion_callback<T>, called as it wants to be, with no wrapper between that would have to be
/// allocated.
template <class T, class F>
void tell(F& done, outcome<T>&& ended) {
  if constexpr (std::is_invocable_v<F&, outcome<T>>) {
    done(std::move(ended));
  } else if (succeeded(ended)) {
    if constexpr (takes_value<F, T>::value)
      done(std::move(ended).value());
    else
      done();
  }
}

using transfer_callback = callback<void(outcome<std::size_t>, std::span<owned_buffer>)>;

inline void hand_back(std::span<owned_buffer> from, owned_buffer& to) { to = std::move(from.front()); }
inline void hand_back(std::span<owned_buffer> from, std::vector<owned_buffer>& to) {
  to.reserve(from.size());
  for (owned_buffer& buffer : from) to.push_back(std::move(buffer));
}

}  // namespace gauntlet::uv::detail

namespace gauntlet::uv::fs {

/// What a read or write calls when it has ended: any completion_callback<Result>; or one that takes
/// (outcome<std::size_t>, Buffers), which has the buffers back after a failure, too.
template <class Result, class Buffers>
class on_transfer {
 public:
  on_transfer() : on_transfer(no_callback()) {}
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, on_transfer> &&
             (completion_callback<std::decay_t<F>, Result> ||
              std::is_invocable_v<std::decay_t<F>&, outcome<std::size_t>, Buffers>))
  on_transfer(F&& done)
      : done_([f = std::decay_t<F>(std::forward<F>(done))](outcome<std::size_t> ended,
                                                           std::span<owned_buffer> back) mutable {
          Buffers buffers;
          detail::hand_back(back, buffers);
          if constexpr (std::is_invocable_v<std::decay_t<F>&, outcome<std::size_t>, Buffers>)
            f(std::move(ended), std::move(buffers));
          else if (const error* const failure = ended.error())
            detail::tell<Result>(f, outcome<Result>(*failure));
          else
            detail::tell<Result>(f, outcome<Result>(Result{std::move(buffers), ended.value()}));
        }) {}

  detail::transfer_callback take() && noexcept { return std::move(done_); }

 private:
  detail::transfer_callback done_;
};

using on_read = on_transfer<read_result, owned_buffer>;
using on_vectored_read = on_transfer<vectored_read_result, std::vector<owned_buffer>>;
using on_write = on_transfer<write_result, owned_buffer>;
using on_vectored_write = on_transfer<vectored_write_result, std::vector<owned_buffer>>;

}  // namespace gauntlet::uv::fs

#pragma GCC visibility pop
