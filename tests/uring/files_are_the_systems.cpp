// Each operation beside the system call that it stands for, on the same files.

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "operation_cases.hpp"

namespace gauntlet::uring::test {
namespace {

const operation_case cases[] = {
    // ---- open
    {"open what is not there",
     [](ring& on, const tree& in) -> task<long> { return result_of(open(on, in / "none", read_only)); },
     [](const tree& in) -> long { return open_and_close(::open((in / "none").c_str(), O_RDONLY)); }},
    {"open a folder to write",
     [](ring& on, const tree& in) -> task<long> { return result_of(open(on, in / "d", write_only)); },
     [](const tree& in) -> long { return open_and_close(::open((in / "d").c_str(), O_WRONLY)); }},
    {"open through a file",
     [](ring& on, const tree& in) -> task<long> { return result_of(open(on, in / "a/b", read_only)); },
     [](const tree& in) -> long { return open_and_close(::open((in / "a/b").c_str(), O_RDONLY)); }},
    {"open a loop of links",
     [](ring& on, const tree& in) -> task<long> { return result_of(open(on, in / "loop", read_only)); },
     [](const tree& in) -> long { return open_and_close(::open((in / "loop").c_str(), O_RDONLY)); }},
    {"open no path", [](ring& on, const tree&) -> task<long> { return result_of(open(on, "", read_only)); },
     [](const tree&) -> long { return open_and_close(::open("", O_RDONLY)); }},
    {"open too long a name",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(open(on, in / std::string(300, 'n'), read_only));
     },
     [](const tree& in) -> long {
       return open_and_close(::open((in / std::string(300, 'n')).c_str(), O_RDONLY));
     }},
    {"open a link not to be followed",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(open(on, in / "s", read_only | open_flags::no_follow));
     },
     [](const tree& in) -> long {
       return open_and_close(::open((in / "s").c_str(), O_RDONLY | O_NOFOLLOW));
     }},
    {"create exclusively what is there",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(open(on, in / "a", write_only | open_flags::create | open_flags::exclusive));
     },
     [](const tree& in) -> long {
       return open_and_close(::open((in / "a").c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666));
     }},
    {"create with a mode",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(
           open(on, in / "new", write_only | open_flags::create, static_cast<permissions>(0640)));
     },
     [](const tree& in) -> long {
       return open_and_close(::open((in / "new").c_str(), O_WRONLY | O_CREAT, 0640));
     }},
    // ---- names
    {"mkdir",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(mkdir(on, in / "m", static_cast<permissions>(0711)));
     },
     [](const tree& in) -> long { return result_of_system(::mkdir((in / "m").c_str(), 0711)); }},
    {"mkdir where something is",
     [](ring& on, const tree& in) -> task<long> { return result_of(mkdir(on, in / "a")); },
     [](const tree& in) -> long { return result_of_system(::mkdir((in / "a").c_str(), 0777)); }},
    {"mkdir below an open folder",
     [](ring& on, const tree& in) -> task<long> {
       const file folder = co_await open(on, in / "d", read_only);
       co_return co_await result_of(mkdir(folder, "below"));
     },
     [](const tree& in) -> long {
       const opened folder(in / "d", O_RDONLY);
       return result_of_system(::mkdirat(folder, "below", 0777));
     }},
    {"symlink",
     [](ring& on, const tree& in) -> task<long> { return result_of(symlink("any/text", on, in / "t")); },
     [](const tree& in) -> long { return result_of_system(::symlink("any/text", (in / "t").c_str())); }},
    {"symlink below an open folder",
     [](ring& on, const tree& in) -> task<long> {
       const file folder = co_await open(on, in / "d", read_only);
       co_return co_await result_of(symlink("../a", folder, "up"));
     },
     [](const tree& in) -> long {
       const opened folder(in / "d", O_RDONLY);
       return result_of_system(::symlinkat("../a", folder, "up"));
     }},
    {"symlink where something is",
     [](ring& on, const tree& in) -> task<long> { return result_of(symlink("x", on, in / "s")); },
     [](const tree& in) -> long { return result_of_system(::symlink("x", (in / "s").c_str())); }},
    {"link",
     [](ring& on, const tree& in) -> task<long> { return result_of(linkat(on, in / "a", in / "a2")); },
     [](const tree& in) -> long {
       return result_of_system(::link((in / "a").c_str(), (in / "a2").c_str()));
     }},
    {"link a link itself",
     [](ring& on, const tree& in) -> task<long> { return result_of(linkat(on, in / "s", in / "s2")); },
     [](const tree& in) -> long {
       return result_of_system(::linkat(AT_FDCWD, (in / "s").c_str(), AT_FDCWD, (in / "s2").c_str(), 0));
     }},
    {"link what a link leads to",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(linkat(on, in / "s", in / "s3", follow::yes));
     },
     [](const tree& in) -> long {
       return result_of_system(
           ::linkat(AT_FDCWD, (in / "s").c_str(), AT_FDCWD, (in / "s3").c_str(), AT_SYMLINK_FOLLOW));
     }},
    {"link what is not there",
     [](ring& on, const tree& in) -> task<long> { return result_of(linkat(on, in / "none", in / "n")); },
     [](const tree& in) -> long {
       return result_of_system(::link((in / "none").c_str(), (in / "n").c_str()));
     }},
    {"link between open folders",
     [](ring& on, const tree& in) -> task<long> {
       const file from = co_await open(on, in / "full", read_only);
       const file to = co_await open(on, in / "d", read_only);
       co_return co_await result_of(linkat(from, "x", to, "x2"));
     },
     [](const tree& in) -> long {
       const opened from(in / "full", O_RDONLY);
       const opened to(in / "d", O_RDONLY);
       return result_of_system(::linkat(from, "x", to, "x2", 0));
     }},
    {"rename",
     [](ring& on, const tree& in) -> task<long> { return result_of(rename(on, in / "a2", in / "a3")); },
     [](const tree& in) -> long {
       return result_of_system(::rename((in / "a2").c_str(), (in / "a3").c_str()));
     }},
    {"rename onto what is there, not replacing",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(rename(on, in / "a3", in / "b", rename_flags::noreplace));
     },
     [](const tree& in) -> long {
       return result_of_system(
           ::renameat2(AT_FDCWD, (in / "a3").c_str(), AT_FDCWD, (in / "b").c_str(), RENAME_NOREPLACE));
     }},
    {"rename exchanges",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(rename(on, in / "a3", in / "d", rename_flags::exchange));
     },
     [](const tree& in) -> long {
       return result_of_system(
           ::renameat2(AT_FDCWD, (in / "a3").c_str(), AT_FDCWD, (in / "d").c_str(), RENAME_EXCHANGE));
     }},
    {"rename between open folders",
     [](ring& on, const tree& in) -> task<long> {
       const file from = co_await open(on, in / "full", read_only);
       const file to = co_await open(on, in / "m", read_only);
       co_return co_await result_of(rename(from, "x", to, "y"));
     },
     [](const tree& in) -> long {
       const opened from(in / "full", O_RDONLY);
       const opened to(in / "m", O_RDONLY);
       return result_of_system(::renameat(from, "x", to, "y"));
     }},
    {"unlink a folder",
     [](ring& on, const tree& in) -> task<long> { return result_of(unlink(on, in / "m")); },
     [](const tree& in) -> long { return result_of_system(::unlink((in / "m").c_str())); }},
    {"unlink", [](ring& on, const tree& in) -> task<long> { return result_of(unlink(on, in / "t")); },
     [](const tree& in) -> long { return result_of_system(::unlink((in / "t").c_str())); }},
    {"unlink what is not there",
     [](ring& on, const tree& in) -> task<long> { return result_of(unlink(on, in / "none")); },
     [](const tree& in) -> long { return result_of_system(::unlink((in / "none").c_str())); }},
    {"rmdir of a file", [](ring& on, const tree& in) -> task<long> { return result_of(rmdir(on, in / "b")); },
     [](const tree& in) -> long { return result_of_system(::rmdir((in / "b").c_str())); }},
    {"rmdir of a folder with something in it",
     [](ring& on, const tree& in) -> task<long> { return result_of(rmdir(on, in / "m")); },
     [](const tree& in) -> long { return result_of_system(::rmdir((in / "m").c_str())); }},
    {"rmdir", [](ring& on, const tree& in) -> task<long> { return result_of(rmdir(on, in / "full")); },
     [](const tree& in) -> long { return result_of_system(::rmdir((in / "full").c_str())); }},
    // ---- attributes
    {"setxattr of a path",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(setxattr(on, in / "b", "user.one", bytes_of("first")));
     },
     [](const tree& in) -> long {
       return result_of_system(::setxattr((in / "b").c_str(), "user.one", "first", 5, 0));
     }},
    {"setxattr to create what is there",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(setxattr(on, in / "b", "user.one", bytes_of("x"), xattr_mode::create));
     },
     [](const tree& in) -> long {
       return result_of_system(::setxattr((in / "b").c_str(), "user.one", "x", 1, XATTR_CREATE));
     }},
    {"setxattr to replace what is not there",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(setxattr(on, in / "b", "user.no", bytes_of("x"), xattr_mode::replace));
     },
     [](const tree& in) -> long {
       return result_of_system(::setxattr((in / "b").c_str(), "user.no", "x", 1, XATTR_REPLACE));
     }},
    {"setxattr of no namespace",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(setxattr(on, in / "b", "one", bytes_of("x")));
     },
     [](const tree& in) -> long {
       return result_of_system(::setxattr((in / "b").c_str(), "one", "x", 1, 0));
     }},
    {"getxattr asks the size",
     [](ring& on, const tree& in) -> task<long> { return result_of(getxattr(on, in / "b", "user.one", {})); },
     [](const tree& in) -> long {
       return result_of_system(::getxattr((in / "b").c_str(), "user.one", nullptr, 0));
     }},
    {"getxattr into too little",
     [](ring& on, const tree& in) -> task<long> {
       std::array<std::byte, 2> room{};
       co_return co_await result_of(getxattr(on, in / "b", "user.one", room));
     },
     [](const tree& in) -> long {
       char room[2];
       return result_of_system(::getxattr((in / "b").c_str(), "user.one", room, sizeof room));
     }},
    {"getxattr of what is not there",
     [](ring& on, const tree& in) -> task<long> { return result_of(getxattr(on, in / "b", "user.no", {})); },
     [](const tree& in) -> long {
       return result_of_system(::getxattr((in / "b").c_str(), "user.no", nullptr, 0));
     }},
    {"setxattr and getxattr of a descriptor",
     [](ring& on, const tree& in) -> task<long> {
       file on_it = co_await open(on, in / "b", read_only);
       co_await on_it.setxattr("user.two", bytes_of("second"));
       owned_buffer memory(16);  // of which only what was answered has been written
       const std::span<std::byte> room = memory.writable();
       const std::size_t size = co_await on_it.getxattr("user.two", room);
       CHECK(text_of(room.first(size)) == "second");
       co_return co_await result_of(on_it.getxattr("user.two", {}));
     },
     [](const tree& in) -> long {
       const opened on_it(in / "b", O_RDONLY);
       REQUIRE(::fsetxattr(on_it, "user.two", "second", 6, 0) == 0);
       return result_of_system(::fgetxattr(on_it, "user.two", nullptr, 0));
     }},
    // ---- the file
    {"read to the end",
     [](ring& on, const tree& in) -> task<long> {
       file from = co_await open(on, in / "b", read_only);
       std::array<std::byte, 64> room{};
       co_return co_await result_of(from.read_some(room, 99'990));
     },
     [](const tree& in) -> long {
       const opened from(in / "b", O_RDONLY);
       char room[64];
       return result_of_system(::pread(from, room, sizeof room, 99'990));
     }},
    {"read behind the end",
     [](ring& on, const tree& in) -> task<long> {
       file from = co_await open(on, in / "b", read_only);
       std::array<std::byte, 64> room{};
       co_return co_await result_of(from.read_some(room, 200'000));
     },
     [](const tree& in) -> long {
       const opened from(in / "b", O_RDONLY);
       char room[64];
       return result_of_system(::pread(from, room, sizeof room, 200'000));
     }},
    {"read at no place",
     [](ring& on, const tree& in) -> task<long> {
       file from = co_await open(on, in / "b", read_only);
       std::array<std::byte, 64> room{};
       co_return co_await result_of(from.read_some(room, std::uint64_t{1} << 63));
     },
     [](const tree& in) -> long {
       const opened from(in / "b", O_RDONLY);
       char room[64];
       return result_of_system(::pread(from, room, sizeof room, INT64_MIN));
     }},
    {"read a folder",
     [](ring& on, const tree& in) -> task<long> {
       file from = co_await open(on, in / "", read_only);
       std::array<std::byte, 64> room{};
       co_return co_await result_of(from.read_some(room, 0));
     },
     [](const tree& in) -> long {
       const opened from(in / "", O_RDONLY);
       char room[64];
       return result_of_system(::pread(from, room, sizeof room, 0));
     }},
    {"read what is only to be written",
     [](ring& on, const tree& in) -> task<long> {
       file from = co_await open(on, in / "b", write_only);
       std::array<std::byte, 64> room{};
       co_return co_await result_of(from.read_some(room, 0));
     },
     [](const tree& in) -> long {
       const opened from(in / "b", O_WRONLY);
       char room[64];
       return result_of_system(::pread(from, room, sizeof room, 0));
     }},
    {"write what is only to be read",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", read_only);
       co_return co_await result_of(to.write_some(bytes_of("x"), 0));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_RDONLY);
       return result_of_system(::pwrite(to, "x", 1, 0));
     }},
    {"write behind the end",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(to.write_some(bytes_of("far"), 150'000));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::pwrite(to, "far", 3, 150'000));
     }},
    {"append",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only | open_flags::append);
       co_return co_await result_of(to.write_some(bytes_of("end")));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY | O_APPEND);
       return result_of_system(::write(to, "end", 3));
     }},
    {"append for once",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       const std::array parts{bytes_of("one"), bytes_of("two")};
       co_return co_await result_of(
           to.write_some(parts, current_position, rw_flags::append | rw_flags::dsync));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY | O_APPEND);
       return result_of_system(::write(to, "onetwo", 6));
     }},
    {"fallocate beyond the end",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(to.fallocate(fallocate_mode::allocate, 0, 200'000));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::fallocate(to, 0, 0, 200'000));
     }},
    {"fallocate punches a hole",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(
           to.fallocate(fallocate_mode::punch_hole | fallocate_mode::keep_size, 4096, 8192));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192));
     }},
    {"fallocate of nothing",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(to.fallocate(fallocate_mode::allocate, 0, 0));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::fallocate(to, 0, 0, 0));
     }},
    {"fsync",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(to.fsync());
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::fsync(to));
     }},
    {"fdatasync of a pipe",
     [](ring& on, const tree&) -> task<long> {
       auto [reads, writes] = pipe_of(on);
       co_return co_await result_of(writes.fdatasync());
     },
     [](const tree&) -> long {
       int ends[2];
       REQUIRE(::pipe(ends) == 0);
       const long answered = result_of_system(::fdatasync(ends[1]));
       ::close(ends[0]);
       ::close(ends[1]);
       return answered;
     }},
    {"sync_file_range",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(
           to.sync_file_range(0, 4096, sync_range::wait_before | sync_range::write | sync_range::wait_after));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::sync_file_range(to, 0, 4096, 7));
     }},
    {"fadvise",
     [](ring& on, const tree& in) -> task<long> {
       file from = co_await open(on, in / "b", read_only);
       co_return co_await result_of(from.fadvise(0, 4096, file_advice::willneed));
     },
     [](const tree& in) -> long {
       const opened from(in / "b", O_RDONLY);
       return -::posix_fadvise(from, 0, 4096, POSIX_FADV_WILLNEED);
     }},
    {"fadvise of a pipe",
     [](ring& on, const tree&) -> task<long> {
       auto [reads, writes] = pipe_of(on);
       co_return co_await result_of(reads.fadvise(0, 0, file_advice::sequential));
     },
     [](const tree&) -> long {
       int ends[2];
       REQUIRE(::pipe(ends) == 0);
       const int answered = -::posix_fadvise(ends[0], 0, 0, POSIX_FADV_SEQUENTIAL);
       ::close(ends[0]);
       ::close(ends[1]);
       return answered;
     }},
    {"statx of what is not there",
     [](ring& on, const tree& in) -> task<long> { return result_of(statx(on, in / "none")); },
     [](const tree& in) -> long {
       struct stat known{};
       return result_of_system(::stat((in / "none").c_str(), &known));
     }},
    {"madvise at no page",
     [](ring& on, const tree&) -> task<long> {
       std::array<std::byte, 64> memory{};
       co_return co_await result_of(madvise(on, std::span(memory).subspan(1), memory_advice::willneed));
     },
     [](const tree&) -> long {
       char memory[64] = {};
       return result_of_system(::madvise(memory + 1, 63, MADV_WILLNEED));
     }},
};

}  // namespace

