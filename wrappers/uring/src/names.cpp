#include "gauntlet/uring/names.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <string>

#include "file_access.hpp"
#include "folder_access.hpp"
#include "gauntlet/detail/c_text.hpp"
#include "kernel_memory.hpp"

namespace gauntlet::uring {
namespace detail {

using gauntlet::detail::c_text;
namespace {

// ---- values

struct native_flag {
  open_flags flag;
  int value;
};
constexpr native_flag native_open_flags[] = {
    {open_flags::write_only, O_WRONLY},   {open_flags::read_write, O_RDWR},
    {open_flags::append, O_APPEND},       {open_flags::create, O_CREAT},
    {open_flags::exclusive, O_EXCL},      {open_flags::truncate, O_TRUNC},
    {open_flags::directory, O_DIRECTORY}, {open_flags::no_follow, O_NOFOLLOW},
    {open_flags::sync, O_SYNC},           {open_flags::dsync, O_DSYNC},
    {open_flags::direct, O_DIRECT},       {open_flags::nonblock, O_NONBLOCK},
    {open_flags::no_ctty, O_NOCTTY},      {open_flags::no_atime, O_NOATIME},
};

int to_native(open_flags flags, const char* operation, const std::source_location& where) {
  const auto asked = static_cast<std::uint64_t>(flags);
  const auto has = [&](open_flags flag) { return (asked & static_cast<std::uint64_t>(flag)) != 0; };
  if (has(open_flags::write_only) && has(open_flags::read_write))
    throw misuse(operation, "write_only and read_write are both asked for: choose one", where);
  auto native = static_cast<std::uint32_t>(asked & 0xFFFFFFFF);
  for (const auto& [flag, value] : native_open_flags)
    if (has(flag)) native |= static_cast<std::uint32_t>(value);
  return static_cast<int>(native);
}

mode_t to_native(permissions mode) noexcept { return static_cast<mode_t>(mode) & 07777U; }

file_type to_file_type(std::uint32_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return file_type::regular;
    case S_IFDIR:
      return file_type::directory;
    case S_IFLNK:
      return file_type::symlink;
    case S_IFBLK:
      return file_type::block;
    case S_IFCHR:
      return file_type::character;
    case S_IFIFO:
      return file_type::fifo;
    case S_IFSOCK:
      return file_type::socket;
    default:
      return file_type::unknown;
  }
}

file_time to_time(const statx_timestamp& from) noexcept {
  using namespace std::chrono;
  constexpr std::int64_t most = INT64_MAX / 1'000'000'000 - 1;
  const std::int64_t whole = std::clamp(std::int64_t{from.tv_sec}, -most, most);
  return file_time(seconds(whole) + nanoseconds(from.tv_nsec));
}

static_assert(sizeof(struct ::statx) == kept_status::size);

file_status to_file_status(submission<kept_status>& ended) noexcept {
  // SAFETY: the kernel has written a struct statx there.
  const auto& from = *reinterpret_cast<const struct ::statx*>(ended.kept().written.data());
  file_status status{.known = static_cast<status_fields>(from.stx_mask),
                     .type = to_file_type(from.stx_mode),
                     .mode = static_cast<permissions>(from.stx_mode & 07777U),
                     .dev = makedev(from.stx_dev_major, from.stx_dev_minor),
                     .ino = from.stx_ino,
                     .rdev = makedev(from.stx_rdev_major, from.stx_rdev_minor),
                     .nlink = from.stx_nlink,
                     .uid = from.stx_uid,
                     .gid = from.stx_gid,
                     .size = from.stx_size,
                     .blksize = from.stx_blksize,
                     .blocks = from.stx_blocks,
                     .atime = to_time(from.stx_atime),
                     .mtime = to_time(from.stx_mtime),
                     .ctime = to_time(from.stx_ctime),
                     .btime = to_time(from.stx_btime),
                     .attributes = from.stx_attributes,
                     .attributes_mask = from.stx_attributes_mask};
#ifdef STATX_MNT_ID
  status.mnt_id = from.stx_mnt_id;
#endif
#ifdef STATX_DIOALIGN
  status.dio_mem_align = from.stx_dio_mem_align;
  status.dio_offset_align = from.stx_dio_offset_align;
#endif
  return status;
}

// ---- opcodes

// SAFETY (all below): what is kept put its paths, its name, its how or its struct statx there.
const char* path_of(const operands& on) noexcept { return static_cast<const char*>(on.address); }
const char* second_of(const operands& on) noexcept { return static_cast<const char*>(on.second_address); }

int queue_open(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_openat(ring, entry, on.fd, path_of(on), on.flags, on.length);
}
int queue_open2(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_openat2(ring, entry, on.fd, path_of(on),
                                      static_cast<::open_how*>(const_cast<void*>(on.second_address)));
}
int queue_unlink(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_unlinkat(ring, entry, on.fd, path_of(on), on.flags);
}
int queue_rename(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_renameat(ring, entry, on.fd, path_of(on), on.second_fd, second_of(on),
                                       static_cast<unsigned>(on.flags));
}
int queue_mkdir(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_mkdirat(ring, entry, on.fd, path_of(on), on.length);
}
int queue_symlink(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_symlinkat(ring, entry, path_of(on), on.fd, second_of(on));
}
int queue_link(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_linkat(ring, entry, on.fd, path_of(on), on.second_fd, second_of(on), on.flags);
}
int queue_statx(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_statx(ring, entry, on.fd, path_of(on), on.flags, on.length,
                                    static_cast<struct ::statx*>(const_cast<void*>(on.second_address)));
}
void status_written(const operands& on, std::int32_t) noexcept {
  check_allocated(on.second_address, kept_status::size);
  mark_written(on.second_address, kept_status::size);
}
int queue_getxattr(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_getxattr(ring, entry, second_of(on),
                                       static_cast<char*>(const_cast<void*>(on.address)),
                                       static_cast<const char*>(on.third_address), on.length);
}
int queue_setxattr(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_setxattr(ring, entry, second_of(on), static_cast<const char*>(on.address),
                                       static_cast<const char*>(on.third_address), on.flags, on.length);
}
int queue_madvise(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  void* const memory = const_cast<void*>(on.address);
  if (on.offset <= UINT32_MAX)
    return gauntlet_uring_queue_madvise(ring, entry, memory, static_cast<std::uint32_t>(on.offset), on.flags);
  return gauntlet_uring_queue_madvise64(ring, entry, memory, static_cast<std::int64_t>(on.offset), on.flags);
}

constexpr opcode open_code{.kind = "open", .queue = queue_open};
constexpr opcode open2_code{.kind = "open", .queue = queue_open2};
constexpr opcode unlink_code{.kind = "unlink", .queue = queue_unlink};
constexpr opcode rmdir_code{.kind = "rmdir", .queue = queue_unlink};
constexpr opcode rename_code{.kind = "rename", .queue = queue_rename};
constexpr opcode mkdir_code{.kind = "mkdir", .queue = queue_mkdir};
constexpr opcode symlink_code{.kind = "symlink", .queue = queue_symlink};
constexpr opcode link_code{.kind = "linkat", .queue = queue_link};
constexpr opcode statx_code{.kind = "statx", .queue = queue_statx, .written = status_written};
constexpr opcode getxattr_code{
    .kind = "getxattr", .queue = queue_getxattr, .written = value_written, .lends = lend_to_write};
constexpr opcode setxattr_code{
    .kind = "setxattr", .queue = queue_setxattr, .written = bytes_read, .lends = lend_to_read};
constexpr opcode madvise_code{.kind = "madvise", .queue = queue_madvise};

// ---- making them

std::string c_path(path_ref path, const opcode& code, const std::source_location& where) {
  return c_text(path.text(), code.kind, "path", where);
}

ring_operation<void, kept_path> on_path(const opcode& code, const folder_ref& from, path_ref path,
                                        const operands& with, const std::source_location& where) {
  return folder_access::begin<void, kept_path>(from, code, with, no_value, where,
                                               {c_path(path, code, where)});
}

ring_operation<void, kept_paths> on_paths(const opcode& code, const folder_ref& from, path_ref path,
                                          const folder_ref& new_from, path_ref new_path, int flags,
                                          const std::source_location& where) {
  auto [second, use] = folder_access::second(new_from, from, code.kind, where);
  return folder_access::begin<void, kept_paths>(
      from, code, {.second_fd = second, .flags = flags}, no_value, where,
      {c_path(path, code, where), c_path(new_path, code, where), std::move(use)});
}

template <class Kept>
file take_file(submission<Kept>& ended) {
  return file_access::make(ended.ring(), ended.res());
}

int flags_of(const status_options& options) noexcept {
  const unsigned followed = options.follow == follow::no ? AT_SYMLINK_NOFOLLOW : 0;
  return static_cast<int>(followed | static_cast<unsigned>(options.sync));
}

operands of_status(const status_options& options, int flags) noexcept {
  return {.flags = flags_of(options) | flags, .length = static_cast<std::uint32_t>(options.fields)};
}

operands of_value(std::span<const std::byte> value, int flags) noexcept {
  return {.flags = flags, .length = most_at_once(value.size()), .address = value.data()};
}

}  // namespace

static_assert(sizeof(::open_how) == sizeof kept_open::how && offsetof(::open_how, flags) == 0 &&
              offsetof(::open_how, mode) == 8 && offsetof(::open_how, resolve) == 16);

kept_open kept_open_of(path_ref path, const uring::open_how& how, int native, const char* operation,
                       const std::source_location& where) {
  const int flags = to_native(how.flags, operation, where) | native;
  // The kernel refuses a mode that has no use.
  const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return {.path = c_text(path.text(), operation, "path", where),
          .how = {static_cast<std::uint64_t>(static_cast<std::uint32_t>(flags)),
                  creates ? to_native(how.mode) : 0U, static_cast<std::uint64_t>(how.resolve)}};
}

}  // namespace detail

