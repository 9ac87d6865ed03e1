#include "gauntlet/uv/stream.hpp"

#include <algorithm>

#include "stream_block.hpp"

namespace gauntlet::uv {
namespace detail {

// ---- reading

void stream_block::read_start(const std::source_location& where) {
  check(uv_read_start(stream(), on_alloc, on_read), *this, "stream::read_start", where);
  loop().idle().remove(idle_);
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
    self.tell(self.read, memory.first(size));
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
    self.tell(self.read, failure);
  });
}

void stream_block::read_stop(const std::source_location& where) {
  if (is_waited_for())
    throw misuse("stream::read_stop", "a task waits for what is read: cancel it instead", where);
  loop().idle().remove(idle_);
  uv_read_stop(stream());
}

// ---- reading, awaited

void stream_block::read_for_waits(const char* operation, const std::source_location& where) {
  loop().idle().remove(idle_);
  const int status = uv_read_start(stream(), on_alloc_for_wait, on_read_for_wait);
  if (status == UV_EALREADY) {
    if (stream()->read_cb == on_read_for_wait) return;
    throw misuse(operation, "a callback is told what is read: call read_stop() first", where);
  }
  check(status, *this, operation, where);
}

void stream_block::stop_reading_for_waits(const char* operation, const std::source_location& where) {
  if (is_waited_for()) throw misuse(operation, "a task waits for what is read: cancel it first", where);
  if (stream()->read_cb == on_read_for_wait) uv_read_stop(stream());
}

void stream_block::on_alloc_for_wait(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
  auto& self = block_of<stream_block>(handle);
  std::span<std::byte> memory;
  if (self.is_waited_for()) {
    // SAFETY: only reads wait for a stream that is read.
    auto& reader = static_cast<read_operation&>(self.waits().front());
    reader.lent_ = {};  // libuv reads into it before anybody else runs
    try {
      memory = reader.room();
    } catch (...) {
      reader.no_room_ = std::current_exception();
    }
  }
  // SAFETY: libuv takes memory as char.
  *buffer = uv_buf_init(reinterpret_cast<char*>(memory.data()), 0);
  buffer->len = memory.size();
}

void stream_block::on_read_for_wait(uv_stream_t* stream, ssize_t count, const uv_buf_t*) noexcept {
  auto& self = block_of<stream_block>(stream);
  if (count == UV_ENOBUFS) uv_read_stop(stream);
  if (!self.is_waited_for()) {
    if (count != 0) self.loop().idle().remove(self.idle_);  // what has come stays in the system
    return;
  }
  // SAFETY: as above.
  auto& reader = static_cast<read_operation&>(self.waits().front());
  if (count == 0) return reader.lend_again();  // it would have blocked
  self.written_at_once_ = 0;
  if (count == UV_EOF) {
    reader.at_end();
    reader.end(0);
  } else if (reader.no_room_) {
    reader.end(std::exchange(reader.no_room_, nullptr));
  } else if (count < 0) {
    reader.end(static_cast<int>(count));
  } else {
    try {
      if (reader.took(static_cast<std::size_t>(count)))
        reader.end(0);
      else
        reader.lend_again();
    } catch (...) {
      reader.end(std::current_exception());
    }
    // Who went on has most often begun to read again.
    if (!self.is_waited_for() && stream->read_cb == on_read_for_wait)
      self.loop().idle().add(self.idle_, self.uv());
  }
}

read_operation::read_operation(stream_block& on, const char* kind, std::source_location where) noexcept
    : handle_wait(on, kind, where) {}

void read_operation::start() {
  require_usable();
  require_alone();
  if (has_all()) return complete();
  lend lent = lent_memory();
  // SAFETY: the constructor was given a stream.
  static_cast<stream_block&>(on()).read_for_waits(kind(), where());
  lent_ = std::move(lent);
  wait();
}

lend read_operation::lent_memory() const {
  lend lent(kind(), where());
  if constexpr (lends_are_tracked) lent.for_writing(memory());
  return lent;
}

/// Anew, since to make room may have moved it.
void read_operation::lend_again() noexcept {
  try {
    lent_ = lent_memory();
  } catch (...) {
    end(std::current_exception());
  }
}

void read_operation::cancel() noexcept {
  // SAFETY: as above.
  uv_read_stop(static_cast<stream_block&>(on()).stream());
  handle_wait::cancel();
}

bool read_some_operation::has_all() {
  if (into_.empty())
    throw misuse(kind(), "there is no room to read into, and 0 bytes would mean the end of the stream",
                 where());
  return false;
}

constexpr std::size_t room_for_text = 4096;  // at a time

