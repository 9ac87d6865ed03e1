#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <gauntlet/callback.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace gauntlet::test {
namespace {

struct counts {
  int copies = 0;
  int moves = 0;
  int ends = 0;
};

/// A callable that counts what happens to it, and is too large or too lively to be held in place.
class counted {
 public:
  explicit counted(counts& all) noexcept : all_(&all) {}
  counted(const counted& other) noexcept : all_(other.all_) { ++all_->copies; }
  counted(counted&& other) noexcept : all_(other.all_) { ++all_->moves; }
  counted& operator=(const counted&) = delete;
  ~counted() { ++all_->ends; }
  int operator()(int value) const noexcept { return value + 1; }

 private:
  counts* all_;
};

static_assert(!std::is_copy_constructible_v<callback<void()>> &&
              !std::is_copy_assignable_v<callback<void()>>);
static_assert(std::is_nothrow_move_constructible_v<callback<void()>> &&
              std::is_nothrow_move_assignable_v<callback<void()>>);
static_assert(!std::is_constructible_v<callback<void()>, int (*)(int)>, "it takes what it cannot be given");
static_assert(!std::is_constructible_v<callback<std::string()>, void (*)()>, "it answers nothing");
static_assert(!std::is_constructible_v<callback<void()>, std::nullptr_t>);

TEST_CASE("a callback moves its callable once, calls it, and ends it once") {
  counts all;
  {
    callback<int(int)> first{counted(all)};
    CHECK(all.moves == 1);
    CHECK(all.ends == 1);  // the temporary
    callback<int(int)> second = std::move(first);
    CHECK_FALSE(first);
    callback<int(int)> third;
    third = std::move(second);
    CHECK_FALSE(second);
    callback<int(int)>& alias = third;
    third = std::move(alias);
    REQUIRE(third);
    CHECK(third(41) == 42);
    third.swap(first);
    CHECK(first(1) == 2);
    CHECK(all.moves == 1);  // moving a callback calls nobody
    CHECK(all.ends == 1);
  }
  CHECK(all.ends == 2);
  CHECK(all.copies == 0);
}

TEST_CASE("what is assigned over ends at once, after the new one is there") {
  counts all;
  callback<int(int)> one{counted(all)};
  one = callback<int(int)>([](int value) { return value * 2; });
  CHECK(all.ends == 2);
  CHECK(one(21) == 42);
  one = {};
  CHECK_FALSE(one);

  // A destructor that looks at the callback that is being assigned sees the new one.
  callback<int()> seen;
  int in_destructor = 0;
  struct looks {
    callback<int()>* at;
    int* found;
    std::shared_ptr<int> alive = std::make_shared<int>(0);
    looks(callback<int()>* where, int* into) : at(where), found(into) {}
    looks(looks&&) = default;
    ~looks() {
      if (alive) *found = (*at)();
    }
    int operator()() const { return 1; }
  };
  seen = looks(&seen, &in_destructor);
  seen = [] { return 2; };
  CHECK(in_destructor == 2);
}

TEST_CASE("an lvalue is copied, a callable that can only be moved is moved") {
  counts all;
  const counted kept(all);
  callback<int(int)> copied{kept};
  CHECK(all.copies == 1);
  callback<int()> moved{[unique = std::make_unique<int>(7)] { return *unique; }};
  CHECK(moved() == 7);
}

TEST_CASE("a copy that throws leaves nothing behind") {
  struct throws {
    explicit throws(int large) noexcept : values{large} {}
    throws(const throws&) : values{} { throw std::runtime_error("copy"); }
    void operator()() const {}
    std::array<int, 16> values;
  };
  const throws original(1);
  CHECK_THROWS_AS(callback<void()>(original), std::runtime_error);
}

TEST_CASE("small captures are held in place, large and aligned ones elsewhere, with the same result") {
  int value = 1;
  callback<int()> small{[&value] { return value; }};
  CHECK(small() == 1);
  std::array<long, 32> many{};
  many[31] = 9;
  callback<long()> large{[many] { return many[31]; }};
  callback<long()> moved = std::move(large);
  CHECK(moved() == 9);
  struct alignas(64) aligned {
    int number = 5;
    bool operator()() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0 && number == 5; }
  };
  callback<bool()> wide{aligned()};
  CHECK(wide());
}

TEST_CASE("a callback may replace itself while it runs, when it was moved out before") {
  callback<void()> slot;
  const auto witness = std::make_shared<int>(0);
  slot = [&, witness] {
    slot = [] {};
    ++*witness;
  };
  callback<void()> running = std::move(slot);
  running();
  CHECK(*witness == 1);
  CHECK(slot);
}

TEST_CASE("references and what can only be moved are handed on") {
  callback<std::unique_ptr<int>(std::unique_ptr<int>, int&)> hand_on{
      [](std::unique_ptr<int> given, int& counted_up) {
        ++counted_up;
        return given;
      }};
  int number = 0;
  CHECK(*hand_on(std::make_unique<int>(3), number) == 3);
  CHECK(number == 1);
}

struct with_members {
  int number = 8;
  int twice() const { return number * 2; }
};

TEST_CASE("functions, members and wrappers of nothing are empty; others are called") {
  int (*const none)() = nullptr;
  CHECK_FALSE(callback<int()>(none));
  CHECK_FALSE(callback<int()>(std::function<int()>()));
  CHECK_FALSE(callback<long()>(callback<int()>()));
  int (with_members::* const no_member)() const = nullptr;
  CHECK_FALSE(callback<int(const with_members&)>(no_member));
  callback<int(const with_members&)> member{&with_members::twice};
  CHECK(member(with_members{}) == 16);
  callback<int(const with_members&)> data{&with_members::number};
  CHECK(data(with_members{}) == 8);
  callback<long()> converted{callback<int()>([] { return 5; })};
  CHECK(converted() == 5);
  CHECK(callback<void()>(std::function<void()>([] {})));
}

TEST_CASE("calling an empty callback throws") {
  callback<int(int)> empty;
  CHECK_THROWS_AS(empty(1), std::bad_function_call);
  callback<int(int)> moved_from{[](int value) { return value; }};
  const callback<int(int)> there = std::move(moved_from);
  CHECK_THROWS_AS(moved_from(1), std::bad_function_call);
}

TEST_CASE("what the callable throws comes through, and it may be called again") {
  int calls = 0;
  callback<void()> throws{[&] {
    if (++calls == 1) throw std::runtime_error("first time");
  }};
  CHECK_THROWS_AS(throws(), std::runtime_error);
  throws();
  CHECK(calls == 2);
}

}  // namespace
}  // namespace gauntlet::test
