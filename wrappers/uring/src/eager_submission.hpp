#pragma once
// Whether to submit without waiting first. What the kernel does at once (no-ops, reads of what it has in
// memory) is there when it returns, and where it need not look who waits for what, a call with one no-op
// takes a tenth less. Where nothing is there the call was one too many, and where what is there came by
// itself meanwhile (a message on a socket) it is told of with more effort.

#include <algorithm>
#include <cstdint>

namespace gauntlet::uring::detail {

/// As often as it has paid lately: each failure makes tries eight times as rare, each success twice as
/// frequent. A failure costs what three successes gain.
class eager_submission {
 public:
  bool is_due() noexcept {
    if (turns_left_ == 0) return true;
    --turns_left_;
    return false;
  }
  void tried(bool succeeded) noexcept {
    rarity_ = succeeded ? std::max(rarity_ - 1, 0) : std::min(rarity_ + 3, rarest);
    turns_left_ = (1U << static_cast<unsigned>(rarity_)) - 1;
  }

 private:
  static constexpr int rarest = 10;
  int rarity_ = 0;  // every how many turns, as a power of two
  std::uint32_t turns_left_ = 0;
};

}  // namespace gauntlet::uring::detail
