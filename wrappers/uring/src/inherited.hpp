#pragma once
// What a child after fork() has of its parent's rings. The queues are memory that both share: a child that
// touched them would take the parent's completions.

#include "gauntlet/detail/intrusive_list.hpp"

namespace gauntlet::uring::detail {

/// Is told in the child, before fork() returns there.
class fork_listener : public gauntlet::detail::list_node<struct fork_tag> {
 public:
  fork_listener(const fork_listener&) = delete;
  fork_listener& operator=(const fork_listener&) = delete;
  /// Not pure: fork() may be called while another thread makes or destroys what derives from this.
  virtual void in_child() noexcept {}

 protected:
  fork_listener();
  virtual ~fork_listener();
};

}  // namespace gauntlet::uring::detail
