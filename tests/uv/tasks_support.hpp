#pragma once
/// What the tests of coroutines on a uv::loop share.

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "support.hpp"

namespace gauntlet::uv::test {

/// The code of the error that awaiting it throws; none if it throws none.
template <class Awaitable>
task<std::error_code> code_of(Awaitable awaitable) {
  try {
    static_cast<void>(co_await std::move(awaitable));
  } catch (const gauntlet::error& thrown) {
    co_return thrown.code();
  }
  co_return std::error_code();
}

/// Nothing is left on the loop: it closes at once, and no task waits.
inline void closes_clean(loop& loop) {
  CHECK(loop.context().pending().empty());
  for (const suppressed_error& second : loop.context().take_suppressed_errors()) {
    UNSCOPED_INFO(second.task << ": " << second.message);
    CHECK(second.message.empty());
  }
  CHECK_FALSE(loop.run(run_mode::nowait));
  for (const pending_operation& left : loop.pending()) {
    UNSCOPED_INFO(left.kind);
    if (left.kind != "orphan") CHECK(left.closing);  // a child that was let go of, and ends later
  }
  loop.close();
}

inline std::string dump_of(const loop& loop) {
  std::ostringstream out;
  loop.dump(out);
  return out.str();
}

}  // namespace gauntlet::uv::test
