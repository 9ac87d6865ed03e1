#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

#include "../core/support/foreign.hpp"
#include "file_support.hpp"
#include "needs.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

// What wants a descriptor of the system's takes no place in a table, and the other way around.
static_assert(!std::is_convertible_v<fixed_file&, const descriptor&>);
static_assert(!std::is_convertible_v<file&, const fixed_descriptor&>);
static_assert(!std::is_constructible_v<folder_ref, const fixed_file&>);
static_assert(!std::is_copy_constructible_v<fixed_file>);

task<fixed_file> added(file_table& table, ring& on, const std::string& path, open_flags flags) {
  const file opened = co_await open(on, path, flags);
  co_return co_await table.add(opened);
}

}  // namespace

TEST_CASE("a file in a table is read and written though its descriptor is closed") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 4);
    fixed_file it = co_await added(table, own, folder / "a", read_write);
    std::array<std::byte, 16> into{};
    const std::size_t size = co_await it.read_exactly(into, 0);
    CHECK(text_of(std::span(into).first(size)) == "hello");
    const auto written = co_await it.write_all(owned_buffer(std::string("HE")), 0);
    CHECK(written.size == 2);
    const std::array parts{bytes_of("L"), bytes_of("L")};
    const std::size_t vectored = co_await it.write_some(parts, 2);
    CHECK(vectored == 2);
    co_await it.fsync();
    co_await it.fallocate(fallocate_mode::keep_size, 0, 8192);
    CHECK(get_file(folder / "a") == "HELLo");
    co_await it.close();
    CHECK_FALSE(it.is_open());
    CHECK(misuse_of([&] { return it.read_some(into); }).contains("it is closed: open another one"));
  });
}

TEST_CASE("a file is opened into a table, and takes no descriptor") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 2);
    const int next = ::dup(0);
    ::close(next);
    fixed_file it = co_await table.open(own, folder / "new", write_only | open_flags::create,
                                        static_cast<permissions>(0640));
    const int still_next = ::dup(0);
    ::close(still_next);
    CHECK(next == still_next);
    co_await it.write_all(bytes_of("x"));
    const file place = co_await open(own, folder / "", read_only);
    const fixed_file second = co_await table.open(place, "new", open_how{.resolve = resolve::beneath});
    CHECK(second.index() != it.index());
    // The table is full.
    const long third = co_await result_of(table.open(own, folder / "new", read_only));
    CHECK(third == -ENFILE);
    const long none = co_await result_of(table.open(own, folder / "none", read_only));
    CHECK(none < 0);
  });
  CHECK(get_file(folder / "new") == "x");
}

TEST_CASE("a place that is closed or dropped is free again") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 2);
    for (int i = 0; i < 20; ++i) {
      fixed_file closed = co_await table.open(own, folder / "a", read_only);
      const fixed_file dropped = co_await table.open(own, folder / "a", read_only);
      CHECK(closed.index() + dropped.index() == 1);
      co_await closed.close();
    }
  });
}

TEST_CASE("a table stays as long as its files, and one at a time") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::optional<file_table> table(std::in_place, own, 4);
    std::optional<fixed_file> it(co_await added(*table, own, folder / "a", read_only));
    table.reset();
    std::array<std::byte, 5> into{};
    const std::size_t size = co_await it->read_some(into, 0);
    CHECK(size == 5);
    try {
      const file_table second(own, 4);
      FAIL("a second table was made");
    } catch (const error& failure) {
      CHECK(failure.code() == std::errc::device_or_resource_busy);
      CHECK(std::string(failure.what()).find("let go of that") != std::string::npos);
    }
    it.reset();
    const file_table second(own, 4);
    CHECK(second.size() == 4);
  });
}

TEST_CASE("files are put into places that are free, and in no others") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "a");
  put_file(folder / "b", "b");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 8);
    const file a = co_await open(own, folder / "a", read_only);
    const file b = co_await open(own, folder / "b", read_only);
    const std::array<const descriptor*, 2> both{&a, &b};
    std::vector<fixed_file> placed = table.update(3, both);
    CHECK(placed.at(0).index() == 3);
    CHECK(placed.at(1).index() == 4);
    std::array<std::byte, 1> into{};
    co_await placed[1].read_some(into, 0);
    CHECK(text_of(into) == "b");
    CHECK(misuse_of([&] { return table.update(4, both); }).contains("a file is there"));
    CHECK(misuse_of([&] { return table.update(7, both); }).contains("the table has 8 places"));
    CHECK(misuse_of([&] {
            return table.update(0, std::array<const descriptor*, 1>{nullptr});
          }).contains("a file is nullptr"));
    table.alloc_range(6, 2);
    const fixed_file chosen = co_await table.add(a);
    CHECK(chosen.index() >= 6);
    const long outside = co_await [](file_table& in) -> task<long> {
      try {
        in.alloc_range(7, 5);
        co_return 0;
      } catch (const error& failure) {
        co_return failure.res();
      }
    }(table);
    CHECK(outside < 0);
    {
      const auto choosing = table.add(b);
      CHECK(misuse_of([&] { return table.update(0, both); }).contains("just choosing a place"));
    }
    CHECK(table.update(0, both).size() == 2);
    const file_table moved = std::move(table);
    CHECK(misuse_of([&] { return table.add(a); }).contains("it was moved from"));
  });
}

