#include <uv.h>

#include <atomic>
#include <fstream>
#include <gauntlet/uv/shared_library.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "temporary_folder.hpp"
#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view plugin_path = GAUNTLET_PLUGIN;

TEST_CASE("functions and objects of a shared library are found by name") {
  const shared_library plugin{plugin_path};
  CHECK(plugin.symbol<int(int, int)>("plugin_add")(40, 2) == 42);
  int* const answer = plugin.symbol<int>("plugin_answer");
  CHECK(*answer == 42);
  CHECK(*plugin.symbol<const int>("plugin_answer") == 42);
  CHECK(plugin.native() != nullptr);
}

TEST_CASE("a shared library is unloaded once, when its last owner is destroyed") {
  int unloaded = 0;
  {
    shared_library first{plugin_path};
    first.symbol<void(int*)>("plugin_watch")(&unloaded);
    shared_library second = std::move(first);
    CHECK(unloaded == 0);
    shared_library third = std::move(second);
    second = std::move(third);
    CHECK(unloaded == 0);
    CHECK(second.symbol<int(int, int)>("plugin_add")(1, 1) == 2);
  }
  CHECK(unloaded == 1);
}

TEST_CASE("a shared library that is replaced by another is unloaded") {
  int unloaded = 0;
  shared_library library{plugin_path};
  library.symbol<void(int*)>("plugin_watch")(&unloaded);
  library = shared_library::self();
  CHECK(unloaded == 1);
}

TEST_CASE("two that have loaded the same share it") {
  int unloaded = 0;
  std::optional<shared_library> first{plugin_path};
  {
    const shared_library second{plugin_path};
    second.symbol<void(int*)>("plugin_watch")(&unloaded);
    CHECK(second.symbol<int>("plugin_answer") == first->symbol<int>("plugin_answer"));
  }
  CHECK(unloaded == 0);
  first.reset();
  CHECK(unloaded == 1);
}

TEST_CASE("what was moved from says so") {
  shared_library first{plugin_path};
  const shared_library second = std::move(first);
  // NOLINTBEGIN(bugprone-use-after-move): it is what is tested
  CHECK(is_misuse([&] { return first.symbol<int>("plugin_answer"); }, "use the one it went to"));
  CHECK(first.native() == nullptr);
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("the program itself has symbols") {
  const shared_library self = shared_library::self();
  CHECK(self.symbol<std::size_t(const char*)>("strlen")("four") == 4);
}

TEST_CASE("a library that is not there, or is none, is an error with the system's words") {
  const auto missing = value_thrown_by<error>([] { return shared_library{"/none/such.so"}; });
  CHECK(missing.code() == errc::unknown);
  CHECK(std::string_view(missing.what())
            .starts_with(
                "/none/such.so: shared_library: unknown error: /none/such.so: cannot open shared object "
                "file: No such file"));
  CHECK(missing.where().line() != 0);

  const temporary_folder folder;
  const std::string text = folder.path() + "/text.so";
  std::ofstream(text) << "this is no library";
  CHECK(std::string_view(value_thrown_by<error>([&] { return shared_library{text}; }).what())
            .contains(text + ": "));

  CHECK(is_misuse([] { return shared_library{""}; }, "the path is empty"));
  CHECK(is_misuse([] { return shared_library{"a\0b"sv}; }, "the path has a NUL at byte 1"));
}

TEST_CASE("a symbol that is not there is an error with the system's words") {
  const shared_library plugin{plugin_path};
  const auto missing = value_thrown_by<error>([&] { return plugin.symbol<int>("plugin_none"); });
  CHECK(missing.code() == errc::unknown);
  CHECK(std::string_view(missing.what()).contains("undefined symbol: plugin_none"));
  CHECK(missing.subject() == "plugin_none");
  CHECK(is_misuse([&] { return plugin.symbol<int>("plugin\0none"sv); }, "the name has a NUL at byte 6"));
  CHECK_FALSE(attempt([&] { return plugin.symbol<int>("plugin_none"); }).has_value());
  CHECK(*plugin.symbol<int>("plugin_answer") == 42);  // it goes on
}

TEST_CASE("a symbol without an address is an error, never a nullptr") {
  const shared_library plugin{plugin_path};
  const auto failure = value_thrown_by<error>([&] { return plugin.symbol<int>("plugin_nothing"); });
  CHECK(std::string_view(failure.what()).contains("its address is null"));
}

TEST_CASE("two threads ask one library at once, for what it has and what it has not") {
  const shared_library plugin{plugin_path};
  std::atomic<int> failures = 0;
  const auto ask = [&] {
    for (int i = 0; i < 200; ++i) {
      if (attempt([&] { return plugin.symbol<int>("plugin_none"); })) ++failures;
      if (!attempt([&] { return plugin.symbol<int>("plugin_answer"); })) ++failures;
    }
  };
  std::thread other(ask);
  ask();
  other.join();
  CHECK(failures == 0);
}

}  // namespace
}  // namespace gauntlet::uv::test
