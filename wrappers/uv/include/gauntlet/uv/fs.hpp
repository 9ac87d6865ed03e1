#pragma once
/// libuv's file system: uv_fs_t. All of its operations, each in three forms.
///
/// Without a loop an operation blocks, answers its value, and throws uv::error whose subject is the path.
/// With a loop it is done elsewhere (libuv's thread pool, or io_uring where the loop's options allow it): a
/// coroutine awaits it, or `done` is called on the loop's thread with what came of it, in all cases but one,
/// the loop's silent end. The request that is answered can cancel it, and may be dropped at any time: the
/// operation owns all that it works with. Paths are copied. Results are values: nothing of libuv's is left to
/// be freed.
///
/// A request that is cancelled in time ends with operation_canceled and has done nothing, but for close.
/// Requests of one loop may overtake each other.

#include <cstdint>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "gauntlet/uv/fs_directory.hpp"
#include "gauntlet/uv/fs_file.hpp"
#include "gauntlet/uv/fs_types.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv::fs {

/// Of mkstemp().
struct temporary_file {
  fs::file file{};
  std::string path{};
};

// ---- names

/// Opens a file; one that it creates gets mode, less the umask (uv_fs_open).
file open(path_ref path, open_flags flags = open_flags::read_only,
          permissions mode = static_cast<permissions>(0666),
          std::source_location where = std::source_location::current());
request open(loop& loop, path_ref path, open_flags flags, permissions mode, on_done<file> done,
             std::source_location where = std::source_location::current());
detail::request_operation<file> open(loop& loop, path_ref path, open_flags flags = open_flags::read_only,
                                     permissions mode = static_cast<permissions>(0666),
                                     std::source_location where = std::source_location::current());
inline request open(loop& loop, path_ref path, open_flags flags, on_done<file> done,
                    std::source_location where = std::source_location::current()) {
  return open(loop, path, flags, static_cast<permissions>(0666), std::move(done), where);
}

/// Takes a name of a file away, and with the last one the file (uv_fs_unlink).
void unlink(path_ref path, std::source_location where = std::source_location::current());
request unlink(loop& loop, path_ref path, on_done<> done,
               std::source_location where = std::source_location::current());
detail::request_operation<void> unlink(loop& loop, path_ref path,
                                       std::source_location where = std::source_location::current());

/// To a new name, in place of what has it (uv_fs_rename).
void rename(path_ref from, path_ref to, std::source_location where = std::source_location::current());
request rename(loop& loop, path_ref from, path_ref to, on_done<> done,
               std::source_location where = std::source_location::current());
detail::request_operation<void> rename(loop& loop, path_ref from, path_ref to,
                                       std::source_location where = std::source_location::current());

/// Contents and permissions, in place of what is there unless the flags say otherwise (uv_fs_copyfile).
void copyfile(path_ref from, path_ref to, copy_flags flags = copy_flags::none,
              std::source_location where = std::source_location::current());
request copyfile(loop& loop, path_ref from, path_ref to, copy_flags flags, on_done<> done,
                 std::source_location where = std::source_location::current());
detail::request_operation<void> copyfile(loop& loop, path_ref from, path_ref to,
                                         copy_flags flags = copy_flags::none,
                                         std::source_location where = std::source_location::current());
inline request copyfile(loop& loop, path_ref from, path_ref to, on_done<> done,
                        std::source_location where = std::source_location::current()) {
  return copyfile(loop, from, to, copy_flags::none, std::move(done), where);
}

/// A second name for the same file (uv_fs_link).
void link(path_ref path, path_ref new_path, std::source_location where = std::source_location::current());
request link(loop& loop, path_ref path, path_ref new_path, on_done<> done,
             std::source_location where = std::source_location::current());
detail::request_operation<void> link(loop& loop, path_ref path, path_ref new_path,
                                     std::source_location where = std::source_location::current());

/// Makes new_path a link that says target, as it is (uv_fs_symlink).
void symlink(path_ref target, path_ref new_path, symlink_flags flags = symlink_flags::none,
             std::source_location where = std::source_location::current());
