// Between libuv's numbers and this library's values.
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "fs_request.hpp"

namespace gauntlet::uv::detail {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

static_assert(static_cast<int>(fs::access_mode::exists) == F_OK &&
              static_cast<int>(fs::access_mode::execute) == X_OK &&
              static_cast<int>(fs::access_mode::write) == W_OK &&
              static_cast<int>(fs::access_mode::read) == R_OK);
static_assert(static_cast<int>(fs::copy_flags::exclusive) == UV_FS_COPYFILE_EXCL &&
              static_cast<int>(fs::copy_flags::ficlone) == UV_FS_COPYFILE_FICLONE &&
              static_cast<int>(fs::copy_flags::ficlone_force) == UV_FS_COPYFILE_FICLONE_FORCE);
static_assert(static_cast<int>(fs::symlink_flags::dir) == UV_FS_SYMLINK_DIR &&
              static_cast<int>(fs::symlink_flags::junction) == UV_FS_SYMLINK_JUNCTION);

/// A file system may hold any second; nanoseconds reach 292 years to both sides of 1970.
fs::time_point to_time(const uv_timespec_t& time) noexcept {
  constexpr auto last = std::chrono::floor<seconds>(nanoseconds::max()) - seconds(1);
  constexpr auto first = std::chrono::ceil<seconds>(nanoseconds::min()) + seconds(1);
  if (time.tv_sec > last.count()) return fs::time_point::max();
  if (time.tv_sec < first.count()) return fs::time_point::min();
  return fs::time_point(seconds(time.tv_sec) + nanoseconds(time.tv_nsec));
}

fs::file_type to_file_type(std::uint64_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return fs::file_type::regular;
    case S_IFDIR:
      return fs::file_type::directory;
    case S_IFLNK:
      return fs::file_type::symlink;
    case S_IFIFO:
      return fs::file_type::fifo;
    case S_IFSOCK:
      return fs::file_type::socket;
    case S_IFCHR:
      return fs::file_type::character;
    case S_IFBLK:
      return fs::file_type::block;
    default:
      return fs::file_type::unknown;
  }
}

constexpr std::pair<fs::open_flags, int> native_open_flags[] = {
    {fs::open_flags::write_only, UV_FS_O_WRONLY},   {fs::open_flags::read_write, UV_FS_O_RDWR},
    {fs::open_flags::append, UV_FS_O_APPEND},       {fs::open_flags::create, UV_FS_O_CREAT},
    {fs::open_flags::exclusive, UV_FS_O_EXCL},      {fs::open_flags::truncate, UV_FS_O_TRUNC},
    {fs::open_flags::directory, UV_FS_O_DIRECTORY}, {fs::open_flags::no_follow, UV_FS_O_NOFOLLOW},
    {fs::open_flags::sync, UV_FS_O_SYNC},           {fs::open_flags::dsync, UV_FS_O_DSYNC},
    {fs::open_flags::direct, UV_FS_O_DIRECT},       {fs::open_flags::nonblock, UV_FS_O_NONBLOCK},
    {fs::open_flags::no_ctty, UV_FS_O_NOCTTY},      {fs::open_flags::no_atime, UV_FS_O_NOATIME},
};

}  // namespace

int to_native(fs::open_flags flags, const char* operation, const std::source_location& where) {
  const auto asked = static_cast<std::uint64_t>(flags);
  const auto has = [&](fs::open_flags flag) { return (asked & static_cast<std::uint64_t>(flag)) != 0; };
  if (has(fs::open_flags::write_only) && has(fs::open_flags::read_write))
    throw misuse(operation, "write_only and read_write are both asked for: choose one", where);
  auto native = static_cast<std::uint32_t>(asked & 0xFFFFFFFF);
  for (const auto& [flag, value] : native_open_flags)
    if (has(flag)) native |= static_cast<std::uint32_t>(value);
  return static_cast<int>(native);
}

fs::file_status to_file_status(const uv_stat_t& status) noexcept {
  return {.type = to_file_type(status.st_mode),
          .mode = static_cast<fs::permissions>(status.st_mode & 07777),
          .dev = status.st_dev,
          .ino = status.st_ino,
          .rdev = status.st_rdev,
          .nlink = status.st_nlink,
          .uid = status.st_uid,
          .gid = status.st_gid,
          .size = status.st_size,
          .blksize = status.st_blksize,
          .blocks = status.st_blocks,
          .flags = status.st_flags,
          .gen = status.st_gen,
          .atime = to_time(status.st_atim),
          .mtime = to_time(status.st_mtim),
          .ctime = to_time(status.st_ctim),
          .birthtime = to_time(status.st_birthtim)};
}

double to_seconds(fs::time_point time) noexcept {
  // libuv cuts what it makes of the double to whole microseconds, towards zero. Half a microsecond further
  // away from zero, no error of rounding reaches the next one.
  const auto whole = static_cast<double>(std::chrono::floor<microseconds>(time.time_since_epoch()).count());
  return (whole + (whole < 0 ? -0.5 : 0.5)) / 1e6;
}

}  // namespace gauntlet::uv::detail
