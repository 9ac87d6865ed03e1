#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

using names = std::vector<std::string>;

const bytes old_content = to_bytes("what was there before");

mode_t permissions_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

struct with_umask {
  explicit with_umask(mode_t mask) : before(umask(mask)) {}
  with_umask(const with_umask&) = delete;
  with_umask& operator=(const with_umask&) = delete;
  ~with_umask() { umask(before); }
  mode_t before;
};

TEST_CASE("a file has its name only from commit on, and then all its bytes") {
  const temporary_folder folder;
  const bytes content(200'000, std::byte{7});
  {
    file_sink sink(folder / "out");
    CHECK_FALSE(std::filesystem::exists(folder / "out"));
    sink.write(content);
    CHECK_FALSE(std::filesystem::exists(folder / "out"));
    sink.write(old_content);
    sink.commit();
    CHECK(read_file(folder / "out") == joined({content, old_content}));
  }
  CHECK(read_file(folder / "out").size() == content.size() + old_content.size());
  CHECK(names_in(folder.path()) == names{"out"});
}

TEST_CASE("pieces of every size arrive whole and in order") {
  const temporary_folder folder;
  bytes expected;
  file_sink sink(folder / "out");
  for (const std::size_t size : {1U, 0U, 65535U, 1U, 65536U, 65537U, 3U, 200'000U, 65535U, 2U}) {
    const bytes piece(size, static_cast<std::byte>(size % 251));
    sink.write(piece);
    expected.insert(expected.end(), piece.begin(), piece.end());
  }
  sink.commit();
  CHECK(read_file(folder / "out") == expected);
}

TEST_CASE("without commit nothing is left, and what was there stays") {
  const temporary_folder folder;
  write_file(folder / "out", old_content);
  {
    file_sink sink(folder / "out");
    sink.write(bytes(100'000));
    CHECK(names_in(folder.path()).size() == 2);
  }
  CHECK(names_in(folder.path()) == names{"out"});
  CHECK(read_file(folder / "out") == old_content);
}

TEST_CASE("an encoding that fails in the middle leaves what was there and nothing else") {
  const temporary_folder folder;
  write_file(folder / "out.png", old_content);
  const image picture = make_picture({color_type::rgb, 8}, 300, 300);
  CHECK_THROWS_AS(encode_file(folder / "out.png", picture, {.limits = {.max_memory = 1000}}), error);
  CHECK_THROWS_AS(encode_file(folder / "out.png", picture, {.level = 99}), misuse);
  CHECK(names_in(folder.path()) == names{"out.png"});
  CHECK(read_file(folder / "out.png") == old_content);
}

// A write that fails in the middle, as on a full disk: beyond this size the system answers EFBIG.
struct with_largest_file {
  explicit with_largest_file(rlim_t size) : handler(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit wanted{size, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &wanted);
  }
  with_largest_file(const with_largest_file&) = delete;
  with_largest_file& operator=(const with_largest_file&) = delete;
  ~with_largest_file() {
    setrlimit(RLIMIT_FSIZE, &before);
    static_cast<void>(std::signal(SIGXFSZ, handler));
  }
  rlimit before{};
  void (*handler)(int);
};

TEST_CASE("a disk that takes no more is an error that names the file, and leaves what was there") {
  const temporary_folder folder;
  write_file(folder / "out.png", old_content);
  const image picture = make_picture({color_type::rgb, 8}, 300, 300);
  std::optional<error> failure;
  {
    const with_largest_file limit(100'000);
    failure = thrown_by<error>([&] { return encode_file(folder / "out.png", picture, {.level = 0}), 0; });
  }
  CHECK(failure->code() == std::errc::file_too_large);
  CHECK(failure->operation() == "write");
  CHECK(failure->subject() == (folder / "out.png").string());
  CHECK(names_in(folder.path()) == names{"out.png"});
  CHECK(read_file(folder / "out.png") == old_content);
}

TEST_CASE("a sink that has failed to write cannot be committed") {
  const temporary_folder folder;
  write_file(folder / "out", old_content);
  file_sink sink(folder / "out");
  {
    const with_largest_file limit(10'000);
    CHECK_THROWS_AS(sink.write(bytes(100'000)), error);
  }
  CHECK(thrown_by<misuse>([&] { return sink.commit(), 0; }).operation() == "png::file_sink::commit");
  CHECK_THROWS_AS(sink.write(old_content), misuse);
  CHECK(read_file(folder / "out") == old_content);
  CHECK(names_in(folder.path()) == names{"out"});
}

TEST_CASE("a rename that fails leaves nothing behind") {
  const temporary_folder folder;
  file_sink sink(folder / "out");
  sink.write(old_content);
  std::filesystem::create_directory(folder / "out");
  const error failure = thrown_by<error>([&] { return sink.commit(), 0; });
  CHECK(failure.operation() == "rename into place");
  CHECK(failure.code() == std::errc::is_a_directory);
  CHECK_THROWS_AS(sink.commit(), misuse);
  CHECK(names_in(folder.path()) == names{"out"});
}

// ---- what the new file is like

TEST_CASE("a new file has the permissions that the umask leaves") {
  const temporary_folder folder;
  for (const mode_t mask : {0022U, 0077U, 0000U}) {
    const with_umask masked(mask);
    const auto path = folder / std::to_string(mask);
    file_sink(path).commit();
    CHECK(permissions_of(path) == (0666U & ~mask));
  }
}

TEST_CASE("a file that is replaced hands its permissions on") {
  const temporary_folder folder;
  for (const mode_t mode : {0600U, 0640U, 0755U, 0444U}) {
    const auto path = folder / std::to_string(mode);
    write_file(path, old_content);
    REQUIRE(chmod(path.c_str(), mode) == 0);
    const with_umask masked(0077);
    file_sink(path).commit();
    CHECK(permissions_of(path) == mode);
    CHECK(read_file(path).empty());
  }
}

TEST_CASE("the temporary file of a secret is never readable for others") {
  const temporary_folder folder;
  write_file(folder / "out", old_content);
  REQUIRE(chmod((folder / "out").c_str(), 0600) == 0);
  const with_umask masked(0);
  const file_sink sink(folder / "out");
  for (const std::string& name : names_in(folder.path())) CHECK(permissions_of(folder / name) == 0600U);
}

TEST_CASE("a link stays a link: what it leads to is replaced") {
  const temporary_folder folder;
  std::filesystem::create_directory(folder / "elsewhere");
  write_file(folder / "elsewhere/real", old_content);
  std::filesystem::create_symlink(folder / "elsewhere/real", folder / "link");
  file_sink sink(folder / "link");
  sink.write(to_bytes("new"));
  CHECK(names_in(folder.path()) == names{"elsewhere", "link"});  // the temporary is beside the real file
  sink.commit();
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read_file(folder / "elsewhere/real") == to_bytes("new"));
  CHECK(names_in(folder / "elsewhere") == names{"real"});
}

TEST_CASE("another file with a name like a temporary's is left alone") {
  const temporary_folder folder;
  write_file(folder / "out.1.part", old_content);
  file_sink(folder / "out").commit();
  CHECK(names_in(folder.path()) == names{"out", "out.1.part"});
}

TEST_CASE("a sink that moved commits what was written before and after") {
  const temporary_folder folder;
  file_sink first(folder / "out");
  first.write(to_bytes("before, "));
  file_sink second = std::move(first);
  second.write(to_bytes("after"));
  second.commit();
  CHECK(read_file(folder / "out") == to_bytes("before, after"));
  CHECK(names_in(folder.path()) == names{"out"});
}

TEST_CASE("two sinks for one name do not meet: the last commit wins whole") {
  const temporary_folder folder;
  file_sink first(folder / "out");
  file_sink second(folder / "out");
  second.write(to_bytes("second"));
  first.write(to_bytes("first"));
  first.commit();
  CHECK(read_file(folder / "out") == to_bytes("first"));
  second.commit();
  CHECK(read_file(folder / "out") == to_bytes("second"));
}

TEST_CASE("an encoded file decodes") {
  const temporary_folder folder;
  const image picture = make_picture({color_type::rgba, 8}, 30, 20);
  encode_file(folder / "out.png", picture);
  CHECK(same_pixels(decode(file_source(folder / "out.png")), picture));
}

// ---- what cannot be a file

std::error_code code_of_opening(const std::filesystem::path& path) {
  const error failure = thrown_by<error>([&] { return file_sink(path); });
  CHECK(failure.operation() == "open for writing");
  CHECK(std::string(failure.what()).contains(path.filename().string()));
  return failure.code();
}

TEST_CASE("a folder, and a file in a folder that is not there, are errors of the system") {
  const temporary_folder folder;
  CHECK(code_of_opening(folder.path()) == std::errc::is_a_directory);
  CHECK(code_of_opening(folder / "missing/out") == std::errc::no_such_file_or_directory);
  write_file(folder / "file", old_content);
  CHECK(code_of_opening(folder / "file/out") == std::errc::not_a_directory);
  CHECK(names_in(folder.path()) == names{"file"});
}

TEST_CASE("devices and pipes are refused, because they cannot be replaced") {
  const temporary_folder folder;
  CHECK(code_of_opening("/dev/null") == std::errc::not_supported);
  CHECK(code_of_opening("/dev/full") == std::errc::not_supported);
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(code_of_opening(folder / "pipe") == std::errc::not_supported);
  const error failure = thrown_by<error>([&] { return file_sink(folder / "pipe"); });
  CHECK(std::string(failure.what()).contains("write to it through a sink of your own"));
  CHECK(names_in(folder.path()) == names{"pipe"});
}

TEST_CASE("a folder that may not be written to is an error of the system") {
  const temporary_folder folder;
  REQUIRE(chmod(folder.path().c_str(), 0555) == 0);
  const without_privileges dropped;
  if (!dropped) SKIP("root may write everywhere, and here it cannot become anyone else");
  CHECK(code_of_opening(folder / "out") == std::errc::permission_denied);
}

}  // namespace
}  // namespace gauntlet::png::test
