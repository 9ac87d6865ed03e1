#pragma once
/// What all handles have in common: uv_handle_t, owned.

#include <source_location>
#include <utility>

#include "gauntlet/callback.hpp"
#include "gauntlet/uv/error.hpp"
#include "gauntlet/uv/loop.hpp"

#pragma GCC visibility push(default)

struct uv_handle_s;

namespace gauntlet::uv {

namespace detail {
class handle_block;
}

/// The owner of a handle: it may be moved, the handle itself stays where libuv knows it. Destroying the owner
/// closes the handle, at any time, on any thread, inside any callback: its callbacks come no more, and its
/// memory goes when libuv is done with it. All calls belong to the loop's thread; on another one, and on a
/// handle that is moved-from or closed, they throw misuse.
class handle {
 public:
  handle(handle&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  handle& operator=(handle&& other) noexcept;

  /// Stops and closes (uv_close). Requests in flight end with operation_canceled. on_closed is called when
  /// libuv is done with it.
  void close(callback<void()> on_closed = {}, std::source_location where = std::source_location::current());
  /// close() was called, or the loop is closed. True of one that was moved from (uv_is_closing).
  bool is_closing(std::source_location where = std::source_location::current()) const;
  /// It does something: a timer runs, a stream reads (uv_is_active).
  bool is_active(std::source_location where = std::source_location::current()) const;

  /// Whether an active handle keeps run() from returning; at first it does (uv_ref, uv_unref, uv_has_ref).
  void ref(std::source_location where = std::source_location::current());
  void unref(std::source_location where = std::source_location::current());
  bool has_ref(std::source_location where = std::source_location::current()) const;

  /// libuv's handle, for what only it can do; its `data` is the wrapper's. Valid until it is closed.
  uv_handle_s* native(std::source_location where = std::source_location::current()) const;

 protected:
  explicit handle(detail::handle_block& block) noexcept : block_(&block) {}
  ~handle();

  detail::handle_block* block_;
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
