#include "block.hpp"

#include "loop_core.hpp"

namespace gauntlet::uv::detail {

pending_operation block::describe() const {
  pending_operation told{.kind = kind(), .owned = held(by_owner), .where = where_};
  told.age = std::chrono::milliseconds(uv_now(loop_.uv()) - since());
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
