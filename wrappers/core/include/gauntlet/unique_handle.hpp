#pragma once
/// The owner of a C handle: one alias says how it is made, how it is cleaned up, and which value is none.
///
///   using descriptor = gauntlet::unique_handle<open_for_reading, close_descriptor, -1>;
///   descriptor file = descriptor::init("in.png");
///   if (!file) ...

#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace gauntlet {
namespace detail {

template <class Result, class... Arguments>
Result result_of(Result (*)(Arguments...));
template <class Result, class... Arguments>
Result result_of(Result (*)(Arguments...) noexcept);

}  // namespace detail

/// Init and Cleanup are functions of the C library (or thin ones around them); Cleanup runs once for each
/// handle that is not Invalid. Moving leaves Invalid behind. Not for things that C knows by their own
/// address: those go in a pinned block that this may point to.
template <auto Init, auto Cleanup, auto Invalid = nullptr>
class unique_handle {
 public:
  using value_type = decltype(detail::result_of(Init));
  static constexpr value_type invalid = Invalid;

  /// What Init answers, owned; test it before use.
  template <class... Arguments>
  static unique_handle init(Arguments&&... arguments) {
    return unique_handle(Init(std::forward<Arguments>(arguments)...));
  }

  unique_handle() noexcept = default;
  explicit unique_handle(value_type value) noexcept : value_(value) {}
  unique_handle(unique_handle&& other) noexcept : value_(other.release()) {}
  unique_handle& operator=(unique_handle&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~unique_handle() { reset(); }

  explicit operator bool() const noexcept { return value_ != invalid; }
  value_type get() const noexcept { return value_; }
  [[nodiscard]] value_type release() noexcept { return std::exchange(value_, invalid); }

  void reset(value_type value = invalid) noexcept {
    const value_type old = std::exchange(value_, value);
    if (old != invalid && old != value) static_cast<void>(Cleanup(old));
  }

 private:
  value_type value_ = invalid;
};

}  // namespace gauntlet

#pragma GCC visibility pop
