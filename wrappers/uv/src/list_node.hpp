#pragma once
// What is on a list that needs no memory of its own: a ring, whose head is a node, too.

namespace gauntlet::uv::detail {

struct list_node {
  list_node() noexcept = default;
  list_node(const list_node&) = delete;
  list_node& operator=(const list_node&) = delete;

  /// A head is empty, or a node is on no list.
  bool alone() const noexcept { return next == this; }
  /// At the end of the ring that `before` heads; of a ring's first node: at its front.
  void insert_before(list_node& before) noexcept {
    previous = before.previous;
    next = &before;
    previous->next = this;
    before.previous = this;
  }
  void remove() noexcept {
    previous->next = next;
    next->previous = previous;
    previous = next = this;
  }

  list_node* previous = this;
  list_node* next = this;
};

}  // namespace gauntlet::uv::detail
