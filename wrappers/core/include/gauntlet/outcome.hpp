#pragma once
/// How an operation ended, as its callback is told: with a value or with an error that throws when it is
/// overlooked. Unlike a std::expected there is no way to take the value of a failure by mistake.

#include <optional>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace gauntlet {

template <class T, class Error>
class [[nodiscard]] outcome {
  static_assert(std::is_nothrow_copy_constructible_v<Error>);

 public:
  outcome(T value) : value_(std::move(value)) {}
  outcome(Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_; }
  /// Why there is no value, or nullptr.
  const Error* error() const noexcept { return error_ ? &*error_ : nullptr; }

  /// The value; throws the error if there is none.
  T& value() & {
    require();
    return *value_;
  }
  T value() && {
    require();
    return *std::move(value_);
  }

 private:
  void require() const {
    if (error_) throw *error_;
  }

  // One of them is there, also when an assignment throws: the value comes first, and an error never throws.
  std::optional<T> value_;
  std::optional<Error> error_;
};

template <class Error>
class [[nodiscard]] outcome<void, Error> {
 public:
  outcome() noexcept = default;
  outcome(Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_; }
  const Error* error() const noexcept { return error_ ? &*error_ : nullptr; }
  /// Throws the error, if there is one.
  void value() const {
    if (error_) throw *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace gauntlet

#pragma GCC visibility pop
