// What happens to operations in flight when everything else ends: files, requests, loops; and what cancel
// says.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <future>
#include <thread>

#include "fs_support.hpp"

namespace gauntlet::uv::test {
namespace {

using fs::open_flags;
using fs::permissions;

constexpr open_flags made_anew = open_flags::read_write | open_flags::create | open_flags::truncate;

bool is_open(int descriptor) { return fcntl(descriptor, F_GETFD) != -1; }

// ---- a file ends, and its operations do not

/// Ends the file in some way while a write is in flight, opens another file, which would get the number of
/// the first if that were free, and lets the write go on.
template <class End>
void end_while_a_write_is_in_flight(End&& end) {
  const temporary_folder folder;
  loop loop;
  std::vector<std::string> told;
  fs::file first = fs::open(folder / "first", made_anew);
  const int number = first.fileno();
  std::optional<fs::file> second;
  {
    busy_pool busy;
    first.write(loop, buffer_of("meant for the first"), 0, [&](fs::write_result written) {
      CHECK(written.size == 19);
      told.emplace_back("written");
    });
    end(loop, first, told);
    CHECK_FALSE(first.is_open());
    CHECK(is_open(number));
    second = fs::open(folder / "second", made_anew);
    CHECK(second->fileno() != number);
  }
  run_to_the_end(loop);
  CHECK_FALSE(is_open(number));
  CHECK(contents_of(folder / "first") == "meant for the first");
  CHECK(contents_of(folder / "second").empty());
  REQUIRE_FALSE(told.empty());
  CHECK(told.front() == "written");
}

TEST_CASE("a descriptor is not closed, nor its number given away, while an operation is in flight") {
  SECTION("the file is destroyed") {
    end_while_a_write_is_in_flight([](loop&, fs::file& file, auto&) { fs::file(std::move(file)); });
  }
  SECTION("another file is moved over it") {
    end_while_a_write_is_in_flight([](loop&, fs::file& file, auto&) { file = fs::file(); });
  }
  SECTION("the file is closed") {
    end_while_a_write_is_in_flight([](loop&, fs::file& file, auto&) { file.close(); });
  }
  SECTION("the file is closed by the loop: at the end of the write, and told so") {
    end_while_a_write_is_in_flight([](loop& loop, fs::file& file, std::vector<std::string>& told) {
      const int number = file.fileno();
      request closing = file.close(loop, [&told, number](outcome<> closed) {
        closed.value();
        CHECK_FALSE(is_open(number));
        CHECK(told == std::vector<std::string>{"written"});
        told.emplace_back("closed");
      });
      CHECK_FALSE(closing.cancel());  // it waits
      CHECK_FALSE(closing.done());
      CHECK(loop.pending().size() == 2);
      CHECK(loop.pending().back().kind == "fs_close");
      CHECK(loop.pending().back().object.find("/first") != std::string::npos);
    });
  }
  SECTION("release is refused") {
    end_while_a_write_is_in_flight([](loop&, fs::file& file, auto&) {
      CHECK(misuse_of([&] { file.release(); }).find("in flight") != std::string::npos);
      file.close();
    });
  }
}

TEST_CASE("a file may be closed in the callback of its own operation, and says how that went") {
  const temporary_folder folder;
  loop loop = fs_loop();
  fs::file file = fs::open(folder / "file", made_anew);
  const int number = file.fileno();
  file.write(loop, buffer_of("x"), 0, [&] {
    file.close();
    CHECK_FALSE(is_open(number));
  });
  run_to_the_end(loop);
}

TEST_CASE("sendfile keeps both of its files open") {
  const temporary_folder folder;
  loop loop;
  std::size_t sent = 0;
  {
    fs::file in = fs::open(folder.make("in", "contents"));
    fs::file out = fs::open(folder / "out", made_anew);
    busy_pool busy;
    fs::sendfile(loop, out, in, 0, 100, [&](std::size_t count) { sent = count; });
    in.close();
    out.close();
    CHECK(fs::open(folder / "in").fstat().size == 8);
  }
  run_to_the_end(loop);
  CHECK(sent == 8);
  CHECK(contents_of(folder / "out") == "contents");
}

TEST_CASE("a file on two loops is closed by one when the other's operation has ended") {
  const temporary_folder folder;
  loop writer;
  fs::file file = fs::open(folder / "file", made_anew);
  const int number = file.fileno();
  std::promise<void> waits;
  std::thread closer;
  bool written = false;
  bool closed = false;
  bool still_open = true;
  {
    busy_pool busy;
    file.write(writer, buffer_of("x"), 0, [&] { written = true; });
    closer = std::thread([&] {
      loop loop = fs_loop();
      file.close(loop, [&] { closed = true; });
      waits.set_value();
      loop.run();
      still_open = is_open(number);
      loop.close();
    });
    waits.get_future().wait();
    CHECK(is_open(number));
  }
  writer.run();
  closer.join();
  CHECK(closed);
  CHECK_FALSE(still_open);
  CHECK(written);
  writer.close();
}

TEST_CASE("a loop may end while its close waits for another loop's operation") {
  const temporary_folder folder;
  loop writer;
  fs::file file = fs::open(folder / "file", made_anew);
  const int number = file.fileno();
  std::string told;
  bool called = false;
  {
    busy_pool busy;
    file.write(writer, buffer_of("x"), 0, no_callback());
    SECTION("closed") {
      loop closer;
      file.close(closer, [&](outcome<> ended) { told = ended.error()->name(); });
      closer.close();
      CHECK(told == "ECANCELED");
    }
    SECTION("destroyed") {
      loop closer;
      file.close(closer, [&](outcome<>) { called = true; });
    }
    CHECK(is_open(number));
  }
  run_to_the_end(writer);
  CHECK_FALSE(called);
  CHECK_FALSE(is_open(number));
  CHECK(contents_of(folder / "file") == "x");
}

// ---- every kind of operation at once

/// What they work on.
struct world {
  world() {
    folder.make("plain", "contents");
    fs::mkdir(folder / "full");
    fs::mkdir(folder / "empty");
    fs::symlink("plain", folder / "symlink");
    for (const char* name : {"a", "b", "c"}) folder.make(std::string("full/") + name);
    for (const char* name : {"unlink", "rename", "chown"}) folder.make(name);
    file = fs::open(folder / "open", made_anew);
    file.write(bytes_of("contents"));
    to_close = fs::open(folder / "to_close", made_anew);
    read = fs::opendir(folder / "full");
    to_close_directory = fs::opendir(folder / "full");
  }

