#pragma once
/// Requests that can be cancelled: files, names, random bytes, work on the thread pool.

#include <source_location>
#include <utility>

#include "gauntlet/uv/error.hpp"

namespace gauntlet::uv {

namespace detail {
class request_block;
}

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
  explicit request(detail::request_block& block) noexcept;

  detail::request_block* block_ = nullptr;
};

}  // namespace gauntlet::uv
