#pragma once
/// Lists whose nodes are their elements: to be on one allocates nothing, and whoever is destroyed leaves it.

#include <utility>

#pragma GCC visibility push(default)

namespace gauntlet::detail {

/// An object may be on one list for each Tag. Neither copied nor moved along with the object.
template <class Tag>
class list_node {
 public:
  list_node() noexcept = default;
  list_node(const list_node&) noexcept {}
  // NOLINTNEXTLINE(bugprone-unhandled-self-assignment): there is nothing to assign
  list_node& operator=(const list_node&) noexcept { return *this; }

  bool is_linked() const noexcept { return next_ != nullptr; }
  void unlink() noexcept {
    if (!is_linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 protected:
  ~list_node() { unlink(); }

 private:
  template <class, class>
  friend class intrusive_list;

  list_node* previous_ = nullptr;
  list_node* next_ = nullptr;
};

/// Of T, which derives from list_node<Tag>.
template <class T, class Tag>
class intrusive_list {
 public:
  intrusive_list() noexcept { end_.previous_ = end_.next_ = &end_; }
  intrusive_list(const intrusive_list&) = delete;
  intrusive_list& operator=(const intrusive_list&) = delete;
  ~intrusive_list() {
    while (!empty()) pop_front();
  }

  bool empty() const noexcept { return end_.next_ == &end_; }
  T& front() noexcept { return element(*end_.next_); }

  void push_back(T& added) noexcept {
    node& at = added;
    at.previous_ = end_.previous_;
    at.next_ = &end_;
    at.previous_->next_ = &at;
    end_.previous_ = &at;
  }
  void push_front(T& added) noexcept {
    node& at = added;
    at.previous_ = &end_;
    at.next_ = end_.next_;
    at.next_->previous_ = &at;
    end_.next_ = &at;
  }
  T& pop_front() noexcept {
    T& first = front();
    static_cast<node&>(first).unlink();
    return first;
  }
  /// All that are on that one, which is empty then.
  void take_all(intrusive_list& from) noexcept {
    if (from.empty()) return;
    node& first = *from.end_.next_;
    node& last = *from.end_.previous_;
    from.end_.previous_ = from.end_.next_ = &from.end_;
    first.previous_ = end_.previous_;
    last.next_ = &end_;
    end_.previous_->next_ = &first;
    end_.previous_ = &last;
  }

  /// work(T&) may unlink the element it is given, and no other.
  template <class Work>
  void for_each(Work&& work) const {
    for (const node* at = end_.next_; at != &end_;) {
      const node* const next = at->next_;
      work(element(*const_cast<node*>(at)));
      at = next;
    }
  }

 private:
  using node = list_node<Tag>;
  // SAFETY: only push_back() puts nodes on the list, and each is a T. The end is never asked for.
  static T& element(node& at) noexcept { return static_cast<T&>(at); }

  struct end_node : node {};
  end_node end_;
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
