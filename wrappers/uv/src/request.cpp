#include "gauntlet/uv/request.hpp"

#include "request_block.hpp"

namespace gauntlet::uv {

using detail::request_block;

request::request(request_block& block) noexcept : block_(&block) { block.hold(request_block::by_owner); }

request& request::operator=(request&& other) noexcept {
  if (this != &other) {
    if (block_ != nullptr) block_->owner_gone();
    block_ = std::exchange(other.block_, nullptr);
  }
  return *this;
}

request::~request() {
  if (block_ != nullptr) block_->owner_gone();
}

bool request::done(std::source_location where) const {
  if (block_ == nullptr) return true;
  block_->loop().require_thread("request::done", where);
  return !block_->held(request_block::by_libuv);
}

bool request::cancel(std::source_location where) {
  if (block_ == nullptr)
    throw misuse("request::cancel", "the request was moved from: use the one it was moved to", where);
  block_->loop().require_thread("request::cancel", where);
  return block_->held(request_block::by_libuv) && block_->cancel();
}

namespace detail {

loop_use::loop_use(loop_core& used) noexcept : used_(&used) { used.reference(); }
loop_use::~loop_use() {
  if (used_ != nullptr) used_->unreference();
}

std::string request_wait::object() const {
  if (request_.block_ == nullptr) return {};
  const block& in_flight = *request_.block_;
  return in_flight.describe().object;
}

loop_core& request_wait::require_usable() const {
  loop_core& loop = *loop_;
  loop.require_open(kind(), where());
  if (context() != nullptr && context() != &loop)
    throw misuse(kind(), "it was made for another loop than the one that the task runs on", where());
  return loop;
}

void request_wait::in_flight(request started) noexcept {
  request_ = std::move(started);
  request_.block_->be_awaited();
}

void request_wait::cancel() noexcept { request_.block_->abort(); }

void request_wait::throw_canceled() const { throw error(UV_ECANCELED, kind(), object(), where()); }

}  // namespace detail
}  // namespace gauntlet::uv
