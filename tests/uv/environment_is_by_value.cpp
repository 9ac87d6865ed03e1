#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <gauntlet/uv/os.hpp>
#include <vector>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

// Puts the environment back as it was.
class kept_environment {
 public:
  kept_environment() = default;
  kept_environment(const kept_environment&) = delete;
  kept_environment& operator=(const kept_environment&) = delete;
  ~kept_environment() {
    ::clearenv();
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

  const std::vector<os::environment_variable>& before() const noexcept { return before_; }

 private:
  std::vector<os::environment_variable> before_ = os::environ();
};

TEST_CASE("a variable that is set is read back whole, whatever its length") {
  const kept_environment kept;
  for (const std::size_t length : {0U, 1U, 254U, 255U, 256U, 257U, 509U, 510U, 511U, 512U, 513U, 100'000U}) {
    INFO(length);
    std::string value(length, 'x');
    if (length > 0) value.back() = 'y';
    os::setenv("GAUNTLET_VALUE", value);
    CHECK(os::getenv("GAUNTLET_VALUE") == value);
    CHECK(std::string(::getenv("GAUNTLET_VALUE")) == value);
  }
}

TEST_CASE("a variable that is not there is no error") {
  const kept_environment kept;
  os::unsetenv("GAUNTLET_VALUE");
  os::unsetenv("GAUNTLET_VALUE");
  CHECK_FALSE(os::getenv("GAUNTLET_VALUE").has_value());
  CHECK_FALSE(os::getenv("").has_value());
  os::setenv("GAUNTLET_VALUE", "");
  CHECK(os::getenv("GAUNTLET_VALUE") == "");
  os::unsetenv("GAUNTLET_VALUE");
  CHECK(::getenv("GAUNTLET_VALUE") == nullptr);
}

TEST_CASE("a name or value that the system cannot take is refused") {
  CHECK(is_refused(
      [] {
        os::setenv("", "x");
        return 0;
      },
      std::errc::invalid_argument));
  CHECK(is_refused(
      [] {
        os::setenv("A=B", "x");
        return 0;
      },
      std::errc::invalid_argument));
  CHECK(is_refused(
      [] {
        os::unsetenv("A=B");
        return 0;
      },
      std::errc::invalid_argument));
  CHECK(is_misuse(
      [] {
        os::setenv("GAUNTLET_VALUE", "a\0b"sv);
        return 0;
      },
      "the value has a NUL at byte 1"));
  CHECK(is_misuse(
      [] {
        os::setenv("A\0B"sv, "x");
        return 0;
      },
      "the name has a NUL at byte 1"));
  CHECK(is_misuse([] { return os::getenv("A\0B"sv); }, "the name has a NUL at byte 1"));
  CHECK(is_misuse(
      [] {
        os::unsetenv("A\0B"sv);
        return 0;
      },
      "the name has a NUL at byte 1"));
  CHECK(::getenv("GAUNTLET_VALUE") == nullptr);
}

TEST_CASE("all variables are the system's, in its order") {
  const kept_environment kept;
  os::setenv("GAUNTLET_VALUE", "a=b");
  std::vector<os::environment_variable> expected;
  for (char** at = ::environ; *at != nullptr; ++at) {
    const std::string_view text = *at;
    const std::size_t equals = text.find('=');
    if (equals != text.npos)
      expected.push_back(
          {.name = std::string(text.substr(0, equals)), .value = std::string(text.substr(equals + 1))});
  }
  CHECK(os::environ() == expected);
  CHECK(std::ranges::count(os::environ(),
                           os::environment_variable{.name = "GAUNTLET_VALUE", .value = "a=b"}) == 1);
}

TEST_CASE("an environment that was cleared is empty") {
  {
    const kept_environment kept;
    ::clearenv();
    CHECK(os::environ().empty());
    CHECK_FALSE(os::getenv("PATH").has_value());
    os::setenv("GAUNTLET_VALUE", "x");
    CHECK(os::environ().size() == 1);
  }
  CHECK_FALSE(os::environ().empty());
}

}  // namespace
}  // namespace gauntlet::uv::test
