#include "gauntlet/detail/timer_queue.hpp"

#include <utility>

#include "gauntlet/detail/resume.hpp"
#include "gauntlet/execution_context.hpp"

namespace gauntlet::detail {

void timer_node::disarm() noexcept {
  if (queue_ != nullptr) queue_->remove(*this);
}

timer_queue::~timer_queue() {
  while (root_ != nullptr) take_first();
}

void timer_queue::arm(timer_node& node, time_point at) noexcept {
  node.disarm();
  node.at_ = at;
  node.order_ = armed_++;
  node.queue_ = this;
  root_ = merge(root_, &node);
  owner_.timers_changed();
}

void timer_queue::remove(timer_node& node) noexcept {
  if (root_ == &node) {
    take_first();
  } else {
    timer_node*& from = node.previous_->child_ == &node ? node.previous_->child_ : node.previous_->next_;
    from = node.next_;
    if (node.next_ != nullptr) node.next_->previous_ = node.previous_;
    node.next_ = node.previous_ = nullptr;
    node.queue_ = nullptr;
    root_ = merge(root_, merge_siblings(std::exchange(node.child_, nullptr)));
  }
  owner_.timers_changed();
}

timer_node& timer_queue::take_first() noexcept {
  timer_node& first = *root_;
  root_ = merge_siblings(std::exchange(first.child_, nullptr));
  first.queue_ = nullptr;
  return first;
}

void timer_queue::expire(time_point now) noexcept {
  const resume_scope together;
  while (root_ != nullptr && root_->at_ <= now) {
    take_first().expired();
  }
  owner_.timers_changed();
}

/// Of two roots without siblings.
timer_node* timer_queue::merge(timer_node* one, timer_node* other) noexcept {
  if (one == nullptr) return other;
  if (other == nullptr) return one;
  if (other->at_ < one->at_ || (other->at_ == one->at_ && other->order_ < one->order_)) std::swap(one, other);
  other->previous_ = one;
  other->next_ = one->child_;
  if (one->child_ != nullptr) one->child_->previous_ = other;
  one->child_ = other;
  return one;
}

/// In pairs from the left, then all of them from the right: that is what keeps the heap shallow.
timer_node* timer_queue::merge_siblings(timer_node* first) noexcept {
  timer_node* pairs = nullptr;  // linked by next_, the last one first
  while (first != nullptr) {
    timer_node* const one = first;
    timer_node* const other = one->next_;
    first = other == nullptr ? nullptr : other->next_;
    one->next_ = one->previous_ = nullptr;
    if (other != nullptr) other->next_ = other->previous_ = nullptr;
    timer_node* const pair = merge(one, other);
    pair->next_ = pairs;
    pairs = pair;
  }
  timer_node* root = nullptr;
  while (pairs != nullptr) {
    timer_node* const pair = std::exchange(pairs, pairs->next_);
    pair->next_ = nullptr;
    root = merge(root, pair);
  }
  return root;
}

}  // namespace gauntlet::detail
