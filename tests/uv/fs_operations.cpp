// Each operation on a real file, blocking and in flight, with the same answer.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "fs_support.hpp"
#include "no_descriptors.hpp"

namespace gauntlet::uv::test {
namespace {

using fs::access_mode;
using fs::copy_flags;
using fs::directory_entry;
using fs::file_status;
using fs::file_type;
using fs::open_flags;
using fs::permissions;
using namespace std::chrono_literals;

constexpr open_flags new_file = open_flags::read_write | open_flags::create | open_flags::truncate;

fs::time_point seconds_since_1970(std::int64_t seconds, std::chrono::microseconds more = 0us) {
  return fs::time_point(std::chrono::seconds(seconds) + more);
}

/// Catch2 prints no time_point but the clock's own, which differs between standard libraries.
std::int64_t nanoseconds(fs::time_point time) { return time.time_since_epoch().count(); }

std::uint64_t descriptors_now() {
  return static_cast<std::uint64_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST_CASE("fs_file_sync: open, write, read, fstat, ftruncate, fsync, close") {
  const temporary_folder folder;
  const std::string path = folder / "file";
  fs::file file = fs::open(path, new_file);
  CHECK(file.is_open());
  CHECK(file.write(bytes_of("test-buffer\n")) == 12);
  CHECK(file.write(bytes_of("T"), 0) == 1);
  file.fsync();
  file.fdatasync();
  std::array<std::byte, 32> memory;
  CHECK(text_of(std::span(memory).first(file.read(memory, 0))) == "Test-buffer\n");
  CHECK(file.read(memory) == 0);  // the position is where the first write ended
  CHECK(file.fstat().size == 12);
  file.ftruncate(4);
  CHECK(contents_of(path) == "Test");
  file.fchmod(permissions::owner_read);
  CHECK(file.fstat().mode == permissions::owner_read);
  file.fchown(fs::unchanged, fs::unchanged);
  file.fchown(geteuid(), getegid());
  file.close();
  CHECK_FALSE(file.is_open());
  CHECK(misuse_of([&] { file.fsync(); }).find("fs::file::fsync: the file is closed") == 0);
  CHECK(misuse_of([&] { file.close(); }).find("closed") != std::string::npos);
}

TEST_CASE("fs_file_async: each operation of a file in flight, one after the other") {
  const temporary_folder folder;
  const std::string path = folder / "file";
  loop loop = fs_loop();
  fs::file file;
  std::vector<std::string> steps;
  fs::open(loop, path, new_file, static_cast<permissions>(0644), [&](fs::file opened) {
    file = std::move(opened);
    file.write(loop, buffer_of("test-buffer\n"), [&](fs::write_result written) {
      CHECK(written.size == 12);
      CHECK(written.buffer.take<std::string>() == "test-buffer\n");
      file.write(loop, buffer_of("T"), 0, [&] {
        file.read(loop, 32, 0, [&](fs::read_result read) {
          steps.push_back(text_of(read.bytes()));
          file.read(loop, std::move(read.buffer), [&](fs::read_result at_end) {
            CHECK(at_end.size == 0);
            CHECK(at_end.bytes().empty());
            CHECK(at_end.buffer.size() == 32);
            file.fsync(loop, [&] {
              file.fdatasync(loop, [&] {
                file.ftruncate(loop, 4, [&] {
                  file.fchmod(loop, permissions::owner_read, [&] {
                    file.fchown(loop, geteuid(), fs::unchanged, [&] {
                      file.fstat(loop, [&](const file_status& status) {
                        CHECK(status.size == 4);
                        CHECK(status.mode == permissions::owner_read);
                        steps.emplace_back("fstat");
                        file.close(loop, [&](outcome<> closed) {
                          closed.value();
                          steps.emplace_back("closed");
                        });
                        CHECK_FALSE(file.is_open());
                      });
                    });
                  });
                });
              });
            });
          });
        });
      });
    });
  });
  run_to_the_end(loop);
  CHECK(steps == std::vector<std::string>{"Test-buffer\n", "fstat", "closed"});
  CHECK(contents_of(path) == "Test");
}

TEST_CASE("fs_file_noent and other bad paths: the same error both ways, with the path") {
  const temporary_folder folder;
  const std::string none = folder / "does_not_exist";
  const std::string other = folder / "other";
  const std::string plain = folder.make("plain", "x");
  const auto now = fs::time_point();
  loop idle = fs_loop();

#define BOTH(function, ...)                                            \
  error_of_both([&] { static_cast<void>(fs::function(__VA_ARGS__)); }, \
                [&](loop& loop, auto done) { return fs::function(loop, __VA_ARGS__, done); })
  CHECK(BOTH(open, none, open_flags::read_only) == "ENOENT");
  CHECK(BOTH(unlink, none) == "ENOENT");
  CHECK(BOTH(rename, none, other) == "ENOENT");
  CHECK(BOTH(copyfile, none, other) == "ENOENT");
  CHECK(BOTH(copyfile, plain, plain, copy_flags::exclusive) == "EEXIST");
  CHECK(BOTH(link, none, other) == "ENOENT");
  CHECK(BOTH(symlink, none, plain) == "EEXIST");
  CHECK(BOTH(readlink, none) == "ENOENT");
  CHECK(BOTH(readlink, plain) == "EINVAL");
  CHECK(BOTH(realpath, none) == "ENOENT");
  CHECK(BOTH(stat, none) == "ENOENT");
  CHECK(BOTH(lstat, none) == "ENOENT");
  CHECK(BOTH(statfs, none) == "ENOENT");
  CHECK(BOTH(access, none, access_mode::exists) == "ENOENT");
  CHECK(BOTH(chmod, none, permissions::none) == "ENOENT");
  CHECK(BOTH(chown, none, 1, 1) == "ENOENT");
  CHECK(BOTH(lchown, none, 1, 1) == "ENOENT");
  CHECK(BOTH(utime, none, now, now) == "ENOENT");
  CHECK(BOTH(lutime, none, now, now) == "ENOENT");
  CHECK(BOTH(mkdir, folder.path()) == "EEXIST");
  CHECK(BOTH(rmdir, none) == "ENOENT");
  CHECK(BOTH(rmdir, plain) == "ENOTDIR");
  CHECK(BOTH(mkdtemp, folder / "no/such-XXXXXX") == "ENOENT");
  CHECK(BOTH(mkdtemp, folder / "no-pattern") == "EINVAL");
  CHECK(BOTH(mkstemp, folder / "no/such-XXXXXX") == "ENOENT");
  CHECK(BOTH(scandir, none) == "ENOENT");
  CHECK(BOTH(scandir, plain) == "ENOTDIR");
  CHECK(BOTH(opendir, none) == "ENOENT");
  CHECK(BOTH(opendir, plain) == "ENOTDIR");
  CHECK(BOTH(stat, plain + "/below") == "ENOTDIR");
  CHECK(BOTH(open, folder.path(), open_flags::write_only) == "EISDIR");
  CHECK(BOTH(open, std::filesystem::path(plain), open_flags::create | open_flags::exclusive) == "EEXIST");
#undef BOTH
  CHECK(thrown_by<error>([&] { fs::rename(none, other); }).find(none + " -> " + other + ": fs::rename: ") ==
        0);
  CHECK(thrown_by<error>([&] { fs::stat(static_cast<const char*>(nullptr)); }).find("no such file") !=
        std::string::npos);
}

TEST_CASE("fs_file_nametoolong") {
  const std::string name(70000, 'a');
  CHECK(error_of_both([&] { fs::open(name); },
                      [&](loop& loop, auto done) {
                        return fs::open(loop, name, open_flags::read_only, done);
                      }) == "ENAMETOOLONG");
}

TEST_CASE("fs_file_loop") {
  const temporary_folder folder;
  const std::string path = folder / "symlink";
  fs::symlink(path, path);
  CHECK(error_of_both([&] { fs::open(path); },
                      [&](loop& loop, auto done) {
                        return fs::open(loop, path, open_flags::read_only, done);
                      }) == "ELOOP");
}

TEST_CASE("what cannot be is misuse, before libuv is asked") {
  const temporary_folder folder;
  const std::string_view nul("with\0nul", 8);
  loop loop;
  fs::file file = fs::open(folder / "file", new_file);
  CHECK(misuse_of([&] { fs::stat(nul); }).find("fs::stat: the path has a NUL at byte 4") == 0);
  CHECK(misuse_of([&] { fs::rename(loop, folder.path(), nul, no_callback()); }).find("NUL at byte 4") !=
        std::string::npos);
  CHECK(misuse_of([&] {
          fs::open(folder.path(), open_flags::write_only | open_flags::read_write);
        }).find("choose one") != std::string::npos);
  CHECK(misuse_of([&] { file.write(bytes_of("x"), -2); }).find("offset is negative") != std::string::npos);
  CHECK(misuse_of([&] { file.write(loop, buffer_of("x"), -2, no_callback()); }).find("offset is negative") !=
        std::string::npos);
  CHECK(misuse_of([&] { file.write(std::span<const std::span<const std::byte>>()); }).find("no buffers") !=
        std::string::npos);
  CHECK(misuse_of([&] { file.read(loop, std::vector<owned_buffer>(), 0, [] {}); }).find("no buffers") !=
        std::string::npos);
  CHECK(misuse_of([&] { file.read(loop, owned_buffer::of_static(bytes_of("x")), [] {}); }).find("constant") !=
        std::string::npos);
  CHECK(misuse_of([&] { file.ftruncate(-1); }).find("size is negative") != std::string::npos);
  CHECK(misuse_of([&] { fs::sendfile(file, file, -1, 1); }).find("offset is negative") != std::string::npos);
  CHECK(misuse_of([&] { fs::sendfile(file, fs::file(), 0, 1); }).find("closed") != std::string::npos);
  CHECK(misuse_of([&] { fs::file::adopt(-1); }).find("negative") != std::string::npos);
  CHECK(misuse_of([&] { fs::opendir(folder.path()).readdir(0); }).find("1 or more") != std::string::npos);
  CHECK(misuse_of([&] {
          fs::stat(loop, folder.path(), callback<void(outcome<file_status>)>());
        }).find("nothing to call") != std::string::npos);
  CHECK(loop.pending().empty());
  loop.close();
  CHECK(misuse_of([&] { file.fsync(loop, no_callback()); }).find("the loop is closed") != std::string::npos);
}

TEST_CASE("fs_mkdtemp, fs_mkstemp") {
  const temporary_folder folder;
  const std::string first = fs::mkdtemp(folder / "one-XXXXXX");
  const auto second = value_in_flight<std::string>(
      [&](loop& loop, auto done) { return fs::mkdtemp(loop, folder / "two-XXXXXX", done); });
  CHECK(first.find(folder / "one-") == 0);
  CHECK(first.find("XXXXXX") == std::string::npos);
  CHECK(second.find(folder / "two-") == 0);
  CHECK(fs::stat(first).type == file_type::directory);
  CHECK(fs::stat(second).mode == permissions::owner_all);

  fs::temporary_file now = fs::mkstemp(folder / "now-XXXXXX");
  auto later = value_in_flight<fs::temporary_file>(
      [&](loop& loop, auto done) { return fs::mkstemp(loop, folder / "later-XXXXXX", done); });
  for (const fs::temporary_file* made : {&now, &later}) {
    CHECK(made->file.write(bytes_of("written")) == 7);
    CHECK(contents_of(made->path) == "written");
    CHECK(fs::stat(made->path).mode == (permissions::owner_read | permissions::owner_write));
  }
  std::array<std::byte, 8> memory;
  // Errors call it by its name.
  CHECK(thrown_by<error>([&] { now.file.read(memory, INT64_MAX); }).find(now.path) == 0);
}

TEST_CASE("fs_stat_root, and what stat, lstat and fstat know") {
  CHECK(fs::stat("/").type == file_type::directory);
  CHECK(fs::stat("/.").ino == fs::stat("/").ino);
  CHECK(fs::stat("/dev/null").type == file_type::character);

  const temporary_folder folder;
  const std::string path = folder.make("file", "12345");
  const std::string symlink = folder / "symlink";
  fs::symlink(path, symlink);
  struct stat posix{};
  REQUIRE(::stat(path.c_str(), &posix) == 0);
  const file_status status = fs::stat(path);
  CHECK(status.type == file_type::regular);
  CHECK(static_cast<unsigned>(status.mode) == (posix.st_mode & 07777U));
  CHECK(status.dev == posix.st_dev);
  CHECK(status.ino == posix.st_ino);
  CHECK(status.nlink == 1);
  CHECK(status.uid == geteuid());
  CHECK(status.gid == posix.st_gid);
  CHECK(status.size == 5);
  CHECK(status.blocks == static_cast<std::uint64_t>(posix.st_blocks));
  CHECK(nanoseconds(status.mtime) == nanoseconds(seconds_since_1970(posix.st_mtim.tv_sec) +
                                                 std::chrono::nanoseconds(posix.st_mtim.tv_nsec)));
  CHECK(fs::stat(symlink) == status);
  CHECK(fs::lstat(symlink).type == file_type::symlink);
  CHECK(fs::lstat(symlink).size == path.size());

  const auto same = [](auto&& now, auto&& start) { CHECK(value_in_flight<file_status>(start) == now); };
  same(status, [&](loop& loop, auto done) { return fs::stat(loop, path, done); });
  same(fs::lstat(symlink), [&](loop& loop, auto done) { return fs::lstat(loop, symlink, done); });
  const fs::file file = fs::open(path);
  same(status, [&](loop& loop, auto done) { return file.fstat(loop, done); });
  CHECK(file.fstat() == status);
}

TEST_CASE("statfs") {
  const temporary_folder folder;
  const fs::file_system_status status = fs::statfs(folder.path());
  CHECK(status.bsize > 0);
  CHECK(status.blocks >= status.bfree);
  CHECK(status.bfree >= status.bavail);
  const auto later = value_in_flight<fs::file_system_status>(
      [&](loop& loop, auto done) { return fs::statfs(loop, folder.path(), done); });
  CHECK(later.type == status.type);
  CHECK(later.blocks == status.blocks);
}

TEST_CASE("fs_readlink, fs_realpath, links") {
  const temporary_folder folder;
  const std::string path = folder.make("file", "x");
  fs::symlink("file", folder / "symlink");
  value_in_flight<void>(
      [&](loop& loop, auto done) { return fs::symlink(loop, "symlink", folder / "again", done); });
  fs::link(path, folder / "hard");
  value_in_flight<void>([&](loop& loop, auto done) { return fs::link(loop, path, folder / "hard2", done); });
  CHECK(fs::stat(path).nlink == 3);
  CHECK(fs::stat(folder / "hard").ino == fs::stat(path).ino);

  CHECK(fs::readlink(folder / "symlink") == "file");
  CHECK(value_in_flight<std::string>(
            [&](loop& loop, auto done) { return fs::readlink(loop, folder / "again", done); }) == "symlink");
  const std::string real = std::filesystem::canonical(path);
  CHECK(fs::realpath(folder / "./again") == real);
  CHECK(value_in_flight<std::string>(
            [&](loop& loop, auto done) { return fs::realpath(loop, folder / "again", done); }) == real);
}

TEST_CASE("fs_utime, fs_futime, fs_lutime: to the microsecond, before 1970 too") {
  const temporary_folder folder;
  const std::string path = folder.make("file");
  const std::string symlink = folder / "symlink";
  fs::symlink("nowhere", symlink);
  const fs::file file = fs::open(path, open_flags::read_write);
  const auto times_are = [&](fs::time_point atime, fs::time_point mtime, const file_status& status) {
    CHECK(nanoseconds(status.atime) == nanoseconds(atime));
    CHECK(nanoseconds(status.mtime) == nanoseconds(mtime));
  };
  const fs::time_point moments[] = {
      seconds_since_1970(0),
      seconds_since_1970(400497753, 250000us),  // 1982-09-10 11:22:33.25, of libuv's test
      seconds_since_1970(1700000000, 1us),
      seconds_since_1970(1700000000, 999999us),
      seconds_since_1970(4102444800, 123457us),  // 2100
      seconds_since_1970(-1, 999999us),
      seconds_since_1970(-1),
      seconds_since_1970(-1700000000, 3us),
  };
  for (const fs::time_point atime : moments) {
    const fs::time_point mtime = atime + 1s + 1us;
    fs::utime(path, atime, mtime);
    times_are(atime, mtime, fs::stat(path));
    file.futime(mtime, atime);
    times_are(mtime, atime, file.fstat());
    fs::lutime(symlink, atime, mtime);
    times_are(atime, mtime, fs::lstat(symlink));
  }
  const fs::time_point atime = moments[1] + 999ns;  // rounded down
  const fs::time_point mtime = moments[3];
  value_in_flight<void>([&](loop& loop, auto done) { return fs::utime(loop, path, atime, mtime, done); });
  times_are(moments[1], mtime, fs::stat(path));
  value_in_flight<void>([&](loop& loop, auto done) { return file.futime(loop, mtime, atime, done); });
  times_are(mtime, moments[1], fs::stat(path));
  value_in_flight<void>([&](loop& loop, auto done) { return fs::lutime(loop, symlink, mtime, mtime, done); });
  times_are(mtime, mtime, fs::lstat(symlink));
}

TEST_CASE("times that nanoseconds cannot reach are kept within them") {
  const temporary_folder folder;
  const std::string path = folder.make("file");
  const timespec far[2] = {{.tv_sec = 11644473600, .tv_nsec = 1}, {.tv_sec = -11644473600, .tv_nsec = 1}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), far, 0) == 0);
  struct stat posix{};
  REQUIRE(::stat(path.c_str(), &posix) == 0);  // a file system may keep them within less
  const file_status status = fs::stat(path);
  if (posix.st_atim.tv_sec == far[0].tv_sec) CHECK(nanoseconds(status.atime) == INT64_MAX);
  if (posix.st_mtim.tv_sec == far[1].tv_sec) CHECK(nanoseconds(status.mtime) == INT64_MIN);
  CHECK(nanoseconds(status.atime) > nanoseconds(seconds_since_1970(4102444800)));
  CHECK(nanoseconds(status.mtime) < 0);
}

TEST_CASE("fs_rename_to_existing_file, fs_unlink") {
  const temporary_folder folder;
  const std::string one = folder.make("one", "1");
  const std::string two = folder.make("two", "2");
  const std::string three = folder.make("three", "3");
  fs::rename(one, two);
  CHECK(contents_of(two) == "1");
  value_in_flight<void>([&](loop& loop, auto done) { return fs::rename(loop, two, three, done); });
  CHECK(contents_of(three) == "1");
  CHECK_FALSE(std::filesystem::exists(two));
  fs::unlink(three);
  value_in_flight<void>([&](loop& loop, auto done) { return fs::unlink(loop, folder.make("four"), done); });
  CHECK(fs::scandir(folder.path()).empty());
}

TEST_CASE("fs_copyfile") {
  const temporary_folder folder;
  const std::string from = folder.make("from", "contents");
  const std::string to = folder / "to";
  fs::chmod(from, permissions::owner_read | permissions::owner_write);
  fs::copyfile(from, to, copy_flags::exclusive);
  CHECK(contents_of(to) == "contents");
  CHECK(fs::stat(to).mode == fs::stat(from).mode);
  fs::copyfile(from, to);
  value_in_flight<void>([&](loop& loop, auto done) {
    return fs::copyfile(loop, from, folder / "other", copy_flags::exclusive | copy_flags::ficlone, done);
  });
  CHECK(contents_of(folder / "other") == "contents");
  CHECK(error_of_both([&] { fs::copyfile(from, to, static_cast<copy_flags>(64)); },
                      [&](loop& loop, auto done) -> request {
                        try {
                          return fs::copyfile(loop, from, to, static_cast<copy_flags>(64), done);
                        } catch (const error& at_once) {
                          done(outcome<>(at_once));
                          return {};
                        }
                      }) == "EINVAL");
}

TEST_CASE("fs_access, fs_chmod, fs_chown") {
  const temporary_folder folder;
  const std::string path = folder.make("file");
  fs::access(path);
  fs::access(path, access_mode::read | access_mode::write);
  value_in_flight<void>(
      [&](loop& loop, auto done) { return fs::access(loop, path, access_mode::read, done); });
  CHECK(error_of_both([&] { fs::access(path, access_mode::execute); },
                      [&](loop& loop, auto done) {
                        return fs::access(loop, path, access_mode::execute, done);
                      }) == "EACCES");  // nobody may, root neither
  fs::chmod(path, permissions::owner_all | permissions::set_uid);
  CHECK(fs::stat(path).mode == (permissions::owner_all | permissions::set_uid));
  value_in_flight<void>([&](loop& loop, auto done) { return fs::chmod(loop, path, permissions::all, done); });
  CHECK(fs::stat(path).mode == permissions::all);
  fs::chown(path, fs::unchanged, fs::unchanged);
  fs::lchown(path, geteuid(), fs::unchanged);
  value_in_flight<void>(
      [&](loop& loop, auto done) { return fs::chown(loop, path, geteuid(), getegid(), done); });
  value_in_flight<void>(
      [&](loop& loop, auto done) { return fs::lchown(loop, path, geteuid(), fs::unchanged, done); });
  CHECK(fs::stat(path).uid == geteuid());
  CHECK(fs::stat(path).gid == getegid());
}

TEST_CASE("who may not is told so") {
  const temporary_folder folder;
  const std::string path = folder.make("file");
  fs::chmod(path, permissions::none);
  const uid_t user = geteuid();
  if (user == 0 && seteuid(65534) != 0) SKIP("root, and cannot be somebody else");
  if (user == 0) CHECK_THROWS_AS(fs::open(path), error);  // the folder is root's only
  std::string failure;
  try {
    fs::open(path);
  } catch (const error& refused) {
    failure = refused.name();
  }
  if (user == 0) REQUIRE(seteuid(0) == 0);
  CHECK(failure == "EACCES");
}

TEST_CASE("no descriptor left: EMFILE, and nothing is lost") {
  skip_where_the_tool_needs_descriptors();
  const temporary_folder folder;
  const std::string path = folder.make("file");
  loop loop = fs_loop();
  std::string in_flight;
  std::string at_once;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  try {
    fs::open(path);
  } catch (const error& refused) {
    at_once = refused.name();
  }
  fs::open(loop, path, open_flags::read_only, [&](outcome<fs::file> ended) {
    if (ended.error() != nullptr) in_flight = ended.error()->name();
  });
  loop.run();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(at_once == "EMFILE");
  CHECK(in_flight == "EMFILE");
  fs::open(path).close();
  run_to_the_end(loop);
}

TEST_CASE(
    "fs_read_bufs, fs_write_multiple_bufs: several buffers, more than libuv has room for in a request") {
  const temporary_folder folder;
  const std::string path = folder / "file";
  fs::file file = fs::open(path, new_file);
  const std::span<const std::byte> parts[] = {bytes_of("test-"), bytes_of(""), bytes_of("buffer\n")};
  CHECK(file.write(parts) == 12);
  CHECK(file.write(parts, 12) == 12);

  std::array<std::byte, 7> first;
  std::array<std::byte, 20> second;
  const std::span<std::byte> into[] = {first, second};
  CHECK(file.read(into, 0) == 24);
  CHECK(text_of(first) == "test-bu");
  CHECK(text_of(std::span(second).first(17)) == "ffer\ntest-buffer\n");

  loop loop = fs_loop();
  std::vector<owned_buffer> many;
  for (int i = 0; i < 3000; ++i) many.push_back(buffer_of("0123456789"));  // more than IOV_MAX, too
  file.write(loop, std::move(many), 0, [&](fs::vectored_write_result written) {
    CHECK(written.size == 30000);
    REQUIRE(written.buffers.size() == 3000);
    CHECK(text_of(written.buffers[2999].bytes()) == "0123456789");
  });
  loop.run();
  std::vector<owned_buffer> room;
  for (int i = 0; i < 9; ++i) room.emplace_back(std::size_t{4});
  file.read(loop, std::move(room), 29980, [&](fs::vectored_read_result read) {
    CHECK(read.size == 20);
    CHECK(text_of(read.bytes(0)) == "0123");
    CHECK(text_of(read.bytes(4)) == "6789");
    CHECK(read.bytes(5).empty());
    CHECK(read.bytes(8).empty());
    CHECK_THROWS_AS(read.bytes(9), std::out_of_range);
  });
  run_to_the_end(loop);
}

TEST_CASE("fs_partial_read: what was not read is not shown") {
  const temporary_folder folder;
  const fs::file file = fs::open(folder.make("file", "short"));
  loop loop = fs_loop();
  file.read(loop, 1000, [&](outcome<fs::read_result> ended) {
    fs::read_result read = std::move(ended).value();
    CHECK(text_of(read.bytes()) == "short");
    CHECK(read.buffer.size() == 1000);
  });
  run_to_the_end(loop);
}

TEST_CASE("a failed transfer hands its buffer back to who asks for it") {
  const temporary_folder folder;
  const fs::file file = fs::open(folder.make("file", "old"));
  loop loop = fs_loop();
  int calls = 0;
  file.write(loop, buffer_of("kept"), 0, [&](outcome<std::size_t> ended, owned_buffer back) {
    ++calls;
    REQUIRE(ended.error() != nullptr);
    CHECK(ended.error()->name() == "EBADF");  // open for reading only
    CHECK(back.take<std::string>() == "kept");
  });
  std::vector<owned_buffer> several;
  several.push_back(buffer_of("a"));
  several.push_back(buffer_of("b"));
  file.write(loop, std::move(several), 0, [&](outcome<std::size_t> ended, std::vector<owned_buffer> back) {
    ++calls;
    CHECK(ended.error() != nullptr);
    CHECK(back.size() == 2);
  });
  file.read(loop, std::string(3, ' '), 0, [&](outcome<std::size_t> ended, owned_buffer back) {
    ++calls;
    CHECK(ended.value() == 3);
    CHECK(back.take<std::string>() == "old");
  });
  loop.run();
  CHECK(calls == 3);
  // Nobody asks: the failure comes out of run().
  file.write(loop, buffer_of("x"), 0, no_callback());
  CHECK(thrown_by<error>([&] { loop.run(); }).find("fs::file::write: bad file descriptor") !=
        std::string::npos);
  run_to_the_end(loop);
}

TEST_CASE("fs_file_write_null_buffer, empty reads") {
  const temporary_folder folder;
  fs::file file = fs::open(folder / "file", new_file);
  CHECK(file.write(std::span<const std::byte>()) == 0);
  CHECK(file.read(std::span<std::byte>()) == 0);
  loop loop = fs_loop();
  int calls = 0;
  file.write(loop, owned_buffer(), [&](fs::write_result written) { calls += written.size == 0 ? 1 : 100; });
  file.read(loop, std::size_t{0}, [&](fs::read_result read) { calls += read.bytes().empty() ? 1 : 100; });
  run_to_the_end(loop);
  CHECK(calls == 2);
}

TEST_CASE("fs_file_open_append, native flags") {
  const temporary_folder folder;
  const std::string path = folder.make("file", "one");
  fs::open(path, open_flags::write_only | open_flags::append).write(bytes_of(" two"));
  CHECK(contents_of(path) == "one two");
  const fs::file native = fs::open(path, fs::native_flags(O_WRONLY | O_APPEND));
  native.write(bytes_of(" three"), 0);
  CHECK(contents_of(path) == "one two three");
  const open_flags all = open_flags::read_write | open_flags::no_follow | open_flags::sync |
                         open_flags::dsync | open_flags::nonblock | open_flags::no_ctty;
  const int flags = fcntl(fs::open(path, all).fileno(), F_GETFL);
  CHECK((flags & (O_RDWR | O_SYNC | O_DSYNC | O_NONBLOCK)) == (O_RDWR | O_SYNC | O_DSYNC | O_NONBLOCK));
  CHECK((fcntl(native.fileno(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(thrown_by<error>([&] { fs::open(path, open_flags::directory); }).find("not a directory") !=
        std::string::npos);
}

TEST_CASE("fs_async_sendfile: from one file to another") {
  const temporary_folder folder;
  const fs::file in = fs::open(folder.make("in", std::string(66000, 'i') + "end"));
  const fs::file out = fs::open(folder / "out", new_file);
  CHECK(fs::sendfile(out, in, 66000, 100) == 3);
  CHECK(value_in_flight<std::size_t>(
            [&](loop& loop, auto done) { return fs::sendfile(loop, out, in, 65990, 13, done); }) == 13);
  CHECK(contents_of(folder / "out") == "endiiiiiiiiiiend");
  const fs::file closed_for_writing = fs::open(folder / "in");
  CHECK(error_of_both([&] { fs::sendfile(closed_for_writing, in, 0, 1); },
                      [&](loop& loop, auto done) {
                        return fs::sendfile(loop, closed_for_writing, in, 0, 1, done);
                      }) == "EBADF");
}

TEST_CASE("fs_ftruncate to 4 GiB, in a file without blocks") {
  const temporary_folder folder;
  const fs::file file = fs::open(folder / "file", new_file);
  const std::int64_t size = std::int64_t{1} << 32;
  value_in_flight<void>([&](loop& loop, auto done) { return file.ftruncate(loop, size, done); });
  CHECK(file.fstat().size == static_cast<std::uint64_t>(size));
  value_in_flight<void>([&](loop& loop, auto done) { return file.ftruncate(loop, 3, done); });
  CHECK(file.fstat().size == 3);
  const fs::file read_only = fs::open(folder / "file");
  CHECK(error_of_both([&] { read_only.ftruncate(1); },
                      [&](loop& loop, auto done) { return read_only.ftruncate(loop, 1, done); }) == "EINVAL");
}

TEST_CASE("a descriptor can be adopted and released") {
  const temporary_folder folder;
  const std::string path = folder.make("file", "x");
  const std::uint64_t before = descriptors_now();
  {
    fs::file file = fs::file::adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(file.fstat().size == 1);
    CHECK(thrown_by<error>([&] { file.write(bytes_of("y")); }).find("descriptor ") == 0);
    const int number = file.release();
    CHECK_FALSE(file.is_open());
    CHECK(fcntl(number, F_GETFD) != -1);
    fs::file again = fs::file::adopt(number);
    fs::file moved = std::move(again);
    again = std::move(moved);
    CHECK(again.fileno() == number);
  }
  CHECK(descriptors_now() == before);
}

TEST_CASE("closing what is no descriptor is an error, and the file is closed") {
  fs::file file = fs::file::adopt(1 << 20);
  CHECK(thrown_by<error>([&] { file.close(); }).find("fs::file::close: bad file descriptor") !=
        std::string::npos);
  CHECK_FALSE(file.is_open());
  fs::file other = fs::file::adopt(1 << 20);
  CHECK(
      ended_in_flight<void>([&](loop& loop, auto done) { return other.close(loop, done); }).error()->name() ==
      "EBADF");
}

}  // namespace
}  // namespace gauntlet::uv::test
