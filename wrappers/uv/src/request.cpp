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

}  // namespace gauntlet::uv
