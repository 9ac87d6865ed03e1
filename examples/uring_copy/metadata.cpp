#include "metadata.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <source_location>
#include <system_error>

namespace uring_copy {
namespace uring = gauntlet::uring;

namespace {

void require(bool done, const char* operation, const std::string& path,
             std::source_location where = std::source_location::current()) {
  if (!done)
    throw gauntlet::error(std::error_code(errno, std::system_category()), operation, path, "", where);
}

timespec to_timespec(gauntlet::file_time time) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.time_since_epoch().count(), .tv_nsec = (time - seconds).count()};
}

/// Whether it has the owner of the original.
bool set_owner(const std::string& path, const uring::file_status& status) {
  if (::fchownat(AT_FDCWD, path.c_str(), status.uid, status.gid, AT_SYMLINK_NOFOLLOW) == 0) return true;
  require(errno == EPERM, "fchownat", path);
  return false;
}

}  // namespace

void set_metadata(const std::string& path, const uring::file_status& status) {
  const bool owned = set_owner(path, status);
  if (status.type != gauntlet::file_type::symlink) {  // whose permissions nobody asks
    const mode_t kept = owned ? 07777 : 01777;
    require(::fchmodat(AT_FDCWD, path.c_str(), static_cast<mode_t>(status.mode) & kept, 0) == 0, "fchmodat",
            path);
  }
  const std::array<timespec, 2> times{to_timespec(status.atime), to_timespec(status.mtime)};
  require(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0, "utimensat", path);
}

}  // namespace uring_copy
