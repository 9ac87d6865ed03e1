#pragma once
/// What TCP connections, pipes and terminals have in common: uv_stream_t.
///
/// Reading, writing and shutdown each have two forms: with a callback, which is called on the loop's thread;
/// and without one, for coroutines, which await them.

#include <cstddef>
#include <limits>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/callback.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/stream_operations.hpp"

#pragma GCC visibility push(default)

struct uv_stream_s;

namespace gauntlet::uv {

namespace detail {
class stream_block;

template <class T>
constexpr bool is_byte_span = false;
template <std::size_t Extent>
constexpr bool is_byte_span<std::span<std::byte, Extent>> = true;
template <std::size_t Extent>
constexpr bool is_byte_span<std::span<const std::byte, Extent>> = true;

}  // namespace detail

/// Where write() begins to answer false, and where on_drain is called, in bytes that write() was given and
/// has not handed back: so who obeys it holds no more than high and one write.
struct write_marks {
  std::size_t high = std::size_t{1} << 20;
  std::size_t low = std::size_t{1} << 18;
};

class stream : public handle {
 public:
  // ---- reading

  /// read is called with the bytes that came, until read_stop(): std::span<std::byte>, empty at the end of
  /// the stream, which is not an error and comes once; or outcome<std::span<std::byte>>, which may also hold
  /// an error, after which nothing comes. A callback that takes the span only lets errors come out of run().
  /// The bytes are the loop's, for as long as the callback runs (uv_read_start).
  template <completion_callback<std::span<std::byte>> Read>
  void read_start(Read&& read, std::source_location where = std::source_location::current()) {
    start_reading({}, detail::completion<std::span<std::byte>>(std::forward<Read>(read)), where);
  }
  /// The bytes go where alloc says, which is called right before: with the size that libuv suggests, for the
  /// memory to read into, which must stay until read has been called. Nothing to read into ends reading with
  /// no_buffer_space.
  template <class Alloc, completion_callback<std::span<std::byte>> Read>
    requires std::is_invocable_r_v<std::span<std::byte>, std::decay_t<Alloc>&, std::size_t>
  void read_start(Alloc&& alloc, Read&& read, std::source_location where = std::source_location::current()) {
    start_reading(std::forward<Alloc>(alloc),
                  detail::completion<std::span<std::byte>>(std::forward<Read>(read)), where);
  }
  /// May be called at any time; what has not been read stays in the system (uv_read_stop).
  void read_stop(std::source_location where = std::source_location::current());
  /// After read_stop(): goes on with the callbacks of the last read_start(). Misuse if there was none.
  void read_again(std::source_location where = std::source_location::current());
  /// `std::size_t n = co_await peer.read_some(buffer)`: straight into the span, as soon as there is
  /// something; answers how many bytes, 0 at the end of the stream. The span is not empty, and stays until
  /// then. One task at a time reads; a second one, or a callback that reads, is misuse. Cancelled, it has
  /// read nothing (uv_read_start).
  detail::read_some_operation read_some(std::span<std::byte> into,
                                        std::source_location where = std::source_location::current());
  /// Until the span is full; answers its size, or less if the stream has ended before. Cancelled in the
  /// middle, what has come is in the span, and how much that is nobody knows.
  detail::read_exactly_operation read_exactly(std::span<std::byte> into,
                                              std::source_location where = std::source_location::current());
  /// Appends what comes to text until there is the delimiter in it; answers how many bytes of text end with
  /// it. More may have come, which stays in text: erase what you have used, and read on with the rest. 0: the
  /// stream has ended before. An error, message_size, if text has most bytes and no delimiter. text stays
  /// until then.
  detail::read_until_operation read_until(std::string& text, std::string_view delimiter,
                                          std::size_t most = std::size_t{1} << 16,
                                          std::source_location where = std::source_location::current());
  bool is_readable(std::source_location where = std::source_location::current()) const;  ///< uv_is_readable

  // ---- writing

