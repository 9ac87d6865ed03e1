#pragma once
// What a stream has beside libuv's handle, and the requests on it.

#include <uv.h>

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "gauntlet/uv/stream.hpp"
#include "gauntlet/uv/stream_operations.hpp"
#include "handle_block.hpp"
#include "request_block.hpp"

namespace gauntlet::uv::detail {

class stream_block : public waited_block {
 public:
  using waited_block::waited_block;

  // SAFETY: uv() is a tcp, pipe or tty handle, each of which begins as a uv_stream_t.
  uv_stream_t* stream() const noexcept { return reinterpret_cast<uv_stream_t*>(uv()); }

  void read_start(const std::source_location& where);
  void read_stop(const std::source_location& where);
  /// For the coroutines that wait. It goes on when nobody does, until something comes: to stop and start
  /// around each read would cost as much as some reads.
  void stop_reading_for_waits(const char* operation, const std::source_location& where);
  void read_for_waits(const char* operation, const std::source_location& where);
  /// True while no more bytes are held than the high mark. sent: a handle to go with the bytes, or nullptr.
  bool write(owned_buffer&& bytes, waited_block* sent, buffers_callback&& written,
             const std::source_location& where);
  bool write(std::vector<owned_buffer>&& bytes, waited_block* sent, buffers_callback&& written,
             const std::source_location& where);
  /// A write that sends another handle, or this one, is on its way.
  void carry(waited_block& sent) noexcept {
    ++carries_;
    sent.lend();
  }
  void carried(waited_block& sent) noexcept {
    --carries_;
    sent.give_back();
  }
  /// Tells that enough has been written, if so.
  void drain() noexcept;

  callback<std::span<std::byte>(std::size_t)> alloc;
  callback<void(outcome<std::span<std::byte>>)> read;
  callback<void()> drained;
  /// Of one that listens.
  callback<void(int status)> connected;
  write_marks marks;
  /// Bytes of writes that have not been told to be done. libuv's queue does not count those that the system
  /// has taken already: they would pile up as long as a callback goes on writing.
  std::size_t unreturned = 0;
  bool above_high = false;
  bool has_reader = false;
  /// Of a terminal that blocks: libuv asserts that nothing waits, and forgets what failed and is yet to be
  /// told.
  bool must_not_queue = false;

  void listen(int backlog, callback<void(int status)> told, const char* operation,
              const std::source_location& where);
  void accept(stream_block& into, const char* operation, const std::source_location& where);
  /// Each connection waits until a coroutine takes it. Again: nothing.
  void listen_for_waits(int backlog, const char* operation, const std::source_location& where);
  bool has_connection() const noexcept { return stream()->accepted_fd != -1; }

  /// Writes what can be written at once; if that is all, the operation has ended.
  void write(class buffer_list& bytes, waited_block* sent, write_operation& by);

 protected:
  void release_callbacks() noexcept override;
  void before_close() noexcept override {
    loop().idle().remove(idle_);
    uv_read_stop(stream());
  }

 private:
  template <class Block>
  bool queue(fresh<Block>&& write, const uv_buf_t* bytes, unsigned count, std::size_t size,
             waited_block* sent, const std::source_location& where);
  static void on_connection(uv_stream_t* listener, int status) noexcept;
  static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_alloc_for_wait(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
  static void on_read_for_wait(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
  static void on_connection_for_wait(uv_stream_t* listener, int status) noexcept;

  bool is_needed() const noexcept final { return carries_ == 0 && waited_block::is_needed(); }

  idle_reading idle_;
  std::uint32_t carries_ = 0;          // its writes that send a handle
  std::uint32_t written_at_once_ = 0;  // since a coroutine has waited for this stream
};

/// Bytes: an owned_buffer, or a vector of them.
template <class Bytes>
class write_block final : public request_block {
 public:
  write_block(loop_core& loop, std::source_location where, Bytes&& bytes, buffers_callback&& done) noexcept
      : request_block(loop, "write", where, request), bytes_(std::move(bytes)), written_(std::move(done)) {}

  std::span<owned_buffer> buffers() noexcept {
    if constexpr (std::is_same_v<Bytes, owned_buffer>)
      return {&bytes_, 1};
    else
      return bytes_;
  }
  static void on_written(uv_write_t* request, int status) noexcept;
  void release_callbacks() noexcept { written_ = {}; }

  uv_write_t request;            // libuv sets all of it that it reads
  std::size_t size = 0;          // in bytes
  waited_block* sent = nullptr;  // through a pipe
  [[no_unique_address]] lend lent;

 private:
  Bytes bytes_;
  buffers_callback written_;
};

/// uv_connect_t and uv_shutdown_t: what has no value and cannot be cancelled but by closing.
template <class Request>
class stream_request final : public request_block {
 public:
  stream_request(loop_core& loop, const char* kind, const char* operation, std::source_location started,
                 std::string subject, callback<void(outcome<>)>&& done) noexcept
      : request_block(loop, kind, started, request),
        operation_(operation),
        where_(started),
        subject_(std::move(subject)),
        done_(std::move(done)) {}

  static void on_done(Request* request, int status) noexcept {
    auto& self = request_of<stream_request>(request);
    finish(self, [&] { self.done_(ended(status, self.operation_, self.subject_, self.where_)); });
  }
  void release_callbacks() noexcept { done_ = {}; }
  const std::string& subject() const noexcept { return subject_; }

  Request request{};

 private:
  using request_block::describe;
  void describe(pending_operation& into) const override {
    request_block::describe(into);
    into.object = subject_;
  }

  const char* operation_;
  std::source_location where_;
  std::string subject_;
  callback<void(outcome<>)> done_;
};

/// A request on a handle that a coroutine awaits.
template <class Request>
class awaited_request final : public request_block {
 public:
  awaited_request(loop_core& loop, handle_operation& by) noexcept
      : request_block(loop, by.kind(), by.where(), request), by_(by) {
    be_awaited();
  }

  static void on_done(Request* request, int status) noexcept {
    auto& self = request_of<awaited_request>(request);
    handle_operation& by = self.by_;
    let_go_by_libuv(self);
    by.before_end();
    by.ended(status);
  }

  Request request{};

 private:
  handle_operation& by_;
};

using connect_block = stream_request<uv_connect_t>;
using shutdown_block = stream_request<uv_shutdown_t>;

/// The bytes of buffers as libuv wants them; they stay where they are.
class buffer_list {
 public:
  explicit buffer_list(std::span<owned_buffer> buffers);
  explicit buffer_list(std::span<const std::span<const std::byte>> spans);

  const uv_buf_t* data() const noexcept { return many_.empty() ? few_.data() : many_.data(); }
  unsigned count() const noexcept { return count_; }
  /// In bytes.
  std::size_t size() const noexcept;
  /// The first bytes need not be written any more.
  void remove(std::size_t bytes) noexcept;

 private:
  uv_buf_t* place(std::size_t count);

  std::array<uv_buf_t, 8> few_{};
  std::vector<uv_buf_t> many_;
  unsigned count_ = 0;
};

}  // namespace gauntlet::uv::detail
