#include "gauntlet/uv/stream.hpp"

#include <algorithm>

#include "stream_block.hpp"

namespace gauntlet::uv {
namespace detail {

// ---- reading

void stream_block::read_start(const std::source_location& where) {
  check(uv_read_start(stream(), on_alloc, on_read), *this, "stream::read_start", where);
  begin(where);
}

void stream_block::on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept {
  auto& self = block_of<stream_block>(handle);
  std::span<std::byte> memory;
  self.loop().call([&] {
    if (!self.alloc) {
      memory = self.loop().read_buffer();
      return;
    }
    memory = self.alloc.call_replaceable(suggested);
  });
  if (self.closing() || uv_is_active(handle) == 0) {
    // Reading ended in there, which libuv is not prepared for: given memory it would read on, without it
    // calls what uv_read_stop has just taken away.
    memory = {};
    self.stream()->read_cb = on_read;
  }
  // SAFETY: libuv takes memory as char.
  *buffer = uv_buf_init(reinterpret_cast<char*>(memory.data()), 0);
  buffer->len = memory.size();
}

void stream_block::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept {
  auto& self = block_of<stream_block>(stream);
  if (count == 0) return;  // it would have blocked
  if (count > 0 || count == UV_EOF) {
    // SAFETY: on_alloc gave this memory, of buffer->len bytes.
    const std::span memory(reinterpret_cast<std::byte*>(buffer->base), buffer->len);
    const auto size = count == UV_EOF ? 0 : std::min(static_cast<std::size_t>(count), memory.size());
    self.loop().invoke(self.read, memory.first(size));
    return;
  }
  if (count == UV_ENOBUFS) {
    if (self.closing() || uv_is_active(self.uv()) == 0) {  // since alloc
      stream->read_cb = nullptr;
      return;
    }
    uv_read_stop(stream);  // libuv would ask for memory again in each turn of the loop
  }
  self.loop().call([&] {
    const error failure(static_cast<int>(count), "stream::read_start", self.kind(), self.where());
    self.loop().invoke(self.read, failure);
  });
}

void stream_block::release_callbacks() noexcept {
  alloc = {};
  read = {};
  drained = {};
  connected = {};
}

// ---- listening

void stream_block::listen(int backlog, callback<void(int)> told, const char* operation,
                          const std::source_location& where) {
  if (backlog < 1) throw misuse(operation, "the backlog must be at least 1", where);
  check(uv_listen(stream(), backlog, on_connection), *this, operation, where);
  connected = std::move(told);
  block::begin(where);
}

void stream_block::accept(stream_block& into, const char* operation, const std::source_location& where) {
  check(uv_accept(stream(), into.stream()), *this, operation, where);
}

void stream_block::on_connection(uv_stream_t* listener, int status) noexcept {
  auto& self = block_of<stream_block>(listener);
  if (self.closing()) return;
  self.loop().invoke(self.connected, status);
}

// ---- writing

uv_buf_t* buffer_list::place(std::size_t count) {
  count_ = static_cast<unsigned>(count);
  if (count <= few_.size()) return few_.data();
  many_.resize(count);
  return many_.data();
}

buffer_list::buffer_list(std::span<owned_buffer> buffers) {
  uv_buf_t* at = place(buffers.size());
  for (const owned_buffer& buffer : buffers) {
    const std::span<const std::byte> bytes = buffer.bytes();
    // SAFETY: libuv reads what it writes, though its type does not say so.
    at->base = reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data()));
    (at++)->len = bytes.size();
  }
}

buffer_list::buffer_list(std::span<const std::span<const std::byte>> spans) {
  uv_buf_t* at = place(spans.size());
  for (const std::span<const std::byte>& bytes : spans) {
    // SAFETY: as above.
    at->base = reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data()));
    (at++)->len = bytes.size();
  }
}

std::size_t buffer_list::size() const noexcept {
  std::size_t sum = 0;
  for (const uv_buf_t& buffer : std::span(data(), count_)) sum += buffer.len;
  return sum;
}

bool stream_block::write(fresh<write_block> write, handle_block* sent, const std::source_location& where) {
  if (must_not_queue && uv_stream_get_write_queue_size(stream()) != 0)
    throw error(UV_EAGAIN, "stream::write", kind(), where,
                "a write before this one has failed: see its callback");
  const buffer_list buffers(write->buffers());
  write->target = this;
  write->sent = sent;
  const std::size_t size = buffers.size();
  write->size = size;
  submit(std::move(write), "stream::write", kind(), where, [&](write_block& made) {
    // SAFETY: libuv's own way to give any handle to uv_write2, which looks only for its type and descriptor.
    return sent == nullptr
               ? uv_write(&made.request, stream(), buffers.data(), buffers.count(), write_block::on_written)
               : uv_write2(&made.request, stream(), buffers.data(), buffers.count(),
                           reinterpret_cast<uv_stream_t*>(sent->uv()), write_block::on_written);
  });
  if (sent != nullptr) carry(*sent);
  unreturned += size;
  if (unreturned <= marks.high) return true;
  above_high = true;
  return false;
}

