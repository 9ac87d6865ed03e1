#pragma once
// A ring's table of files. It is registered until its owner, the files in it, and what adds one have gone.

#include <cstdint>
#include <utility>
#include <vector>

#include "gauntlet/uring/file_table.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

/// On the ring's thread, soon; or here, where the ring is closed and nobody else has a use for it.
template <class Work>
void on_its_thread(ring_core& ring, Work work) noexcept {
  if (ring.on_this_thread() || ring.closed()) return work();
  callback<void()> there(work);
  if (!ring.post(there)) work();
}

/// On the ring's thread.
class file_table_block {
 public:
  /// Of one that has been registered.
  file_table_block(ring_core& ring, std::uint32_t size) : ring_(ring), taken_(size, false) {
    ring.has_table(this);
  }
  file_table_block(const file_table_block&) = delete;
  file_table_block& operator=(const file_table_block&) = delete;

  ring_core& ring() const noexcept { return *ring_; }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(taken_.size()); }
  void reference() noexcept { ++references_; }
  void unreference() noexcept {
    if (--references_ == 0) delete this;
  }

  /// Puts the system's descriptor there, or with -1 nothing; 0 or a negative errno.
  int set(std::uint32_t place, int number) noexcept;
  void clear(std::uint32_t place) noexcept {
    static_cast<void>(set(place, -1));
    left(place);
  }
  /// A file of ours is there, from now on, or no longer.
  void entered(std::uint32_t place) noexcept { taken_[place] = true; }
  void left(std::uint32_t place) noexcept { taken_[place] = false; }
  bool is_taken(std::uint32_t place) const noexcept { return taken_[place]; }
  /// The kernel may have chosen a place that nobody has been told yet.
  bool is_choosing() const noexcept { return uses_ != 0; }

  /// From now on the kernel puts what other rings send into places of its choice.
  void add_inbox(std::uint32_t number) { inboxes_.push_back(number); }
  bool has_inboxes() const noexcept { return !inboxes_.empty(); }
  /// To an inbox that has gone.
  void came_to_nobody(std::uint64_t inbox, std::int32_t place) noexcept;
  void add_use() noexcept {
    ++uses_;
    reference();
  }
  void remove_use() noexcept {
    --uses_;
    unreference();
  }

 private:
  ~file_table_block();

  ring_use ring_;
  std::vector<bool> taken_;
  std::vector<std::uint32_t> inboxes_;  // also those that have gone
  std::uint32_t uses_ = 0;
  std::uint32_t references_ = 1;
};

}  // namespace gauntlet::uring::detail
