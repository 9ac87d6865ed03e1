#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <gauntlet/owned_buffer.hpp>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gauntlet::test {
namespace {

static_assert(!std::is_copy_constructible_v<owned_buffer> && !std::is_copy_assignable_v<owned_buffer>);
static_assert(std::is_nothrow_move_constructible_v<owned_buffer>);
static_assert(!std::is_constructible_v<owned_buffer, std::span<const std::byte>>, "a span owns nothing");
static_assert(!std::is_constructible_v<owned_buffer, std::string_view>);
static_assert(!std::is_constructible_v<owned_buffer, const char*>);
static_assert(!std::is_constructible_v<owned_buffer, std::vector<std::string>>,
              "its elements are more than bytes");
static_assert(!std::is_constructible_v<owned_buffer, std::vector<bool>>);
static_assert(!std::is_convertible_v<std::size_t, owned_buffer>);

/// A container that counts how often it has ended with its elements.
struct small_container {
  explicit small_container(std::shared_ptr<int> counted) noexcept : ends(std::move(counted)) {}
  small_container(small_container&&) noexcept = default;
  small_container& operator=(small_container&&) = delete;
  ~small_container() {
    if (ends) ++*ends;
  }
  char* begin() noexcept { return text.data(); }
  char* end() noexcept { return text.data() + text.size(); }
  const char* begin() const noexcept { return text.data(); }
  const char* end() const noexcept { return text.data() + text.size(); }

  std::shared_ptr<int> ends;
  std::array<char, 4> text{'t', 'e', 'x', 't'};
};

TEST_CASE("the container that is moved in comes back, the very same") {
  std::vector<int> numbers{1, 2, 3};
  const int* const address = numbers.data();
  owned_buffer buffer(std::move(numbers));
  CHECK(buffer.size() == 3 * sizeof(int));
  owned_buffer moved = std::move(buffer);
  CHECK(buffer.empty());
  CHECK(buffer.bytes().empty());
  CHECK(static_cast<const void*>(moved.bytes().data()) == address);
  CHECK_THROWS_AS(moved.take<std::string>(), misuse);
  CHECK(moved.size() == 3 * sizeof(int));  // still there
  const std::vector<int> back = moved.take<std::vector<int>>();
  CHECK(back.data() == address);
  CHECK(moved.empty());
  CHECK_THROWS_AS(moved.take<std::vector<int>>(), misuse);
}

TEST_CASE("a short string moves with its bytes") {
  owned_buffer buffer(std::string("short"));
  owned_buffer moved = std::move(buffer);
  const std::span<const std::byte> bytes = moved.bytes();
  CHECK(std::ranges::equal(bytes, std::as_bytes(std::span("short", 5))));
  CHECK(moved.take<std::string>() == "short");
}

TEST_CASE("a container ends once, whatever happens to its buffer") {
  const auto ends = std::make_shared<int>(0);
  {
    owned_buffer first{small_container(ends)};
    CHECK(*ends == 0);
    owned_buffer second = std::move(first);
    owned_buffer& alias = second;
    second = std::move(alias);
    CHECK(second.size() == 4);
    CHECK(*ends == 0);
    second = owned_buffer(std::string("another"));
    CHECK(*ends == 1);
  }
  CHECK(*ends == 1);
  {
    owned_buffer taken_from{small_container(ends)};
    const small_container taken = taken_from.take<small_container>();
    CHECK(*ends == 1);
  }
  CHECK(*ends == 2);
}

TEST_CASE("bytes that live until the program ends can be read and not written") {
  static constexpr std::array<std::byte, 2> table{std::byte{1}, std::byte{2}};
  owned_buffer constant = owned_buffer::of_static(table);
  CHECK(constant.bytes().data() == table.data());
  CHECK_THROWS_AS(constant.writable(), misuse);
  owned_buffer moved = std::move(constant);
  CHECK_THROWS_AS(moved.writable(), misuse);
  CHECK(constant.writable().empty());  // moved from: nothing
}

TEST_CASE("allocated bytes can be written, in any size") {
  owned_buffer none(0);
  CHECK(none.empty());
  owned_buffer some(100);
  REQUIRE(some.writable().size() == 100);
  std::ranges::fill(some.writable(), std::byte{9});
  owned_buffer moved = std::move(some);
  CHECK(moved.bytes()[99] == std::byte{9});
  CHECK(some.empty());
}

}  // namespace
}  // namespace gauntlet::test
