#include "gauntlet/uv/fs.hpp"

#include "fs_request.hpp"

// Each operation is described once, by name_of(arguments); the two public forms of it do that now, or queue
// it.

namespace gauntlet::uv {
namespace detail {
namespace {

/// Of one that opens something, in which what it opens has its place before it begins.
fs_operands with_file(fs_operands on) {
  on.file = descriptor_use(std::make_shared<descriptor>(on.path));
  return on;
}
fs_operands with_directory(fs_operands on) {
  on.directory = std::make_shared<directory_state>(on.path);
  return on;
}

auto open_of(fs::path_ref path, fs::open_flags flags, fs::permissions mode,
             const std::source_location& where) {
  constexpr fs_name name{"fs_open", "fs::open"};
  const int native = to_native(flags, name.operation, where);
  return operation<fs::file>(
      name, with_file(one_path(path, name, where)),
      [native, mode](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
        return uv_fs_open(loop, request, on.path.c_str(), native, to_native(mode), done);
      });
}

auto mkstemp_of(fs::path_ref pattern, const std::source_location& where) {
  constexpr fs_name name{"fs_mkstemp", "fs::mkstemp"};
  return operation<fs::temporary_file>(name, with_file(one_path(pattern, name, where)),
                                       [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                         return uv_fs_mkstemp(loop, request, on.path.c_str(), done);
                                       });
}

auto opendir_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_opendir", "fs::opendir"};
  return operation<fs::directory>(name, with_directory(one_path(path, name, where)),
                                  [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                    return uv_fs_opendir(loop, request, on.path.c_str(), done);
                                  });
}

auto unlink_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_unlink", "fs::unlink"};
  return operation<void>(name, one_path(path, name, where),
                         [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_unlink(loop, request, on.path.c_str(), done);
                         });
}

auto rename_of(fs::path_ref from, fs::path_ref to, const std::source_location& where) {
  constexpr fs_name name{"fs_rename", "fs::rename"};
  return operation<void>(name, two_paths(from, to, name, where),
                         [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_rename(loop, request, on.path.c_str(), on.second.c_str(), done);
                         });
}

auto copyfile_of(fs::path_ref from, fs::path_ref to, fs::copy_flags flags,
                 const std::source_location& where) {
  constexpr fs_name name{"fs_copyfile", "fs::copyfile"};
  return operation<void>(name, two_paths(from, to, name, where),
                         [flags](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_copyfile(loop, request, on.path.c_str(), on.second.c_str(),
                                                 static_cast<int>(flags), done);
                         });
}

auto link_of(fs::path_ref path, fs::path_ref new_path, const std::source_location& where) {
  constexpr fs_name name{"fs_link", "fs::link"};
  return operation<void>(name, two_paths(path, new_path, name, where),
                         [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_link(loop, request, on.path.c_str(), on.second.c_str(), done);
                         });
}

auto symlink_of(fs::path_ref target, fs::path_ref new_path, fs::symlink_flags flags,
                const std::source_location& where) {
  constexpr fs_name name{"fs_symlink", "fs::symlink"};
  return operation<void>(name, two_paths(target, new_path, name, where),
                         [flags](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_symlink(loop, request, on.path.c_str(), on.second.c_str(),
                                                static_cast<int>(flags), done);
                         });
}

auto readlink_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_readlink", "fs::readlink"};
  return operation<std::string>(name, one_path(path, name, where),
                                [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                  return uv_fs_readlink(loop, request, on.path.c_str(), done);
                                });
}

auto realpath_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_realpath", "fs::realpath"};
  return operation<std::string>(name, one_path(path, name, where),
                                [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                  return uv_fs_realpath(loop, request, on.path.c_str(), done);
                                });
}

auto stat_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_stat", "fs::stat"};
  return operation<fs::file_status>(name, one_path(path, name, where),
                                    [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                      return uv_fs_stat(loop, request, on.path.c_str(), done);
                                    });
}

auto lstat_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_lstat", "fs::lstat"};
  return operation<fs::file_status>(name, one_path(path, name, where),
                                    [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                      return uv_fs_lstat(loop, request, on.path.c_str(), done);
                                    });
}

auto statfs_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_statfs", "fs::statfs"};
  return operation<fs::file_system_status>(
      name, one_path(path, name, where),
      [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
        return uv_fs_statfs(loop, request, on.path.c_str(), done);
      });
}

