#include <fcntl.h>
#include <gauntlet/shim/uring.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "file_support.hpp"
#include "needs.hpp"

namespace gauntlet::uring::test {
namespace {

/// Where a pipe is a row of packets, a read takes one at most: so each read is short.
constexpr int packets = O_DIRECT;

task<> write_bytes(file& to, std::string_view text) {
  for (const char& each : text) co_await to.write_some(bytes_of({&each, 1}));
}

task<std::string> read_to_the_end(file& from) {
  std::string text;
  std::array<std::byte, 700> room{};
  while (const std::size_t size = co_await from.read_some(room)) text += text_of(std::span(room).first(size));
  co_return text;
}

std::uint64_t completed(const ring& on) { return on.metrics().completed; }

}  // namespace

TEST_CASE("read_exactly goes on until a pipe has given all, a byte at a time") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own, packets);
    std::array<std::byte, 10> into{};
    co_await write_bytes(writes, "0123456789");
    const std::uint64_t before = completed(own);
    const auto answer_1 = co_await reads.read_exactly(into);
    CHECK(answer_1 == 10);
    CHECK(text_of(into) == "0123456789");
    CHECK(completed(own) - before == 10);
    co_await write_bytes(writes, "abcdefghij");
    const auto [size, buffer] = co_await reads.read_exactly(owned_buffer(10));
    CHECK(size == 10);
    CHECK(text_of(buffer.bytes()) == "abcdefghij");
  });
}

TEST_CASE("read_exactly waits for what comes late") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::array<std::byte, 6> into{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const auto answer_2 = co_await reads.read_exactly(into);
        CHECK(answer_2 == 6);
      });
      co_await writes.write_some(bytes_of("abc"));
      for (int turns = 0; turns < 3; ++turns) co_await own.nop();
      co_await writes.write_some(bytes_of("def"));
    });
    CHECK(text_of(into) == "abcdef");
  });
}

TEST_CASE("read_exactly answers less where the file ends, and nothing needs no bytes") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own, packets);
    co_await write_bytes(writes, "abc");
    co_await writes.close();
    std::array<std::byte, 16> into{};
    const auto answer_3 = co_await reads.read_exactly(into);
    CHECK(answer_3 == 3);
    const auto answer_4 = co_await reads.read_exactly(into);
    CHECK(answer_4 == 0);
    const auto answer_5 = co_await reads.read_exactly(std::span<std::byte>());
    CHECK(answer_5 == 0);
    file from = co_await open(own, folder / "a", read_only);
    const auto answer_6 = co_await from.read_exactly(into, 1);
    CHECK(answer_6 == 4);
    CHECK(text_of(std::span(into).first(4)) == "ello");
    const auto answer_7 = co_await from.read_exactly(into);
    CHECK(answer_7 == 5);
    const auto answer_8 = co_await from.read_some(into);
    CHECK(answer_8 == 0);
  });
}

TEST_CASE("write_all goes on until a pipe that is nearly full has taken all") {
  require_io_uring();
  const std::string text = pattern(100'000);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    REQUIRE(::fcntl(writes.native(), F_SETPIPE_SZ, 4096) >= 4096);
    std::string got;
    const std::uint64_t before = completed(own);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { got = co_await read_to_the_end(reads); });
      const auto answer_9 = co_await writes.write_all(bytes_of(text));
      CHECK(answer_9 == text.size());
      const auto [size, buffer] = co_await writes.write_all(owned_buffer(text));
      CHECK(size == text.size());
      CHECK(text_of(buffer.bytes()) == text);
      co_await writes.close();
    });
    CHECK(got == text + text);
    CHECK(completed(own) - before > 2 * (100'000 / 4096));  // as many parts, at least
  });
}

TEST_CASE("write_all and read_exactly at a place go on at the next") {
  require_io_uring();
  const temporary_folder folder;
  const std::string text = pattern(300'000);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file both = co_await open(own, folder / "a", read_write | open_flags::create);
    const auto answer_10 = co_await both.write_all(bytes_of(text), 10);
    CHECK(answer_10 == text.size());
    std::vector<std::byte> into(text.size());
    const auto answer_11 = co_await both.read_exactly(into, 10);
    CHECK(answer_11 == text.size());
    CHECK(text_of(into) == text);
    const auto answer_12 = co_await both.write_all(std::span<const std::byte>(), 0);
    CHECK(answer_12 == 0);
  });
  CHECK(get_file(folder / "a") == std::string(10, '\0') + text);
}

TEST_CASE("an error in the middle of write_all comes out") {
  require_io_uring();
  ring own;
  struct sigaction before{};
  struct sigaction ignored{};
  ignored.sa_handler = SIG_IGN;
  REQUIRE(::sigaction(SIGPIPE, &ignored, &before) == 0);
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    const std::string much(1'000'000, 'x');
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const auto answer_13 = co_await result_of(writes.write_all(bytes_of(much)));
        CHECK(answer_13 == -EPIPE);
      });
      std::array<std::byte, 5000> some{};
      const auto answer_14 = co_await reads.read_exactly(some);
      CHECK(answer_14 == some.size());
      co_await reads.close();
    });
  });
  REQUIRE(::sigaction(SIGPIPE, &before, nullptr) == 0);
}