TEST_CASE("files are registered all at once") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "a");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::vector<fixed_file> all;
    {
      const file a = co_await open(own, folder / "a", read_only);
      const std::array<const descriptor*, 3> same{&a, &a, &a};
      all = register_files(own, same);
    }
    for (fixed_file& each : all) {
      std::array<std::byte, 1> into{};
      const std::size_t size = co_await each.read_some(into, 0);
      CHECK(size == 1);
    }
    CHECK(misuse_of([&] { return register_files(own, {}); }).contains("one place at least"));
  });
}

TEST_CASE("a file in a table gets a descriptor") {
  require_io_uring();
  require_prepared("io_uring_prep_fixed_fd_install");
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 1);
    fixed_file fixed = co_await table.open(own, folder / "a", read_only);
    const file installed = co_await fixed.install();
    CHECK((::fcntl(installed.native(), F_GETFD) & FD_CLOEXEC) != 0);
    const file_status status = co_await statx(installed);
    CHECK(status.size == 5);
  });
}

TEST_CASE("bytes are spliced out of a table, and into it") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 3);
    const fixed_file from = co_await table.open(own, folder / "a", read_only);
    const fixed_file to = co_await table.open(own, folder / "b", write_only | open_flags::create);
    auto [reads, writes] = pipe_of(own);
    const std::size_t in = co_await splice(from, 1, writes, current_position, 3);
    const std::size_t out = co_await splice(reads, current_position, to, 0, 3);
    CHECK(in == 3);
    CHECK(out == 3);
  });
  CHECK(get_file(folder / "b") == "ell");
}

TEST_CASE("closing a file of a table ends what is in flight on it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 2);
    auto [reads, writes] = pipe_of(own);
    fixed_file fixed = co_await table.add(reads);
    std::array<std::byte, 8> into{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const long answered = co_await result_of(fixed.read_some(into));
        CHECK(answered == -ECANCELED);
      });
      co_await own.nop();
      co_await fixed.close();
    });
    // The pipe itself goes on.
    co_await writes.write_some(bytes_of("x"));
    const std::size_t size = co_await reads.read_some(into);
    CHECK(size == 1);
  });
}

TEST_CASE("a table and its files may go after the ring, or on another thread") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  std::optional<file_table> table;
  std::optional<fixed_file> it;
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      table.emplace(own, 2);
      it.emplace(co_await table->open(own, folder / "a", read_only));
    });
  }
  it.reset();
  table.reset();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    table.emplace(own, 2);
    it.emplace(co_await table->open(own, folder / "a", read_only));
    std::thread([&] {
      it.reset();
      table.reset();
    }).join();
    co_await own.nop();
    co_await sleep_for(std::chrono::milliseconds(1));  // a turn, in which what was posted runs
    const file_table second(own, 2);
    CHECK(second.size() == 2);
  });
}

TEST_CASE("what is opened for who is gone before he is told leaves its place in the table") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  const auto opens = [](file_table& into, const std::string& path, ring& on) -> foreign {
    static_cast<void>(co_await into.open(on, path, read_only));
  };
  const auto opens_and_more = [](file_table& into, const std::string& path, ring& on) -> foreign {
    static_cast<void>(co_await link(into.open(on, path, read_only), on.nop()));
  };
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 1);
    for (const bool in_a_chain : {false, true}) {
      // Both come to their end in the same turn, the one that destroys the other first.
      std::optional<foreign> opening;
      const foreign destroys = [](ring& on, std::optional<foreign>& other) -> foreign {
        co_await on.nop();
        other.reset();
      }(own, opening);
      const std::string path = folder / "a";
      opening.emplace(in_a_chain ? opens_and_more(table, path, own) : opens(table, path, own));
      co_await own.nop();
      CHECK_FALSE(opening.has_value());
      const fixed_file it = co_await table.open(own, folder / "a", read_only);
      CHECK(it.index() == 0);
    }
  });
}

TEST_CASE("files of two rings are not mixed up") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  ring own;
  ring other;
  run_to_the_end(own, [&]() -> task<> {
    file_table of_other(other, 2);
    const file a = co_await open(own, folder / "a", read_only);
    CHECK(misuse_of([&] { return of_other.add(a); }).contains("open it on the table's"));
    CHECK(misuse_of([&] {
            return of_other.open(own, folder / "a", read_only);
          }).contains("a folder is of another ring"));
    CHECK(misuse_of([&] {
            return of_other.update(0, std::array<const descriptor*, 1>{&a});
          }).contains("open it on the table's"));
  });
}

}  // namespace gauntlet::uring::test