auto access_of(fs::path_ref path, fs::access_mode mode, const std::source_location& where) {
  constexpr fs_name name{"fs_access", "fs::access"};
  return operation<void>(name, one_path(path, name, where),
                         [mode](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_access(loop, request, on.path.c_str(), static_cast<int>(mode), done);
                         });
}

auto chmod_of(fs::path_ref path, fs::permissions mode, const std::source_location& where) {
  constexpr fs_name name{"fs_chmod", "fs::chmod"};
  return operation<void>(name, one_path(path, name, where),
                         [mode](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_chmod(loop, request, on.path.c_str(), to_native(mode), done);
                         });
}

auto chown_of(fs::path_ref path, std::uint32_t uid, std::uint32_t gid, const std::source_location& where) {
  constexpr fs_name name{"fs_chown", "fs::chown"};
  return operation<void>(name, one_path(path, name, where),
                         [uid, gid](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_chown(loop, request, on.path.c_str(), uid, gid, done);
                         });
}

auto lchown_of(fs::path_ref path, std::uint32_t uid, std::uint32_t gid, const std::source_location& where) {
  constexpr fs_name name{"fs_lchown", "fs::lchown"};
  return operation<void>(name, one_path(path, name, where),
                         [uid, gid](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_lchown(loop, request, on.path.c_str(), uid, gid, done);
                         });
}

auto utime_of(fs::path_ref path, fs::time_point atime, fs::time_point mtime,
              const std::source_location& where) {
  constexpr fs_name name{"fs_utime", "fs::utime"};
  return operation<void>(name, one_path(path, name, where),
                         [atime, mtime](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_utime(loop, request, on.path.c_str(), to_seconds(atime),
                                              to_seconds(mtime), done);
                         });
}

auto lutime_of(fs::path_ref path, fs::time_point atime, fs::time_point mtime,
               const std::source_location& where) {
  constexpr fs_name name{"fs_lutime", "fs::lutime"};
  return operation<void>(name, one_path(path, name, where),
                         [atime, mtime](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_lutime(loop, request, on.path.c_str(), to_seconds(atime),
                                               to_seconds(mtime), done);
                         });
}

auto mkdir_of(fs::path_ref path, fs::permissions mode, const std::source_location& where) {
  constexpr fs_name name{"fs_mkdir", "fs::mkdir"};
  return operation<void>(name, one_path(path, name, where),
                         [mode](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_mkdir(loop, request, on.path.c_str(), to_native(mode), done);
                         });
}

auto rmdir_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_rmdir", "fs::rmdir"};
  return operation<void>(name, one_path(path, name, where),
                         [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                           return uv_fs_rmdir(loop, request, on.path.c_str(), done);
                         });
}

auto mkdtemp_of(fs::path_ref pattern, const std::source_location& where) {
  constexpr fs_name name{"fs_mkdtemp", "fs::mkdtemp"};
  return operation<std::string>(name, one_path(pattern, name, where),
                                [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                  return uv_fs_mkdtemp(loop, request, on.path.c_str(), done);
                                });
}

auto scandir_of(fs::path_ref path, const std::source_location& where) {
  constexpr fs_name name{"fs_scandir", "fs::scandir"};
  return operation<std::vector<fs::directory_entry>>(
      name, one_path(path, name, where),
      [](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
        return uv_fs_scandir(loop, request, on.path.c_str(), 0, done);
      });
}

}  // namespace
}  // namespace detail

