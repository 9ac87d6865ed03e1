#pragma once
/// What operations on files take and answer. Values of enums are the kernel's.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gauntlet/file_types.hpp"
#include "gauntlet/owned_buffer.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {
namespace detail {

template <class Enum>
inline constexpr bool is_set_of_flags = false;

}  // namespace detail

template <class Enum>
requires detail::is_set_of_flags<Enum>
constexpr Enum operator|(Enum left, Enum right) noexcept {
  return static_cast<Enum>(static_cast<std::uint32_t>(left) | static_cast<std::uint32_t>(right));
}

using gauntlet::file_type;
using gauntlet::native_flags;
using gauntlet::open_flags;
using gauntlet::path_ref;
using gauntlet::permissions;

inline constexpr open_flags read_only = open_flags::read_only;
inline constexpr open_flags write_only = open_flags::write_only;
inline constexpr open_flags read_write = open_flags::read_write;

/// The file's own position, which read and write advance. What has no positions, as a pipe, is read and
/// written with it.
inline constexpr std::uint64_t current_position = UINT64_MAX;

/// Which names are followed on the way to a file (RESOLVE_*, of openat2(2)).
enum class resolve : std::uint32_t {
  any = 0,
  no_xdev = 1,        ///< none that leads to another file system
  no_magiclinks = 2,  ///< none of /proc's that names no path
  no_symlinks = 4,
  beneath = 8,   ///< none that leads out of the folder where the path begins
  in_root = 16,  ///< that folder is taken for "/"
  cached = 32    ///< only what is known without asking the disk: else an error, EAGAIN
};
template <>
inline constexpr bool detail::is_set_of_flags<resolve> = true;

/// How a file is opened (openat2(2)).
struct open_how {
  open_flags flags = open_flags::read_only;
  permissions mode = static_cast<permissions>(0666);  ///< of one that is created, less the umask
  uring::resolve resolve = uring::resolve::any;
};

/// Of one read or write (RWF_*).
enum class rw_flags : std::uint32_t {
  none = 0,
  hipri = 1,       ///< asks the device until it has it (RWF_HIPRI)
  dsync = 2,       ///< as if fdatasync came with it
  sync = 4,        ///< as if fsync came with it
  nowait = 8,      ///< an error, EAGAIN, instead of waiting
  append = 16,     ///< at the end, wherever it is
  noappend = 32,   ///< at the offset, though the file was opened to append (6.9)
  atomic = 64,     ///< all or nothing, also when the power fails (6.11)
  dontcache = 128  ///< leaves nothing in the page cache (6.14)
};
template <>
inline constexpr bool detail::is_set_of_flags<rw_flags> = true;

/// SYNC_FILE_RANGE_*
enum class sync_range : std::uint32_t { wait_before = 1, write = 2, wait_after = 4 };
template <>
inline constexpr bool detail::is_set_of_flags<sync_range> = true;

/// FALLOC_FL_*
enum class fallocate_mode : std::uint32_t {
  allocate = 0,
  keep_size = 1,
  punch_hole = 2,  ///< only with keep_size
  collapse_range = 8,
  zero_range = 16,
  insert_range = 32,
  unshare_range = 64
};
template <>
inline constexpr bool detail::is_set_of_flags<fallocate_mode> = true;

/// POSIX_FADV_*
enum class file_advice { normal = 0, random = 1, sequential = 2, willneed = 3, dontneed = 4, noreuse = 5 };

/// Some of MADV_*; others by their number.
enum class memory_advice {
  normal = 0,
  random = 1,
  sequential = 2,
  willneed = 3,
  dontneed = 4,  ///< its contents are lost
  free = 8,      ///< its contents may be lost
  hugepage = 14,
  nohugepage = 15,
  cold = 20,
  pageout = 21,
  populate_read = 22,
  populate_write = 23
};

/// RENAME_*
enum class rename_flags : std::uint32_t {
  replace = 0,
  noreplace = 1,  ///< an error, EEXIST, where the new name is taken
  exchange = 2,   ///< both names are there, and change what they name
  whiteout = 4
};
template <>
inline constexpr bool detail::is_set_of_flags<rename_flags> = true;

/// What a name that is a symbolic link stands for.
enum class follow { no, yes };

/// XATTR_*
enum class xattr_mode : std::uint32_t {
  set = 0,
  create = 1,  ///< an error, EEXIST, where it is there
  replace = 2  ///< an error, ENODATA, where it is not
};

/// SPLICE_F_*
enum class splice_flags : std::uint32_t { none = 0, move = 1, nonblock = 2, more = 4 };
template <>
inline constexpr bool detail::is_set_of_flags<splice_flags> = true;

/// Fields of file_status (STATX_*).
enum class status_fields : std::uint32_t {
  none = 0,
  type = 1,
  mode = 2,
  nlink = 4,
  uid = 8,
  gid = 16,
  atime = 32,
  mtime = 64,
  ctime = 128,
  ino = 256,
  size = 512,
  blocks = 1024,
  basic = 2047,  ///< all of these
  btime = 2048,
  mnt_id = 4096,
  dioalign = 8192  ///< 6.1
};
template <>
inline constexpr bool detail::is_set_of_flags<status_fields> = true;

/// How fresh it must be, of files on other machines (AT_STATX_*).
enum class status_sync : std::uint32_t { as_stat = 0, force = 0x2000, dont = 0x4000 };

struct status_options {
  uring::follow follow = uring::follow::yes;
  status_sync sync = status_sync::as_stat;
  status_fields fields = status_fields::basic | status_fields::btime;
};

/// struct statx
struct file_status {
  status_fields known = status_fields::none;  ///< what the file system has said; the rest is as it is here
  file_type type = file_type::unknown;
  permissions mode = permissions::none;
  std::uint64_t dev = 0;   ///< the device it is on (makedev)
  std::uint64_t ino = 0;   ///< its number there
  std::uint64_t rdev = 0;  ///< of a device: which one it is
  std::uint32_t nlink = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;             ///< bytes
  std::uint32_t blksize = 0;          ///< bytes that are best read at once
  std::uint64_t blocks = 0;           ///< of 512 bytes, taken on the device
  file_time atime{};                  ///< last read
  file_time mtime{};                  ///< contents last changed
  file_time ctime{};                  ///< status last changed
  file_time btime{};                  ///< made
  std::uint64_t attributes = 0;       ///< STATX_ATTR_*
  std::uint64_t attributes_mask = 0;  ///< which of those the file system knows
  std::uint64_t mnt_id = 0;
  std::uint32_t dio_mem_align = 0;     ///< of memory, with open_flags::direct; 0: there is no such
  std::uint32_t dio_offset_align = 0;  ///< of offsets and sizes

  bool has(status_fields field) const noexcept {
    const auto asked = static_cast<std::uint32_t>(field);
    return (static_cast<std::uint32_t>(known) & asked) == asked;
  }
  friend bool operator==(const file_status&, const file_status&) = default;
};

/// What was read or written, and the buffer that was moved in, back again.
struct transfer {
  std::size_t size = 0;
  owned_buffer buffer{};
};
/// Of several buffers: size bytes of them all, one after the other.
struct vectored_transfer {
  std::size_t size = 0;
  std::vector<owned_buffer> buffers{};
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
