#pragma once
/// HTTP/1 messages, parsed as their bytes come: what they bring comes out by callbacks. It does no I/O, and
/// keeps no byte.
///
///   llhttp::parser parser{llhttp::kind::request,
///                         {.on_url = [&](llhttp::parser&, std::string_view piece) { target += piece; },
///                          .on_message_complete = [&](llhttp::parser& p) { serve(p.method(), target); }}};
///   while (socket >> slice) parser.execute(slice);
///   parser.finish();

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>

#include "gauntlet/callback.hpp"
#include "gauntlet/llhttp/error.hpp"
#include "gauntlet/llhttp/method.hpp"

#pragma GCC visibility push(default)

struct llhttp__internal_s;  // llhttp_t; NOLINT(bugprone-reserved-identifier): the name is llhttp's

namespace gauntlet::llhttp {

class parser;

/// What is parsed (llhttp_type_t).
enum class kind : std::uint8_t {
  both = 0,  ///< what the first message is; type() then tells
  request = 1,
  response = 2,
};

/// What on_headers_complete makes of the message.
enum class body : std::uint8_t {
  as_said = 0,       ///< by its own headers
  none = 1,          ///< there is none, whatever the headers say: the answer to a HEAD
  none_upgrade = 2,  ///< none, and behind it comes another protocol: execute() stops there
};

/// A piece of a name or value: it may come in several, and lies in the bytes given to execute().
using piece_callback = callback<void(parser&, std::string_view)>;
using event_callback = callback<void(parser&)>;

/// llhttp_settings_t. Each may be empty. In a callback, the parser may be asked, paused, moved and destroyed;
/// what the callback throws comes out of execute() as itself. A piece's end is told by the callback that has
/// _complete in its name.
struct callbacks {
  event_callback on_message_begin{};

  piece_callback on_url{};
  piece_callback on_status{};  ///< the words behind the number
  piece_callback on_method{};
  piece_callback on_version{};  ///< "1.1"
  piece_callback on_header_field{};
  piece_callback on_header_value{};
  piece_callback on_chunk_extension_name{};
  piece_callback on_chunk_extension_value{};

  /// All headers were told. To answer anything but body::as_said and to pause at once is misuse.
  callback<body(parser&)> on_headers_complete{};

  /// A piece of the body, without chunk sizes.
  callback<void(parser&, std::span<const std::byte>)> on_body{};

  event_callback on_message_complete{};
  event_callback on_url_complete{};
  event_callback on_status_complete{};
  event_callback on_method_complete{};
  event_callback on_version_complete{};
  event_callback on_header_field_complete{};
  event_callback on_header_value_complete{};
  event_callback on_chunk_extension_name_complete{};
  event_callback on_chunk_extension_value_complete{};

  event_callback on_chunk_header{};  ///< chunk_length() has its size
  event_callback on_chunk_complete{};
  event_callback on_reset{};  ///< a further message begins, before its on_message_begin
};

/// What is accepted although the standard forbids it. Each opens a hole: two programs that read the same
/// bytes in two ways can be played against each other.
struct lenient {
  /// Header values with control characters in them (llhttp_set_lenient_headers). Request smuggling, and
  /// values that break the log or the header they are copied into.
  bool headers = false;
  /// Content-Length beside Transfer-Encoding (llhttp_set_lenient_chunked_length). The classic of request
  /// smuggling: one side goes by the one, the other by the other.
  bool chunked_length = false;
  /// Messages behind one that said Connection: close (llhttp_set_lenient_keep_alive). Cache poisoning: the
  /// second answer is taken for one to another request.
  bool keep_alive = false;
  /// Transfer-Encoding with something behind chunked (llhttp_set_lenient_transfer_encoding). Request
  /// smuggling: how long the body is becomes a matter of opinion.
  bool transfer_encoding = false;
  /// Any digits as a version (llhttp_set_lenient_version). Messages of protocols that this is no parser for.
  bool version = false;
  /// Bytes behind a message that said Connection: close are dropped (llhttp_set_lenient_data_after_close). As
  /// keep_alive, in silence.
  bool data_after_close = false;
  /// A CR without its LF ends a line (llhttp_set_lenient_optional_lf_after_cr). Request smuggling: others see
  /// no end of the header there.
  bool optional_lf_after_cr = false;
  /// A LF without its CR ends a line, but not the first (llhttp_set_lenient_optional_cr_before_lf). As above.
  bool optional_cr_before_lf = false;
  /// Nothing between a chunk and the next (llhttp_set_lenient_optional_crlf_after_chunk). Request smuggling
  /// through chunks whose sizes are off by two.
  bool optional_crlf_after_chunk = false;
  /// Spaces behind a chunk's size (llhttp_set_lenient_spaces_after_chunk_size). Request smuggling, where
  /// others end the number elsewhere.
  bool spaces_after_chunk_size = false;

