#include "block.hpp"

#include "loop_core.hpp"

namespace gauntlet::uv::detail {

block::block(loop_core& loop, const char* kind, std::source_location where) noexcept
    : loop_(loop), kind_(kind), where_(where), since_(uv_now(loop.uv())) {}

void block::hold(holder who) noexcept {
  holders_ = static_cast<std::uint8_t>(holders_ | who);
  if (who == by_owner || who == by_operation)
    loop_.owner_added();
  else if (who == by_libuv)
    list().insert(*this);
}

void block::let_go(holder who) noexcept {
  loop_core& loop = loop_;
  if (who == by_libuv) block_list::remove(*this);
  holders_ = static_cast<std::uint8_t>(holders_ & ~who);
  if (holders_ == 0) free();
  if (who == by_owner || who == by_operation) loop.owner_removed();
}

void block::remove_use() noexcept {
  loop_.require_thread_or_end(kind_);
  if (--uses_ == 0) let_go(by_operation);
}

void block::owner_gone() noexcept {
  if (loop_.on_this_thread())
    disown();
  else
    loop_.hand_over(*this);
}

void block::disown() noexcept {
  if (held(by_libuv)) abandon();
  let_go(by_owner);
}

void block::begin(std::source_location where) noexcept {
  where_ = where;
  since_ = uv_now(loop_.uv());
}

pending_operation block::describe() const {
  pending_operation told{.kind = kind_, .owned = held(by_owner), .where = where_};
  told.age = std::chrono::milliseconds(uv_now(loop_.uv()) - since_);
  describe(told);
  return told;
}

void block::free() noexcept {
  loop_core& loop = loop_;
  void* const memory = dynamic_cast<void*>(this);
  this->~block();
  loop.deallocate(memory);
}

}  // namespace gauntlet::uv::detail
