#pragma once
/// An open file.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include "gauntlet/lend.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uv/fs_types.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/request.hpp"
#include "gauntlet/uv/stream.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {
namespace detail {

class descriptor;
struct fs_access;

/// A share in an open descriptor: a file has one, and each operation in flight on it. The last closes it.
class descriptor_use {
 public:
  descriptor_use() noexcept = default;
  explicit descriptor_use(std::shared_ptr<descriptor> used) noexcept;
  descriptor_use(const descriptor_use& other) noexcept : descriptor_use(other.used_) {}
  descriptor_use(descriptor_use&& other) noexcept
      : used_(std::move(other.used_)), counted_(std::exchange(other.counted_, false)) {}
  descriptor_use& operator=(descriptor_use other) noexcept {
    std::swap(used_, other.used_);
    std::swap(counted_, other.counted_);
    return *this;
  }
  ~descriptor_use() { end(); }

  /// Its number may be closed now; its name stays.
  void end() noexcept;
  explicit operator bool() const noexcept { return counted_; }
  descriptor* get() const noexcept { return used_.get(); }
  const std::shared_ptr<descriptor>& shared() const noexcept { return used_; }

 private:
  std::shared_ptr<descriptor> used_;
  bool counted_ = false;
};

/// Between a file and a span that the coroutine keeps.
class [[nodiscard]] transfer_operation final : public request_wait {
 public:
  /// bytes: of a read, not const in truth.
  transfer_operation(loop_core& loop, const char* kind, std::source_location where, descriptor_use file,
                     std::span<const std::byte> bytes, bool reads, std::int64_t offset) noexcept
      : request_wait(loop, kind, where),
        file_(std::move(file)),
        bytes_(bytes),
        offset_(offset),
        reads_(reads) {}
  transfer_operation(transfer_operation&&) noexcept = default;
  ~transfer_operation() override { leave(); }
  std::string object() const override;
  std::size_t await_resume();

 private:
  void start() override;

  descriptor_use file_;
  [[no_unique_address]] lend lent_;
  std::span<const std::byte> bytes_;
  std::int64_t offset_;
  std::ptrdiff_t result_ = 0;
  bool reads_;
};

}  // namespace detail

namespace fs {

/// Owns a descriptor, made by open() or mkstemp(). Destroying it closes the descriptor, here and now, unless
/// an operation on it is in flight: then the last of those does, when it has ended. So no operation ever
/// works on a number that was closed and given to another file.
///
/// Each operation has two forms. Without a loop it blocks, answers its value, and throws uv::error with the
/// file's path as the subject. With a loop it is done elsewhere (libuv's thread pool, or io_uring), the
/// callback is told on the loop's thread, and the request that is answered may be used to cancel it, or
/// dropped. A file belongs to no loop and no thread; operations on it may be in flight on several.
class file {
 public:
  /// Not open.
  file() noexcept = default;
  /// A descriptor that was opened elsewhere; it is the file's from now on. A negative one is misuse.
  static file adopt(int descriptor, std::source_location where = std::source_location::current());

  /// False after close(), release() and being moved from: operations are misuse then.
  bool is_open() const noexcept { return static_cast<bool>(use_); }
  /// The descriptor, which stays the file's.
  int fileno(std::source_location where = std::source_location::current()) const;
  /// The descriptor, which is the caller's from now on. Misuse while an operation is in flight.
  int release(std::source_location where = std::source_location::current());

  /// The file is closed at once, and so is its descriptor unless an operation on it is in flight: then the
  /// last of those closes it, and what that says is nobody's to know (uv_fs_close).
  void close(std::source_location where = std::source_location::current());
  /// The file is closed at once. Its descriptor is closed when no operation on it is in flight, and done is
  /// called then. If that is cancelled, the descriptor is closed nevertheless.
  request close(loop& loop, on_done<> done, std::source_location where = std::source_location::current());
  detail::request_operation<void> close(loop& loop,
                                        std::source_location where = std::source_location::current());

  // ---- reading: the end of the file is 0 bytes, not an error

  /// Reads up to bytes.size() bytes, from offset or, by default, from where the last read or write ended;
  /// answers how many (uv_fs_read).
  std::size_t read(std::span<std::byte> bytes, std::int64_t offset = current_position,
                   std::source_location where = std::source_location::current()) const;
  /// Into several, one after the other.
  std::size_t read(std::span<const std::span<std::byte>> bytes, std::int64_t offset = current_position,
                   std::source_location where = std::source_location::current()) const;
  /// The buffer belongs to the operation until done has it back; its size is the most that is read.
  request read(loop& loop, owned_buffer buffer, std::int64_t offset, on_read done,
               std::source_location where = std::source_location::current()) const;
  request read(loop& loop, owned_buffer buffer, on_read done,
               std::source_location where = std::source_location::current()) const {
    return read(loop, std::move(buffer), current_position, std::move(done), where);
  }
  /// Into a new buffer of size bytes.
  request read(loop& loop, std::size_t size, std::int64_t offset, on_read done,
               std::source_location where = std::source_location::current()) const {
    return read(loop, owned_buffer(size), offset, std::move(done), where);
  }
  request read(loop& loop, std::size_t size, on_read done,
               std::source_location where = std::source_location::current()) const {
    return read(loop, owned_buffer(size), current_position, std::move(done), where);
  }
  request read(loop& loop, std::vector<owned_buffer> buffers, std::int64_t offset, on_vectored_read done,
               std::source_location where = std::source_location::current()) const;