  /// Queues the bytes, after all that was written before, and hands them back to written when they are gone,
  /// or failed, or the stream was closed (operation_canceled). False: more are held now than
  /// write_marks::high, and who can should wait for on_drain (uv_write).
  template <buffer_callback Written = no_callback>
  bool write(owned_buffer bytes, Written&& written = {},
             std::source_location where = std::source_location::current()) {
    return queue_write(std::move(bytes),
                       detail::buffers_completion<owned_buffer>(std::forward<Written>(written)), where);
  }
  /// Several, as one (writev).
  template <buffer_callback<std::vector<owned_buffer>> Written = no_callback>
  bool write(std::vector<owned_buffer> bytes, Written&& written = {},
             std::source_location where = std::source_location::current()) {
    return queue_write(std::move(bytes),
                       detail::buffers_completion<std::vector<owned_buffer>>(std::forward<Written>(written)),
                       where);
  }
  /// `co_await peer.write(bytes)`, of a std::span of std::byte: until the system has taken all of them, which
  /// stay where they are meanwhile. What can be written at once is, and then nobody waits. libuv cannot take
  /// a write back, and one that is cut off has left half a message behind: to cancel it while bytes wait
  /// closes the stream (uv_try_write, uv_write).
  template <class Bytes>
    requires detail::is_byte_span<std::remove_cvref_t<Bytes>>
  detail::write_operation write(Bytes&& bytes, std::source_location where = std::source_location::current()) {
    return await_write(bytes, where);
  }
  /// Several, as one. Their list stays, too.
  detail::write_operation write(std::span<const std::span<const std::byte>> bytes,
                                std::source_location where = std::source_location::current());
  /// Writes what can be written at once; answers how many bytes that were, 0 if none or if writes wait
  /// (uv_try_write).
  std::size_t try_write(std::span<const std::byte> bytes,
                        std::source_location where = std::source_location::current());
  std::size_t try_write(std::span<const std::span<const std::byte>> bytes,
                        std::source_location where = std::source_location::current());
  /// Ends the writing side when all writes are done; the reading side stays open (uv_shutdown).
  template <completion_callback Ended>
  void shutdown(Ended&& ended, std::source_location where = std::source_location::current()) {
    start_shutdown(detail::completion<void>(std::forward<Ended>(ended)), where);
  }
  /// `co_await peer.shutdown()`. To cancel it while writes wait closes the stream.
  detail::shutdown_operation shutdown(std::source_location where = std::source_location::current());
  bool is_writable(std::source_location where = std::source_location::current()) const;  ///< uv_is_writable

  /// Bytes that wait to be written (uv_stream_get_write_queue_size).
  std::size_t write_queue_size(std::source_location where = std::source_location::current()) const;
  /// low must not be above high.
  void set_write_marks(write_marks marks, std::source_location where = std::source_location::current());
  /// Called when no more than write_marks::low bytes are held, after a write() answered false.
  void on_drain(callback<void()> drained, std::source_location where = std::source_location::current());

  /// Writes block; reads never do. For descriptors that others share (uv_stream_set_blocking).
  void set_blocking(bool blocking, std::source_location where = std::source_location::current());

  /// The descriptor, which stays the handle's (uv_fileno).
  int fileno(std::source_location where = std::source_location::current()) const;

  uv_stream_s* native(std::source_location where = std::source_location::current()) const;

 protected:
  using handle::handle;

  detail::stream_block& block(const char* operation, const std::source_location& where) const;

 private:
  void start_reading(callback<std::span<std::byte>(std::size_t)> alloc,
                     callback<void(outcome<std::span<std::byte>>)> read, std::source_location where);
  detail::write_operation await_write(std::span<const std::byte> bytes, const std::source_location& where);
  bool queue_write(owned_buffer&& bytes, detail::buffers_callback&& written,
                   const std::source_location& where);
  bool queue_write(std::vector<owned_buffer>&& bytes, detail::buffers_callback&& written,
                   const std::source_location& where);
  void start_shutdown(callback<void(outcome<>)> ended, std::source_location where);
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
