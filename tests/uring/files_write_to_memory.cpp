// Tools are told exactly the bytes that the kernel wrote: those may be read, and what is behind them is as
// unknown as before.
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "file_support.hpp"
#include "known_memory.hpp"

namespace gauntlet::uring::test {
namespace {

TEST_CASE("new memory holds nothing, and what was written there is held") {
  const blank memory(8);
  CHECK(runs_of(memory.bytes()) == runs{0, 8});
  std::ranges::fill(memory.bytes().subspan(2, 3), std::byte{1});
  CHECK(runs_of(memory.bytes()) == runs{0, 2, 3, 3});
}

TEST_CASE("of several spans those bytes are written that a read has filled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    const blank head(4);
    const blank tail(8);
    const blank unused(2);
    const std::array<std::span<std::byte>, 3> into{head.bytes(), tail.bytes(), unused.bytes()};
    co_await out.write_some(bytes_of("hello!!"));
    const std::size_t size = co_await in.read_some(into);
    CHECK(size == 7);
    CHECK(runs_of(head.bytes()) == runs{4});
    CHECK(runs_of(tail.bytes()) == runs{3, 5});
    CHECK(runs_of(unused.bytes()) == runs{0, 2});
    CHECK(text_of(tail.first(3)) == "o!!");
  });
}

TEST_CASE("of buffers that the operation owns those bytes are written that a read has filled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    co_await out.write_some(bytes_of("hello"));
    const transfer one = co_await in.read_some(owned_buffer(8));
    CHECK(runs_of(one.buffer.bytes()) == runs{5, 3});
    co_await out.write_some(bytes_of("hello"));
    std::vector<owned_buffer> room;
    room.emplace_back(3);
    room.emplace_back(4);
    const vectored_transfer several = co_await in.read_some(std::move(room));
    CHECK(runs_of(several.buffers[0].bytes()) == runs{3});
    CHECK(runs_of(several.buffers[1].bytes()) == runs{2, 2});
  });
}

TEST_CASE("of registered memory those bytes are written that a read has filled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    const registered_buffers buffers(own, 1, 32);
    const fixed_buffer all = buffers.at(0);
    CHECK(runs_of(all.bytes()) == runs{0, 32});
    co_await out.write_some(bytes_of("hello"));
    const std::size_t size = co_await in.read_some(all.subspan(8, 16));
    CHECK(size == 5);
    CHECK(runs_of(all.bytes()) == runs{0, 8, 5, 19});
    CHECK(text_of(all.bytes().subspan(8, 5)) == "hello");
  });
}

TEST_CASE("what is read in parts is written part by part, up to the end of the stream") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    const blank memory(12);
    std::size_t size = 0;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { size = co_await in.read_exactly(memory.bytes()); });
      co_await out.write_some(bytes_of("hel"));
      co_await own.nop();
      co_await out.write_some(bytes_of("lo"));
      co_await out.close();
    });
    CHECK(size == 5);
    CHECK(runs_of(memory.bytes()) == runs{5, 7});
  });
}

TEST_CASE("a read that was cancelled, or has failed, has written nothing") {
  require_io_uring();
  ring own;
  const temporary_folder folder;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    const blank memory(8);
    memory.bytes()[3] = std::byte{1};  // as it was before
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { static_cast<void>(co_await result_of(in.read_some(memory.bytes()))); });
      co_await own.nop();
      all.request_stop();
    });
    CHECK(runs_of(memory.bytes()) == runs{0, 3, 1, 4});
    file here = co_await open(own, folder / ".", open_flags::read_only);
    const long refused = co_await result_of(here.read_some(memory.bytes()));
    CHECK(refused == -EISDIR);
    CHECK(runs_of(memory.bytes()) == runs{0, 3, 1, 4});
  });
}

TEST_CASE("of a batch's place those bytes are written that a read has filled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    batch all(own, 2, 8);
    co_await out.write_some(bytes_of("hello"));
    all.read(1, in);
    co_await all.next();
    CHECK(runs_of(all.bytes(1)) == runs{5, 3});
    CHECK(runs_of(all.bytes(0)) == runs{0, 8});
  });
}

TEST_CASE("a file's status is written, each field of it") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const file_status status = co_await statx(own, folder / "a");
    CHECK(runs_of_value(status.size) == runs{sizeof status.size});
    CHECK(runs_of_value(status.ino) == runs{sizeof status.ino});
    CHECK(status.size == 5);
  });
}

TEST_CASE("of an attribute those bytes are written that it has, and none when its size is asked for") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "");
  if (::setxattr((folder / "a").c_str(), "user.one", "first", 5, 0) != 0)
    SKIP("the file system has no attributes of users");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const blank memory(8);
    file one = co_await open(own, folder / "a", open_flags::read_only);
    const std::size_t asked = co_await one.getxattr("user.one", {});
    CHECK(asked == 5);
    const std::size_t size = co_await one.getxattr("user.one", memory.bytes());
    CHECK(size == 5);
    CHECK(runs_of(memory.bytes()) == runs{5, 3});
    const blank again(8);
    const std::size_t by_path = co_await getxattr(own, folder / "a", "user.one", again.bytes());
    CHECK(by_path == 5);
    CHECK(runs_of(again.bytes()) == runs{5, 3});
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
