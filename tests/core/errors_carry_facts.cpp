#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "gauntlet/error.hpp"

namespace gauntlet {
namespace {

const std::error_code no_such_file = std::make_error_code(std::errc::no_such_file_or_directory);

std::string place(const std::source_location& where) {
  return std::string(where.file_name()) + ':' + std::to_string(where.line());
}

TEST_CASE("an error says to what it happened, what was being done, what went wrong and where") {
  const auto where = std::source_location::current();
  const error failure(no_such_file, "open", "in.png", "it was there yesterday", where);

  CHECK(failure.what() ==
        "in.png: open: " + no_such_file.message() + ": it was there yesterday; called from " + place(where));
  CHECK(failure.operation() == "open");
  CHECK(failure.subject() == "in.png");
  CHECK(failure.where().line() == where.line());
  CHECK(failure.where().file_name() == std::string(where.file_name()));
  CHECK(failure.code() == no_such_file);
}

TEST_CASE("an error without a detail has no empty part in its message") {
  const auto where = std::source_location::current();
  const error failure(no_such_file, "open", "in.png", "", where);
  CHECK(failure.what() == "in.png: open: " + no_such_file.message() + "; called from " + place(where));
}

TEST_CASE("an error compares with std::errc") {
  const error failure(no_such_file, "open", "in.png", "", std::source_location::current());
  CHECK(failure.code() == std::errc::no_such_file_or_directory);
  CHECK(failure.code() != std::errc::permission_denied);
}

TEST_CASE("copying an error cannot throw") {
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<error>);
  STATIC_REQUIRE(std::is_nothrow_copy_assignable_v<error>);
}

TEST_CASE("copies of an error share its strings, which live as long as the last") {
  auto original =
      std::make_unique<error>(no_such_file, "a long enough name for an operation",
                              "a long enough name for a subject", "", std::source_location::current());
  const error copy = *original;  // NOLINT(performance-unnecessary-copy-initialization): it is what is tested
  CHECK(copy.what() == original->what());  // pointers
  CHECK(&copy.subject() == &original->subject());
  original.reset();
  CHECK(copy.subject() == "a long enough name for a subject");
  CHECK(std::string(copy.what()).starts_with("a long enough name for a subject: a long enough name"));
}

TEST_CASE("an error that was moved from still says what it said") {
  error original(no_such_file, "open", "in.png", "", std::source_location::current());
  error moved = std::move(original);
  CHECK(moved.subject() == "in.png");
  CHECK(original.subject() == "in.png");  // NOLINT(bugprone-use-after-move): it is what is tested
  CHECK(std::string(original.what()) == moved.what());
  error assigned(no_such_file, "read", "other.png", "", std::source_location::current());
  assigned = std::move(moved);
  CHECK(assigned.subject() == "in.png");
  CHECK(moved.subject() == "in.png");  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("an error caught as std::exception tells the same story") {
  try {
    throw error(no_such_file, "open", "in.png", "", std::source_location::current());
  } catch (const std::exception& failure) {
    CHECK(std::string(failure.what()).starts_with("in.png: open: "));
  }
}

}  // namespace
}  // namespace gauntlet
