#pragma once
// A handle, and the state machine of every handle:
//
//   (init fails: never was)      open --close(), owner gone, loop ends--> closing --libuv's callback-->
//   closed
//
// In `open` it may be started and stopped. In `closing` libuv still has it: nothing may be called but
// uv_is_closing and the like. In `closed` its callbacks are gone, and so is its memory, unless an owner holds
// it.

#include <uv.h>

#include <concepts>
#include <memory>
#include <utility>

#include <climits>
#include <cstddef>

#include "block.hpp"
#include "gauntlet/callback.hpp"
#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/error.hpp"
#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/operation.hpp"
#include "loop_core.hpp"

namespace gauntlet::uv::detail {

class handle_block : public block {
 public:
  /// handle: a member of the derived block.
  template <class Handle>
  handle_block(loop_core& loop, std::source_location where, Handle& handle) noexcept
      : block(loop, where, handle) {}

  // SAFETY: every handle of libuv's begins as a uv_handle_t.
  uv_handle_t* uv() const noexcept { return static_cast<uv_handle_t*>(c_struct()); }
  using block::describe;

  /// Calls a callback of the user's.
  template <class... Arguments, class... Given>
  void tell(callback<void(Arguments...)>& slot, Given&&... given) noexcept {
    const execution_context::holding here(loop(), *this);
    loop().invoke(slot, std::forward<Given>(given)...);
  }

  void hold_by_libuv() noexcept { hold_on(loop().handles()); }
  /// libuv has initialised it: it is libuv's and an owner's from now on.
  void adopt() noexcept {
    uv()->data = this;
    hold_by_libuv();
    hold(by_owner);
  }
  /// Of one that is not closing yet.
  void close(callback<void()>&& on_closed) noexcept {
    on_closed_ = std::move(on_closed);
    begin_closing();
    before_close();
    close_unless_needed();
  }
  /// start(uv_close_cb) closes in another way than uv_close; if it throws, nothing has happened.
  template <class Start>
  void close_with(callback<void()>&& on_closed, Start&& start) {
    start(closed);
    on_closed_ = std::move(on_closed);
    begin_closing();
    before_close();
  }
  void abort() noexcept final {
    if (closing())
      close_unless_needed();
    else
      close({});
  }

 protected:
  /// The callbacks may own this very handle, so they go before its memory.
  virtual void release_callbacks() noexcept = 0;
  /// Those who wait are told that it is closed.
  virtual void end_waits() noexcept {}
  /// It must stay open until something else is done, which calls close_unless_needed() again.
  virtual bool is_needed() const noexcept { return false; }
  void close_unless_needed() noexcept {
    if (!is_needed() && uv_is_closing(uv()) == 0) uv_close(uv(), closed);
  }
  /// From here on nothing may call back but requests, though libuv may close it later.
  virtual void before_close() noexcept {}
  void describe(pending_operation& into) const override;

 private:
  void abandon() noexcept final { abort(); }
  static void closed(uv_handle_t* handle) noexcept;

  callback<void()> on_closed_;
};

/// A handle that tells more than that something has happened: coroutines may wait for it, and operations of
/// theirs and writes through pipes may need it.
class waited_block : public handle_block {
 public:
  using handle_block::handle_block;

  /// Who waits for what it tells.
  using wait_list = gauntlet::detail::intrusive_list<handle_wait, handle_wait_tag>;
  wait_list& waits() noexcept { return waits_; }
  bool is_waited_for() const noexcept { return !waits_.empty(); }

  /// An operation that a coroutine may await is there, or is no more: on the loop's thread only.
  void add_use() noexcept {
    if (uses_++ == 0) hold(by_operation);
  }
  void remove_use() noexcept;

  /// A write through a pipe sends it: libuv asks it for its descriptor as late as when the bytes go out. Its
  /// memory stays until then, and a close() waits, so that it may be let go of as soon as it is written.
  void lend() noexcept {
    if (lends_++ == 0) hold(by_write);
  }
  void give_back() noexcept {
    if (--lends_ != 0) return;
    if (closing()) close_unless_needed();
    let_go(by_write);
  }

