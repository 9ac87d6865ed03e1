// Rows of the table of awaited.hpp: requests that wait because all threads of the pool are busy.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "awaited.hpp"
#include "fs_support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {
namespace {

/// What the rows work with.
struct desk {
  explicit desk(loop& loop) : on(loop) {
    folder.make("a", "text");
    fs::symlink("a", folder / "link");
    fs::mkdir(folder / "sub");
    open = fs::open(folder / "a", fs::open_flags::read_write);
    path_only = fs::open(folder / "a", fs::native_flags(O_PATH));
    listing = fs::opendir(folder.path());
  }
  std::string missing() const { return folder / "missing/a"; }

  loop& on;
  temporary_folder folder;
  fs::file open{};
  fs::file path_only{};  // good for nothing
  fs::directory listing{};
  std::array<std::byte, 4> bytes{};
};

struct row {
  const char* function = nullptr;
  task<> (*wait)(desk&) = nullptr;
  std::error_code failure{};
  task<> (*fail)(desk&) = nullptr;
  const char* never = "";
  bool on_file = false;  // which may be closed meanwhile
  bool closes = false;   // what is closed is closed, cancelled or not
};

constexpr auto no_file = std::errc::no_such_file_or_directory;
constexpr auto bad = std::errc::bad_file_descriptor;
constexpr const char* always_valid = "a file that may be used has a descriptor that is valid";

std::error_code code(std::errc reason) { return std::make_error_code(reason); }

constexpr fs::time_point now{};

// Each task of one line, so that the table can be read.
// clang-format off
#define AWAIT(...) [](desk& d) -> task<> { static_cast<void>(co_await __VA_ARGS__); }
const std::vector<row>& rows() {
  static const std::vector<row> all{
    {"fs::open", AWAIT(fs::open(d.on, d.folder / "a")), code(no_file), AWAIT(fs::open(d.on, d.missing()))},
    {"fs::unlink", AWAIT(fs::unlink(d.on, d.folder / "a")), code(no_file), AWAIT(fs::unlink(d.on, d.missing()))},
    {"fs::rename", AWAIT(fs::rename(d.on, d.folder / "a", d.folder / "b")), code(no_file),
     AWAIT(fs::rename(d.on, d.missing(), d.folder / "b"))},
    {"fs::copyfile", AWAIT(fs::copyfile(d.on, d.folder / "a", d.folder / "b")), code(no_file),
     AWAIT(fs::copyfile(d.on, d.missing(), d.folder / "b"))},
    {"fs::link", AWAIT(fs::link(d.on, d.folder / "a", d.folder / "b")), code(no_file),
     AWAIT(fs::link(d.on, d.missing(), d.folder / "b"))},
    {"fs::symlink", AWAIT(fs::symlink(d.on, "a", d.folder / "b")), code(no_file), AWAIT(fs::symlink(d.on, "a", d.missing()))},
    {"fs::readlink", AWAIT(fs::readlink(d.on, d.folder / "link")), code(no_file), AWAIT(fs::readlink(d.on, d.missing()))},
    {"fs::realpath", AWAIT(fs::realpath(d.on, d.folder / "link")), code(no_file), AWAIT(fs::realpath(d.on, d.missing()))},
    {"fs::stat", AWAIT(fs::stat(d.on, d.folder / "a")), code(no_file), AWAIT(fs::stat(d.on, d.missing()))},
    {"fs::lstat", AWAIT(fs::lstat(d.on, d.folder / "link")), code(no_file), AWAIT(fs::lstat(d.on, d.missing()))},
    {"fs::statfs", AWAIT(fs::statfs(d.on, d.folder.path())), code(no_file), AWAIT(fs::statfs(d.on, d.missing()))},
    {"fs::access", AWAIT(fs::access(d.on, d.folder / "a")), code(no_file), AWAIT(fs::access(d.on, d.missing()))},
    {"fs::chmod", AWAIT(fs::chmod(d.on, d.folder / "a", fs::permissions(0600))), code(no_file),
     AWAIT(fs::chmod(d.on, d.missing(), fs::permissions(0600)))},
    {"fs::chown", AWAIT(fs::chown(d.on, d.folder / "a", ::geteuid(), ::getegid())), code(no_file),
     AWAIT(fs::chown(d.on, d.missing(), ::geteuid(), ::getegid()))},
    {"fs::lchown", AWAIT(fs::lchown(d.on, d.folder / "link", ::geteuid(), ::getegid())), code(no_file),
     AWAIT(fs::lchown(d.on, d.missing(), ::geteuid(), ::getegid()))},
    {"fs::utime", AWAIT(fs::utime(d.on, d.folder / "a", now, now)), code(no_file), AWAIT(fs::utime(d.on, d.missing(), now, now))},
    {"fs::lutime", AWAIT(fs::lutime(d.on, d.folder / "link", now, now)), code(no_file), AWAIT(fs::lutime(d.on, d.missing(), now, now))},
    {"fs::mkdir", AWAIT(fs::mkdir(d.on, d.folder / "new")), code(no_file), AWAIT(fs::mkdir(d.on, d.missing()))},
    {"fs::rmdir", AWAIT(fs::rmdir(d.on, d.folder / "sub")), code(no_file), AWAIT(fs::rmdir(d.on, d.missing()))},
    {"fs::mkdtemp", AWAIT(fs::mkdtemp(d.on, d.folder / "XXXXXX")), code(no_file), AWAIT(fs::mkdtemp(d.on, d.missing() + "XXXXXX"))},
    {"fs::mkstemp", AWAIT(fs::mkstemp(d.on, d.folder / "XXXXXX")), code(no_file), AWAIT(fs::mkstemp(d.on, d.missing() + "XXXXXX"))},
    {"fs::scandir", AWAIT(fs::scandir(d.on, d.folder.path())), code(no_file), AWAIT(fs::scandir(d.on, d.missing()))},
    {"fs::opendir", AWAIT(fs::opendir(d.on, d.folder.path())), code(no_file), AWAIT(fs::opendir(d.on, d.missing()))},
    {"fs_directory::readdir", AWAIT(d.listing.readdir(d.on, 8)), {}, nullptr, "what was opened can be read"},
    {"fs_directory::close", AWAIT(d.listing.close(d.on)), {}, nullptr, "what was opened can be closed", false, true},
    {"fs_file::close", AWAIT(d.open.close(d.on)), {}, nullptr, always_valid, false, true},
    {"fs_file::read", AWAIT(d.open.read(d.on, d.bytes)), code(bad), AWAIT(d.path_only.read(d.on, d.bytes)), "", true},
    {"fs_file::write", AWAIT(d.open.write(d.on, std::span(d.bytes))), code(bad),
     AWAIT(d.path_only.write(d.on, std::span(d.bytes))), "", true},
    {"fs_file::fstat", AWAIT(d.open.fstat(d.on)), {}, nullptr, always_valid, true},
    {"fs_file::fsync", AWAIT(d.open.fsync(d.on)), code(bad), AWAIT(d.path_only.fsync(d.on)), "", true},
    {"fs_file::fdatasync", AWAIT(d.open.fdatasync(d.on)), code(bad), AWAIT(d.path_only.fdatasync(d.on)), "", true},
    {"fs_file::ftruncate", AWAIT(d.open.ftruncate(d.on, 1)), code(bad),
     AWAIT(d.path_only.ftruncate(d.on, 1)), "", true},
    {"fs_file::fchmod", AWAIT(d.open.fchmod(d.on, fs::permissions(0600))), code(bad),
     AWAIT(d.path_only.fchmod(d.on, fs::permissions(0600))), "", true},
    {"fs_file::fchown", AWAIT(d.open.fchown(d.on, ::geteuid(), ::getegid())), code(bad),
     AWAIT(d.path_only.fchown(d.on, ::geteuid(), ::getegid())), "", true},
    {"fs_file::futime", AWAIT(d.open.futime(d.on, now, now)), code(bad), AWAIT(d.path_only.futime(d.on, now, now)), "", true},
    {"fs_file::sendfile", AWAIT(fs::sendfile(d.on, d.open, d.open, 0, 1)), code(bad),
     AWAIT(fs::sendfile(d.on, d.open, d.path_only, 0, 1)), "", true},
    {"names::getaddrinfo", AWAIT(getaddrinfo(d.on, "127.0.0.1", "80", {.numeric_node = true})), make_error_code(errc::eai_noname),
     AWAIT(getaddrinfo(d.on, "no address", "", {.numeric_node = true}))},
    {"names::getnameinfo", AWAIT(getnameinfo(d.on, address::ip4("127.0.0.1", 80), {.numeric_host = true, .numeric_service = true})),
     make_error_code(errc::eai_noname),
     AWAIT(getnameinfo(d.on, address::ip4("127.0.0.1", 80), {.numeric_host = true, .name_required = true}))},
    {"random::random", AWAIT(random(d.on, d.bytes)), {}, nullptr, "the system has random bytes for whoever asks"},
    {"work::offload", AWAIT(offload(d.on, [] {})), code(std::errc::io_error),
     AWAIT(offload(d.on, [] { throw gauntlet::error(std::make_error_code(std::errc::io_error), "work", "", "", {}); }))},
  };
  return all;
}
#undef AWAIT
// clang-format on

class queued final : public specimen {
 public:
  queued(loop& loop, const row& of) : desk_(loop), row_(of), pool_(std::in_place) {}

  task<> wait() override { return row_.wait(desk_); }
  task<> bring() override {
    pool_->free();
    co_return;
  }
  task<> fail() override {
    pool_->free();
    co_await row_.fail(desk_);
  }
  bool close() override {
    if (row_.on_file) desk_.open.close();
    return row_.on_file;
  }
  bool outlives_close() override { return true; }
  bool closed_by_cancelling() override { return row_.closes; }

 private:
  desk desk_;
  const row& row_;
  std::optional<busy_pool> pool_;
};

}  // namespace

std::vector<awaited_kind> awaited_on_the_pool() {
  std::vector<awaited_kind> all;
  for (const row& each : rows()) {
    awaited_kind& made = all.emplace_back();
    made.function = made.name = each.function;
    made.make = [&each](loop& loop) { return std::make_unique<queued>(loop, each); };
    if (each.failure) made.failures.push_back(each.failure);
    made.never = each.never;
  }
  return all;
}

}  // namespace gauntlet::uv::test
