#pragma once
/// What an operation tells its callback when it has ended.

#include <concepts>
#include <iterator>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/callback.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// For an operation whose end nobody waits for. Its failure still comes out of run().
struct no_callback {
  void operator()() const noexcept {}
};

namespace detail {

template <class F, class T>
struct takes_value : std::is_invocable<F&, T> {};
template <class F>
struct takes_value<F, void> : std::false_type {};

/// The value of an outcome, or throws; false where the operation was cancelled, which is what its owner
/// wanted.
template <class T>
bool succeeded(outcome<T>& outcome) {
  if (outcome) return true;
  if (outcome.error()->code() == std::errc::operation_canceled) return false;
  throw *outcome.error();
}

}  // namespace detail

/// Called with outcome<T>; or with the T alone, or with nothing: then it is called on success only, a
/// failure comes out of run() as the error it is, and a cancelled operation ends silently.
template <class F, class T = void>
concept completion_callback =
    std::is_invocable_v<F&, outcome<T>> || detail::takes_value<F, T>::value || std::is_invocable_v<F&>;

/// One that is handed back what was given, too: called with (outcome<>, Given), where Given is an
/// owned_buffer or, of an operation on several, a std::vector of them; or as any other
/// completion_callback<void>.
template <class F, class Given = owned_buffer>
concept buffer_callback = std::is_invocable_v<F&, outcome<>, Given> || completion_callback<F>;

namespace detail {

/// What holds nothing stays empty, and is refused by the operation.
template <class T, class F>
callback<void(outcome<T>)> completion(F&& given) {
  using function = std::decay_t<F>;
  if (gauntlet::detail::holds_nothing<function>(given)) return {};
  if constexpr (std::is_invocable_v<function&, outcome<T>>) {
    return callback<void(outcome<T>)>(std::forward<F>(given));
  } else if constexpr (takes_value<function, T>::value) {
    return [f = function(std::forward<F>(given))](outcome<T>&& ended) mutable {
      if (succeeded(ended)) f(std::move(ended).value());
    };
  } else {
    return [f = function(std::forward<F>(given))](outcome<T>&& ended) mutable {
      if (succeeded(ended)) f();
    };
  }
}

using buffers_callback = callback<void(outcome<>, std::span<owned_buffer>)>;

template <class Given>
Given hand_back(std::span<owned_buffer> buffers) {
  if constexpr (std::is_same_v<Given, owned_buffer>)
    return std::move(buffers.front());
  else
    return Given(std::move_iterator(buffers.begin()), std::move_iterator(buffers.end()));
}

template <class Given, class F>
buffers_callback buffers_completion(F&& given) {
  using function = std::decay_t<F>;
  if (gauntlet::detail::holds_nothing<function>(given)) return {};
  if constexpr (std::is_same_v<function, no_callback>) {
    return [](outcome<>&& ended, std::span<owned_buffer>) { static_cast<void>(succeeded(ended)); };
  } else if constexpr (std::is_invocable_v<function&, outcome<>, Given>) {
    return
        [f = function(std::forward<F>(given))](outcome<>&& ended, std::span<owned_buffer> buffers) mutable {
          f(std::move(ended), hand_back<Given>(buffers));
        };
  } else if constexpr (std::is_invocable_v<function&, outcome<>>) {
    return [f = function(std::forward<F>(given))](outcome<>&& ended, std::span<owned_buffer>) mutable {
      f(std::move(ended));
    };
  } else {
    return [f = function(std::forward<F>(given))](outcome<>&& ended, std::span<owned_buffer>) mutable {
      if (succeeded(ended)) f();
    };
  }
}

}  // namespace detail
}  // namespace gauntlet::uv

#pragma GCC visibility pop