using detail::folder_access;
using detail::operands;
using detail::ring_operation;

ring_operation<file, detail::kept_path> open(const folder_ref& from, path_ref path, open_flags flags,
                                             permissions mode, std::source_location where) {
  using namespace detail;
  return folder_access::begin<file, kept_path>(
      from, open_code,
      {.flags = to_native(flags, open_code.kind, where) | O_CLOEXEC, .length = to_native(mode)}, take_file,
      where, {c_path(path, open_code, where)});
}

ring_operation<file, detail::kept_open> open(const folder_ref& from, path_ref path, const open_how& how,
                                             std::source_location where) {
  using namespace detail;
  return folder_access::begin<file, kept_open>(from, open2_code, {}, take_file, where,
                                               kept_open_of(path, how, O_CLOEXEC, open2_code.kind, where));
}

ring_operation<void, detail::kept_path> unlink(const folder_ref& from, path_ref path,
                                               std::source_location where) {
  return detail::on_path(detail::unlink_code, from, path, {}, where);
}

ring_operation<void, detail::kept_path> rmdir(const folder_ref& from, path_ref path,
                                              std::source_location where) {
  return detail::on_path(detail::rmdir_code, from, path, {.flags = AT_REMOVEDIR}, where);
}

ring_operation<void, detail::kept_paths> rename(const folder_ref& from, path_ref path,
                                                const folder_ref& new_from, path_ref new_path,
                                                rename_flags flags, std::source_location where) {
  return detail::on_paths(detail::rename_code, from, path, new_from, new_path, static_cast<int>(flags),
                          where);
}

