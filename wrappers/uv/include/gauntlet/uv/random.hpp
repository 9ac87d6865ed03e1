#pragma once
/// uv_random: bytes that nobody can guess, without waiting for them.

#include <cstddef>
#include <source_location>
#include <span>
#include <utility>

#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/request.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

namespace detail {
request start_random(loop& loop, owned_buffer bytes, callback<void(outcome<owned_buffer>)> done,
                     std::source_location where);
}

/// `co_await random(loop, bytes)`: fills the span, which stays until then.
detail::request_operation<void> random(loop& loop, std::span<std::byte> bytes,
                                       std::source_location where = std::source_location::current());

/// Fills the buffer on the thread pool; done is called with outcome<owned_buffer>, or with the buffer only.
/// Bytes that are of_static are misuse, more than 2147483647 an error, argument_list_too_long (uv_random).
template <completion_callback<owned_buffer> Done>
request random(loop& loop, owned_buffer bytes, Done&& done,
               std::source_location where = std::source_location::current()) {
  return detail::start_random(loop, std::move(bytes),
                              detail::completion<owned_buffer>(std::forward<Done>(done)), where);
}
/// So many bytes.
template <completion_callback<owned_buffer> Done>
request random(loop& loop, std::size_t size, Done&& done,
               std::source_location where = std::source_location::current()) {
  return random(loop, owned_buffer(size), std::forward<Done>(done), where);
}

}  // namespace gauntlet::uv

#pragma GCC visibility pop
