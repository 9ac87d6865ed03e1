#include "gauntlet/llhttp/parser.hpp"

#include <llhttp.h>

#include <functional>
#include <string>
#include <utility>

#include "gauntlet/callback_boundary.hpp"

namespace gauntlet::llhttp {

static_assert(static_cast<int>(kind::both) == HTTP_BOTH && static_cast<int>(kind::request) == HTTP_REQUEST &&
              static_cast<int>(kind::response) == HTTP_RESPONSE);

/// What llhttp knows by address. It outlives the call that runs in it.
struct parser::block {
  block(kind kind, llhttp::callbacks given, parser* first_owner)
      : callbacks(std::move(given)), owner(first_owner) {
    llhttp_settings_init(&settings);
    install_events();
    install_pieces();
    llhttp_init(&raw, static_cast<llhttp_type_t>(kind), &settings);
    raw.data = this;
  }
  block(const block&) = delete;
  block& operator=(const block&) = delete;
  ~block() = default;

  execution execute(std::span<const std::byte> bytes, std::source_location where);
  void finish(std::source_location where);
  void require_outside(const char* operation, std::source_location where) const;
  void require_ready(const char* operation, std::source_location where) const;
  void set_lenient(const lenient& wanted) noexcept;

  llhttp_t raw{};
  llhttp_settings_t settings{};
  llhttp::callbacks callbacks;
  callback_boundary boundary;
  parser* owner;  // nullptr: destroyed, while a call runs
  bool running = false;
  bool wants_pause = false;
  bool finished = false;
  std::source_location called_from{};  // of the call that runs
  std::uint64_t read = 0;              // since the start or reset()
  std::uint64_t stopped_at = 0;        // the last error or pause

 private:
  // SAFETY: data was set by the constructor, and the address of a block does not change.
  static block& of(llhttp_t* raw) noexcept { return *static_cast<block*>(raw->data); }

  /// What llhttp is answered. Not the -1 that it allows where a callback has failed: llhttp_finish would hand
  /// that on, and it is no value of llhttp_errno_t.
  template <class Work>
  int tell(Work&& work) noexcept {
    if (owner != nullptr && !boundary.run(std::forward<Work>(work))) return HPE_USER;
    return owner == nullptr || wants_pause ? HPE_PAUSED : HPE_OK;
  }

  template <event_callback llhttp::callbacks::* Which>
  static int event(llhttp_t* raw) noexcept {
    block& self = of(raw);
    return self.tell([&] { (self.callbacks.*Which)(*self.owner); });
  }

  template <piece_callback llhttp::callbacks::* Which>
  static int piece(llhttp_t* raw, const char* at, std::size_t length) noexcept {
    block& self = of(raw);
    if (length == 0) return HPE_OK;
    return self.tell([&] { (self.callbacks.*Which)(*self.owner, std::string_view(at, length)); });
  }

  static int body_piece(llhttp_t* raw, const char* at, std::size_t length) noexcept {
    block& self = of(raw);
    if (length == 0) return HPE_OK;
    return self.tell([&] { self.callbacks.on_body(*self.owner, std::as_bytes(std::span(at, length))); });
  }

  static int headers_complete(llhttp_t* raw) noexcept {
    block& self = of(raw);
    body verdict = body::as_said;
    const int told = self.tell([&] {
      verdict = self.callbacks.on_headers_complete(*self.owner);
      if (verdict != body::as_said && verdict != body::none && verdict != body::none_upgrade)
        throw misuse("llhttp::callbacks::on_headers_complete", "its answer is none of llhttp::body",
                     self.called_from);
      if (verdict != body::as_said && self.wants_pause)
        throw misuse(
            "llhttp::parser::pause",
            "on_headers_complete says that there is no body, which llhttp cannot hear together with a "
            "pause; pause in on_message_complete",
            self.called_from);
    });
    return told == HPE_OK ? static_cast<int>(verdict) : told;
  }

