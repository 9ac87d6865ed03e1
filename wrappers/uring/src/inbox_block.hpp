#pragma once
// Completions that are no operation's: other rings' messages.

#include <cstdint>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/uring/operation.hpp"

namespace gauntlet::uring::detail {

class inbox_block : public gauntlet::detail::list_node<struct inbox_tag> {
 public:
  inbox_block(const inbox_block&) = delete;
  inbox_block& operator=(const inbox_block&) = delete;

  /// In the user_data of its completions.
  std::uint32_t number() const noexcept { return number_; }
  virtual void received(completion told) noexcept = 0;
  /// The ring is closing.
  virtual void abort() noexcept = 0;

 protected:
  inbox_block() noexcept = default;
  virtual ~inbox_block() = default;

 private:
  friend class ring_core;
  std::uint32_t number_ = 0;
};

}  // namespace gauntlet::uring::detail
