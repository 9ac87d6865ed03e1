#include "gauntlet/uv/fs_file.hpp"

#include <algorithm>

#include "fs_request.hpp"
#include "gauntlet/memory_checker.hpp"
#include "stream_block.hpp"

namespace gauntlet::uv {
namespace detail {

// ---- descriptors

descriptor_use::descriptor_use(std::shared_ptr<descriptor> used) noexcept
    : used_(std::move(used)), counted_(used_ != nullptr) {
  if (counted_) used_->add_use();
}

void descriptor_use::end() noexcept {
  if (std::exchange(counted_, false)) used_->end_use();
}

void descriptor::end_use() noexcept {
  if (uses_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const int number = take();
  if (waiting_close* const waiting = waiting_.exchange(nullptr, std::memory_order_acq_rel))
    waiting->last_use_ended(number);
  else if (number >= 0)
    close_number(number);
}

int close_number(int number) noexcept {
  fs_operands nothing;
  fs_call call(nothing);
  return uv_fs_close(nullptr, &call.request, number, nullptr);
}

const descriptor_use& fs_access::use(const fs::file& file, const char* operation,
                                     const std::source_location& where) {
  if (!file.is_open())
    throw misuse(operation, "the file is closed or was moved from: open it, or use the one it was moved to",
                 where);
  return file.use_;
}

namespace {

constexpr fs_name close_name{"fs_close", "fs::file::close"};

// ---- closing

/// In flight, or waiting until no operation on the descriptor is.
class close_block final : public fs_block, private waiting_close {
 public:
  close_block(loop_core& loop, std::source_location where, callback<void(outcome<>)>&& done) noexcept
      : fs_block(loop, close_name, where, {}), done_(std::move(done)) {}

  void start(descriptor_use& use) noexcept {
    hold_by_libuv();
    request_block::uv()->data = static_cast<request_block*>(this);
    shared_ = use.shared();
    if (use.get()->used_by_one()) {
      submit(use.get()->take());
    } else {
      waiting_ = true;
      loop().guard_added();  // the last use may be another loop's
      use.get()->wait_with(*this);
    }
    use = {};
  }
  void abort() noexcept override {
    if (!waiting_)
      fs_block::abort();
    else if (shared_->stop_waiting())
      end_waiting(UV_ECANCELED);
  }
  void release_callbacks() noexcept override { done_ = {}; }

 private:
  using fs_block::describe;
  void describe(pending_operation& into) const override {
    fs_block::describe(into);
    into.object = shared_->name();
  }

  void last_use_ended(int number) noexcept override {
    if (loop().on_this_thread()) return stop_waiting_and_submit(number);
    callback<void()> there([this, number] { stop_waiting_and_submit(number); });
    // The loop is there, because it does not end before its requests do.
    loop().post(there);
  }
  void stop_waiting_and_submit(int number) noexcept {
    waiting_ = false;
    loop().guard_removed();
    submit(number);
  }
  void submit(int number) noexcept {
    number_ = number;
    const thread_pool_use here;
    const int status = uv_fs_close(loop().uv(), &request, number, on_done);
    if (status >= 0) return;
    close_number(number);
    end_waiting(status);
  }
  void end_waiting(int status) noexcept {
    if (std::exchange(waiting_, false)) loop().guard_removed();
    request.result = status;
    end();
  }

  void settle(ssize_t result) noexcept override {
    if (result == UV_ECANCELED && number_ >= 0) close_number(number_);
  }
  void tell(ssize_t result) override {
    done_(result < 0
              ? outcome<>(error(static_cast<int>(result), close_name.operation, shared_->name(), where()))
              : outcome<>());
  }

  std::shared_ptr<descriptor> shared_;
  int number_ = -1;
  bool waiting_ = false;
  callback<void(outcome<>)> done_;
};

request queue_close(loop_core& core, descriptor_use& use, callback<void(outcome<>)> done,
                    const std::source_location& where) {
  require_callback(done, close_name, where);
  close_block& block = *core.make<close_block>(where, std::move(done)).release();
  request made = block.owner();
  block.start(use);
  return made;
}

// ---- reading and writing

constexpr fs_name read_name{"fs_read", "fs::file::read"};
constexpr fs_name write_name{"fs_write", "fs::file::write"};

using transfer_function = int (*)(uv_loop_t*, uv_fs_t*, uv_file, const uv_buf_t*, unsigned, std::int64_t,
                                  uv_fs_cb);

/// io_uring has the kernel write, which no tool sees.
void mark_read(std::span<owned_buffer> buffers, std::size_t size) noexcept {
  for (const owned_buffer& buffer : buffers) {
    const std::size_t part = std::min(size, buffer.size());
    mark_written(buffer.bytes().data(), part);
    size -= part;
  }
}

std::size_t as_size(ssize_t result) noexcept { return static_cast<std::size_t>(result); }

class transfer_block final : public fs_block {
 public:
  transfer_block(loop_core& loop, const fs_name& name, std::source_location where, fs_operands&& operands,
                 transfer_callback&& done) noexcept
      : fs_block(loop, name, where, std::move(operands)), done_(std::move(done)) {}

  /// One, or several.
  std::span<owned_buffer> buffers() noexcept {
    return several.empty() ? std::span(&one, 1) : std::span(several);
  }
  void release_callbacks() noexcept override {
    done_ = {};
    one = {};
    several.clear();
  }

  owned_buffer one;
  std::vector<owned_buffer> several;
  [[no_unique_address]] lend lent;

 private:
  void tell(ssize_t result) override {
    if (result < 0) return done_(failure(result), buffers());
    std::size_t size = 0;
    for (const owned_buffer& buffer : buffers()) size += buffer.size();
    size = std::min(size, static_cast<std::size_t>(result));  // libuv's word is not taken for more
    if (uv_fs_get_type(&request) == UV_FS_READ) mark_read(buffers(), size);
    done_(size, buffers());
  }

  void settle(ssize_t result) noexcept override {
    lent.give_back(result > 0 ? as_size(result) : 0);
    fs_block::settle(result);
  }

  transfer_callback done_;
};

void require_offset(std::int64_t offset, const fs_name& name, const std::source_location& where) {
  if (offset < fs::current_position)
    throw misuse(name.operation, "the offset is negative: it must be 0 or more, or current_position", where);
}

void require_buffers(std::size_t count, const fs_name& name, const std::source_location& where) {
  if (count == 0) throw misuse(name.operation, "there are no buffers: give it at least one", where);
  if (count > INT_MAX) throw misuse(name.operation, "there are more than 2147483647 buffers", where);
}

fs_operands one_file(const fs::file& file, const char* operation, const std::source_location& where) {
  fs_operands on;
  on.file = fs_access::use(file, operation, where);
  return on;
}

/// At once. SAFETY: the buffers of a read are not const, whatever their type here.
std::size_t transfer_now(const fs_name& name, transfer_function function, const fs::file& file,
                         std::span<const std::span<const std::byte>> bytes, std::int64_t offset,
                         const std::source_location& where) {
  require_offset(offset, name, where);
  require_buffers(bytes.size(), name, where);
  return operation<std::size_t>(name, one_file(file, name.operation, where),
                                [&](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                                  const buffer_list buffers(bytes);
                                  return function(loop, request, on.file.get()->number(), buffers.data(),
                                                  buffers.count(), offset, done);
                                })
      .now(where);
}

request queue_transfer(const fs_name& name, transfer_function function, loop& owner, const fs::file& file,
                       owned_buffer&& one, std::vector<owned_buffer>&& several, std::int64_t offset,
                       transfer_callback&& done, const std::source_location& where) {
  require_offset(offset, name, where);
  fs_operands on = one_file(file, name.operation, where);
  loop_core& core = loop_core::of(owner, name.operation, where);
  require_callback(done, name, where);
  auto made = core.make<transfer_block>(name, where, std::move(on), std::move(done));
  made->one = std::move(one);
  made->several = std::move(several);
  if constexpr (lends_are_tracked) {
    made->lent = lend(name.operation, where, borrower::thread);
    for (owned_buffer& buffer : made->buffers()) {
      if (function == uv_fs_read)
        made->lent.for_writing(buffer.writable(where));
      else
        made->lent.for_reading(buffer.bytes());
    }
  }
  return submit_fs(std::move(made), name, where,
                   [&](uv_loop_t* loop, uv_fs_t* request, fs_operands& operands, uv_fs_cb called) {
                     // SAFETY: this is the request of the block that was just made.
                     auto& block = static_cast<transfer_block&>(request_of<fs_block>(request));
                     const buffer_list buffers(block.buffers());
                     return function(loop, request, operands.file.get()->number(), buffers.data(),
                                     buffers.count(), offset, called);
                   });
}

// ---- truncating

constexpr fs_name truncate_name{"fs_ftruncate", "fs::file::ftruncate"};

/// In flight it is uv_queue_work of the one that is done at once: from 1.49.1 to 1.51 libuv gives io_uring
/// the size in the wrong place (libuv #4963), so that it fails, or, if the size is a multiple of 4 GiB,
/// empties the file.
class truncate_block final : public request_block {
 public:
  truncate_block(loop_core& loop, std::source_location where, const descriptor_use& use, std::int64_t size,
                 callback<void(outcome<>)>&& done) noexcept
      : request_block(loop, truncate_name.kind, where, request),
        use_(use),
        size_(size),
        done_(std::move(done)) {}

  static void on_pool(uv_work_t* raw) noexcept {
    auto& self = request_of<truncate_block>(raw);
    fs_operands nothing;
    fs_call call(nothing);
    self.status_ = uv_fs_ftruncate(nullptr, &call.request, self.use_.get()->number(), self.size_, nullptr);
  }
  static void after(uv_work_t* raw, int status) noexcept {
    auto& self = request_of<truncate_block>(raw);
    if (status < 0) self.status_ = status;
    self.use_.end();
    finish(self, [&] {
      self.done_(ended(self.status_, truncate_name.operation, self.use_.get()->name(), self.where()));
    });
  }
  void release_callbacks() noexcept { done_ = {}; }

  uv_work_t request{};

 private:
  using request_block::describe;
  void describe(pending_operation& into) const override {
    request_block::describe(into);
    into.object = use_.get()->name();
  }

  descriptor_use use_;
  std::int64_t size_;
  int status_ = 0;
  callback<void(outcome<>)> done_;
};

request queue_truncate(loop_core& core, const descriptor_use& use, std::int64_t size,
                       callback<void(outcome<>)> done, const std::source_location& where) {
  require_callback(done, truncate_name, where);
  return submit_to_pool(core.make<truncate_block>(where, use, size, std::move(done)), truncate_name.operation,
                        use.get()->name(), where,
                        [&](truncate_block& block) {
                          return uv_queue_work(core.uv(), &block.request, truncate_block::on_pool,
                                               truncate_block::after);
                        })
      .owner();
}

// ---- what needs the descriptor only

template <class T, class Start>
auto file_operation(const fs_name& name, const fs::file& file, const std::source_location& where,
                    Start start) {
  return operation<T>(name, one_file(file, name.operation, where),
                      [start](uv_loop_t* loop, uv_fs_t* request, fs_operands& on, uv_fs_cb done) {
                        return start(loop, request, on.file.get()->number(), done);
                      });
}

auto fstat_of(const fs::file& file, const std::source_location& where) {
  return file_operation<fs::file_status>({"fs_fstat", "fs::file::fstat"}, file, where, uv_fs_fstat);
}
auto fsync_of(const fs::file& file, const std::source_location& where) {
  return file_operation<void>({"fs_fsync", "fs::file::fsync"}, file, where, uv_fs_fsync);
}
auto fdatasync_of(const fs::file& file, const std::source_location& where) {
  return file_operation<void>({"fs_fdatasync", "fs::file::fdatasync"}, file, where, uv_fs_fdatasync);
}
auto ftruncate_of(const fs::file& file, std::int64_t size, const std::source_location& where) {
  return file_operation<void>(truncate_name, file, where,
                              [size](uv_loop_t* loop, uv_fs_t* request, uv_file number, uv_fs_cb done) {
                                return uv_fs_ftruncate(loop, request, number, size, done);
                              });
}
void require_size(std::int64_t size, const std::source_location& where) {
  if (size < 0) throw misuse(truncate_name.operation, "the size is negative: it must be 0 or more", where);
}
auto fchmod_of(const fs::file& file, fs::permissions mode, const std::source_location& where) {
  return file_operation<void>({"fs_fchmod", "fs::file::fchmod"}, file, where,
                              [mode](uv_loop_t* loop, uv_fs_t* request, uv_file number, uv_fs_cb done) {
                                return uv_fs_fchmod(loop, request, number, to_native(mode), done);
                              });
}
auto fchown_of(const fs::file& file, std::uint32_t uid, std::uint32_t gid,
               const std::source_location& where) {
  return file_operation<void>({"fs_fchown", "fs::file::fchown"}, file, where,
                              [=](uv_loop_t* loop, uv_fs_t* request, uv_file number, uv_fs_cb done) {
                                return uv_fs_fchown(loop, request, number, uid, gid, done);
                              });
}
auto futime_of(const fs::file& file, fs::time_point atime, fs::time_point mtime,
               const std::source_location& where) {
  return file_operation<void>({"fs_futime", "fs::file::futime"}, file, where,
                              [=](uv_loop_t* loop, uv_fs_t* request, uv_file number, uv_fs_cb done) {
                                return uv_fs_futime(loop, request, number, to_seconds(atime),
                                                    to_seconds(mtime), done);
                              });
}

auto sendfile_of(const fs::file& out, const fs::file& in, std::int64_t offset, std::size_t count,
                 const std::source_location& where) {
  constexpr fs_name name{"fs_sendfile", "fs::sendfile"};
  if (offset < 0) throw misuse(name.operation, "the offset is negative: it must be 0 or more", where);
  fs_operands on = one_file(out, name.operation, where);
  on.other = fs_access::use(in, name.operation, where);
  return operation<std::size_t>(name, std::move(on),
                                [=](uv_loop_t* loop, uv_fs_t* request, fs_operands& files, uv_fs_cb done) {
                                  return uv_fs_sendfile(loop, request, files.file.get()->number(),
                                                        files.other.get()->number(), offset, count, done);
                                });
}

/// Of bytes that the awaiting coroutine keeps.
class awaited_transfer final : public fs_block {
 public:
  using done_callback = callback<void(ssize_t)>;

  awaited_transfer(loop_core& loop, const fs_name& name, std::source_location where, fs_operands&& operands,
                   done_callback&& done) noexcept
      : fs_block(loop, name, where, std::move(operands)), done_(std::move(done)) {}
  void release_callbacks() noexcept override { done_ = {}; }

 private:
  void tell(ssize_t result) override { done_(result); }

  done_callback done_;
};

}  // namespace

std::string transfer_operation::object() const { return file_.get()->name(); }

void transfer_operation::start() {
  loop_core& core = require_usable();
  const fs_name& name = reads_ ? read_name : write_name;
  fs_operands on;
  on.file = file_;
  auto made = core.make<awaited_transfer>(name, where(), std::move(on), [this](ssize_t result) {
    lent_.give_back(result > 0 ? as_size(result) : 0);
    if (result >= 0 && reads_) mark_written(bytes_.data(), std::min(bytes_.size(), as_size(result)));
    result_ = result;
    complete();
  });
  lend lent(kind(), where(), borrower::thread);
  if (reads_)  // SAFETY: what is read into is not const in truth.
    lent.for_writing({const_cast<std::byte*>(bytes_.data()), bytes_.size()});
  else
    lent.for_reading(bytes_);
  const auto function = reads_ ? uv_fs_read : uv_fs_write;
  in_flight(submit_fs(std::move(made), name, where(),
                      [&](uv_loop_t* loop, uv_fs_t* request, fs_operands& operands, uv_fs_cb called) {
                        const buffer_list buffer(std::span(&bytes_, 1));
                        return function(loop, request, operands.file.get()->number(), buffer.data(),
                                        buffer.count(), offset_, called);
                      }));
  lent_ = std::move(lent);
  file_.end();
}

std::size_t transfer_operation::await_resume() {
  finish();
  if (result_ < 0) throw error(static_cast<int>(result_), kind(), object(), where());
  return std::min(bytes_.size(), as_size(result_));  // libuv's word is not taken for more
}

}  // namespace detail

namespace fs {

using detail::fs_access;

file file::adopt(int number, std::source_location where) {
  if (number < 0)
    throw misuse("fs::file::adopt", "the descriptor is negative: give it one that is open", where);
  file made{
      detail::descriptor_use(std::make_shared<detail::descriptor>("descriptor " + std::to_string(number)))};
  made.use_.get()->open(number);
  return made;
}

int file::fileno(std::source_location where) const {
  return fs_access::use(*this, "fs::file::fileno", where).get()->number();
}

int file::release(std::source_location where) {
  detail::descriptor& used = *fs_access::use(*this, "fs::file::release", where).get();
  if (!used.used_by_one())
    throw misuse("fs::file::release", "an operation on it is in flight: wait until that has ended", where);
  const int number = used.take();
  use_ = {};
  return number;
}

void file::close(std::source_location where) {
  detail::descriptor& used = *fs_access::use(*this, "fs::file::close", where).get();
  const detail::descriptor_use last = std::move(use_);
  if (!used.used_by_one()) return;
  if (const int status = detail::close_number(used.take()); status < 0)
    throw error(status, "fs::file::close", used.name(), where);
}

request file::close(uv::loop& loop, on_done<> done, std::source_location where) {
  fs_access::use(*this, "fs::file::close", where);
  return detail::queue_close(detail::loop_core::of(loop, "fs::file::close", where), use_,
                             std::move(done).take(), where);
}
detail::request_operation<void> file::close(uv::loop& loop, std::source_location where) {
  fs_access::use(*this, "fs::file::close", where);
  detail::loop_core& core = detail::loop_core::of(loop, "fs::file::close", where);
  return {core, "fs::file::close", where,
          [use = std::move(use_), where](detail::loop_core& on_loop, callback<void(outcome<>)> done) mutable {
            return detail::queue_close(on_loop, use, std::move(done), where);
          }};
}

std::size_t file::read(std::span<std::byte> bytes, std::int64_t offset, std::source_location where) const {
  const std::span<const std::byte> one = bytes;
  return detail::transfer_now(detail::read_name, uv_fs_read, *this, std::span(&one, 1), offset, where);
}
std::size_t file::read(std::span<const std::span<std::byte>> bytes, std::int64_t offset,
                       std::source_location where) const {
  const std::vector<std::span<const std::byte>> several(bytes.begin(), bytes.end());
  return detail::transfer_now(detail::read_name, uv_fs_read, *this, several, offset, where);
}
request file::read(uv::loop& loop, owned_buffer buffer, std::int64_t offset, on_read done,
                   std::source_location where) const {
  static_cast<void>(buffer.writable(where));  // constant bytes are misuse
  return detail::queue_transfer(detail::read_name, uv_fs_read, loop, *this, std::move(buffer), {}, offset,
                                std::move(done).take(), where);
}
request file::read(uv::loop& loop, std::vector<owned_buffer> buffers, std::int64_t offset,
                   on_vectored_read done, std::source_location where) const {
  detail::require_buffers(buffers.size(), detail::read_name, where);
  for (owned_buffer& buffer : buffers) static_cast<void>(buffer.writable(where));
  return detail::queue_transfer(detail::read_name, uv_fs_read, loop, *this, {}, std::move(buffers), offset,
                                std::move(done).take(), where);
}

detail::transfer_operation file::read(uv::loop& loop, std::span<std::byte> bytes, std::int64_t offset,
                                      std::source_location where) const {
  detail::require_offset(offset, detail::read_name, where);
  const char* const operation = detail::read_name.operation;
  return {detail::loop_core::of(loop, operation, where),
          operation,
          where,
          fs_access::use(*this, operation, where),
          bytes,
          true,
          offset};
}
detail::transfer_operation file::await_write(uv::loop& loop, std::span<const std::byte> bytes,
                                             std::int64_t offset, const std::source_location& where) const {
  detail::require_offset(offset, detail::write_name, where);
  const char* const operation = detail::write_name.operation;
  return {detail::loop_core::of(loop, operation, where),
          operation,
          where,
          fs_access::use(*this, operation, where),
          bytes,
          false,
          offset};
}

std::size_t file::write(std::span<const std::byte> bytes, std::int64_t offset,
                        std::source_location where) const {
  return write(std::span(&bytes, 1), offset, where);
}
std::size_t file::write(std::span<const std::span<const std::byte>> bytes, std::int64_t offset,
                        std::source_location where) const {
  return detail::transfer_now(detail::write_name, uv_fs_write, *this, bytes, offset, where);
}
request file::write(uv::loop& loop, owned_buffer buffer, std::int64_t offset, on_write done,
                    std::source_location where) const {
  return detail::queue_transfer(detail::write_name, uv_fs_write, loop, *this, std::move(buffer), {}, offset,
                                std::move(done).take(), where);
}
request file::write(uv::loop& loop, std::vector<owned_buffer> buffers, std::int64_t offset,
                    on_vectored_write done, std::source_location where) const {
  detail::require_buffers(buffers.size(), detail::write_name, where);
  return detail::queue_transfer(detail::write_name, uv_fs_write, loop, *this, {}, std::move(buffers), offset,
                                std::move(done).take(), where);
}

file_status file::fstat(std::source_location where) const {
  return detail::fstat_of(*this, where).now(where);
}
request file::fstat(uv::loop& loop, on_done<file_status> done, std::source_location where) const {
  return detail::fstat_of(*this, where).queue(loop, std::move(done), where);
}
detail::request_operation<file_status> file::fstat(uv::loop& loop, std::source_location where) const {
  return detail::fstat_of(*this, where).await(loop, where);
}

void file::fsync(std::source_location where) const { detail::fsync_of(*this, where).now(where); }
request file::fsync(uv::loop& loop, on_done<> done, std::source_location where) const {
  return detail::fsync_of(*this, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> file::fsync(uv::loop& loop, std::source_location where) const {
  return detail::fsync_of(*this, where).await(loop, where);
}

void file::fdatasync(std::source_location where) const { detail::fdatasync_of(*this, where).now(where); }
request file::fdatasync(uv::loop& loop, on_done<> done, std::source_location where) const {
  return detail::fdatasync_of(*this, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> file::fdatasync(uv::loop& loop, std::source_location where) const {
  return detail::fdatasync_of(*this, where).await(loop, where);
}

void file::ftruncate(std::int64_t size, std::source_location where) const {
  detail::require_size(size, where);
  detail::ftruncate_of(*this, size, where).now(where);
}
request file::ftruncate(uv::loop& loop, std::int64_t size, on_done<> done, std::source_location where) const {
  detail::require_size(size, where);
  return detail::queue_truncate(detail::loop_core::of(loop, detail::truncate_name.operation, where),
                                fs_access::use(*this, detail::truncate_name.operation, where), size,
                                std::move(done).take(), where);
}
detail::request_operation<void> file::ftruncate(uv::loop& loop, std::int64_t size,
                                                std::source_location where) const {
  detail::require_size(size, where);
  const detail::fs_name& name = detail::truncate_name;
  return {detail::loop_core::of(loop, name.operation, where), name.operation, where,
          [use = fs_access::use(*this, name.operation, where), size, where](detail::loop_core& core,
                                                                            callback<void(outcome<>)> done) {
            return detail::queue_truncate(core, use, size, std::move(done), where);
          }};
}

void file::fchmod(permissions mode, std::source_location where) const {
  detail::fchmod_of(*this, mode, where).now(where);
}
request file::fchmod(uv::loop& loop, permissions mode, on_done<> done, std::source_location where) const {
  return detail::fchmod_of(*this, mode, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> file::fchmod(uv::loop& loop, permissions mode,
                                             std::source_location where) const {
  return detail::fchmod_of(*this, mode, where).await(loop, where);
}

void file::fchown(std::uint32_t uid, std::uint32_t gid, std::source_location where) const {
  detail::fchown_of(*this, uid, gid, where).now(where);
}
request file::fchown(uv::loop& loop, std::uint32_t uid, std::uint32_t gid, on_done<> done,
                     std::source_location where) const {
  return detail::fchown_of(*this, uid, gid, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> file::fchown(uv::loop& loop, std::uint32_t uid, std::uint32_t gid,
                                             std::source_location where) const {
  return detail::fchown_of(*this, uid, gid, where).await(loop, where);
}

void file::futime(time_point atime, time_point mtime, std::source_location where) const {
  detail::futime_of(*this, atime, mtime, where).now(where);
}
request file::futime(uv::loop& loop, time_point atime, time_point mtime, on_done<> done,
                     std::source_location where) const {
  return detail::futime_of(*this, atime, mtime, where).queue(loop, std::move(done), where);
}
detail::request_operation<void> file::futime(uv::loop& loop, time_point atime, time_point mtime,
                                             std::source_location where) const {
  return detail::futime_of(*this, atime, mtime, where).await(loop, where);
}

std::size_t sendfile(const file& out, const file& in, std::int64_t offset, std::size_t count,
                     std::source_location where) {
  return detail::sendfile_of(out, in, offset, count, where).now(where);
}
request sendfile(uv::loop& loop, const file& out, const file& in, std::int64_t offset, std::size_t count,
                 on_done<std::size_t> done, std::source_location where) {
  return detail::sendfile_of(out, in, offset, count, where).queue(loop, std::move(done), where);
}
detail::request_operation<std::size_t> sendfile(uv::loop& loop, const file& out, const file& in,
                                                std::int64_t offset, std::size_t count,
                                                std::source_location where) {
  return detail::sendfile_of(out, in, offset, count, where).await(loop, where);
}

}  // namespace fs
}  // namespace gauntlet::uv