void write_block::on_written(uv_write_t* request, int status) noexcept {
  auto& self = request_of<write_block>(request);
  stream_block& target = *self.target;
  if (self.sent != nullptr) target.carried(*self.sent);
  target.unreturned -= self.size;
  finish(self,
         [&] { self.written(ended(status, "stream::write", target.kind(), self.where()), self.buffers()); });
  target.written();
}

void stream_block::written() noexcept {
  if (!above_high || closing() || unreturned > marks.low) return;
  above_high = false;
  loop().invoke(drained);
}

}  // namespace detail

using detail::stream_block;

stream_block& stream::block(const char* operation, const std::source_location& where) const {
  return detail::use<stream_block>(block_, operation, where);
}

void stream::start_reading(callback<std::span<std::byte>(std::size_t)> alloc,
                           callback<void(outcome<std::span<std::byte>>)> read, std::source_location where) {
  stream_block& used = block("stream::read_start", where);
  detail::require_callable(read, "stream::read_start", where);
  used.read_start(where);
  used.alloc = std::move(alloc);
  used.read = std::move(read);
  used.has_reader = true;
}

void stream::read_again(std::source_location where) {
  stream_block& used = block("stream::read_again", where);
  if (!used.has_reader)
    throw misuse("stream::read_again", "nothing has been read yet: call read_start() with a callback", where);
  used.read_start(where);
}

void stream::read_stop(std::source_location where) {
  uv_read_stop(block("stream::read_stop", where).stream());
}

bool stream::is_readable(std::source_location where) const {
  return uv_is_readable(block("stream::is_readable", where).stream()) != 0;
}

bool stream::queue_write(owned_buffer bytes, detail::buffers_callback written, std::source_location where) {
  stream_block& used = block("stream::write", where);
  detail::require_callable(written, "stream::write", where);
  auto write = used.loop().make<detail::write_block>(where, std::move(written));
  write->one = std::move(bytes);
  return used.write(std::move(write), nullptr, where);
}

bool stream::queue_write(std::vector<owned_buffer> bytes, detail::buffers_callback written,
                         std::source_location where) {
  stream_block& used = block("stream::write", where);
  detail::require_callable(written, "stream::write", where);
  if (bytes.empty()) throw misuse("stream::write", "there are no buffers: give it at least one", where);
  auto write = used.loop().make<detail::write_block>(where, std::move(written));
  write->several = std::move(bytes);
  return used.write(std::move(write), nullptr, where);
}

std::size_t stream::try_write(std::span<const std::byte> bytes, std::source_location where) {
  return try_write(std::span(&bytes, 1), where);
}

std::size_t stream::try_write(std::span<const std::span<const std::byte>> bytes, std::source_location where) {
  stream_block& used = block("stream::try_write", where);
  if (bytes.empty()) throw misuse("stream::try_write", "there are no buffers: give it at least one", where);
  const detail::buffer_list buffers(bytes);
  const int written = uv_try_write(used.stream(), buffers.data(), buffers.count());
  if (written == UV_EAGAIN) return 0;
  detail::check(written, used, "stream::try_write", where);
  return static_cast<std::size_t>(written);
}

void stream::start_shutdown(callback<void(outcome<>)> ended, std::source_location where) {
  stream_block& used = block("stream::shutdown", where);
  detail::require_callable(ended, "stream::shutdown", where);
  detail::submit(used.loop().make<detail::shutdown_block>("shutdown", "stream::shutdown", where, used.kind(),
                                                          std::move(ended)),
                 "stream::shutdown", used.kind(), where, [&](detail::shutdown_block& made) {
                   return uv_shutdown(&made.request, used.stream(), detail::shutdown_block::on_done);
                 });
}

bool stream::is_writable(std::source_location where) const {
  return uv_is_writable(block("stream::is_writable", where).stream()) != 0;
}

std::size_t stream::write_queue_size(std::source_location where) const {
  return uv_stream_get_write_queue_size(block("stream::write_queue_size", where).stream());
}

void stream::set_write_marks(write_marks marks, std::source_location where) {
  stream_block& used = block("stream::set_write_marks", where);
  if (marks.low > marks.high)
    throw misuse("stream::set_write_marks", "low is above high: it must be at most as large", where);
  used.marks = marks;
}

void stream::on_drain(callback<void()> drained, std::source_location where) {
  block("stream::on_drain", where).drained = std::move(drained);
}

void stream::set_blocking(bool blocking, std::source_location where) {
  stream_block& used = block("stream::set_blocking", where);
  detail::check(uv_stream_set_blocking(used.stream(), blocking ? 1 : 0), used, "stream::set_blocking", where);
}

int stream::fileno(std::source_location where) const {
  return detail::descriptor_of(block("stream::fileno", where), "stream::fileno", where);
}

uv_stream_s* stream::native(std::source_location where) const {
  return block("stream::native", where).stream();
}

}  // namespace gauntlet::uv