  temporary_folder folder;
  fs::file file;
  fs::file to_close;
  fs::directory read;
  fs::directory to_close_directory;
};

/// Starts one of every kind; told is a callback for any outcome. Answers the requests.
template <class Told>
std::vector<request> start_all(loop& loop, world& on, Told told) {
  const temporary_folder& in = on.folder;
  const fs::time_point time{};
  std::vector<request> all;
  const auto add = [&](request started) { all.push_back(std::move(started)); };
  std::vector<owned_buffer> five;
  for (int i = 0; i < 5; ++i) five.push_back(buffer_of("12345"));
  std::vector<owned_buffer> five_more;
  for (int i = 0; i < 5; ++i) five_more.emplace_back(std::size_t{5});

  add(fs::open(loop, in / "opened", made_anew, told));
  add(fs::unlink(loop, in / "unlink", told));
  add(fs::rename(loop, in / "rename", in / "renamed", told));
  add(fs::copyfile(loop, in / "plain", in / "copied", told));
  add(fs::link(loop, in / "plain", in / "linked", told));
  add(fs::symlink(loop, "plain", in / "symlinked", told));
  add(fs::readlink(loop, in / "symlink", told));
  add(fs::realpath(loop, in / "symlink", told));
  add(fs::stat(loop, in / "plain", told));
  add(fs::lstat(loop, in / "symlink", told));
  add(fs::statfs(loop, in / "plain", told));
  add(fs::access(loop, in / "plain", fs::access_mode::read, told));
  add(fs::chmod(loop, in / "plain", permissions::owner_all, told));
  add(fs::chown(loop, in / "chown", fs::unchanged, fs::unchanged, told));
  add(fs::lchown(loop, in / "chown", fs::unchanged, fs::unchanged, told));
  add(fs::utime(loop, in / "plain", time, time, told));
  add(fs::lutime(loop, in / "symlink", time, time, told));
  add(fs::mkdir(loop, in / "made", told));
  add(fs::rmdir(loop, in / "empty", told));
  add(fs::mkdtemp(loop, in / "mkdtemp-XXXXXX", told));
  add(fs::mkstemp(loop, in / "mkstemp-XXXXXX", told));
  add(fs::scandir(loop, in / "full", told));
  add(fs::opendir(loop, in / "full", told));
  add(on.read.readdir(loop, 2, told));
  add(on.to_close_directory.close(loop, told));
  add(on.to_close.close(loop, told));
  add(on.file.read(loop, 100, 0, told));
  add(on.file.read(loop, std::move(five_more), 0, told));
  add(on.file.write(loop, buffer_of("written"), 100, told));
  add(on.file.write(loop, std::move(five), 200, told));
  add(on.file.fstat(loop, told));
  add(on.file.fsync(loop, told));
  add(on.file.fdatasync(loop, told));
  add(on.file.ftruncate(loop, 300, told));
  add(on.file.fchmod(loop, permissions::owner_all, told));
  add(on.file.fchown(loop, fs::unchanged, fs::unchanged, told));
  add(on.file.futime(loop, time, time, told));
  add(fs::sendfile(loop, on.file, on.file, 0, 0, told));
  return all;
}
constexpr std::size_t operation_kinds = 38;

/// How often it was told what.
struct tally {
  std::size_t succeeded = 0;
  std::size_t cancelled = 0;
  std::string failed;

