#pragma once
/// Where the result of a task is put when it is there: a value, a reference or nothing.

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)

namespace gauntlet::detail {

/// void is a value like any other, where there must be one.
template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
class slot {
 public:
  template <class U = T>
  void set(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <class T>
class slot<T&> {
 public:
  void set(T& value) noexcept { value_ = std::addressof(value); }
  T& take() const noexcept { return *value_; }

 private:
  T* value_ = nullptr;
};

template <>
class slot<void> {
 public:
  void set(std::monostate = {}) const noexcept {}
  void take() const noexcept {}
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
