#pragma once
/// What a wrapper calls back: any callable, moved in and owned. The standard library's move_only_function is
/// not there in every lane, and a std::function would have to be copied.

#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace gauntlet {

template <class Signature>
class callback;

namespace detail {

template <class Callable>
constexpr bool may_hold_nothing = std::is_pointer_v<Callable> || std::is_member_pointer_v<Callable>;
template <class Signature>
constexpr bool may_hold_nothing<callback<Signature>> = true;
template <class Signature>
constexpr bool may_hold_nothing<std::function<Signature>> = true;

/// Of a callable: a null pointer, or a wrapper without a callable in it. To call it would be undefined.
template <class Callable>
bool holds_nothing(const Callable& callable) noexcept {
  if constexpr (may_hold_nothing<Callable>)
    return !callable;
  else
    return false;
}

}  // namespace detail

/// Two pointers' worth of captures, if they can be copied bit by bit (references, pointers, numbers), cost no
/// allocation; others cost one. Moving never calls code of the callable's. Made of a null pointer or of an
/// empty std::function it is empty. One thread at a time.
template <class Result, class... Arguments>
class callback<Result(Arguments...)> {
 public:
  callback() noexcept = default;

  template <class Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, callback> &&
             std::is_invocable_r_v<Result, std::decay_t<Callable>&, Arguments...>)
  callback(Callable&& callable) {
    using stored = std::decay_t<Callable>;
    if (detail::holds_nothing<stored>(callable)) return;
    if constexpr (fits<stored>)
      ::new (static_cast<void*>(storage_)) stored(std::forward<Callable>(callable));
    else
      ::new (static_cast<void*>(storage_)) stored*(new stored(std::forward<Callable>(callable)));
    operations_ = &operations_of<stored>;
  }

  callback(callback&& other) noexcept { take(other); }
  callback& operator=(callback&& other) noexcept {
    if (operations_ == nullptr || operations_->destroy == nullptr) {
      if (this != &other) take(other);
    } else if (this != &other) {
      const callback old(std::move(*this));  // what it destroys may look at this one
      take(other);
    }
    return *this;
  }
  ~callback() {
    if (operations_ != nullptr && operations_->destroy != nullptr) operations_->destroy(storage_);
  }

  explicit operator bool() const noexcept { return operations_ != nullptr; }
  /// One that holds nothing throws std::bad_function_call.
  Result operator()(Arguments... arguments) {
    if (operations_ == nullptr) [[unlikely]]
      throw std::bad_function_call();
    return operations_->invoke(storage_, std::forward<Arguments>(arguments)...);
  }

  /// Calls it; meanwhile it may be assigned to, which then replaces or ends what is called as soon as that
  /// returns. To call it again from in there does nothing.
  Result call_replaceable(Arguments... arguments) {
    if (operations_ == nullptr) [[unlikely]]
      throw std::bad_function_call();
    struct put_back {
      callback& slot;
      callback running;
      ~put_back() {
        if (slot.operations_ == &being_called) slot.take(running);
      }
    } called{*this, std::move(*this)};
    operations_ = &being_called;
    return called.running.operations_->invoke(called.running.storage_, std::forward<Arguments>(arguments)...);
  }

  void swap(callback& other) noexcept {
    std::byte kept[sizeof storage_];
    std::memcpy(kept, storage_, sizeof kept);
    std::memcpy(storage_, other.storage_, sizeof kept);
    std::memcpy(other.storage_, kept, sizeof kept);
    std::swap(operations_, other.operations_);
  }

 private:
  struct operations {
    Result (*invoke)(std::byte*, Arguments&&...);
    void (*destroy)(std::byte*) noexcept;  // nullptr where there is nothing to do
  };

  template <class Stored>
  static constexpr bool fits =
      sizeof(Stored) <= 2 * sizeof(void*) && alignof(Stored) <= alignof(void*) &&
      std::is_trivially_copyable_v<Stored> && std::is_trivially_destructible_v<Stored>;

  // SAFETY (both): storage holds what the constructor put there, and operations_ was chosen with it.
  template <class Stored>
  static Stored& held(std::byte* storage) noexcept {
    if constexpr (fits<Stored>)
      return *std::launder(reinterpret_cast<Stored*>(storage));
    else
      return **std::launder(reinterpret_cast<Stored**>(storage));
  }
  template <class Stored>
  static void destroy(std::byte* storage) noexcept {
    delete &held<Stored>(storage);
  }
  template <class Stored>
  static Result invoke(std::byte* storage, Arguments&&... arguments) {
    return std::invoke_r<Result>(held<Stored>(storage), std::forward<Arguments>(arguments)...);
  }
  static Result do_nothing(std::byte*, Arguments&&...) { return Result(); }
  static constexpr operations being_called{&do_nothing, nullptr};

  /// Of one that holds nothing.
  void take(callback& from) noexcept {
    std::memcpy(storage_, from.storage_, sizeof storage_);
    operations_ = std::exchange(from.operations_, nullptr);
  }

  template <class Stored>
  static constexpr operations operations_of{&invoke<Stored>, fits<Stored> ? nullptr : &destroy<Stored>};

  alignas(void*) std::byte storage_[2 * sizeof(void*)] = {};
  const operations* operations_ = nullptr;
};

}  // namespace gauntlet

#pragma GCC visibility pop
