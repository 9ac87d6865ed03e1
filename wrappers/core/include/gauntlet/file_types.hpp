#pragma once
/// What the bindings that work with files have in common: names, permissions, ways to open.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <type_traits>

#pragma GCC visibility push(default)

namespace gauntlet {

/// A path given to an operation, which copies it: any text, or a std::filesystem::path. One with a NUL inside
/// is misuse.
class path_ref {
 public:
  template <class Text>
    requires std::is_convertible_v<const Text&, std::string_view>
  path_ref(const Text& text) noexcept {
    if constexpr (std::is_pointer_v<Text>) {
      if (text == nullptr) return;  // as an empty one, which no file has
    }
    text_ = text;
  }
  path_ref(const std::filesystem::path& path) noexcept : text_(path.native()) {}

  std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// rwx for owner, group and others, and the set-id and sticky bits; the values are POSIX's.
using permissions = std::filesystem::perms;
using file_type = std::filesystem::file_type;
/// Times are kept within what fits: 1677 to 2262.
using file_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// How a file is opened. The names are POSIX's; close-on-exec is added to them all.
enum class open_flags : std::uint64_t {
  read_only = 0,
  write_only = std::uint64_t{1} << 32,
  read_write = std::uint64_t{1} << 33,
  append = std::uint64_t{1} << 34,     ///< writes go to the end, wherever it is
  create = std::uint64_t{1} << 35,     ///< if it is not there
  exclusive = std::uint64_t{1} << 36,  ///< with create: it must not be there
  truncate = std::uint64_t{1} << 37,
  directory = std::uint64_t{1} << 38,  ///< it must be one
  no_follow = std::uint64_t{1} << 39,  ///< it must not be a symbolic link
  sync = std::uint64_t{1} << 40,       ///< each write waits as fsync does
  dsync = std::uint64_t{1} << 41,      ///< each write waits as fdatasync does
  direct = std::uint64_t{1} << 42,     ///< past the page cache; buffers must be aligned
  nonblock = std::uint64_t{1} << 43,
  no_ctty = std::uint64_t{1} << 44,
  no_atime = std::uint64_t{1} << 45,
};
constexpr open_flags operator|(open_flags left, open_flags right) noexcept {
  return static_cast<open_flags>(static_cast<std::uint64_t>(left) | static_cast<std::uint64_t>(right));
}
/// What only this system has: a value for the flags of open(2), as it is (O_TMPFILE, O_PATH ...).
constexpr open_flags native_flags(int flags) noexcept {
  return static_cast<open_flags>(static_cast<std::uint64_t>(static_cast<std::uint32_t>(flags)));
}

}  // namespace gauntlet

#pragma GCC visibility pop
