#pragma once
/// Several awaitables at the same time: until all have ended, or until one has.

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "gauntlet/detail/task_group.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/task.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {
namespace detail {

template <class T>
value_of<T> take_value(slot<T>& from) {
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return from.take();
}

template <class... Awaitables, std::size_t... I>
auto all_of(std::tuple<Awaitables...> given, std::index_sequence<I...>)
    -> task<std::tuple<value_of<await_result<Awaitables>>...>> {
  chain_link& self = co_await this_link();
  self.internal = true;
  self.role = "when_all";
  std::tuple<slot<await_result<Awaitables>>...> results;
  task_group group(self);
  group.start_all(
      [&] { (group.start(put_into(std::get<I>(results), std::move(std::get<I>(given))), {}), ...); });
  co_await group.join(self.place());
  group.rethrow(false);
  co_return std::tuple<value_of<await_result<Awaitables>>...>(take_value(std::get<I>(results))...);
}

template <class Awaitable>
auto all_of(std::vector<Awaitable> given) -> task<std::vector<value_of<await_result<Awaitable>>>> {
  using result_type = await_result<Awaitable>;
  chain_link& self = co_await this_link();
  self.internal = true;
  self.role = "when_all";
  std::vector<slot<result_type>> results(given.size());
  task_group group(self);
  group.start_all([&] {
    for (std::size_t i = 0; i < given.size(); ++i) group.start(put_into(results[i], std::move(given[i])), {});
  });
  co_await group.join(self.place());
  group.rethrow(false);
  std::vector<value_of<result_type>> values;
  values.reserve(results.size());
  for (slot<result_type>& result : results) values.push_back(take_value(result));
  co_return values;
}

/// Who was first, and how it ended.
struct race {
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  void won_by(std::size_t index, std::exception_ptr error = nullptr) noexcept {
    if (winner != nobody) return;
    winner = index;
    failure = std::move(error);
    group.stop().request_stop();
  }

  task_group& group;
  std::size_t winner = nobody;
  std::exception_ptr failure{};
};

template <class T, class Awaitable>
task<void> take_part(race& in, std::size_t index, slot<T>& result, Awaitable awaitable) {
  chain_link& self = co_await this_link();
  self.internal = true;
  std::exception_ptr failure;
  try {
    if constexpr (std::is_void_v<T>)
      co_await std::move(awaitable);
    else
      result.set(co_await std::move(awaitable));
  } catch (...) {
    failure = std::current_exception();
  }
  in.won_by(index, std::move(failure));
}

template <class... Awaitables, std::size_t... I>
auto any_of(std::tuple<Awaitables...> given, std::index_sequence<I...>)
    -> task<std::variant<value_of<await_result<Awaitables>>...>> {
  using result_type = std::variant<value_of<await_result<Awaitables>>...>;
  chain_link& self = co_await this_link();
  self.internal = true;
  self.role = "when_any";
  std::tuple<slot<await_result<Awaitables>>...> results;
  task_group group(self);
  race in{group};
  group.start_all(
      [&] { (group.start(take_part(in, I, std::get<I>(results), std::move(std::get<I>(given))), {}), ...); });
  co_await group.join(self.place());
  group.rethrow(false);
  if (in.failure) std::rethrow_exception(in.failure);
  std::optional<result_type> value;
  static_cast<void>(
      ((in.winner == I && (value.emplace(std::in_place_index<I>, take_value(std::get<I>(results))), true)) ||
       ...));
  co_return std::move(*value);
}

template <class Awaitable>
auto any_of(std::vector<Awaitable> given) -> task<std::pair<std::size_t, value_of<await_result<Awaitable>>>> {
  using result_type = await_result<Awaitable>;
  chain_link& self = co_await this_link();
  if (given.empty())
    throw misuse("when_any", "there is nothing to wait for: give it one at least", self.place());
  self.internal = true;
  self.role = "when_any";
  std::vector<slot<result_type>> results(given.size());
  task_group group(self);
  race in{group};
  group.start_all([&] {
    for (std::size_t i = 0; i < given.size(); ++i)
      group.start(take_part(in, i, results[i], std::move(given[i])), {});
  });
  co_await group.join(self.place());
  group.rethrow(false);
  if (in.failure) std::rethrow_exception(in.failure);
  co_return std::pair<std::size_t, value_of<result_type>>(in.winner, take_value(results[in.winner]));
}

template <class Range>
concept range_of_awaitables =
    std::ranges::input_range<Range> && awaitable<std::ranges::range_value_t<Range>> &&
    std::is_rvalue_reference_v<Range&&>;

template <range_of_awaitables Range>
auto as_vector(Range&& range) {
  using value_type = std::ranges::range_value_t<Range>;
  if constexpr (std::same_as<std::remove_cvref_t<Range>, std::vector<value_type>>) {
    return std::vector<value_type>(std::forward<Range>(range));
  } else {
    std::vector<value_type> all;
    for (auto&& one : range) all.push_back(std::move(one));
    return all;
  }
}

}  // namespace detail

/// `auto [page, count] = co_await when_all(fetch(url), jobs.receive())`: all at the same time; a tuple of
/// their results in that order, std::monostate for void. If one fails the others are cancelled and awaited,
/// and the first error comes out; further ones go to execution_context::take_suppressed_errors().
template <class... Awaitables>
  requires(sizeof...(Awaitables) > 0 && (detail::awaitable<std::remove_cvref_t<Awaitables>> && ...))
auto when_all(Awaitables&&... awaitables) {
  return detail::all_of(
      std::tuple<std::remove_cvref_t<Awaitables>...>(std::forward<Awaitables>(awaitables)...),
      std::index_sequence_for<Awaitables...>());
}
/// The same of a range that is moved in; a std::vector of the results.
template <detail::range_of_awaitables Range>
auto when_all(Range&& awaitables) {
  return detail::all_of(detail::as_vector(std::forward<Range>(awaitables)));
}

/// `auto first = co_await when_any(a(), b())`: all at the same time, until one has ended; a variant whose
/// index() says which, std::monostate for void; or, if it has failed, its error. The others are cancelled and
/// awaited, and how they end, be it with a value, is forgotten: what must not be lost is put where it can be
/// found (a channel), not returned.
template <class... Awaitables>
  requires(sizeof...(Awaitables) > 0 && (detail::awaitable<std::remove_cvref_t<Awaitables>> && ...))
auto when_any(Awaitables&&... awaitables) {
  return detail::any_of(
      std::tuple<std::remove_cvref_t<Awaitables>...>(std::forward<Awaitables>(awaitables)...),
      std::index_sequence_for<Awaitables...>());
}
/// The same of a range that is moved in; a pair of index and result.
template <detail::range_of_awaitables Range>
auto when_any(Range&& awaitables) {
  return detail::any_of(detail::as_vector(std::forward<Range>(awaitables)));
}

}  // namespace gauntlet

#pragma GCC visibility pop
