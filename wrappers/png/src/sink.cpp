#include "gauntlet/png/sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "descriptor_io.hpp"

namespace gauntlet::png {
namespace detail {

int close_written(int descriptor) noexcept { return ::close(descriptor); }

/// Creates a new file whose name is path and some letters, and changes path to it. O_EXCL: whoever has put a
/// file or a link there keeps it. Permissions come from the umask, as for any new file.
int create_beside(std::string& path) noexcept {
  try {
    std::random_device random;
    for (int attempts_left = 100; attempts_left > 0; --attempts_left) {
      const std::string candidate = path + '.' + std::to_string(random()) + ".part";
      const int descriptor = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor >= 0) path = candidate;
      if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    errno = EEXIST;
  } catch (...) {
    errno = ENOMEM;
  }
  return -1;
}

namespace {

/// The file that the path means: rename() would replace a symbolic link, not the file behind it.
std::string target_of(const std::filesystem::path& path) {
  std::error_code ignored;  // no such file yet: then the path is the target
  const std::filesystem::path target = std::filesystem::canonical(path, ignored);
  return ignored ? path.string() : target.string();
}

/// A file that will be replaced gives its permissions to the new one. A device or a pipe must not be replaced
/// at all.
void inherit_permissions(const std::string& target, int descriptor, std::source_location where) {
  struct stat status {};
  if (::stat(target.c_str(), &status) != 0) return;
  if (::fchmod(descriptor, status.st_mode & 0777) != 0)
    throw_system(errno, "open for writing", target, where);
}

void require_replaceable(const std::string& target, std::source_location where) {
  struct stat status {};
  if (::stat(target.c_str(), &status) != 0) return;
  if (S_ISDIR(status.st_mode)) throw_system(EISDIR, "open for writing", target, where);
  if (!S_ISREG(status.st_mode))
    throw error(std::make_error_code(std::errc::not_supported), "open for writing", target,
                "it is not a regular file, so it cannot be replaced as a whole; write to it through a sink "
                "of your own",
                where);
}

}  // namespace
}  // namespace detail

file_sink::file_sink(const std::filesystem::path& path, std::source_location where)
    : name_(detail::target_of(path)), temporary_(name_), where_(where) {
  detail::require_replaceable(name_, where);
  buffer_.reserve(detail::buffer_size);
  file_ = detail::write_descriptor::init(temporary_);
  if (!file_) detail::throw_system(errno, "open for writing", name_, where);
  try {
    detail::inherit_permissions(name_, file_.get(), where);
  } catch (...) {
    discard();
    throw;
  }
}

file_sink::file_sink(file_sink&& other) noexcept = default;

file_sink::~file_sink() { discard(); }

void file_sink::discard() noexcept {
  if (!file_) return;
  ::unlink(temporary_.c_str());
  file_.reset();
}

/// What is in the temporary file can no longer become the file: a later commit() must not be possible.
void file_sink::fail(std::string_view operation, std::source_location where) {
  const int code = errno;
  discard();
  detail::throw_system(code, operation, name_, where);
}

void file_sink::require_open(std::string_view operation, std::source_location where) const {
  if (!file_)
    throw misuse(operation, "this sink was committed or moved from, or has failed; make a new one", where);
}

void file_sink::write(std::span<const std::byte> bytes) {
  require_open("png::file_sink::write", where_);
  if (buffer_.size() + bytes.size() > detail::buffer_size) flush_buffer();
  if (bytes.size() >= detail::buffer_size)
    write_out(bytes);
  else
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void file_sink::flush_buffer() {
  write_out(buffer_);
  buffer_.clear();
}

void file_sink::write_out(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file_.get(), bytes.data(), bytes.size());
    if (size >= 0)
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    else if (errno != EINTR)
      fail("write", where_);
  }
}

void file_sink::commit(std::source_location where) {
  require_open("png::file_sink::commit", where);
  flush_buffer();
  // Without it, a power cut after the rename can leave an empty file under the final name.
  if (::fsync(file_.get()) != 0) fail("flush to disk", where);
  if (::rename(temporary_.c_str(), name_.c_str()) != 0) fail("rename into place", where);
  file_.reset();
}

}  // namespace gauntlet::png
