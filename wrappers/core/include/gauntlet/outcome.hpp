#pragma once
/// How an operation ended, as its callback is told: with a value or with an error that throws when it is
/// overlooked. Unlike a std::expected there is no way to take the value of a failure by mistake.

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace gauntlet {

template <class T, class Error>
class [[nodiscard]] outcome {
 public:
  outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  outcome(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  /// Why there is no value, or nullptr.
  const Error* error() const noexcept { return std::get_if<1>(&state_); }

  /// The value; throws the error if there is none, and std::bad_variant_access if an assignment that threw
  /// has left neither.
  T& value() & {
    require();
    return std::get<0>(state_);
  }
  T value() && {
    require();
    return std::get<0>(std::move(state_));
  }

 private:
  void require() const {
    if (const Error* const failure = error()) throw *failure;
  }

  std::variant<T, Error> state_;
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