namespace fs {

file open(path_ref path, open_flags flags, permissions mode, std::source_location where) {
  return detail::open_of(path, flags, mode, where).now(where);
}
request open(uv::loop& loop, path_ref path, open_flags flags, permissions mode, on_done<file> done,
             std::source_location where) {
  return detail::open_of(path, flags, mode, where).queue(loop, std::move(done), where);
}
detail::request_operation<file> open(uv::loop& loop, path_ref path, open_flags flags, permissions mode,
                                     std::source_location where) {
  return detail::open_of(path, flags, mode, where).await(loop, where);
}

void unlink(path_ref path, std::source_location where) { return detail::unlink_of(path, where).now(where); }
request unlink(uv::loop& loop, path_ref path, on_done<> done, std::source_location where) {
  return detail::unlink_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> unlink(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::unlink_of(path, where).await(loop, where);
}

void rename(path_ref from, path_ref to, std::source_location where) {
  return detail::rename_of(from, to, where).now(where);
}
request rename(uv::loop& loop, path_ref from, path_ref to, on_done<> done, std::source_location where) {
  return detail::rename_of(from, to, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> rename(uv::loop& loop, path_ref from, path_ref to,
                                       std::source_location where) {
  return detail::rename_of(from, to, where).await(loop, where);
}

void copyfile(path_ref from, path_ref to, copy_flags flags, std::source_location where) {
  return detail::copyfile_of(from, to, flags, where).now(where);
}
request copyfile(uv::loop& loop, path_ref from, path_ref to, copy_flags flags, on_done<> done,
                 std::source_location where) {
  return detail::copyfile_of(from, to, flags, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> copyfile(uv::loop& loop, path_ref from, path_ref to, copy_flags flags,
                                         std::source_location where) {
  return detail::copyfile_of(from, to, flags, where).await(loop, where);
}

void link(path_ref path, path_ref new_path, std::source_location where) {
  return detail::link_of(path, new_path, where).now(where);
}
request link(uv::loop& loop, path_ref path, path_ref new_path, on_done<> done, std::source_location where) {
  return detail::link_of(path, new_path, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> link(uv::loop& loop, path_ref path, path_ref new_path,
                                     std::source_location where) {
  return detail::link_of(path, new_path, where).await(loop, where);
}

void symlink(path_ref target, path_ref new_path, symlink_flags flags, std::source_location where) {
  return detail::symlink_of(target, new_path, flags, where).now(where);
}
request symlink(uv::loop& loop, path_ref target, path_ref new_path, symlink_flags flags, on_done<> done,
                std::source_location where) {
  return detail::symlink_of(target, new_path, flags, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> symlink(uv::loop& loop, path_ref target, path_ref new_path,
                                        symlink_flags flags, std::source_location where) {
  return detail::symlink_of(target, new_path, flags, where).await(loop, where);
}

std::string readlink(path_ref path, std::source_location where) {
  return detail::readlink_of(path, where).now(where);
}
request readlink(uv::loop& loop, path_ref path, on_done<std::string> done, std::source_location where) {
  return detail::readlink_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<std::string> readlink(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::readlink_of(path, where).await(loop, where);
}

std::string realpath(path_ref path, std::source_location where) {
  return detail::realpath_of(path, where).now(where);
}
request realpath(uv::loop& loop, path_ref path, on_done<std::string> done, std::source_location where) {
  return detail::realpath_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<std::string> realpath(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::realpath_of(path, where).await(loop, where);
}

file_status stat(path_ref path, std::source_location where) {
  return detail::stat_of(path, where).now(where);
}
request stat(uv::loop& loop, path_ref path, on_done<file_status> done, std::source_location where) {
  return detail::stat_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<file_status> stat(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::stat_of(path, where).await(loop, where);
}

file_status lstat(path_ref path, std::source_location where) {
  return detail::lstat_of(path, where).now(where);
}
request lstat(uv::loop& loop, path_ref path, on_done<file_status> done, std::source_location where) {
  return detail::lstat_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<file_status> lstat(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::lstat_of(path, where).await(loop, where);
}

file_system_status statfs(path_ref path, std::source_location where) {
  return detail::statfs_of(path, where).now(where);
}
request statfs(uv::loop& loop, path_ref path, on_done<file_system_status> done, std::source_location where) {
  return detail::statfs_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<file_system_status> statfs(uv::loop& loop, path_ref path,
                                                     std::source_location where) {
  return detail::statfs_of(path, where).await(loop, where);
}

void access(path_ref path, access_mode mode, std::source_location where) {
  return detail::access_of(path, mode, where).now(where);
}
request access(uv::loop& loop, path_ref path, access_mode mode, on_done<> done, std::source_location where) {
  return detail::access_of(path, mode, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> access(uv::loop& loop, path_ref path, access_mode mode,
                                       std::source_location where) {
  return detail::access_of(path, mode, where).await(loop, where);
}

void chmod(path_ref path, permissions mode, std::source_location where) {
  return detail::chmod_of(path, mode, where).now(where);
}
request chmod(uv::loop& loop, path_ref path, permissions mode, on_done<> done, std::source_location where) {
  return detail::chmod_of(path, mode, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> chmod(uv::loop& loop, path_ref path, permissions mode,
                                      std::source_location where) {
  return detail::chmod_of(path, mode, where).await(loop, where);
}

void chown(path_ref path, std::uint32_t uid, std::uint32_t gid, std::source_location where) {
  return detail::chown_of(path, uid, gid, where).now(where);
}
request chown(uv::loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid, on_done<> done,
              std::source_location where) {
  return detail::chown_of(path, uid, gid, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> chown(uv::loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid,
                                      std::source_location where) {
  return detail::chown_of(path, uid, gid, where).await(loop, where);
}

void lchown(path_ref path, std::uint32_t uid, std::uint32_t gid, std::source_location where) {
  return detail::lchown_of(path, uid, gid, where).now(where);
}
request lchown(uv::loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid, on_done<> done,
               std::source_location where) {
  return detail::lchown_of(path, uid, gid, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> lchown(uv::loop& loop, path_ref path, std::uint32_t uid, std::uint32_t gid,
                                       std::source_location where) {
  return detail::lchown_of(path, uid, gid, where).await(loop, where);
}

void utime(path_ref path, time_point atime, time_point mtime, std::source_location where) {
  return detail::utime_of(path, atime, mtime, where).now(where);
}
request utime(uv::loop& loop, path_ref path, time_point atime, time_point mtime, on_done<> done,
              std::source_location where) {
  return detail::utime_of(path, atime, mtime, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> utime(uv::loop& loop, path_ref path, time_point atime, time_point mtime,
                                      std::source_location where) {
  return detail::utime_of(path, atime, mtime, where).await(loop, where);
}

void lutime(path_ref path, time_point atime, time_point mtime, std::source_location where) {
  return detail::lutime_of(path, atime, mtime, where).now(where);
}
request lutime(uv::loop& loop, path_ref path, time_point atime, time_point mtime, on_done<> done,
               std::source_location where) {
  return detail::lutime_of(path, atime, mtime, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> lutime(uv::loop& loop, path_ref path, time_point atime, time_point mtime,
                                       std::source_location where) {
  return detail::lutime_of(path, atime, mtime, where).await(loop, where);
}

void mkdir(path_ref path, permissions mode, std::source_location where) {
  return detail::mkdir_of(path, mode, where).now(where);
}
request mkdir(uv::loop& loop, path_ref path, permissions mode, on_done<> done, std::source_location where) {
  return detail::mkdir_of(path, mode, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> mkdir(uv::loop& loop, path_ref path, permissions mode,
                                      std::source_location where) {
  return detail::mkdir_of(path, mode, where).await(loop, where);
}

void rmdir(path_ref path, std::source_location where) { return detail::rmdir_of(path, where).now(where); }
request rmdir(uv::loop& loop, path_ref path, on_done<> done, std::source_location where) {
  return detail::rmdir_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> rmdir(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::rmdir_of(path, where).await(loop, where);
}

std::string mkdtemp(path_ref pattern, std::source_location where) {
  return detail::mkdtemp_of(pattern, where).now(where);
}
request mkdtemp(uv::loop& loop, path_ref pattern, on_done<std::string> done, std::source_location where) {
  return detail::mkdtemp_of(pattern, where).queue(loop, std::move(done), where);
}
detail::request_operation<std::string> mkdtemp(uv::loop& loop, path_ref pattern, std::source_location where) {
  return detail::mkdtemp_of(pattern, where).await(loop, where);
}

std::vector<directory_entry> scandir(path_ref path, std::source_location where) {
  return detail::scandir_of(path, where).now(where);
}
request scandir(uv::loop& loop, path_ref path, on_done<std::vector<directory_entry>> done,
                std::source_location where) {
  return detail::scandir_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<std::vector<directory_entry>> scandir(uv::loop& loop, path_ref path,
                                                                std::source_location where) {
  return detail::scandir_of(path, where).await(loop, where);
}

temporary_file mkstemp(path_ref pattern, std::source_location where) {
  return detail::mkstemp_of(pattern, where).now(where);
}
request mkstemp(uv::loop& loop, path_ref pattern, on_done<temporary_file> done, std::source_location where) {
  return detail::mkstemp_of(pattern, where).queue(loop, std::move(done), where);
}
detail::request_operation<temporary_file> mkstemp(uv::loop& loop, path_ref pattern,
                                                  std::source_location where) {
  return detail::mkstemp_of(pattern, where).await(loop, where);
}

directory opendir(path_ref path, std::source_location where) {
  return detail::opendir_of(path, where).now(where);
}
request opendir(uv::loop& loop, path_ref path, on_done<directory> done, std::source_location where) {
  return detail::opendir_of(path, where).queue(loop, std::move(done), where);
}
detail::request_operation<directory> opendir(uv::loop& loop, path_ref path, std::source_location where) {
  return detail::opendir_of(path, where).await(loop, where);
}

}  // namespace fs
}  // namespace gauntlet::uv
