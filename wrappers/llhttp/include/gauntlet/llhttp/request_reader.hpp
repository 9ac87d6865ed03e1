#pragma once
/// Requests, one part after the other, out of bytes that come when they come:
///
///   llhttp::request_reader reader;
///   std::span<const std::byte> bytes;
///   for (;;) {
///     const llhttp::read_result read = reader.read(bytes);
///     bytes = read.rest;
///     switch (read.part) {
///       case llhttp::part::more: bytes = co_await next_bytes(); break;
///       case llhttp::part::head: head = reader.take_head(); break;
///       case llhttp::part::body: use(read.body); break;
///       case llhttp::part::end: co_await answer(head); break;
///     }
///   }
///
/// Nothing is copied but the head. What may be read in two ways is refused. One thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/llhttp/error.hpp"
#include "gauntlet/llhttp/method.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::llhttp {

/// How much of a request may be kept. To pass one is an error before the rest has come.
struct request_limits {
  std::size_t target_bytes = 8192;
  /// Names and values of a message, its trailers too; and, by themselves, the extensions of one chunk.
  std::size_t header_bytes = 32768;
  std::size_t headers = 100;  ///< fields, trailers too
};

struct header_field {
  std::string name{};   ///< as it was sent
  std::string value{};  ///< without white space around it

  bool operator==(const header_field&) const = default;
};

/// A head: everything before the body.
struct request {
  llhttp::method method = llhttp::method::get;
  std::string target{};  ///< as it was sent: "/thumbnail?width=200"
  int http_major = 1;
  int http_minor = 1;
  std::vector<header_field> fields{};
  std::optional<std::uint64_t> content_length{};  ///< as the field says; none with chunked
  bool chunked = false;
  bool keep_alive = true;  ///< another request may follow
  bool upgrade = false;    ///< it asks for another protocol, or for a tunnel (CONNECT)

  /// The first value of that name, in any case of letters; nullptr if there is none.
  const std::string* find(std::string_view name) const noexcept;

  bool operator==(const request&) const = default;
};

enum class part : std::uint8_t {
  more,  ///< all bytes were read, and nothing new is whole
  head,  ///< take_head() has it
  body,  ///< a piece of the body; of a chunked one, without its chunk sizes
  end,   ///< of the request: what follows belongs to the next
};

struct read_result {
  llhttp::part part = llhttp::part::more;
  std::span<const std::byte> body{};  ///< of part::body; lies in the bytes that were given
  std::span<const std::byte> rest{};  ///< the bytes that were not read yet: give them to the next call
};

/// Over a parser that reads requests, with no leniency.
class request_reader {
 public:
  explicit request_reader(request_limits limits = {});
  request_reader(request_reader&& other) noexcept;
  request_reader& operator=(request_reader&& other) noexcept;
  ~request_reader();

  /// Reads up to the next part. Each part comes once, in the order head, body (as often as there is some),
  /// end; then the next request, if keep_alive. A part may come while no byte is left to read, so call it
  /// until it answers more. Behind the end of a request with `upgrade`, rest is the other protocol's if the
  /// caller takes it up; to read on is to stay with HTTP. Trailers are checked and counted, and not kept.
  ///
  /// Throws error for what is refused, and std::bad_alloc; after either the connection is beyond help, and
  /// every further call is misuse. status_of says what to answer.
  [[nodiscard]] read_result read(std::span<const std::byte> bytes,
                                 std::source_location where = std::source_location::current());

  /// The head that part::head told of, once; misuse at other times.
  request take_head(std::source_location where = std::source_location::current());

  /// Nothing of a request has come yet, or the last one has ended: the connection may end here.
  bool between_requests(std::source_location where = std::source_location::current()) const;

  /// No more bytes will come. Throws errc::invalid_eof_state inside a request.
  void end_of_stream(std::source_location where = std::source_location::current());

 private:
  struct state;
  state& require(const char* operation, std::source_location where) const;

  std::unique_ptr<state> state_;
};

/// The status to answer with where a request was refused: 414 if its target is too long, 431 if its fields
/// are too large or too many, 413 for extensions of chunks, 505 for another version of HTTP, 501 for a
/// transfer coding that is not read, and else 400.
int status_of(const error& refused) noexcept;

}  // namespace gauntlet::llhttp

#pragma GCC visibility pop