  bool operator==(const lenient&) const = default;
};

/// Why execute() has come back.
enum class stop : std::uint8_t {
  all_read,    ///< and what comes next may be given
  paused,      ///< pause() was called: resume(), then give it the bytes that were not used
  upgrade,     ///< the rest is another protocol's; or resume_after_upgrade(), if it stays HTTP
  h2_upgrade,  ///< HTTP/2's preface was read: the rest is HTTP/2
};

struct execution {
  stop why = stop::all_read;
  std::size_t used = 0;  ///< of the bytes given
};

/// Its llhttp_t does not move when this is moved. Use each object from one thread at a time. Where a function
/// is misuse, nothing has happened.
class parser {
 public:
  explicit parser(kind kind, callbacks callbacks = {}, lenient lenient = {},
                  std::source_location where = std::source_location::current());
  parser(parser&& other) noexcept;
  parser& operator=(parser&& other) noexcept;
  ~parser();

  /// Parses, calling back (llhttp_execute). Any number of bytes, also none: after a pause there may be
  /// something left to tell. Throws error for what is no HTTP, and what a callback throws; after either,
  /// until reset(), it is misuse. So it is in a callback, while paused, and after finish().
  execution execute(std::span<const std::byte> bytes,
                    std::source_location where = std::source_location::current());
  /// No more bytes will come (llhttp_finish). Ends a response whose body had no other end; throws
  /// errc::invalid_eof_state if the message is not whole, or what on_message_complete throws.
  void finish(std::source_location where = std::source_location::current());

  /// execute() comes back: from a callback, as soon as that returns; from elsewhere, before it reads a byte
  /// (llhttp_pause).
  void pause(std::source_location where = std::source_location::current());
  /// Nothing where it is not paused (llhttp_resume). Misuse in a callback.
  void resume(std::source_location where = std::source_location::current());
  /// The other side offers another protocol, and this one does not take it up (llhttp_resume_after_upgrade).
  void resume_after_upgrade(std::source_location where = std::source_location::current());
  bool paused(std::source_location where = std::source_location::current()) const;

  /// Back to the start, with kind, callbacks and leniency as they were (llhttp_reset). A parser of kind::both
  /// that has seen a message stays with what that was. Misuse in a callback.
  void reset(std::source_location where = std::source_location::current());
  void set_lenient(const lenient& lenient, std::source_location where = std::source_location::current());

  kind type(std::source_location where = std::source_location::current()) const;  ///< llhttp_get_type
  /// Of the message, once its on_version_complete was told; until then 0, or what the message before had.
  int http_major(std::source_location where = std::source_location::current()) const;
  int http_minor(std::source_location where = std::source_location::current()) const;
  /// Of the request, once on_method_complete was told; until then delete_, or what the message before had.
  llhttp::method method(std::source_location where = std::source_location::current()) const;
  /// Of the response, once on_status was told or could have been: 0 to 999.
  int status_code(std::source_location where = std::source_location::current()) const;
  /// From on_headers_complete on: another protocol follows if both want it.
  bool upgrade(std::source_location where = std::source_location::current()) const;
  /// In on_headers_complete: the value of Content-Length, if there is one.
  std::optional<std::uint64_t> content_length(
      std::source_location where = std::source_location::current()) const;
  /// In on_headers_complete: the body comes in chunks.
  bool chunked(std::source_location where = std::source_location::current()) const;
  /// In on_chunk_header: the chunk's bytes.
  std::uint64_t chunk_length(std::source_location where = std::source_location::current()) const;
  /// From on_headers_complete on: only finish() can end this message.
  bool message_needs_eof(std::source_location where = std::source_location::current()) const;
  /// From on_headers_complete to on_message_complete: another message may follow on this connection.
  bool should_keep_alive(std::source_location where = std::source_location::current()) const;

  /// The last answer of llhttp's that was none of success: an error or a pause (llhttp_get_errno).
  std::optional<errc> last_error(std::source_location where = std::source_location::current()) const;
  /// llhttp's sentence on it, or "" (llhttp_get_error_reason).
  std::string_view error_reason(std::source_location where = std::source_location::current()) const;
  /// Bytes since the start or reset() that were read before it (llhttp_get_error_pos).
  std::uint64_t error_offset(std::source_location where = std::source_location::current()) const;

  /// llhttp_t*, for what is not wrapped. Its settings and data are this parser's.
  llhttp__internal_s* native(std::source_location where = std::source_location::current()) const;

 private:
  struct block;
  block& require(const char* operation, std::source_location where) const;

  std::shared_ptr<block> block_;  // shared with a call that runs: a callback may destroy this
};

/// The standard words for a status: "Not Found" is "NOT_FOUND" here, as llhttp_status_name has it. Empty for
/// a number that llhttp does not know.
std::string_view status_name(int status_code) noexcept;

}  // namespace gauntlet::llhttp

#pragma GCC visibility pop
