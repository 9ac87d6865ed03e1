#pragma once
/// What can be awaited, and what comes out of it.

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

#include "gauntlet/detail/chain.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

template <class T>
concept has_member_co_await = requires(T&& awaitable) { std::forward<T>(awaitable).operator co_await(); };
template <class T>
concept has_free_co_await = requires(T&& awaitable) { operator co_await(std::forward<T>(awaitable)); };

/// What the compiler awaits in the end.
template <class T>
decltype(auto) awaiter_of(T&& awaitable) {
  if constexpr (has_member_co_await<T>)
    return std::forward<T>(awaitable).operator co_await();
  else if constexpr (has_free_co_await<T>)
    return operator co_await(std::forward<T>(awaitable));
  else
    return std::forward<T>(awaitable);
}

template <class T>
concept awaitable = requires(T&& awaited) {
  { awaiter_of(std::forward<T>(awaited)).await_ready() } -> std::convertible_to<bool>;
  awaiter_of(std::forward<T>(awaited)).await_resume();
};

template <awaitable T>
using await_result = decltype(awaiter_of(std::declval<T>()).await_resume());

/// An awaiter of ours: it can be awaited on behalf of another link than that of the coroutine's own, which is
/// what with_timeout() and as_expected() do.
template <class T>
concept linked_awaiter = std::move_constructible<T> && requires(T& awaiter, chain_link* link) {
  awaiter.suspend(std::coroutine_handle<>(), link);
  awaiter.await_resume();
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
