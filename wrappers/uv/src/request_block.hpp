#pragma once
// A request in flight: it owns all that libuv reads or writes until its callback has run, whoever lets go of
// what.

#include <uv.h>

#include <concepts>
#include <utility>

#include "block.hpp"
#include "gauntlet/callback.hpp"
#include "gauntlet/uv/error.hpp"
#include "gauntlet/uv/request.hpp"
#include "loop_core.hpp"
#include "thread_pool.hpp"

namespace gauntlet::uv::detail {

class request_block : public block {
 public:
  /// request: a member of the derived block.
  template <class Request>
  request_block(loop_core& loop, const char* kind, std::source_location where, Request& request) noexcept
      : block(loop, where, request), kind_(kind) {}

  const char* kind() const noexcept final { return kind_; }
  // SAFETY: every request of libuv's begins as a uv_req_t.
  uv_req_t* uv() const noexcept { return static_cast<uv_req_t*>(c_struct()); }
  void hold_by_libuv() noexcept { hold_on(loop().requests()); }
  /// False: it runs, or is of a kind that cannot be cancelled.
  bool cancel() noexcept { return uv_cancel(uv()) == 0; }
  void abort() noexcept override { cancel(); }
  /// What is told of the end. A coroutine is told even where the loop ends silently: its frame must not stay.
  template <class Work>
  void call(Work&& work) noexcept {
    if (awaited()) return work();
    const execution_context::holding here(loop(), *this);
    loop().call(std::forward<Work>(work));
  }
  /// For the one who started it.
  request owner() noexcept { return request(*this); }

 protected:
  using block::describe;
  void describe(pending_operation& into) const override { into.active = into.referenced = true; }

 private:
  const char* kind_;
};

/// The block whose request a callback of libuv's is told.
template <class Block, class Request>
Block& request_of(const Request* request) noexcept {
  // SAFETY: submit() put it there; each callback is given to one kind of block.
  return static_cast<Block&>(*static_cast<request_block*>(request->data));
}

/// Submits: start(Block&) answers a status of libuv's; unless it is negative the request is in flight.
/// subject: text, which is looked at only if it fails.
template <std::derived_from<request_block> Block, class Subject = std::string_view, class Start>
Block& submit(fresh<Block>&& made, const char* operation, const Subject& subject,
              const std::source_location& where, Start&& start) {
  made->uv()->data = static_cast<request_block*>(made.get());
  uv_loop_t& raw = *made->loop().uv();
  const unsigned active = raw.active_reqs.count;
  const int status = start(*made);
  if (status < 0) {
    // An uv_write that finds no memory for many buffers leaves its request counted as active: the loop would
    // never end.
    raw.active_reqs.count = active;
    throw error(status, operation, subject, where);
  }
  made->hold_by_libuv();
  return *made.release();
}

/// The same, of what libuv gives to its thread pool.
template <std::derived_from<request_block> Block, class Subject = std::string_view, class Start>
Block& submit_to_pool(fresh<Block>&& made, const char* operation, const Subject& subject,
                      const std::source_location& where, Start&& start) {
  const thread_pool_use here;
  return submit(std::move(made), operation, subject, where, std::forward<Start>(start));
}

/// libuv is done with it: it may be gone.
template <class Block>
void let_go_by_libuv(Block& block) noexcept {
  if (block.release(block::by_libuv)) block.loop().destroy(block);
}

/// libuv is done: calls work, and the block may be gone. What work moved out of the block goes before the
/// block's memory may.
template <class Block, class Work>
void finish(Block& block, Work&& work) noexcept {
  block.call(std::forward<Work>(work));
  block.release_callbacks();
  let_go_by_libuv(block);
}

/// How a request without a value ended. subject: as above.
template <class Subject>
outcome<> ended(int status, const char* operation, const Subject& subject,
                const std::source_location& where) {
  if (status < 0) return error(status, operation, subject, where);
  return {};
}

}  // namespace gauntlet::uv::detail