TEST_CASE("several spans are read and written in order, and their list need not stay") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  for (const std::size_t parts : {std::size_t{1}, std::size_t{3}, std::size_t{40}}) {
    INFO(parts << " parts");
    run_to_the_end(own = ring(), [&]() -> task<> {
      const std::string text = pattern(parts * 10);
      file both = co_await open(own, folder / "a", read_write | open_flags::create | open_flags::truncate);
      std::vector<std::span<const std::byte>> from;
      for (std::size_t i = 0; i < parts; ++i) from.push_back(bytes_of(text).subspan(i * 10, 10));
      auto writing = both.write_some(from, 0);
      from.assign(from.size(), {});
      const auto answer_15 = co_await std::move(writing);
      CHECK(answer_15 == text.size());
      std::string got(parts * 10 + 5, '-');
      std::vector<std::span<std::byte>> into;
      for (std::size_t i = 0; i < got.size(); i += 5)
        into.push_back(std::as_writable_bytes(std::span(got)).subspan(i, 5));
      auto reading = both.read_some(into, 0);
      into.clear();
      const auto answer_16 = co_await std::move(reading);
      CHECK(answer_16 == text.size());
      CHECK(got == text + "-----");
    });
  }
}

TEST_CASE("several buffers are handed back") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file both = co_await open(own, folder / "a", read_write | open_flags::create);
    std::vector<owned_buffer> from;
    from.push_back(std::string("one"));
    from.push_back(owned_buffer::of_static(bytes_of(" and ")));
    from.push_back(std::string("two, which is not short"));
    const vectored_transfer written = co_await both.write_some(std::move(from), 0);
    CHECK(written.size == 31);
    CHECK(written.buffers.size() == 3);
    CHECK(text_of(written.buffers[2].bytes()) == "two, which is not short");
    std::vector<owned_buffer> into;
    into.push_back(owned_buffer(3));
    into.push_back(owned_buffer(100));
    const vectored_transfer read = co_await both.read_some(std::move(into), 0);
    CHECK(read.size == 31);
    CHECK(text_of(read.buffers.at(0).bytes()) == "one");
    CHECK(text_of(read.buffers.at(1).bytes().first(28)) == " and two, which is not short");
    std::vector<owned_buffer> constant;
    constant.push_back(owned_buffer::of_static(bytes_of("x")));
    CHECK_THROWS_AS(both.read_some(std::move(constant), 0), misuse);
  });
}

TEST_CASE("bytes are not spliced from one ring's file to another's") {
  require_io_uring();
  ring own;
  ring other;
  auto [reads, writes] = pipe_of(own);
  auto [others_reads, others_writes] = pipe_of(other);
  CHECK(misuse_of([&] {
          return splice(reads, current_position, others_writes, current_position, 1);
        }).contains("they are of two rings"));
}

TEST_CASE("a read that is not to wait says that there is nothing yet") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::array<std::byte, 4> room{};
    const std::array<std::span<std::byte>, 1> into{room};
    const auto answer_17 = co_await result_of(reads.read_some(into, current_position, rw_flags::nowait));
    CHECK(answer_17 == -EAGAIN);
    co_await writes.write_some(bytes_of("x"));
    const auto answer_18 = co_await reads.read_some(into, current_position, rw_flags::nowait);
    CHECK(answer_18 == 1);
  });
}

TEST_CASE("a file is read past the page cache, into aligned memory") {
  require_io_uring();
  const temporary_folder folder;
  const std::string text = pattern(64 * 1024);
  put_file(folder / "a", text);
  ring own;
  bool there = true;
  run_to_the_end(own, [&]() -> task<> {
    try {
      file from = co_await open(own, folder / "a", read_only | open_flags::direct);
      const auto [size, buffer] = co_await from.read_exactly(owned_buffer::aligned(64 * 1024, 4096), 0);
      CHECK(size == text.size());
      CHECK(text_of(buffer.bytes()) == text);
      file to = co_await open(own, folder / "b", write_only | open_flags::create | open_flags::direct);
      owned_buffer out = owned_buffer::aligned(8192, 4096);
      std::ranges::copy(bytes_of(text).first(8192), out.writable().begin());
      const auto answer_19 = (co_await to.write_all(std::move(out), 0)).size;
      CHECK(answer_19 == 8192);
      CHECK(get_file(folder / "b") == text.substr(0, 8192));
      owned_buffer odd = owned_buffer::aligned(8192, 4096);
      std::ranges::fill(odd.writable(), std::byte{1});
      const long by_ring = co_await result_of(to.write_some(odd.bytes().first(100), 1));
      CHECK(by_ring == result_of_system(::pwrite(to.native(), odd.bytes().data(), 100, 1)));
      const file_status status = co_await statx(from, {.fields = status_fields::dioalign});
      CHECK((!status.has(status_fields::dioalign) || status.dio_offset_align != 0));
    } catch (const error& failure) {
      if (failure.res() != -EINVAL || failure.operation() != "open") throw;
      there = false;
    }
  });
  if (!there) SKIP("this file system has no O_DIRECT");
}