bool read_until_operation::search() {
  const std::string_view come(text_.data(), filled_);
  const std::size_t found = come.find(delimiter_, searched_);
  if (found == come.npos) {
    searched_ = filled_ - std::min(filled_, delimiter_.size() - 1);
    return false;
  }
  size_ = found + delimiter_.size();
  return true;
}

bool read_until_operation::has_all() {
  if (delimiter_.empty()) throw misuse(kind(), "there is no delimiter to read to", where());
  filled_ = text_.size();
  if (search()) return true;
  if (filled_ >= most_) throw_error(UV_EMSGSIZE);
  return false;
}

std::span<std::byte> read_until_operation::room() {
  text_.resize(filled_ + std::min(room_for_text, most_ - filled_));
  return std::as_writable_bytes(std::span(text_).subspan(filled_));
}

bool read_until_operation::took(std::size_t size) {
  filled_ += size;
  text_.resize(filled_);
  if (search()) return true;
  if (filled_ >= most_) throw_error(UV_EMSGSIZE);
  return false;
}

void read_until_operation::at_end() noexcept { text_.resize(filled_); }

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
  self.tell(self.connected, status);
}

void stream_block::listen_for_waits(int backlog, const char* operation, const std::source_location& where) {
  if (backlog < 1) throw misuse(operation, "the backlog must be at least 1", where);
  if (stream()->connection_cb == on_connection_for_wait) return;
  if (stream()->connection_cb != nullptr)
    throw misuse(operation, "a callback is told of connections: there is nothing to wait for", where);
  check(uv_listen(stream(), backlog, on_connection_for_wait), *this, operation, where);
  block::begin(where);
}

void stream_block::on_connection_for_wait(uv_stream_t* listener, int status) noexcept {
  auto& self = block_of<stream_block>(listener);
  if (self.closing() || !self.is_waited_for()) return;  // it waits, and no other one is taken meanwhile
  // SAFETY: only accepts wait for a stream that listens.
  auto& waiting = static_cast<accept_operation&>(self.waits().front());
  if (status < 0) return waiting.end(status);
  try {
    waiting.take();
  } catch (...) {
    return waiting.end(std::current_exception());
  }
  waiting.end(0);
}

accept_operation::accept_operation(stream_block& on, const char* kind, std::source_location where) noexcept
    : handle_wait(on, kind, where) {}

void accept_operation::start() {
  require_usable();
  // SAFETY: the constructor was given a stream.
  auto& listener = static_cast<stream_block&>(on());
  constexpr int backlog = 511;
  listener.listen_for_waits(backlog, kind(), where());
  if (!listener.has_connection()) return wait();
  take();
  complete();
}

// ---- writing

namespace {

uv_buf_t to_uv(std::span<const std::byte> bytes) noexcept {
  uv_buf_t buffer;
  // SAFETY: libuv reads what it writes, though its type does not say so.
  buffer.base = reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data()));
  buffer.len = bytes.size();
  return buffer;
}

}  // namespace

uv_buf_t* buffer_list::place(std::size_t count) {
  count_ = static_cast<unsigned>(count);
  if (count <= few_.size()) return few_.data();
  many_.resize(count);
  return many_.data();
}

buffer_list::buffer_list(std::span<owned_buffer> buffers) {
  uv_buf_t* at = place(buffers.size());
  for (const owned_buffer& buffer : buffers) *at++ = to_uv(buffer.bytes());
}

buffer_list::buffer_list(std::span<const std::span<const std::byte>> spans) {
  uv_buf_t* at = place(spans.size());
  for (const std::span<const std::byte>& bytes : spans) *at++ = to_uv(bytes);
}

bool stream_block::write(owned_buffer&& bytes, waited_block* sent, buffers_callback&& written,
                         const std::source_location& where) {
  auto made = loop().make<write_block<owned_buffer>>(where, std::move(bytes), std::move(written));
  const uv_buf_t buffer =
      to_uv(made->buffers().front().bytes());  // a short string's bytes have moved with it
  return queue(std::move(made), &buffer, 1, buffer.len, sent, where);
}

bool stream_block::write(std::vector<owned_buffer>&& bytes, waited_block* sent, buffers_callback&& written,
                         const std::source_location& where) {
  const buffer_list buffers(bytes);
  return queue(
      loop().make<write_block<std::vector<owned_buffer>>>(where, std::move(bytes), std::move(written)),
      buffers.data(), buffers.count(), buffers.size(), sent, where);
}

std::size_t buffer_list::size() const noexcept {
  std::size_t sum = 0;
  for (const uv_buf_t& buffer : std::span(data(), count_)) sum += buffer.len;
  return sum;
}

