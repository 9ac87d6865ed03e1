#include <catch2/catch_test_macros.hpp>
#include <memory_resource>
#include <string>

#include "gauntlet/stop_token.hpp"
#include "push_support.hpp"

namespace gauntlet::png::test {
namespace {

// Counts what it gives, and throws at a call that was planned.
class counting_memory : public std::pmr::memory_resource {
 public:
  int fail_at = 0;
  std::exception_ptr planned{};
  int calls = 0;
  std::size_t total = 0;
  std::size_t held = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (++calls == fail_at) std::rethrow_exception(planned);
    total += size;
    held += size;
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void* block, std::size_t size, std::size_t alignment) override {
    held -= size;
    std::pmr::new_delete_resource()->deallocate(block, size, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

bytes file_with_text(std::size_t size) {
  return tiny_file(chunk("tEXt", joined({to_bytes("Key"), bytes(1), bytes(size, std::byte{'x'})})));
}

TEST_CASE("pushed, a chunk of a megabyte that comes byte by byte is not copied with each of them") {
  const bytes file = file_with_text(1'000'000);
  counting_memory memory;
  const reading pushed = push_file(file, bytewise(), as_they_are, {.memory = &memory});
  check_same(pushed, pull_file(file));
  CHECK(memory.total < 10'000'000);  // the chunk, in doubling pieces, and libpng's own copies
  CHECK(memory.calls < 200);
  CHECK(memory.held == 0);
}

TEST_CASE("pushed, a chunk that only says that it is large takes no memory") {
  const bytes file = joined({signature(), ihdr(2, 2, 8, 0), big_endian(7'000'000), to_bytes("tEXtKey")});
  counting_memory memory;
  CHECK(push_file(file, bytewise(), as_they_are, {.memory = &memory}).code == errc::truncated);
  CHECK(memory.total < 100'000);
}

TEST_CASE("pushed, a chunk beyond max_chunk_bytes is left out with a warning, as where it is pulled") {
  const bytes file = file_with_text(5000);
  const decoder_options options{.limits = {.max_chunk_bytes = 1000}};
  const reading pulled = pull_file(file, as_they_are, options);
  for (const slices& sizes : {whole(), bytewise(), random_slices(5, 700)}) {
    const reading pushed = push_file(file, sizes, as_they_are, options);
    check_same(pushed, pulled);
    REQUIRE(pushed.warnings.size() == 1);
    CHECK(pushed.warnings[0].severity == severity::skipped);
    CHECK(pushed.warnings[0].chunk == "tEXt");
    CHECK(pushed.warnings[0].message == pulled.warnings.at(0).message);
    CHECK(pushed.metadata.texts.empty());
  }
  const reading edge = push_file(file_with_text(996), bytewise(), as_they_are, options);
  CHECK(edge.warnings.empty());
  CHECK(edge.metadata.texts.size() == 1);
}

TEST_CASE("pushed, a chunk that passes max_memory is refused with both numbers") {
  const bytes file = file_with_text(100'000);
  const decoder_options options{.limits = {.max_memory = 90'000}};
  const reading pulled = pull_file(file, as_they_are, options);
  CHECK(pulled.code == errc::limit_exceeded);
  for (const slices& sizes : {whole(), bytewise(), random_slices(5, 70)}) {
    const reading pushed = push_file(file, sizes, as_they_are, options);
    CHECK(pushed.code == errc::limit_exceeded);
    CHECK(pushed.message.contains("max_memory is 90000, found "));
  }
}

// With a chunk that comes in pieces, so that there is memory of ours too.
void check_every_allocation(const bytes& file, const slices& sizes) {
  const reading expected = pull_file(file);
  for (int k = 1;; ++k) {
    INFO("allocation " << k);
    counting_memory memory;
    memory.fail_at = k;
    memory.planned = std::make_exception_ptr(planned_failure());
    reading pushed;
    const auto thrown = anything_thrown_by(
        [&] { return pushed = push_file(file, sizes, as_they_are, {.memory = &memory}), 0; });
    CHECK(memory.held == 0);
    if (memory.calls < k) {
      CHECK_FALSE(thrown);
      check_same(pushed, expected);
      CHECK(k > 10);
      return;
    }
    CHECK(thrown == memory.planned);
  }
}

TEST_CASE("pushed, what the k-th allocation throws comes out, for every k, and nothing leaks") {
  for (const bool interlaced : {false, true}) {
    const bytes file = small_file({color_type::palette, 8}, interlaced);
    check_every_allocation(file, whole());
    check_every_allocation(file, bytewise());
  }
}

TEST_CASE("pushed, every limit of memory is either enough or an error") {
  const bytes file = small_file({color_type::rgb, 16}, true);
  const reading expected = pull_file(file);
  int refused = 0;
  for (std::uint64_t limit = 1; limit < 70'000; limit += 97) {
    INFO("max_memory " << limit);
    const reading pushed = push_file(file, bytewise(), as_they_are, {.limits = {.max_memory = limit}});
    if (pushed.code) {
      CHECK(pushed.code == errc::limit_exceeded);
      CHECK(pushed.message.contains("max_memory is " + std::to_string(limit) + ", found "));
      ++refused;
    } else {
      check_same(pushed, expected);
    }
  }
  CHECK(refused > 10);
  CHECK(refused < 700);
}

TEST_CASE("pushed, a stop token stops the next slice") {
  stop_source stop;
  push_decoder push{{.stop = stop.get_token()}};
  const bytes file = small_file({color_type::rgb, 8}, false);
  push.feed(file);
  CHECK(push.next().has_value());
  stop.request_stop();
  CHECK(thrown_by<error>([&] { return push.next(); }).code() == std::errc::operation_canceled);
  CHECK_THROWS_AS(push.next(), misuse);
}

TEST_CASE("pushed, as much of the signature as was read before is not read again") {
  const bytes file = small_file({color_type::rgb, 8}, true);
  for (std::uint8_t before = 0; before <= 8; ++before) {
    INFO(int{before} << " bytes");
    const bytes rest(file.begin() + before, file.end());
    const decoder_options options{.signature_bytes = before};
    const reading pulled = pull_file(rest, as_they_are, options);
    REQUIRE(!pulled.code);
    check_same(push_file(rest, whole(), as_they_are, options), pulled);
    check_same(push_file(rest, bytewise(), as_they_are, options), pulled);
    for (const bytes& bad : {bytes{}, to_bytes("GIF89a......"), cut(rest, 3)})
      CHECK(push_file(bad, bytewise(), as_they_are, options).code ==
            pull_file(bad, as_they_are, options).code);
  }
}

}  // namespace
}  // namespace gauntlet::png::test
