// A ring that ends waits for what it has asked the kernel to cancel, and not for ever.
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "../core/support/death.hpp"
#include "../core/support/foreign.hpp"
#include "faults.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;
using gauntlet::test::foreign;

foreign read_into(file& from, std::error_code& ended) {
  try {
    static_cast<void>(co_await from.read_some(owned_buffer(8)));
  } catch (const error& failure) {
    ended = failure.code();
  }
}

/// With a read in flight that only its cancellation ends.
struct busy_ring {
  ring own;
  pipe_of ends{own};
  std::error_code ended;
  std::optional<foreign> reader;

  busy_ring() {
    gauntlet::run(own, [&]() -> task<> {
      reader.emplace(read_into(ends.in, ended));
      co_await own.nop();
    }());
  }
};

TEST_CASE("a ring that ends waits for what the kernel is slow to cancel") {
  require_io_uring();
  busy_ring busy;
  let_fail(40, EBUSY, 1s);
  const std::vector<pending_operation> open = busy.own.close();
  CHECK(failures() == 40);
  REQUIRE(open.size() == 1);
  CHECK(open.front().kind == "file::read_some");
  CHECK(busy.reader->done());
  CHECK(busy.ended == std::errc::operation_canceled);
}

TEST_CASE("what the kernel has not cancelled for a minute ends the program, which names it") {
  require_io_uring();
  const auto end_a_ring = [] {
    busy_ring busy;
    let_fail(100, EBUSY, 1s);
    static_cast<void>(busy.own.close());
  };
  const std::string said = gauntlet::test::last_words_of(end_a_ring);
  CHECK(said.contains("gauntlet: the kernel does not end what it was asked to cancel a minute ago:\n"));
  CHECK(said.contains("file::read_some descriptor "));
}

}  // namespace
}  // namespace gauntlet::uring::test
