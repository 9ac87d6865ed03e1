#include "gauntlet/llhttp/request_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gauntlet/llhttp/parser.hpp"

namespace gauntlet::llhttp {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letters(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether a list such as that of Connection has this word.
bool has_word(std::string_view list, std::string_view word) noexcept {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (same_letters(trimmed(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// Out of a callback, to where the offset is known.
struct refusal {
  errc code;
  const char* reason;
};

/// What stood before a place in the input, also in what was given before. llhttp tells neither how many
/// spaces it has skipped nor whether the protocol is HTTP, RTSP or ICE.
class look_back {
 public:
  static constexpr std::size_t reach = 7;  // one byte of a target, a space, "HTTP/"

  void begin(std::span<const std::byte> input) noexcept { input_ = input; }
  /// used: how many of the input's bytes were read.
  void end(std::size_t used) noexcept {
    before_ = from(input_.subspan(used).data());
    input_ = {};
  }
  /// The bytes before `place`, which is in the input or at its end.
  std::array<char, reach> from(const void* place) const noexcept {
    const auto at = static_cast<std::size_t>(static_cast<const std::byte*>(place) - input_.data());
    std::array<char, reach> found{};
    for (std::size_t i = 0; i < reach; ++i)
      found[i] = at + i < reach ? before_[at + i] : std::to_integer<char>(input_[at + i - reach]);
    return found;
  }

 private:
  std::span<const std::byte> input_;
  std::array<char, reach> before_{};
};

}  // namespace

const std::string* request::find(std::string_view name) const noexcept {
  const auto found =
      std::ranges::find_if(fields, [&](const header_field& field) { return same_letters(field.name, name); });
  return found == fields.end() ? nullptr : &found->value;
}

struct request_reader::state {
  explicit state(const request_limits& given)
      // Any digits, so that another version can be told from what is no version.
      : limits(given), parser(kind::request, make_callbacks(), {.version = true}) {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() = default;

  read_result read(std::span<const std::byte> bytes);
  std::uint64_t stopped_at() const { return parser.error_offset(); }

  request_limits limits;
  request head{};
  bool inside = false;  // a request
  bool head_is_whole = false;
  bool head_waits = false;  // for take_head()
  bool failed = false;
  std::uint64_t bytes_read = 0;

 private:
  callbacks make_callbacks();
  void begin_message();
  void add_target(std::string_view piece);
  void check_space_before_target(std::string_view target) const;
  void check_protocol(std::string_view version);
  void check_version();
  void add_name(std::string_view piece);
  void add_value(std::string_view piece);
  void end_field();
  body end_head();
  void check_transfer_encoding() const;
  bool says_close() const noexcept;
  void count_extension(std::string_view piece);
  void count_field_bytes(std::size_t more);
  void reach(llhttp::part part) {
    reached = part;
    parser.pause();
  }

  bool field_is_open = false;
  std::size_t fields = 0;
  std::size_t field_bytes = 0;
  std::size_t extension_bytes = 0;
  bool version_has_begun = false;
  look_back seen;
  llhttp::part reached = part::more;
  std::span<const std::byte> piece_of_body{};
  llhttp::parser parser;
};

callbacks request_reader::state::make_callbacks() {
  using text = std::string_view;
  return {
      .on_message_begin = [this](llhttp::parser&) { begin_message(); },
      .on_url = [this](llhttp::parser&, text piece) { add_target(piece); },
      .on_version = [this](llhttp::parser&, text piece) { check_protocol(piece); },
      .on_header_field = [this](llhttp::parser&, text piece) { add_name(piece); },
      .on_header_value = [this](llhttp::parser&, text piece) { add_value(piece); },
      .on_chunk_extension_name = [this](llhttp::parser&, text piece) { count_extension(piece); },
      .on_chunk_extension_value = [this](llhttp::parser&, text piece) { count_extension(piece); },
      .on_headers_complete = [this](llhttp::parser&) { return end_head(); },
      .on_body =
          [this](llhttp::parser&, std::span<const std::byte> piece) {
            piece_of_body = piece;
            reach(part::body);
          },
      .on_message_complete =
          [this](llhttp::parser&) {
            inside = false;
            reach(part::end);
          },
      .on_version_complete = [this](llhttp::parser&) { check_version(); },
      .on_header_value_complete = [this](llhttp::parser&) { end_field(); },
      .on_chunk_header = [this](llhttp::parser&) { extension_bytes = 0; },
  };
}

void request_reader::state::begin_message() {
  head = {};
  inside = true;
  head_is_whole = head_waits = field_is_open = version_has_begun = false;
  fields = field_bytes = extension_bytes = 0;
}

void request_reader::state::add_target(std::string_view piece) {
  if (head.target.empty()) check_space_before_target(piece);
  if (piece.size() > limits.target_bytes - head.target.size())
    throw refusal{errc::target_too_long, "the target is longer than request_limits::target_bytes"};
  head.target += piece;
}

void request_reader::state::check_space_before_target(std::string_view target) const {
  const auto before = seen.from(target.data());
  if (before[before.size() - 2] == ' ')
    throw refusal{errc::unexpected_space, "more than one space before the target"};
}

void request_reader::state::check_protocol(std::string_view version) {
  if (std::exchange(version_has_begun, true)) return;
  const auto before = seen.from(version.data());
  const std::string_view words(before.data(), before.size());
  if (!words.ends_with("HTTP/")) throw refusal{errc::version_not_supported, "this is RTSP or ICE, not HTTP"};
  if (words.starts_with("  "))
    throw refusal{errc::unexpected_space, "more than one space before the version"};
}

void request_reader::state::check_version() {
  head.http_major = parser.http_major();
  head.http_minor = parser.http_minor();
  if (head.http_major != 1 || head.http_minor > 1)
    throw refusal{errc::version_not_supported, "only HTTP/1.1 and HTTP/1.0 are read"};
}

void request_reader::state::count_field_bytes(std::size_t more) {
  if (more > limits.header_bytes - field_bytes)
    throw refusal{errc::head_too_large, "the fields are longer than request_limits::header_bytes"};
  field_bytes += more;
}

void request_reader::state::add_name(std::string_view piece) {
  if (!std::exchange(field_is_open, true)) {
    if (fields == limits.headers)
      throw refusal{errc::too_many_headers, "there are more fields than request_limits::headers"};
    ++fields;
    if (!head_is_whole) head.fields.emplace_back();
  }
  count_field_bytes(piece.size());
  if (!head_is_whole) head.fields.back().name += piece;
}

void request_reader::state::add_value(std::string_view piece) {
  count_field_bytes(piece.size());
  if (!head_is_whole) head.fields.back().value += piece;
}

void request_reader::state::end_field() {
  field_is_open = false;
  if (head_is_whole) return;
  std::string& value = head.fields.back().value;
  while (!value.empty() && is_blank(value.back()))
    value.pop_back();  // what stands before it llhttp takes away
}

/// What llhttp calls chunked may be packed in another way below that, or come from an HTTP/1.0 sender, whose
/// proxies do not know it.
void request_reader::state::check_transfer_encoding() const {
  for (const header_field& field : head.fields) {
    if (!same_letters(field.name, "transfer-encoding")) continue;
    if (head.http_minor == 0)
      throw refusal{errc::invalid_transfer_encoding, "HTTP/1.0 has no Transfer-Encoding"};
    if (!same_letters(field.value, "chunked"))
      throw refusal{errc::transfer_coding_not_supported, "a Transfer-Encoding that is not just chunked"};
    if (!parser.chunked())
      throw refusal{errc::invalid_transfer_encoding,
                    "a Transfer-Encoding that llhttp does not take for chunked"};
  }
}

/// llhttp does not know the word where a tab follows.
bool request_reader::state::says_close() const noexcept {
  return std::ranges::any_of(head.fields, [](const header_field& field) {
    return same_letters(field.name, "connection") && has_word(field.value, "close");
  });
}

body request_reader::state::end_head() {
  if (!version_has_begun) throw refusal{errc::version_not_supported, "there is no version, as in HTTP/0.9"};
  check_transfer_encoding();
  head.method = parser.method();
  head.content_length = parser.content_length();
  head.chunked = parser.chunked();
  head.keep_alive = parser.should_keep_alive() && !says_close();
  head.upgrade = parser.upgrade();
  head_is_whole = head_waits = true;
  reach(part::head);
  return body::as_said;
}

void request_reader::state::count_extension(std::string_view piece) {
  if (piece.size() > limits.header_bytes - extension_bytes)
    throw refusal{errc::chunk_extensions_too_large,
                  "the extensions of a chunk are longer than request_limits::header_bytes"};
  extension_bytes += piece.size();
}

read_result request_reader::state::read(std::span<const std::byte> bytes) {
  reached = part::more;
  piece_of_body = {};
  std::size_t used = 0;
  for (;;) {
    parser.resume();
    parser.resume_after_upgrade();
    const std::span<const std::byte> rest = bytes.subspan(used);
    seen.begin(rest);
    const execution done = parser.execute(rest);
    seen.end(done.used);
    used += done.used;
    bytes_read += done.used;
    if (done.why == stop::h2_upgrade) throw refusal{errc::version_not_supported, "this is HTTP/2"};
    // The caller reads on behind an upgrade that it was told of, so it stays with HTTP.
    if (done.why != stop::upgrade)
      return {.part = reached, .body = piece_of_body, .rest = bytes.subspan(used)};
  }
}

request_reader::request_reader(request_limits limits) : state_(std::make_unique<state>(limits)) {}
request_reader::request_reader(request_reader&& other) noexcept = default;
request_reader& request_reader::operator=(request_reader&& other) noexcept = default;
request_reader::~request_reader() = default;

request_reader::state& request_reader::require(const char* operation, std::source_location where) const {
  if (!state_) throw misuse(operation, "this reader was moved from; use the one it went to", where);
  if (state_->failed)
    throw misuse(operation,
                 "a request was refused, so nobody knows where the next begins; close the connection", where);
  return *state_;
}

read_result request_reader::read(std::span<const std::byte> bytes, std::source_location where) {
  constexpr const char* operation = "llhttp::request_reader::read";
  state& self = require(operation, where);
  self.failed = true;  // until it has not
  try {
    const read_result result = self.read(bytes);
    self.failed = false;
    return result;
  } catch (const refusal& refused) {
    throw error(refused.code, operation, refused.reason, self.stopped_at(), where);
  } catch (const error& refused) {
    throw error(static_cast<errc>(refused.code().value()), operation, refused.reason(), refused.offset(),
                where);
  }
}

request request_reader::take_head(std::source_location where) {
  state& self = require("llhttp::request_reader::take_head", where);
  if (!std::exchange(self.head_waits, false))
    throw misuse("llhttp::request_reader::take_head",
                 "there is no head to take; it comes once, after part::head", where);
  return std::move(self.head);
}

bool request_reader::between_requests(std::source_location where) const {
  return !require("llhttp::request_reader::between_requests", where).inside;
}

void request_reader::end_of_stream(std::source_location where) {
  state& self = require("llhttp::request_reader::end_of_stream", where);
  if (!self.inside) return;
  self.failed = true;
  throw error(errc::invalid_eof_state, "llhttp::request_reader::end_of_stream",
              "the stream ends inside a request", self.bytes_read, where);
}

int status_of(const error& refused) noexcept {
  switch (static_cast<errc>(refused.code().value())) {
    case errc::target_too_long:
      return 414;
    case errc::head_too_large:
    case errc::too_many_headers:
      return 431;
    case errc::chunk_extensions_too_large:
      return 413;
    case errc::version_not_supported:
      return 505;
    case errc::transfer_coding_not_supported:
      return 501;
    default:
      return 400;
  }
}

}  // namespace gauntlet::llhttp