  auto counter() {
    return [this, held = witness](auto&& ended) {
      if (ended.error() == nullptr)
        ++succeeded;
      else if (ended.error()->code() == std::errc::operation_canceled)
        ++cancelled;
      else
        failed += std::string(ended.error()->what()) + '\n';
    };
  }

  std::shared_ptr<int> witness = std::make_shared<int>(0);
};

TEST_CASE("every operation whose request is dropped in flight ends as if it were not") {
  tally tally;
  loop loop = fs_loop();
  {
    world world;
    REQUIRE(start_all(loop, world, tally.counter()).size() == operation_kinds);  // dropped here
    CHECK(loop.pending().size() == operation_kinds);
    for (const pending_operation& operation : loop.pending()) {
      CHECK(operation.kind.starts_with("fs_"));
      CHECK_FALSE(operation.object.empty());
      CHECK_FALSE(operation.owned);
    }
    world.file = {};  // and so are files and directories
    world.read = {};
    loop.run();
    CHECK(tally.succeeded == operation_kinds);
    CHECK(tally.failed.empty());
  }
  CHECK(tally.witness.use_count() == 1);
  run_to_the_end(loop);
}

TEST_CASE("threadpool_cancel_fs: every operation that has not begun can be cancelled, and has done nothing") {
  tally tally;
  loop loop;
  world world;
  const int number = world.to_close.fileno();
  {
    busy_pool busy;
    std::vector<request> all = start_all(loop, world, tally.counter());
    for (request& started : all) CHECK(started.cancel());
    for (request& started : all) CHECK(started.cancel());  // once more changes nothing
    loop.run();                                            // while the threads are busy
    for (request& started : all) CHECK(started.done());
    CHECK(tally.cancelled == operation_kinds);
  }
  CHECK(tally.witness.use_count() == 1);
  CHECK_FALSE(is_open(number));  // but for close
  for (const char* untouched : {"unlink", "rename", "empty", "plain"})
    CHECK(std::filesystem::exists(world.folder / untouched));
  for (const char* absent : {"opened", "renamed", "copied", "linked", "symlinked", "made"})
    CHECK_FALSE(std::filesystem::exists(world.folder / absent));
  CHECK(contents_of(world.folder / "open") == "contents");
  run_to_the_end(loop);
}

TEST_CASE("threadpool_cancel_when_busy: one that has begun cannot be cancelled, and still calls back") {
  const temporary_folder folder;
  loop loop;
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  // Blocks a thread until somebody opens the other end.
  std::optional<fs::file> opened;
  request opening = fs::open(loop, folder / "fifo", open_flags::read_only,
                             [&](outcome<fs::file> ended) { opened = std::move(ended).value(); });
  // One that was queued behind it has ended: so a thread has it.
  bool behind = false;
  fs::access(loop, folder.path(), fs::access_mode::exists, [&] { behind = true; });
  while (!behind) loop.run(run_mode::once);
  CHECK_FALSE(opening.cancel());
  opening = {};
  const fs::file other_end = fs::open(folder / "fifo", open_flags::write_only);
  run_to_the_end(loop);
  CHECK(opened.has_value());
}

TEST_CASE("a loop that is destroyed with every operation in flight leaves nothing behind") {
  tally tally;
  std::optional<world> world(std::in_place);
  const int number = world->to_close.fileno();
  std::vector<request> outlive;
  const auto destroy_in_flight = [&] {
    loop loop = fs_loop();
    outlive = start_all(loop, *world, tally.counter());
  };
  SECTION("which run, or have ended unseen") { destroy_in_flight(); }
  SECTION("which wait for a thread") {
    busy_pool busy;
    loop loop;
    outlive = start_all(loop, *world, tally.counter());
  }
  SECTION("of which some were told") {
    loop loop = fs_loop();
    outlive = start_all(loop, *world, tally.counter());
    loop.run(run_mode::once);
    tally.succeeded = 0;
  }
  CHECK(tally.succeeded + tally.cancelled == 0);
  CHECK(tally.witness.use_count() == 1);
  CHECK_FALSE(is_open(number));
  for (const request& request : outlive) CHECK(request.done());
  world.reset();
}

TEST_CASE("a loop that is closed tells every operation in flight") {
  tally tally;
  world world;
  {
    busy_pool busy;
    loop loop;
    start_all(loop, world, tally.counter());
    CHECK(loop.close().size() == operation_kinds);
  }
  CHECK(tally.cancelled == operation_kinds);
  CHECK(tally.witness.use_count() == 1);
}

TEST_CASE("a loop that is destroyed inside a callback closes what the others opened") {
  const temporary_folder folder;
  auto loop = std::make_unique<uv::loop>();
  int calls = 0;
  for (int i = 0; i < 16; ++i)
    fs::open(*loop, folder / "file", made_anew, [&](fs::file) {
      ++calls;
      loop.reset();
    });
  loop->run();
  CHECK(calls >= 1);
}

TEST_CASE("what a callback throws comes out of run, and its operation is over") {
  const temporary_folder folder;
  loop loop = fs_loop();
  fs::open(loop, folder / "file", made_anew, [](const fs::file&) { throw std::runtime_error("thrown"); });
  CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "thrown");
  fs::unlink(loop, folder / "none", no_callback());  // nobody is told: comes out of run
  CHECK(thrown_by<error>([&] { loop.run(); }).find("fs::unlink: no such file") != std::string::npos);
  run_to_the_end(loop);
}

TEST_CASE("a request may be dropped, and its loop's file be read, on another thread") {
  const temporary_folder folder;
  loop loop;
  fs::file file = fs::open(folder.make("file", "contents"));
  std::string read;
  {
    busy_pool busy;
    request reading =
        file.read(loop, 100, 0, [&](const fs::read_result& ended) { read = text_of(ended.bytes()); });
    std::size_t count = 0;
    std::thread([dropped = std::move(reading), &file, &count] {
      std::array<std::byte, 8> memory;
      count = file.read(memory, 0);
    }).join();
    CHECK(count == 8);
    std::string said;
    std::thread([&] { said = misuse_of([&] { file.fsync(loop, no_callback()); }); }).join();
    CHECK(said.find("fs::file::fsync: called on thread ") == 0);
  }
  run_to_the_end(loop);
  CHECK(read == "contents");
}

TEST_CASE("the memory of a read is the operation's until the callback has it") {
  const temporary_folder folder;
  loop loop = fs_loop();
  const fs::file file = fs::open(folder.make("file", std::string(65536, 'x')));
  std::size_t total = 0;
  std::int64_t offset = 0;
  callback<void(fs::read_result)> next;
  next = [&](fs::read_result read) {
    total += read.size;
    offset += static_cast<std::int64_t>(read.size);
    if (read.size == 0) return;
    CHECK(read.bytes().back() == std::byte{'x'});
    file.read(loop, std::move(read.buffer), offset,
              [&](fs::read_result following) { next(std::move(following)); });
  };
  file.read(loop, 1000, 0, [&](fs::read_result first) { next(std::move(first)); });
  run_to_the_end(loop);
  CHECK(total == 65536);
}

}  // namespace
}  // namespace gauntlet::uv::test
