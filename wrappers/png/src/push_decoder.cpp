#include "gauntlet/png/push_decoder.hpp"

#include <utility>

#include "pusher.hpp"

namespace gauntlet::png {
namespace {

detail::pusher& require(const std::shared_ptr<detail::pusher>& pusher, const char* operation,
                        std::source_location where) {
  if (!pusher) throw misuse(operation, "this decoder was moved from; use the one it went to", where);
  return *pusher;
}

detail::pusher& require_header(const std::shared_ptr<detail::pusher>& pusher, const char* operation,
                               std::source_location where) {
  detail::pusher& found = require(pusher, operation, where);
  if (!found.knows_header())
    throw misuse(operation, "the header has not been read yet; wait for its event", where);
  return found;
}

}  // namespace

push_decoder::push_decoder(const decoder_options& options, std::source_location where)
    : pusher_(std::make_shared<detail::pusher>(std::nullopt, options, where)) {
  pusher_->set_owner(this);
}

push_decoder::push_decoder(push_callbacks callbacks, const decoder_options& options,
                           std::source_location where)
    : pusher_(std::make_shared<detail::pusher>(std::move(callbacks), options, where)) {
  pusher_->set_owner(this);
}

push_decoder::push_decoder(push_decoder&& other) noexcept : pusher_(std::move(other.pusher_)) {
  if (pusher_) pusher_->set_owner(this);
}
push_decoder& push_decoder::operator=(push_decoder&& other) noexcept {
  if (this == &other) return *this;
  if (pusher_) pusher_->set_owner(nullptr);
  pusher_ = std::move(other.pusher_);
  if (pusher_) pusher_->set_owner(this);
  return *this;
}
push_decoder::~push_decoder() {
  if (pusher_) pusher_->set_owner(nullptr);
}

// In these a callback may destroy or move this object, so what they work on is held here.

void push_decoder::feed(std::span<const std::byte> bytes, std::source_location where) {
  require(pusher_, "png::push_decoder::feed", where);
  const std::shared_ptr<detail::pusher> held = pusher_;
  held->feed(bytes, where);
}
void push_decoder::finish(std::source_location where) {
  require(pusher_, "png::push_decoder::finish", where);
  const std::shared_ptr<detail::pusher> held = pusher_;
  held->finish(where);
}
void push_decoder::resume(std::source_location where) {
  require(pusher_, "png::push_decoder::resume", where);
  const std::shared_ptr<detail::pusher> held = pusher_;
  held->resume(where);
}

std::optional<push_event> push_decoder::next(std::source_location where) {
  return require(pusher_, "png::push_decoder::next", where).next(where);
}
void push_decoder::start(const transforms& transforms, std::source_location where) {
  require(pusher_, "png::push_decoder::start", where).start(transforms, where);
}
void push_decoder::pause(std::source_location where) {
  require(pusher_, "png::push_decoder::pause", where).pause();
}
bool push_decoder::paused(std::source_location where) const {
  return require(pusher_, "png::push_decoder::paused", where).paused();
}
bool push_decoder::done(std::source_location where) const {
  return require(pusher_, "png::push_decoder::done", where).done();
}
const header& push_decoder::header(std::source_location where) const {
  return require_header(pusher_, "png::push_decoder::header", where).header();
}
const color_table& push_decoder::colors(std::source_location where) const {
  return require_header(pusher_, "png::push_decoder::colors", where).colors(where);
}
const metadata& push_decoder::metadata(std::source_location where) const {
  return require_header(pusher_, "png::push_decoder::metadata", where).metadata(where);
}
std::span<const warning> push_decoder::warnings(std::source_location where) const {
  return require(pusher_, "png::push_decoder::warnings", where).warnings();
}
std::uint64_t push_decoder::bytes_read(std::source_location where) const {
  return require(pusher_, "png::push_decoder::bytes_read", where).bytes_read();
}
native_handles push_decoder::native(std::source_location where) const {
  return require(pusher_, "png::push_decoder::native", where).native();
}
void push_decoder::protect_raw(detail::raw_call call, void* user, std::source_location where) {
  require(pusher_, "png::push_decoder::protect", where).protect(call, user, where);
}

}  // namespace gauntlet::png
