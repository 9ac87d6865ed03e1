#pragma once
/// Errors as values: what gauntlet::attempt is for functions, for awaitables.

#include <concepts>
#include <coroutine>
#include <expected>
#include <type_traits>
#include <utility>

#include "gauntlet/detail/awaitable.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/task.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {
namespace detail {

template <class Error, class Inner>
class [[nodiscard]] expected_of {
 public:
  using result_type = decltype(std::declval<Inner&>().await_resume());

  explicit expected_of(Inner inner) : inner_(std::move(inner)) {}

  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> awaiting) {
    return suspend(awaiting, link_of(awaiting));
  }
  auto suspend(std::coroutine_handle<> awaiting, chain_link* link) { return inner_.suspend(awaiting, link); }
  std::expected<result_type, Error> await_resume() {
    return attempt<Error>([&]() -> result_type { return inner_.await_resume(); });
  }

 private:
  Inner inner_;
};

}  // namespace detail

/// `std::expected<std::size_t, error> n = co_await as_expected(peer.read_some(buffer))`: the value, or the
/// Error that was thrown (name a wrapper's own to keep its facts: `as_expected<uv::error>`); any other
/// exception passes through. To be cancelled is an error, too: code() == std::errc::operation_canceled.
template <std::derived_from<error> Error = error, class Awaitable>
auto as_expected(Awaitable&& awaitable) {
  return detail::expected_of<Error, detail::linked_type<Awaitable>>(
      detail::linked(std::forward<Awaitable>(awaitable)));
}

}  // namespace gauntlet

#pragma GCC visibility pop