void buffer_list::remove(std::size_t bytes) noexcept {
  // It is this object's, as place() made it.
  for (uv_buf_t* at = many_.empty() ? few_.data() : many_.data(); bytes != 0; ++at) {
    const std::size_t part = std::min(bytes, at->len);
    at->base += part;
    at->len -= part;
    bytes -= part;
  }
}

template <class Block>
bool stream_block::queue(fresh<Block>&& write, const uv_buf_t* bytes, unsigned count, std::size_t size,
                         waited_block* sent, const std::source_location& where) {
  if (must_not_queue && uv_stream_get_write_queue_size(stream()) != 0)
    throw error(UV_EAGAIN, "stream::write", kind(), where,
                "a write before this one has failed: see its callback");
  write->size = size;
  write->sent = sent;
  gauntlet::lend lent("stream::write", where);
  if constexpr (lends_are_tracked)
    for (const owned_buffer& buffer : write->buffers()) lent.for_reading(buffer.bytes());
  submit(std::move(write), "stream::write", kind_of{*this}, where, [&](Block& made) {
    // SAFETY: libuv's own way to give any handle to uv_write2, which looks only for its type and descriptor.
    return sent == nullptr ? uv_write(&made.request, stream(), bytes, count, Block::on_written)
                           : uv_write2(&made.request, stream(), bytes, count,
                                       reinterpret_cast<uv_stream_t*>(sent->uv()), Block::on_written);
  }).lent = std::move(lent);
  if (sent != nullptr) carry(*sent);
  unreturned += size;
  if (unreturned <= marks.high) return true;
  above_high = true;
  return false;
}

template <class Bytes>
void write_block<Bytes>::on_written(uv_write_t* request, int status) noexcept {
  auto& self = request_of<write_block>(request);
  auto& target = block_of<stream_block>(request->handle);
  self.lent.give_back();
  if (self.sent != nullptr) target.carried(*self.sent);
  target.unreturned -= self.size;
  finish(self, [&] {
    self.written_(ended(status, "stream::write", kind_of{target}, self.where()), self.buffers());
  });
  if (target.above_high) target.drain();
}

// ---- writing, awaited

void stream_block::write(buffer_list& bytes, waited_block* sent, write_operation& by) {
  // Who only writes to a fast reader would never let others have their turn.
  constexpr std::uint32_t most_at_once = 16;
  if (must_not_queue && uv_stream_get_write_queue_size(stream()) != 0)
    throw error(UV_EAGAIN, by.kind(), kind(), by.where(), "a write before this one has failed: see its end");
  if (sent == nullptr && ++written_at_once_ <= most_at_once) {
    const int written = uv_try_write(stream(), bytes.data(), bytes.count());
    if (written != UV_EAGAIN) {
      check(written, *this, by.kind(), by.where());
      if (static_cast<std::size_t>(written) == bytes.size()) return by.ended(0);
      bytes.remove(static_cast<std::size_t>(written));
    }
  }
  written_at_once_ = 0;
  using writing = awaited_request<uv_write_t>;
  submit(loop().make<writing>(by), by.kind(), kind(), by.where(), [&](writing& made) {
    // SAFETY: as in the other write().
    return sent == nullptr ? uv_write(&made.request, stream(), bytes.data(), bytes.count(), writing::on_done)
                           : uv_write2(&made.request, stream(), bytes.data(), bytes.count(),
                                       reinterpret_cast<uv_stream_t*>(sent->uv()), writing::on_done);
  });
}

write_operation::write_operation(stream_block& on, std::span<const std::byte> bytes,
                                 std::source_location where) noexcept
    : handle_operation(on, "stream::write", where), one_(bytes) {}
write_operation::write_operation(stream_block& on, std::span<const std::span<const std::byte>> several,
                                 std::source_location where) noexcept
    : handle_operation(on, "stream::write", where), several_(several) {}
write_operation::write_operation(stream_block& on, std::span<const std::byte> bytes, waited_block& sent,
                                 std::source_location where) noexcept
    : handle_operation(on, "pipe::write", where), one_(bytes), sent_(sent) {}

// SAFETY: the constructors were given a stream.
stream_block& write_operation::stream() const noexcept { return static_cast<stream_block&>(on()); }

void write_operation::start() {
  require_usable();
  const std::span spans = several_.empty() ? std::span(&one_, 1) : several_;
  lend lent(kind(), where());
  for (const std::span<const std::byte>& bytes : spans) lent.for_reading(bytes);
  buffer_list bytes(spans);
  if (sent_) {
    waited_block& sent = **sent_;
    if (sent.closing()) refuse_use(&sent, kind(), where());
    stream().write(bytes, &sent, *this);
    stream().carry(sent);
    carries_ = true;
  } else {
    stream().write(bytes, nullptr, *this);
  }
  if (!completed()) lent_ = std::move(lent);
}