 protected:
  /// Two pipes may send each other, and each would wait for the other's end: so one that has something to
  /// send itself does not wait. The loop's end does not wait either, as it closes whatever is waited for.
  bool is_needed() const noexcept override { return lends_ != 0 && !loop().closing(); }

 private:
  void end_waits() noexcept final;

  wait_list waits_;
  std::uint32_t uses_ = 0;   // by operations
  std::uint32_t lends_ = 0;  // writes that send it
};

/// What a callback of libuv's is told belongs to: handle->data, as adopt() set it.
template <class Block, class Handle>
Block& block_of(const Handle* handle) noexcept {
  // SAFETY: adopt() put a handle_block there, whose handle this is; each callback is given to one kind of
  // block.
  return static_cast<Block&>(*static_cast<handle_block*>(handle->data));
}

/// init(uv_loop_t*, Block&) answers a status of libuv's; if it is negative, libuv must have forgotten the
/// handle.
template <std::derived_from<handle_block> Block, class Init>
Block& open_handle(loop_core& core, const char* operation, std::source_location where, Init&& init) {
  fresh<Block> made = core.make<Block>(where);
  const int status = init(core.uv(), *made);
  if (status < 0) throw error(status, operation, made->kind(), where);
  made->adopt();
  return *made.release();
}

template <std::derived_from<handle_block> Block, class Init>
Block& open_handle(const uv::loop& owner, const char* operation, std::source_location where, Init&& init) {
  return open_handle<Block>(loop_core::of(owner, operation, where), operation, where,
                            std::forward<Init>(init));
}

[[noreturn]] void refuse_use(const handle_block* block, const char* operation,
                             const std::source_location& where);

/// The block of a handle that may be used here and now.
template <std::derived_from<handle_block> Block>
Block& use(handle_block* block, const char* operation, const std::source_location& where) {
  if (block == nullptr || !block->loop().on_this_thread() || block->closing()) [[unlikely]]
    refuse_use(block, operation, where);
  // SAFETY: the public class that calls this made the block.
  return static_cast<Block&>(*block);
}

template <class Signature>
void require_callable(const callback<Signature>& given, const char* operation,
                      const std::source_location& where) {
  if (!given) throw misuse(operation, "there is nothing to call: give it a callable", where);
}

/// The error in what was asked of a handle.
inline void check(int status, const handle_block& block, const char* operation,
                  const std::source_location& where) {
  if (status < 0) throw error(status, operation, block.kind(), where);
}

/// Get or set, with the same function of libuv's: 0 asks.
template <int (*Function)(uv_handle_t*, int*)>
std::size_t buffer_size(const handle_block& block, const char* operation, const std::source_location& where) {
  int size = 0;
  check(Function(block.uv(), &size), block, operation, where);
  return static_cast<std::size_t>(size);
}
template <int (*Function)(uv_handle_t*, int*)>
void set_buffer_size(const handle_block& block, std::size_t size, const char* operation,
                     const std::source_location& where) {
  if (size == 0 || size > INT_MAX) throw misuse(operation, "a size must be 1 to 2147483647 bytes", where);
  int wanted = static_cast<int>(size);
  check(Function(block.uv(), &wanted), block, operation, where);
}

/// Of a socket: what getsockname and getpeername are about, by libuv's function of this kind of handle.
template <class Handle>
address address_of(int (*function)(const Handle*, sockaddr*, int*), const Handle& handle,
                   const handle_block& block, const char* operation, const std::source_location& where) {
  sockaddr_storage storage{};
  int size = sizeof storage;
  // SAFETY: a sockaddr_storage may be used as any sockaddr.
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  check(function(&handle, name, &size), block, operation, where);
  return address::from_native(name, static_cast<std::size_t>(size), where);
}

inline int descriptor_of(const handle_block& block, const char* operation,
                         const std::source_location& where) {
  uv_os_fd_t descriptor = -1;
  check(uv_fileno(block.uv(), &descriptor), block, operation, where);
  return descriptor;
}

}  // namespace gauntlet::uv::detail