request symlink(loop& loop, path_ref target, path_ref new_path, symlink_flags flags, on_done<> done,
                std::source_location where = std::source_location::current());
detail::request_operation<void> symlink(loop& loop, path_ref target, path_ref new_path,
                                        symlink_flags flags = symlink_flags::none,
                                        std::source_location where = std::source_location::current());
inline request symlink(loop& loop, path_ref target, path_ref new_path, on_done<> done,
                       std::source_location where = std::source_location::current()) {
  return symlink(loop, target, new_path, symlink_flags::none, std::move(done), where);
}

/// What a symbolic link says (uv_fs_readlink).
std::string readlink(path_ref path, std::source_location where = std::source_location::current());
request readlink(loop& loop, path_ref path, on_done<std::string> done,
                 std::source_location where = std::source_location::current());
detail::request_operation<std::string> readlink(loop& loop, path_ref path,
                                                std::source_location where = std::source_location::current());

/// The absolute path without symbolic links, "." and ".." (uv_fs_realpath).
std::string realpath(path_ref path, std::source_location where = std::source_location::current());
request realpath(loop& loop, path_ref path, on_done<std::string> done,
                 std::source_location where = std::source_location::current());
detail::request_operation<std::string> realpath(loop& loop, path_ref path,
                                                std::source_location where = std::source_location::current());

// ---- what is known about a file

/// Of a file, through symbolic links (uv_fs_stat).
file_status stat(path_ref path, std::source_location where = std::source_location::current());
request stat(loop& loop, path_ref path, on_done<file_status> done,
             std::source_location where = std::source_location::current());
detail::request_operation<file_status> stat(loop& loop, path_ref path,
                                            std::source_location where = std::source_location::current());

/// Of a file, or of the symbolic link itself (uv_fs_lstat).
file_status lstat(path_ref path, std::source_location where = std::source_location::current());
request lstat(loop& loop, path_ref path, on_done<file_status> done,
              std::source_location where = std::source_location::current());
detail::request_operation<file_status> lstat(loop& loop, path_ref path,
                                             std::source_location where = std::source_location::current());

/// Of the file system that the path is on (uv_fs_statfs).
file_system_status statfs(path_ref path, std::source_location where = std::source_location::current());
request statfs(loop& loop, path_ref path, on_done<file_system_status> done,
               std::source_location where = std::source_location::current());
detail::request_operation<file_system_status> statfs(
    loop& loop, path_ref path, std::source_location where = std::source_location::current());

/// Whether the real user may do that: throws if not (uv_fs_access).
void access(path_ref path, access_mode mode = access_mode::exists,
            std::source_location where = std::source_location::current());
request access(loop& loop, path_ref path, access_mode mode, on_done<> done,
               std::source_location where = std::source_location::current());
detail::request_operation<void> access(loop& loop, path_ref path, access_mode mode = access_mode::exists,
                                       std::source_location where = std::source_location::current());
inline request access(loop& loop, path_ref path, on_done<> done,
                      std::source_location where = std::source_location::current()) {
  return access(loop, path, access_mode::exists, std::move(done), where);
}

/// uv_fs_chmod
void chmod(path_ref path, permissions mode, std::source_location where = std::source_location::current());
request chmod(loop& loop, path_ref path, permissions mode, on_done<> done,
              std::source_location where = std::source_location::current());
detail::request_operation<void> chmod(loop& loop, path_ref path, permissions mode,
                                      std::source_location where = std::source_location::current());

/// uid or gid may be `unchanged` (uv_fs_chown).
void chown(path_ref path, std::uint32_t uid, std::uint32_t gid,
           std::source_location where = std::source_location::current());
request chown(loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid, on_done<> done,
              std::source_location where = std::source_location::current());
detail::request_operation<void> chown(loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid,
                                      std::source_location where = std::source_location::current());