ring_operation<void, detail::kept_path> mkdir(const folder_ref& from, path_ref path, permissions mode,
                                              std::source_location where) {
  return detail::on_path(detail::mkdir_code, from, path, {.length = detail::to_native(mode)}, where);
}

ring_operation<void, detail::kept_paths> symlink(path_ref target, const folder_ref& from, path_ref new_path,
                                                 std::source_location where) {
  using namespace detail;
  return folder_access::begin<void, kept_paths>(
      from, symlink_code, {}, no_value, where,
      {c_path(target, symlink_code, where), c_path(new_path, symlink_code, where)});
}

ring_operation<void, detail::kept_paths> linkat(const folder_ref& from, path_ref path,
                                                const folder_ref& new_from, path_ref new_path,
                                                follow followed, std::source_location where) {
  return detail::on_paths(detail::link_code, from, path, new_from, new_path,
                          followed == follow::yes ? AT_SYMLINK_FOLLOW : 0, where);
}

ring_operation<file_status, detail::kept_status> statx(const folder_ref& from, path_ref path,
                                                       const status_options& options,
                                                       std::source_location where) {
  using namespace detail;
  return folder_access::begin<file_status, kept_status>(from, statx_code, of_status(options, 0),
                                                        to_file_status, where,
                                                        kept_status(c_path(path, statx_code, where)));
}

ring_operation<file_status, detail::kept_status> statx(const descriptor& of, const status_options& options,
                                                       std::source_location where) {
  using namespace detail;
  return folder_access::begin<file_status, kept_status>(of, statx_code, of_status(options, AT_EMPTY_PATH),
                                                        to_file_status, where, kept_status(std::string()));
}

ring_operation<std::size_t, detail::kept_attribute> getxattr(ring& on, path_ref path, std::string_view name,
                                                             std::span<std::byte> into,
                                                             std::source_location where) {
  using namespace detail;
  return {ring_core::of(on, getxattr_code.kind, where),
          getxattr_code,
          of_value(into, 0),
          count_of,
          where,
          {c_path(path, getxattr_code, where), c_text(name, getxattr_code.kind, "name", where)}};
}

ring_operation<void, detail::kept_attribute> setxattr(ring& on, path_ref path, std::string_view name,
                                                      std::span<const std::byte> value, xattr_mode mode,
                                                      std::source_location where) {
  using namespace detail;
  return {ring_core::of(on, setxattr_code.kind, where),
          setxattr_code,
          of_value(value, static_cast<int>(mode)),
          no_value,
          where,
          {c_path(path, setxattr_code, where), c_text(name, setxattr_code.kind, "name", where)}};
}

ring_operation<void> madvise(ring& on, std::span<std::byte> memory, memory_advice advice,
                             std::source_location where) {
  using namespace detail;
  return {ring_core::of(on, madvise_code.kind, where),
          madvise_code,
          {.flags = static_cast<int>(advice), .offset = memory.size(), .address = memory.data()},
          no_value,
          where};
}

}  // namespace gauntlet::uring
