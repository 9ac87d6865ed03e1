#pragma once
/// Files by their names: opened, made, renamed, taken away, asked for what is known of them.
///
/// Where an operation says folder_ref, paths that are not absolute begin there: in the working directory of
/// the process, if it is given the ring, or in a folder that is open. Paths and names are copied. An error's
/// subject is the path.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>

#include "gauntlet/uring/file.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

namespace detail {
struct folder_access;
}

/// Lives as long as the call it is given to.
class folder_ref {
 public:
  folder_ref(ring& working_directory) noexcept : ring_(&working_directory) {}
  folder_ref(const descriptor& folder) noexcept : folder_(&folder) {}

 private:
  friend struct detail::folder_access;
  ring* ring_ = nullptr;
  const descriptor* folder_ = nullptr;
};

/// mode: of a file that is created, less the umask (IORING_OP_OPENAT).
detail::ring_operation<file, detail::kept_path> open(
    const folder_ref& from, path_ref path, open_flags flags,
    permissions mode = static_cast<permissions>(0666),
    std::source_location where = std::source_location::current());
/// With rules for the way to it (IORING_OP_OPENAT2).
detail::ring_operation<file, detail::kept_open> open(
    const folder_ref& from, path_ref path, const open_how& how,
    std::source_location where = std::source_location::current());

/// Takes a name of a file away, and with the last one the file (IORING_OP_UNLINKAT).
detail::ring_operation<void, detail::kept_path> unlink(
    const folder_ref& from, path_ref path, std::source_location where = std::source_location::current());
/// Of an empty folder (IORING_OP_UNLINKAT).
detail::ring_operation<void, detail::kept_path> rmdir(
    const folder_ref& from, path_ref path, std::source_location where = std::source_location::current());

/// (IORING_OP_RENAMEAT)
detail::ring_operation<void, detail::kept_paths> rename(
    const folder_ref& from, path_ref path, const folder_ref& new_from, path_ref new_path,
    rename_flags flags = rename_flags::replace, std::source_location where = std::source_location::current());
inline detail::ring_operation<void, detail::kept_paths> rename(
    const folder_ref& from, path_ref path, path_ref new_path, rename_flags flags = rename_flags::replace,
    std::source_location where = std::source_location::current()) {
  return rename(from, path, from, new_path, flags, where);
}

/// (IORING_OP_MKDIRAT)
detail::ring_operation<void, detail::kept_path> mkdir(
    const folder_ref& from, path_ref path, permissions mode = static_cast<permissions>(0777),
    std::source_location where = std::source_location::current());

/// Makes new_path, below from, a link that says target, as it is (IORING_OP_SYMLINKAT).
detail::ring_operation<void, detail::kept_paths> symlink(
    path_ref target, const folder_ref& from, path_ref new_path,
    std::source_location where = std::source_location::current());

/// A second name for the same file; of a symbolic link, for itself unless followed says otherwise
/// (IORING_OP_LINKAT).
detail::ring_operation<void, detail::kept_paths> linkat(
    const folder_ref& from, path_ref path, const folder_ref& new_from, path_ref new_path,
    follow followed = follow::no, std::source_location where = std::source_location::current());
inline detail::ring_operation<void, detail::kept_paths> linkat(
    const folder_ref& from, path_ref path, path_ref new_path, follow followed = follow::no,
    std::source_location where = std::source_location::current()) {
  return linkat(from, path, from, new_path, followed, where);
}

/// What is known of a file (IORING_OP_STATX).
detail::ring_operation<file_status, detail::kept_status> statx(
    const folder_ref& from, path_ref path, const status_options& options = {},
    std::source_location where = std::source_location::current());
/// Of one that is open (IORING_OP_STATX, AT_EMPTY_PATH).
detail::ring_operation<file_status, detail::kept_status> statx(
    const descriptor& of, const status_options& options = {},
    std::source_location where = std::source_location::current());

/// Answers the size of the attribute's value; of an empty span, the size that is needed. Relative paths begin
/// in the working directory (IORING_OP_GETXATTR).
detail::ring_operation<std::size_t, detail::kept_attribute> getxattr(
    ring& on, path_ref path, std::string_view name, std::span<std::byte> into,
    std::source_location where = std::source_location::current());
/// (IORING_OP_SETXATTR)
detail::ring_operation<void, detail::kept_attribute> setxattr(
    ring& on, path_ref path, std::string_view name, std::span<const std::byte> value,
    xattr_mode mode = xattr_mode::set, std::source_location where = std::source_location::current());

/// Says how memory will be used; what it does to its contents, it does whenever it runs (IORING_OP_MADVISE).
/// memory begins with a page. 4 GiB and more need liburing 2.7.
detail::ring_operation<void> madvise(ring& on, std::span<std::byte> memory, memory_advice advice,
                                     std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