void write_operation::before_end() noexcept {
  lent_.give_back();
  if (std::exchange(carries_, false)) stream().carried(**sent_);
}

/// libuv cannot take a write back. If all is with the system the end is near; else the other side would have
/// to read first, which it may never do.
void write_operation::cancel() noexcept {
  if (uv_stream_get_write_queue_size(stream().stream()) != 0) stream().abort();
}

shutdown_operation::shutdown_operation(stream_block& on, std::source_location where) noexcept
    : handle_operation(on, "stream::shutdown", where) {}

void shutdown_operation::start() {
  require_usable();
  // SAFETY: the constructor was given a stream.
  auto& stream = static_cast<stream_block&>(on());
  using ending = awaited_request<uv_shutdown_t>;
  submit(stream.loop().make<ending>(*this), kind(), stream.kind(), where(),
         [&](ending& made) { return uv_shutdown(&made.request, stream.stream(), ending::on_done); });
}

/// As a write: what waits before it may never go.
void shutdown_operation::cancel() noexcept {
  // SAFETY: as above.
  auto& stream = static_cast<stream_block&>(on());
  if (uv_stream_get_write_queue_size(stream.stream()) != 0) stream.abort();
}

void stream_block::drain() noexcept {
  if (closing() || unreturned > marks.low) return;
  above_high = false;
  tell(drained);
}

}  // namespace detail

using detail::stream_block;

namespace {

stream_block& use_stream(detail::handle_block* block, const char* operation,
                         const std::source_location& where) {
  return detail::use<stream_block>(block, operation, where);
}

}  // namespace

stream_block& stream::block(const char* operation, const std::source_location& where) const {
  return detail::use<stream_block>(block_, operation, where);
}

void stream::start_reading(callback<std::span<std::byte>(std::size_t)> alloc,
                           callback<void(outcome<std::span<std::byte>>)> read, std::source_location where) {
  stream_block& used = block("stream::read_start", where);
  detail::require_callable(read, "stream::read_start", where);
  used.stop_reading_for_waits("stream::read_start", where);
  used.read_start(where);
  used.alloc = std::move(alloc);
  used.read = std::move(read);
  used.has_reader = true;
}

void stream::read_again(std::source_location where) {
  stream_block& used = block("stream::read_again", where);
  if (!used.has_reader)
    throw misuse("stream::read_again", "nothing has been read yet: call read_start() with a callback", where);
  used.stop_reading_for_waits("stream::read_again", where);
  used.read_start(where);
}

void stream::read_stop(std::source_location where) { block("stream::read_stop", where).read_stop(where); }

detail::read_some_operation stream::read_some(std::span<std::byte> into, std::source_location where) {
  return {block("stream::read_some", where), into, where};
}

detail::read_exactly_operation stream::read_exactly(std::span<std::byte> into, std::source_location where) {
  return {block("stream::read_exactly", where), into, where};
}

detail::read_until_operation stream::read_until(std::string& text, std::string_view delimiter,
                                                std::size_t most, std::source_location where) {
  return {block("stream::read_until", where), text, delimiter, most, where};
}

detail::write_operation stream::await_write(std::span<const std::byte> bytes,
                                            const std::source_location& where) {
  return {block("stream::write", where), bytes, where};
}

detail::write_operation stream::write(std::span<const std::span<const std::byte>> bytes,
                                      std::source_location where) {
  stream_block& used = block("stream::write", where);
  if (bytes.empty()) throw misuse("stream::write", "there are no buffers: give it at least one", where);
  return {used, bytes, where};
}

detail::shutdown_operation stream::shutdown(std::source_location where) {
  return {block("stream::shutdown", where), where};
}

bool stream::is_readable(std::source_location where) const {
  return uv_is_readable(block("stream::is_readable", where).stream()) != 0;
}

bool stream::queue_write(owned_buffer&& bytes, detail::buffers_callback&& written,
                         const std::source_location& where) {
  stream_block& used = use_stream(block_, "stream::write", where);
  detail::require_callable(written, "stream::write", where);
  return used.write(std::move(bytes), nullptr, std::move(written), where);
}

bool stream::queue_write(std::vector<owned_buffer>&& bytes, detail::buffers_callback&& written,
                         const std::source_location& where) {
  stream_block& used = use_stream(block_, "stream::write", where);
  detail::require_callable(written, "stream::write", where);
  if (bytes.empty()) throw misuse("stream::write", "there are no buffers: give it at least one", where);
  return used.write(std::move(bytes), nullptr, std::move(written), where);
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