TEST_CASE("a file is cut and made longer") {
  require_io_uring();
  require_prepared("io_uring_prep_ftruncate");
  require_operation(operation_code::ftruncate);
  const temporary_folder folder;
  put_file(folder / "a", "hello, world");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file it = co_await open(own, folder / "a", write_only);
    co_await it.ftruncate(5);
    CHECK(get_file(folder / "a") == "hello");
    co_await it.ftruncate(7);
    CHECK(get_file(folder / "a") == std::string("hello\0\0", 7));
    CHECK(misuse_of([&] { return it.ftruncate(std::uint64_t{1} << 63); }).contains("no file is that large"));
  });
}

TEST_CASE("what a device only knows is an error on a file") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file it = co_await open(own, folder / "a", read_write);
    const long answered = co_await result_of(it.discard(0, 4096));
    CHECK(answered < 0);  // ENOSYS of an old liburing, EOPNOTSUPP or ENOTTY of the file system
  });
  CHECK(get_file(folder / "a") == "x");
}

TEST_CASE("advice on ranges of 4 GiB and more is taken as the system call takes it") {
  require_io_uring();
  require_prepared("io_uring_prep_fadvise64");
  require_linux(6, 11, "advice by 64 bits");
  const temporary_folder folder;
  put_file(folder / "a", "x");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file it = co_await open(own, folder / "a", read_only);
    for (const std::uint64_t length : {std::uint64_t{1} << 33, std::uint64_t{1} << 63}) {
      const long answered = co_await result_of(it.fadvise(0, length, file_advice::sequential));
      const auto as_off_t = static_cast<off_t>(length);  // the second is negative, and refused
      CHECK(answered == -::posix_fadvise(it.native(), 0, as_off_t, POSIX_FADV_SEQUENTIAL));
    }
  });
}

TEST_CASE("what the liburing of this build lacks is an error that says so") {
  require_io_uring();
  if (gauntlet_uring_has("io_uring_prep_fadvise64")) SKIP("the liburing of this build has all that is asked");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    const auto refused = [](auto operation) -> task<std::string> {
      try {
        co_await std::move(operation);
      } catch (const error& failure) {
        CHECK(failure.code() == std::errc::function_not_supported);
        co_return failure.what();
      }
      co_return "done";
    };
    buffer_ring buffers{own, {.count = 4, .size = 8}};
    multishot<provided_buffer> stream = read_multishot(reads, buffers);
    const std::string advised =
        co_await refused(reads.fadvise(0, std::uint64_t{1} << 33, file_advice::normal));
    const std::string cut = co_await refused(writes.ftruncate(0));
    const std::string streamed = co_await refused(stream.next());
    for (const std::string& said : {advised, cut, streamed})
      CHECK(said.contains("the liburing that Gauntlet was compiled with is too old"));
  });
}

// ---- splice and tee

TEST_CASE("bytes are moved from a file to a pipe, doubled, and moved to a file") {
  require_io_uring();
  const temporary_folder folder;
  const std::string text = pattern(10'000);
  put_file(folder / "a", text);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const file from = co_await open(own, folder / "a", read_only);
    const file to = co_await open(own, folder / "b", write_only | open_flags::create);
    auto [reads, writes] = pipe_of(own);
    auto [second_reads, second_writes] = pipe_of(own);
    const auto answer_21 = co_await splice(from, 100, writes, current_position, 5000);
    CHECK(answer_21 == 5000);
    const auto answer_22 = co_await tee(reads, second_writes, 5000);
    CHECK(answer_22 == 5000);
    std::size_t moved = 0;
    while (moved < 5000)
      moved +=
          co_await splice(reads, current_position, to, 20 + moved, static_cast<std::uint32_t>(5000 - moved));
    std::string doubled(5000, '-');
    const auto answer_23 = co_await second_reads.read_exactly(std::as_writable_bytes(std::span(doubled)));
    CHECK(answer_23 == 5000);
    CHECK(doubled == text.substr(100, 5000));
    const auto answer_24 = co_await splice(from, 20'000, writes, current_position, 5000);
    CHECK(answer_24 == 0);
    const auto answer_25 = co_await result_of(splice(from, 0, to, 0, 10));
    CHECK(answer_25 == -EINVAL);
  });
  CHECK(get_file(folder / "b") == std::string(20, '\0') + text.substr(100, 5000));
}

}  // namespace gauntlet::uring::test