TEST_CASE("each operation answers and does what its system call does") {
  require_io_uring();
  compare(cases);
}

TEST_CASE("a status says what stat does") {
  require_io_uring();
  const temporary_folder place;
  furnish(place);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    for (const char* const name : {"a", "b", "d", "s"}) {
      INFO(name);
      struct stat known{};
      REQUIRE(::lstat((place / name).c_str(), &known) == 0);
      const file_status status = co_await statx(own, place / name, {.follow = follow::no});
      CHECK(status.has(status_fields::basic));
      CHECK(static_cast<mode_t>(status.mode) == (known.st_mode & 07777));
      CHECK((status.type == file_type::directory) == S_ISDIR(known.st_mode));
      CHECK((status.type == file_type::symlink) == S_ISLNK(known.st_mode));
      CHECK((status.type == file_type::regular) == S_ISREG(known.st_mode));
      CHECK(status.dev == known.st_dev);
      CHECK(status.ino == known.st_ino);
      CHECK(status.rdev == known.st_rdev);
      CHECK(status.nlink == known.st_nlink);
      CHECK(status.uid == known.st_uid);
      CHECK(status.gid == known.st_gid);
      CHECK(status.size == static_cast<std::uint64_t>(known.st_size));
      CHECK(status.blksize == known.st_blksize);
      CHECK(status.blocks == static_cast<std::uint64_t>(known.st_blocks));
      const auto seconds = std::chrono::floor<std::chrono::seconds>(status.mtime);
      CHECK(seconds.time_since_epoch().count() == known.st_mtim.tv_sec);
      CHECK((status.mtime - seconds).count() == known.st_mtim.tv_nsec);
    }
    const file_status followed = co_await statx(own, place / "s");
    CHECK(followed.type == file_type::regular);
    const file open_one = co_await open(own, place / "s", read_only);
    const file_status of_open = co_await statx(open_one);
    CHECK(of_open.ino == followed.ino);
    const file opened_place = co_await open(own, place / "", read_only | open_flags::directory);
    const auto answer_1 = (co_await statx(opened_place, "a")).ino;
    CHECK(answer_1 == followed.ino);
  });
}