  template <event_callback llhttp::callbacks::* Which>
  void install(llhttp_cb& slot) noexcept {
    if (callbacks.*Which) slot = &event<Which>;
  }
  template <piece_callback llhttp::callbacks::* Which>
  void install(llhttp_data_cb& slot) noexcept {
    if (callbacks.*Which) slot = &piece<Which>;
  }
  void install_events() noexcept;
  void install_pieces() noexcept;

  template <class Call>
  llhttp_errno_t run(Call&& call) noexcept;
  std::size_t used_of(const char* data, std::size_t size) const noexcept;
};

void parser::block::install_events() noexcept {
  using all = llhttp::callbacks;
  install<&all::on_message_begin>(settings.on_message_begin);
  if (callbacks.on_headers_complete) settings.on_headers_complete = &headers_complete;
  install<&all::on_message_complete>(settings.on_message_complete);
  install<&all::on_url_complete>(settings.on_url_complete);
  install<&all::on_status_complete>(settings.on_status_complete);
  install<&all::on_method_complete>(settings.on_method_complete);
  install<&all::on_version_complete>(settings.on_version_complete);
  install<&all::on_header_field_complete>(settings.on_header_field_complete);
  install<&all::on_header_value_complete>(settings.on_header_value_complete);
  install<&all::on_chunk_extension_name_complete>(settings.on_chunk_extension_name_complete);
  install<&all::on_chunk_extension_value_complete>(settings.on_chunk_extension_value_complete);
  install<&all::on_chunk_header>(settings.on_chunk_header);
  install<&all::on_chunk_complete>(settings.on_chunk_complete);
  install<&all::on_reset>(settings.on_reset);
}

void parser::block::install_pieces() noexcept {
  using all = llhttp::callbacks;
  install<&all::on_url>(settings.on_url);
  install<&all::on_status>(settings.on_status);
  install<&all::on_method>(settings.on_method);
  install<&all::on_version>(settings.on_version);
  install<&all::on_header_field>(settings.on_header_field);
  install<&all::on_header_value>(settings.on_header_value);
  install<&all::on_chunk_extension_name>(settings.on_chunk_extension_name);
  install<&all::on_chunk_extension_value>(settings.on_chunk_extension_value);
  if (callbacks.on_body) settings.on_body = &body_piece;
}

void parser::block::set_lenient(const lenient& wanted) noexcept {
  llhttp_set_lenient_headers(&raw, wanted.headers);
  llhttp_set_lenient_chunked_length(&raw, wanted.chunked_length);
  llhttp_set_lenient_keep_alive(&raw, wanted.keep_alive);
  llhttp_set_lenient_transfer_encoding(&raw, wanted.transfer_encoding);
  llhttp_set_lenient_version(&raw, wanted.version);
  llhttp_set_lenient_data_after_close(&raw, wanted.data_after_close);
  llhttp_set_lenient_optional_lf_after_cr(&raw, wanted.optional_lf_after_cr);
  llhttp_set_lenient_optional_cr_before_lf(&raw, wanted.optional_cr_before_lf);
  llhttp_set_lenient_optional_crlf_after_chunk(&raw, wanted.optional_crlf_after_chunk);
  llhttp_set_lenient_spaces_after_chunk_size(&raw, wanted.spaces_after_chunk_size);
}

void parser::block::require_outside(const char* operation, std::source_location where) const {
  if (running)
    throw misuse(operation,
                 "this is one of its own callbacks; return from it first, or pause() to stop there", where);
}

void parser::block::require_ready(const char* operation, std::source_location where) const {
  require_outside(operation, where);
  if (finished) throw misuse(operation, "the end of the stream was told; reset() begins another", where);
  switch (llhttp_get_errno(&raw)) {
    case HPE_OK:
      return;
    case HPE_PAUSED:
      throw misuse(operation, "it is paused; resume() it first", where);
    case HPE_PAUSED_UPGRADE:
      throw misuse(
          operation,
          "another protocol follows; give the rest to that, or call resume_after_upgrade() if it is not "
          "taken up",
          where);
    case HPE_PAUSED_H2_UPGRADE:
      throw misuse(operation, "HTTP/2 follows, which this cannot read; reset() begins another stream", where);
    default:
      throw misuse(operation, "it has stopped at an error; reset() begins another stream", where);
  }
}

/// A call of llhttp's that calls back.
template <class Call>
llhttp_errno_t parser::block::run(Call&& call) noexcept {
  running = true;
  const llhttp_errno_t answer = std::forward<Call>(call)();
  running = false;
  wants_pause = false;
  return answer;
}

std::size_t parser::block::used_of(const char* data, std::size_t size) const noexcept {
  const char* const stopped = llhttp_get_error_pos(&raw);
  const bool inside = std::greater_equal<>()(stopped, data) && std::less_equal<>()(stopped, data + size);
  return inside ? static_cast<std::size_t>(stopped - data) : 0;
}

execution parser::block::execute(std::span<const std::byte> bytes, std::source_location where) {
  called_from = where;
  // An empty span may have no address, and llhttp adds to it.
  const char* const data = bytes.empty() ? "" : reinterpret_cast<const char*>(bytes.data());
  const llhttp_errno_t answer = run([&] { return llhttp_execute(&raw, data, bytes.size()); });
  const std::size_t used = answer == HPE_OK ? bytes.size() : used_of(data, bytes.size());
  read += used;
  if (answer == HPE_OK) return {.why = stop::all_read, .used = used};
  stopped_at = read;
  boundary.rethrow();
  switch (answer) {
    case HPE_PAUSED:
      return {.why = stop::paused, .used = used};
    case HPE_PAUSED_UPGRADE:
      return {.why = stop::upgrade, .used = used};
    case HPE_PAUSED_H2_UPGRADE:
      return {.why = stop::h2_upgrade, .used = used};
    default:
      throw error(static_cast<errc>(answer), "llhttp::parser::execute", llhttp_get_error_reason(&raw), read,
                  where);
  }
}

void parser::block::finish(std::source_location where) {
  called_from = where;
  finished = true;
  const llhttp_errno_t answer = run([&] { return llhttp_finish(&raw); });
  stopped_at = read;
  // To pause in its callback changes nothing: nothing comes behind it.
  if (answer == HPE_OK || answer == HPE_PAUSED) return;
  boundary.rethrow();
  throw error(static_cast<errc>(answer), "llhttp::parser::finish", llhttp_get_error_reason(&raw), read,
              where);
}

parser::parser(kind kind, callbacks callbacks, lenient lenient, std::source_location where) {
  if (kind != kind::both && kind != kind::request && kind != kind::response)
    throw misuse("llhttp::parser", "this kind is none of llhttp::kind", where);
  block_ = std::make_shared<block>(kind, std::move(callbacks), this);
  block_->set_lenient(lenient);
}

parser::parser(parser&& other) noexcept : block_(std::move(other.block_)) {
  if (block_) block_->owner = this;
}
parser& parser::operator=(parser&& other) noexcept {
  if (this == &other) return *this;
  if (block_) block_->owner = nullptr;
  // What it destroys may look at this one.
  const std::shared_ptr<block> old = std::exchange(block_, std::move(other.block_));
  if (block_) block_->owner = this;
  return *this;
}
parser::~parser() {
  if (block_) block_->owner = nullptr;
}

parser::block& parser::require(const char* operation, std::source_location where) const {
  if (!block_) throw misuse(operation, "this parser was moved from; use the one it went to", where);
  return *block_;
}

execution parser::execute(std::span<const std::byte> bytes, std::source_location where) {
  require("llhttp::parser::execute", where).require_ready("llhttp::parser::execute", where);
  const std::shared_ptr<block> held = block_;  // a callback may destroy or move this object
  return held->execute(bytes, where);
}

void parser::finish(std::source_location where) {
  block& self = require("llhttp::parser::finish", where);
  // Behind an upgrade the end is that of the other protocol.
  if (llhttp_get_errno(&self.raw) != HPE_PAUSED_UPGRADE || self.running || self.finished)
    self.require_ready("llhttp::parser::finish", where);
  const std::shared_ptr<block> held = block_;
  held->finish(where);
}

void parser::pause(std::source_location where) {
  block& self = require("llhttp::parser::pause", where);
  if (self.running)
    self.wants_pause = true;
  else
    llhttp_pause(&self.raw);
}

void parser::resume(std::source_location where) {
  block& self = require("llhttp::parser::resume", where);
  self.require_outside("llhttp::parser::resume", where);
  llhttp_resume(&self.raw);
}

void parser::resume_after_upgrade(std::source_location where) {
  block& self = require("llhttp::parser::resume_after_upgrade", where);
  self.require_outside("llhttp::parser::resume_after_upgrade", where);
  llhttp_resume_after_upgrade(&self.raw);
}

bool parser::paused(std::source_location where) const {
  const block& self = require("llhttp::parser::paused", where);
  return self.wants_pause || llhttp_get_errno(&self.raw) == HPE_PAUSED;
}

void parser::reset(std::source_location where) {
  block& self = require("llhttp::parser::reset", where);
  self.require_outside("llhttp::parser::reset", where);
  llhttp_reset(&self.raw);
  self.finished = false;
  self.read = 0;
  self.stopped_at = 0;
}

void parser::set_lenient(const lenient& lenient, std::source_location where) {
  require("llhttp::parser::set_lenient", where).set_lenient(lenient);
}

kind parser::type(std::source_location where) const {
  const std::uint8_t number = llhttp_get_type(&require("llhttp::parser::type", where).raw);
  if (number > static_cast<std::uint8_t>(kind::response))
    throw error(errc::internal, "llhttp::parser::type", "llhttp knows of a type that is none", 0, where);
  return static_cast<kind>(number);
}

int parser::http_major(std::source_location where) const {
  return llhttp_get_http_major(&require("llhttp::parser::http_major", where).raw);
}
int parser::http_minor(std::source_location where) const {
  return llhttp_get_http_minor(&require("llhttp::parser::http_minor", where).raw);
}

method parser::method(std::source_location where) const {
  const auto found =
      static_cast<llhttp::method>(llhttp_get_method(&require("llhttp::parser::method", where).raw));
  if (name(found).empty())
    throw error(errc::internal, "llhttp::parser::method", "llhttp knows of a method that is none", 0, where);
  return found;
}

int parser::status_code(std::source_location where) const {
  return llhttp_get_status_code(&require("llhttp::parser::status_code", where).raw);
}
bool parser::upgrade(std::source_location where) const {
  return llhttp_get_upgrade(&require("llhttp::parser::upgrade", where).raw) != 0;
}

// llhttp has no functions for these three; its header says what the fields hold.

std::optional<std::uint64_t> parser::content_length(std::source_location where) const {
  const llhttp_t& raw = require("llhttp::parser::content_length", where).raw;
  if ((raw.flags & F_CONTENT_LENGTH) == 0) return std::nullopt;
  return raw.content_length;
}
bool parser::chunked(std::source_location where) const {
  return (require("llhttp::parser::chunked", where).raw.flags & F_CHUNKED) != 0;
}
std::uint64_t parser::chunk_length(std::source_location where) const {
  return require("llhttp::parser::chunk_length", where).raw.content_length;
}

bool parser::message_needs_eof(std::source_location where) const {
  return llhttp_message_needs_eof(&require("llhttp::parser::message_needs_eof", where).raw) != 0;
}
bool parser::should_keep_alive(std::source_location where) const {
  return llhttp_should_keep_alive(&require("llhttp::parser::should_keep_alive", where).raw) != 0;
}

std::optional<errc> parser::last_error(std::source_location where) const {
  const llhttp_errno_t number = llhttp_get_errno(&require("llhttp::parser::last_error", where).raw);
  if (number == HPE_OK) return std::nullopt;
  return static_cast<errc>(number);
}
std::string_view parser::error_reason(std::source_location where) const {
  const char* const reason = llhttp_get_error_reason(&require("llhttp::parser::error_reason", where).raw);
  return reason == nullptr ? std::string_view() : std::string_view(reason);
}
std::uint64_t parser::error_offset(std::source_location where) const {
  return require("llhttp::parser::error_offset", where).stopped_at;
}

llhttp__internal_s* parser::native(std::source_location where) const {
  return &require("llhttp::parser::native", where).raw;
}

}  // namespace gauntlet::llhttp
