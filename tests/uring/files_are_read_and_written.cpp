#include <array>

#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

TEST_CASE("a file is written, read back and closed") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file out = co_await open(own, folder / "a", write_only | open_flags::create);
    const auto answer_1 = co_await out.write_some(bytes_of("hello"), 0);
    CHECK(answer_1 == 5);
    co_await out.fsync();
    co_await out.close();
    CHECK_FALSE(out.is_open());
    file in = co_await open(own, folder / "a", read_only);
    std::array<std::byte, 16> memory{};
    const std::size_t size = co_await in.read_some(memory, 1);
    CHECK(text_of(std::span(memory).first(size)) == "ello");
    auto [count, buffer] = co_await in.read_some(owned_buffer(64), 0);
    CHECK(text_of(buffer.bytes().first(count)) == "hello");
  });
}

TEST_CASE("a file that is not there is an error that names it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    try {
      co_await open(own, "/nowhere/at all", read_only);
      FAIL("it was opened");
    } catch (const error& failure) {
      CHECK(failure.code() == std::errc::no_such_file_or_directory);
      CHECK(failure.subject() == "/nowhere/at all");
    }
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
