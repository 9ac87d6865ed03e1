#include "gauntlet/png/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "descriptor_io.hpp"

namespace gauntlet::png {
namespace {

/// Moves up to out.size() bytes over and shortens `from` by them.
std::size_t take(std::span<const std::byte>& from, std::span<std::byte> out) noexcept {
  const std::size_t size = std::min(from.size(), out.size());
  if (size == 0) return 0;  // memcpy may not be given null, even for nothing
  std::memcpy(out.data(), from.data(), size);
  from = from.subspan(size);
  return size;
}

}  // namespace

namespace detail {

int open_for_reading(const char* path) noexcept { return ::open(path, O_RDONLY | O_CLOEXEC); }
int close_descriptor(int descriptor) noexcept { return ::close(descriptor); }

}  // namespace detail

std::size_t memory_source::read(std::span<std::byte> out) noexcept { return take(rest_, out); }

file_source::file_source(const std::filesystem::path& path, std::source_location where)
    : name_(path.string()), file_(detail::read_descriptor::init(path.c_str())), where_(where) {
  if (!file_) detail::throw_system(errno, "open", name_, where);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) detail::throw_system(errno, "open", name_, where);
  if (S_ISDIR(status.st_mode)) detail::throw_system(EISDIR, "open", name_, where);
  buffer_ = std::make_unique_for_overwrite<std::byte[]>(detail::buffer_size);
}

std::size_t file_source::read(std::span<std::byte> out) {
  if (!file_)
    throw misuse("png::file_source::read", "this source was moved from; use the one it went to", where_);
  if (ahead_.empty() && out.size() >= detail::buffer_size) return read_some(out);
  if (ahead_.empty()) ahead_ = {buffer_.get(), read_some({buffer_.get(), detail::buffer_size})};
  return take(ahead_, out);
}

std::size_t file_source::read_some(std::span<std::byte> out) {
  for (;;) {
    const ssize_t size = ::read(file_.get(), out.data(), out.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) detail::throw_system(errno, "read", name_, where_);
  }
}

}  // namespace gauntlet::png
