#include <uv.h>

#include <algorithm>
#include <array>
#include <gauntlet/uv/os.hpp>
#include <string>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

// Arguments as main is given them: one behind the other, and there as long as the program. The last is longer
// than any buffer that would be tried first.
constexpr std::size_t length = 5000;
std::array<char, length> memory{};
std::array<char*, 4> arguments{};

char** make_arguments() {
  memory.fill('f');
  "program\0--option\0"sv.copy(memory.data(), memory.size());
  memory.back() = '\0';
  arguments = {memory.data(), memory.data() + 8, memory.data() + 17, nullptr};
  return arguments.data();
}

TEST_CASE("the title can be changed once setup_args was called, and only then") {
  CHECK(is_refused([] { return os::get_process_title(); }, std::errc::no_buffer_space, "call setup_args"));
  CHECK(is_refused(
      [] {
        os::set_process_title("x");
        return 0;
      },
      std::errc::no_buffer_space, "call setup_args"));

  char** const given = make_arguments();
  // Strings that are not main's would be written over, and what is between them.
  std::array<char*, 3> apart{given[0], given[2], nullptr};
  CHECK(is_misuse([&] { return os::setup_args(2, apart.data()); }, "give main's own argc and argv"));
  std::array<char*, 3> backwards{given[1], given[0], nullptr};
  CHECK(is_misuse([&] { return os::setup_args(2, backwards.data()); }, "give main's own argc and argv"));
  CHECK(is_misuse([&] { return os::setup_args(4, given); }, "give main's own argc and argv"));
  CHECK(is_misuse([] { return os::setup_args(1, nullptr); }, "give main's own argc and argv"));
  CHECK(os::setup_args(0, given) == given);

  char** const copied = os::setup_args(3, given);
  REQUIRE(copied != given);
  CHECK(copied[0] == "program"sv);
  CHECK(copied[1] == "--option"sv);
  CHECK(copied[2] == std::string(length - 18, 'f'));
  CHECK(copied[3] == nullptr);
  CHECK(os::get_process_title() == "program");
  CHECK(is_misuse([&] { return os::setup_args(3, given); }, "it has been called before"));

  os::set_process_title("another");
  CHECK(os::get_process_title() == "another");
  CHECK(memory.data() == "another"sv);
  os::set_process_title("");
  CHECK(os::get_process_title().empty());
  for (const std::size_t size : {254U, 255U, 256U, 510U, 511U, 512U, 4998U, 4999U, 5000U, 100'000U}) {
    INFO(size);
    os::set_process_title(std::string(size, 'x'));
    CHECK(os::get_process_title() == std::string(std::min(size, length - 1), 'x'));
  }
  CHECK(memory.back() == '\0');
  CHECK(is_misuse(
      [] {
        os::set_process_title("a\0b"sv);
        return 0;
      },
      "the title has a NUL at byte 1"));
  CHECK(copied[0] == "program"sv);
}

}  // namespace
}  // namespace gauntlet::uv::test
