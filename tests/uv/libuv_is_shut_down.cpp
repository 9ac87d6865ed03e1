// The last thing that a process does with libuv, so in an executable of its own.
#include <gauntlet/uv/library.hpp>
#include <gauntlet/uv/os.hpp>
#include <optional>

#include "library_state.hpp"
#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

TEST_CASE("libuv is shut down once, when no loop is open, and no loop is made after that") {
  std::optional<detail::library_use> first;
  first.emplace("first loop", std::source_location::current());
  {
    const detail::library_use second("second loop", std::source_location::current());
    CHECK(is_misuse(
        [] {
          library_shutdown();
          return 0;
        },
        "loops are open: 2; close them before"));
  }
  CHECK(is_misuse(
      [] {
        library_shutdown();
        return 0;
      },
      "loops are open: 1; close them before"));
  first.reset();
  library_shutdown();
  library_shutdown();
  CHECK(is_misuse(
      [] {
        const detail::library_use late("late loop", std::source_location::current());
        return 0;
      },
      "late loop: libuv has been shut down"));
  // What needs nothing of it goes on.
  CHECK_FALSE(os::cwd().empty());
}

}  // namespace
}  // namespace gauntlet::uv::test
