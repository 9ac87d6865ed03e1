#include "block.hpp"

#include "loop_core.hpp"

namespace gauntlet::uv::detail {

void block::remove_use() noexcept {
  loop_.require_thread_or_end(kind_);
  if (--uses_ == 0) let_go(by_operation);
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