/// The same for a symbolic link itself (uv_fs_lchown).
void lchown(path_ref path, std::uint32_t uid, std::uint32_t gid,
            std::source_location where = std::source_location::current());
request lchown(loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid, on_done<> done,
               std::source_location where = std::source_location::current());
detail::request_operation<void> lchown(loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid,
                                       std::source_location where = std::source_location::current());

/// Sets the times, to the microsecond, rounded down (uv_fs_utime).
void utime(path_ref path, time_point atime, time_point mtime,
           std::source_location where = std::source_location::current());
request utime(loop& loop, path_ref path, time_point atime, time_point mtime, on_done<> done,
              std::source_location where = std::source_location::current());
detail::request_operation<void> utime(loop& loop, path_ref path, time_point atime, time_point mtime,
                                      std::source_location where = std::source_location::current());

/// The same for a symbolic link itself (uv_fs_lutime).
void lutime(path_ref path, time_point atime, time_point mtime,
            std::source_location where = std::source_location::current());
request lutime(loop& loop, path_ref path, time_point atime, time_point mtime, on_done<> done,
               std::source_location where = std::source_location::current());
detail::request_operation<void> lutime(loop& loop, path_ref path, time_point atime, time_point mtime,
                                       std::source_location where = std::source_location::current());

// ---- folders

/// uv_fs_mkdir
void mkdir(path_ref path, permissions mode = static_cast<permissions>(0777),
           std::source_location where = std::source_location::current());
request mkdir(loop& loop, path_ref path, permissions mode, on_done<> done,
              std::source_location where = std::source_location::current());
detail::request_operation<void> mkdir(loop& loop, path_ref path,
                                      permissions mode = static_cast<permissions>(0777),
                                      std::source_location where = std::source_location::current());
inline request mkdir(loop& loop, path_ref path, on_done<> done,
                     std::source_location where = std::source_location::current()) {
  return mkdir(loop, path, static_cast<permissions>(0777), std::move(done), where);
}

/// Of an empty folder (uv_fs_rmdir).
void rmdir(path_ref path, std::source_location where = std::source_location::current());
request rmdir(loop& loop, path_ref path, on_done<> done,
              std::source_location where = std::source_location::current());
detail::request_operation<void> rmdir(loop& loop, path_ref path,
                                      std::source_location where = std::source_location::current());

/// Makes a folder only for this user, of a name whose last six characters, XXXXXX, become others; answers its
/// path (uv_fs_mkdtemp).
std::string mkdtemp(path_ref pattern, std::source_location where = std::source_location::current());
request mkdtemp(loop& loop, path_ref pattern, on_done<std::string> done,
                std::source_location where = std::source_location::current());
detail::request_operation<std::string> mkdtemp(loop& loop, path_ref pattern,
                                               std::source_location where = std::source_location::current());

/// The same for a file, opened to read and write (uv_fs_mkstemp).
temporary_file mkstemp(path_ref pattern, std::source_location where = std::source_location::current());
request mkstemp(loop& loop, path_ref pattern, on_done<temporary_file> done,
                std::source_location where = std::source_location::current());
detail::request_operation<temporary_file> mkstemp(
    loop& loop, path_ref pattern, std::source_location where = std::source_location::current());

/// All entries of a folder by name, without "." and ".." (uv_fs_scandir, uv_fs_scandir_next).
std::vector<directory_entry> scandir(path_ref path,
                                     std::source_location where = std::source_location::current());
request scandir(loop& loop, path_ref path, on_done<std::vector<directory_entry>> done,
                std::source_location where = std::source_location::current());
detail::request_operation<std::vector<directory_entry>> scandir(
    loop& loop, path_ref path, std::source_location where = std::source_location::current());

/// A folder, to be read in portions (uv_fs_opendir).
directory opendir(path_ref path, std::source_location where = std::source_location::current());
request opendir(loop& loop, path_ref path, on_done<directory> done,
                std::source_location where = std::source_location::current());
detail::request_operation<directory> opendir(loop& loop, path_ref path,
                                             std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv::fs

#pragma GCC visibility pop