  /// `std::size_t n = co_await in.read(loop, buffer)`: into the span, which stays until then.
  detail::transfer_operation read(loop& loop, std::span<std::byte> bytes,
                                  std::int64_t offset = current_position,
                                  std::source_location where = std::source_location::current()) const;

  // ---- writing

  /// Writes at offset or, by default, where the last read or write ended; answers how many bytes
  /// (uv_fs_write).
  std::size_t write(std::span<const std::byte> bytes, std::int64_t offset = current_position,
                    std::source_location where = std::source_location::current()) const;
  std::size_t write(std::span<const std::span<const std::byte>> bytes, std::int64_t offset = current_position,
                    std::source_location where = std::source_location::current()) const;
  request write(loop& loop, owned_buffer buffer, std::int64_t offset, on_write done,
                std::source_location where = std::source_location::current()) const;
  request write(loop& loop, owned_buffer buffer, on_write done,
                std::source_location where = std::source_location::current()) const {
    return write(loop, std::move(buffer), current_position, std::move(done), where);
  }
  request write(loop& loop, std::vector<owned_buffer> buffers, std::int64_t offset, on_vectored_write done,
                std::source_location where = std::source_location::current()) const;

  /// `co_await out.write(loop, bytes)`, of a std::span of std::byte, which stay until then; answers how many.
  template <class Bytes>
    requires detail::is_byte_span<std::remove_cvref_t<Bytes>>
  detail::transfer_operation write(loop& loop, Bytes&& bytes, std::int64_t offset = current_position,
                                   std::source_location where = std::source_location::current()) const {
    return await_write(loop, bytes, offset, where);
  }

  // ---- the rest

  /// uv_fs_fstat
  file_status fstat(std::source_location where = std::source_location::current()) const;
  request fstat(loop& loop, on_done<file_status> done,
                std::source_location where = std::source_location::current()) const;
  detail::request_operation<file_status> fstat(
      loop& loop, std::source_location where = std::source_location::current()) const;
  /// Waits until the disk has it (uv_fs_fsync).
  void fsync(std::source_location where = std::source_location::current()) const;
  request fsync(loop& loop, on_done<> done,
                std::source_location where = std::source_location::current()) const;
  detail::request_operation<void> fsync(loop& loop,
                                        std::source_location where = std::source_location::current()) const;
  /// The same, without what reading the file does not need (uv_fs_fdatasync).
  void fdatasync(std::source_location where = std::source_location::current()) const;
  request fdatasync(loop& loop, on_done<> done,
                    std::source_location where = std::source_location::current()) const;
  detail::request_operation<void> fdatasync(
      loop& loop, std::source_location where = std::source_location::current()) const;
  /// To size bytes; a longer file ends in zeros. Negative is misuse (uv_fs_ftruncate).
  void ftruncate(std::int64_t size, std::source_location where = std::source_location::current()) const;
  request ftruncate(loop& loop, std::int64_t size, on_done<> done,
                    std::source_location where = std::source_location::current()) const;
  detail::request_operation<void> ftruncate(
      loop& loop, std::int64_t size, std::source_location where = std::source_location::current()) const;
  /// uv_fs_fchmod
  void fchmod(permissions mode, std::source_location where = std::source_location::current()) const;
  request fchmod(loop& loop, permissions mode, on_done<> done,
                 std::source_location where = std::source_location::current()) const;
  detail::request_operation<void> fchmod(loop& loop, permissions mode,
                                         std::source_location where = std::source_location::current()) const;
  /// uv_fs_fchown
  void fchown(std::uint32_t uid, std::uint32_t gid,
              std::source_location where = std::source_location::current()) const;
  request fchown(loop& loop, std::uint32_t uid, std::uint32_t gid, on_done<> done,
                 std::source_location where = std::source_location::current()) const;
  detail::request_operation<void> fchown(loop& loop, std::uint32_t uid, std::uint32_t gid,
                                         std::source_location where = std::source_location::current()) const;
  /// To the microsecond, rounded down (uv_fs_futime).
  void futime(time_point atime, time_point mtime,
              std::source_location where = std::source_location::current()) const;
  request futime(loop& loop, time_point atime, time_point mtime, on_done<> done,
                 std::source_location where = std::source_location::current()) const;
  detail::request_operation<void> futime(loop& loop, time_point atime, time_point mtime,
                                         std::source_location where = std::source_location::current()) const;

 private:
  friend struct detail::fs_access;
  explicit file(detail::descriptor_use use) noexcept : use_(std::move(use)) {}
  detail::transfer_operation await_write(loop& loop, std::span<const std::byte> bytes, std::int64_t offset,
                                         const std::source_location& where) const;

  detail::descriptor_use use_;
};

/// Up to count bytes from one file to another, without a way through the program: from offset of in, to the
/// position of out. Answers how many (uv_fs_sendfile).
std::size_t sendfile(const file& out, const file& in, std::int64_t offset, std::size_t count,
                     std::source_location where = std::source_location::current());
request sendfile(loop& loop, const file& out, const file& in, std::int64_t offset, std::size_t count,
                 on_done<std::size_t> done, std::source_location where = std::source_location::current());
detail::request_operation<std::size_t> sendfile(loop& loop, const file& out, const file& in,
                                                std::int64_t offset, std::size_t count,
                                                std::source_location where = std::source_location::current());

}  // namespace fs
}  // namespace gauntlet::uv

#pragma GCC visibility pop
