#include "data.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <source_location>
#include <system_error>

namespace uring_copy {
namespace uring = gauntlet::uring;

namespace {

constexpr std::size_t most_chunks_at_once = 8;

[[noreturn]] void fail(int number, const char* operation,
                       std::source_location where = std::source_location::current()) {
  throw gauntlet::error(std::error_code(number, std::system_category()), operation, "", "", where);
}

struct chunk {
  std::uint64_t offset = 0;
  std::size_t size = 0;
};

/// Cuts what is no hole into chunks, which the workers share.
class chunks {
 public:
  chunks(int descriptor, const uring::file_status& status, std::size_t most)
      : descriptor_(descriptor), size_(status.size), most_(most) {
    if (status.blocks * 512 >= size_) data_end_ = size_;  // there is no hole in it
  }
  std::optional<chunk> next() {
    if (position_ == data_end_ && !find_data()) return std::nullopt;
    const chunk cut{.offset = position_,
                    .size = static_cast<std::size_t>(std::min<std::uint64_t>(most_, data_end_ - position_))};
    position_ += cut.size;
    return cut;
  }

 private:
  bool find_data() {
    if (position_ >= size_) return false;
    const off_t data = ::lseek(descriptor_, static_cast<off_t>(position_), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return false;
    const off_t hole = data < 0 ? -1 : ::lseek(descriptor_, data, SEEK_HOLE);
    if (hole < 0) fail(errno, "lseek");
    position_ = static_cast<std::uint64_t>(data);
    data_end_ = std::min(static_cast<std::uint64_t>(hole), size_);
    return position_ < data_end_;
  }

  int descriptor_;
  std::uint64_t size_;
  std::size_t most_;
  std::uint64_t position_ = 0;
  std::uint64_t data_end_ = 0;
};

gauntlet::task<> copy_chunks(uring::file& from, uring::file& to, chunks& all, buffer_pool& buffers,
                             progress& so_far) {
  const buffer_pool::lease buffer = co_await buffers.take();
  while (const std::optional<chunk> next = all.next()) {
    const std::span<std::byte> bytes = buffer.bytes().first(next->size);
    if (co_await from.read_exactly(bytes, next->offset) != bytes.size())
      throw gauntlet::error(std::make_error_code(std::errc::io_error), "copy", "",
                            "it became shorter while it was copied", std::source_location::current());
    co_await to.write_all(bytes, next->offset);
    so_far.bytes += bytes.size();
  }
}

}  // namespace

gauntlet::task<buffer_pool::lease> buffer_pool::take() {
  gauntlet::semaphore::permit permit = co_await free_.acquire();
  if (idle_.empty()) {
    idle_.reserve(idle_.capacity() + 1);
    co_return lease(*this, std::make_unique_for_overwrite<std::byte[]>(size_), std::move(permit));
  }
  memory taken = std::move(idle_.back());
  idle_.pop_back();
  co_return lease(*this, std::move(taken), std::move(permit));
}

gauntlet::task<> copy_data(uring::file& from, uring::file& to, const uring::file_status& status,
                           buffer_pool& buffers, progress& so_far) {
  chunks all(from.native(), status, buffers.size());
  const std::size_t workers =
      std::min<std::size_t>(most_chunks_at_once, (status.size + buffers.size() - 1) / buffers.size());
  if (workers > 1) {
    const auto together = [&](gauntlet::scope& group) -> gauntlet::task<> {
      for (std::size_t i = 0; i < workers; ++i) group.spawn(copy_chunks(from, to, all, buffers, so_far));
      co_return;
    };
    co_await gauntlet::with_scope(together);
  } else if (workers == 1) {
    co_await copy_chunks(from, to, all, buffers, so_far);
  }
  // A hole at the end has nothing that was written. (liburing can do it since 2.6 only)
  if (::ftruncate(to.native(), static_cast<off_t>(status.size)) != 0) fail(errno, "ftruncate");
}

}  // namespace uring_copy