TEST_CASE("a path with a NUL inside is misuse, and so are flags that exclude each other") {
  require_io_uring();
  ring own;
  const std::string with_nul("a\0b", 3);
  CHECK_THROWS_AS(open(own, with_nul, read_only), misuse);
  CHECK_THROWS_AS(rename(own, "a", with_nul), misuse);
  CHECK_THROWS_AS(unlink(own, with_nul), misuse);
  CHECK_THROWS_AS(statx(own, with_nul), misuse);
  CHECK_THROWS_AS(symlink(with_nul, own, "x"), misuse);
  CHECK_THROWS_AS(getxattr(own, "a", with_nul, {}), misuse);
  CHECK(misuse_of([&] { return open(own, "a", write_only | read_write); }).contains("are both asked for"));
  ring other;
  CHECK(misuse_of([&] { return rename(own, "a", other, "b"); }).contains("a folder is of another ring"));
  CHECK(own.close().empty());
  CHECK_THROWS_AS(open(own, "a", read_only), misuse);
}

TEST_CASE("an error names both paths") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    try {
      co_await rename(own, "/nowhere/a", "/nowhere/b");
      FAIL("it was renamed");
    } catch (const error& failure) {
      CHECK(failure.subject() == "/nowhere/a -> /nowhere/b");
      CHECK(failure.operation() == "rename");
    }
  });
}

TEST_CASE("names may change and go as soon as an operation has been made") {
  require_io_uring();
  const temporary_folder place;
  put_file(place / "a", "x");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::string path = place / "a";
    std::string second = place / "a name that is long enough to be on the heap";
    auto renaming = rename(own, path, second);
    path.assign(path.size(), '#');
    second.clear();
    second.shrink_to_fit();
    co_await std::move(renaming);
  });
  CHECK(get_file(place / "a name that is long enough to be on the heap") == "x");
}

TEST_CASE("memory that is advised away reads as nothing") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    void* const memory = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    const std::span<std::byte> pages(static_cast<std::byte*>(memory), 8192);
    std::ranges::fill(pages, std::byte{7});
    co_await madvise(own, pages.first(4096), memory_advice::dontneed);
    CHECK(pages[0] == std::byte{0});
    CHECK(pages[4096] == std::byte{7});
    REQUIRE(::munmap(memory, 8192) == 0);
  });
}

}  // namespace gauntlet::uring::test
