#pragma once
/// uv_async_t: wakes the loop from another thread.

#include <source_location>

#include "gauntlet/uv/handle.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

class async : public handle {
 public:
  /// woken is called on the loop's thread, at least once after the last send(); several may come together
  /// (uv_async_init).
  async(loop& loop, callback<void()> woken, std::source_location where = std::source_location::current());

  /// Any thread, also while the loop ends: of one that is closed it does nothing and answers false. Unlike
  /// libuv's, whatever was done before a send() is visible to the callback that follows it, also when it
  /// came together with another one (uv_async_send).
  bool send(std::source_location where = std::source_location::current()) const;
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
