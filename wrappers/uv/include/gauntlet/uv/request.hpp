#pragma once
/// Requests that can be cancelled: files, names, random bytes, work on the thread pool.

#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/callback.hpp"
#include "gauntlet/detail/operation.hpp"
#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

namespace detail {

class loop_core;
class request_block;
class request_wait;

}  // namespace detail

/// A request in flight belongs to the loop, with its buffers, its result and its callback; this only says
/// which one it is. Letting it go, before or after the end, changes nothing for the request.
class request {
 public:
  request() noexcept = default;
  request(request&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  request& operator=(request&& other) noexcept;
  ~request();

  /// Its callback has been called, or never will be. True of one that was moved from.
  bool done(std::source_location where = std::source_location::current()) const;
  /// True: it will end with operation_canceled, soon, by its callback. False: a thread works on it, or it is
  /// done; it ends as it would have (uv_cancel, which answers EBUSY).
  bool cancel(std::source_location where = std::source_location::current());

 private:
  friend class detail::request_block;
  friend class detail::request_wait;
  explicit request(detail::request_block& block) noexcept;

  detail::request_block* block_ = nullptr;
};

namespace detail {

/// Keeps a loop's memory, not the loop open.
class loop_use {
 public:
  explicit loop_use(loop_core& used) noexcept;
  loop_use(loop_use&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  loop_use& operator=(loop_use&&) = delete;
  ~loop_use();
  loop_core& operator*() const noexcept { return *used_; }

 private:
  loop_core* used_;
};

/// A request that a coroutine awaits. Cancelled in time it ends with operation_canceled; one that a thread
/// works on ends as it would have, and that is awaited.
class request_wait : public gauntlet::detail::operation {
 public:
  /// What it works on, while it is in flight.
  std::string object() const override;

 protected:
  request_wait(loop_core& loop, const char* kind, std::source_location where) noexcept
      : operation(kind, where), loop_(loop) {}
  request_wait(request_wait&& other) noexcept : operation(std::move(other)), loop_(std::move(other.loop_)) {}
  ~request_wait() override = default;

  /// Throws misuse if it cannot be awaited here and now.
  loop_core& require_usable() const;
  void in_flight(request started) noexcept;
  void cancel() noexcept override;
  [[noreturn]] void throw_canceled() const override;

 private:
  loop_use loop_;
  request request_;
};

template <class T>
class [[nodiscard]] request_operation final : public request_wait {
 public:
  using told = callback<void(outcome<T>)>;

  /// begin: the form with a callback.
  request_operation(loop_core& loop, const char* kind, std::source_location where,
                    callback<request(loop_core&, told)> begin)
      : request_wait(loop, kind, where), begin_(std::move(begin)) {}
  request_operation(request_operation&& other) noexcept
      : request_wait(std::move(other)), begin_(std::move(other.begin_)) {}
  ~request_operation() override { leave(); }
  T await_resume() {
    finish();
    return std::move(*result_).value();
  }

 private:
  void start() override {
    loop_core& loop = require_usable();
    in_flight(begin_(loop, [this](outcome<T> ended) {
      result_.emplace(std::move(ended));
      complete();
    }));
  }

  callback<request(loop_core&, told)> begin_;
  std::optional<outcome<T>> result_;
};

}  // namespace detail
}  // namespace gauntlet::uv

#pragma GCC visibility pop
