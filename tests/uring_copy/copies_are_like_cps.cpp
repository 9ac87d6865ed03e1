#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "copy.hpp"
#include "in_order.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

namespace fs = std::filesystem;

std::string contents_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& path, const std::string& contents) {
  std::ofstream out(path, std::ios::binary);
  out << contents;
  REQUIRE(out.flush());
}

std::string bytes_for(std::size_t number, std::size_t size) {
  std::string made(size, '\0');
  constexpr std::uint64_t prime = 2147483647;
  std::uint64_t state = (number + 1) * 2654435761U % prime;
  for (char& each : made) {
    state = state * 48271 % prime;
    each = static_cast<char>(state % 127);
  }
  return made;
}

/// Small files, some empty, some large, some with holes, links of both kinds, strange names and permissions.
void make_tree(const fs::path& root, std::size_t files) {
  REQUIRE(::mkdir(root.c_str(), 0750) == 0);
  fs::path folder = root;
  for (std::size_t i = 0; i < files; ++i) {
    if (i % 100 == 0) {
      folder = (i % 300 == 0 ? root : folder) / ("folder " + std::to_string(i));
      REQUIRE(::mkdir(folder.c_str(), 0755) == 0);
    }
    const fs::path path = folder / ("file " + std::to_string(i));
    put(path, bytes_for(i, i % 7 == 0 ? 0 : i * 37 % 5000));
    constexpr std::array<mode_t, 4> modes{0644, 0600, 0751, 0444};
    REQUIRE(::chmod(path.c_str(), modes[i % modes.size()]) == 0);
    if (i % 50 == 1) REQUIRE(::symlink(path.filename().c_str(), (path.string() + " link").c_str()) == 0);
    if (i % 60 == 2) REQUIRE(::link(path.c_str(), (root / ("name " + std::to_string(i))).c_str()) == 0);
  }
  REQUIRE(::symlink("/nowhere/at all", (root / "dangling").c_str()) == 0);
  put(root / "large", bytes_for(1, 3'000'001));
  put(root / "new\nline \xff", "x");
  REQUIRE(::mkdir((root / "empty").c_str(), 0700) == 0);
  REQUIRE(::mkdir((root / "closed").c_str(), 0755) == 0);
  put(root / "closed/inside", "y");
  REQUIRE(::chmod((root / "closed").c_str(), 0555) == 0);
  const int holes = ::open((root / "holes").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  REQUIRE(::pwrite(holes, "middle", 6, 8 << 20) == 6);
  REQUIRE(::ftruncate(holes, 24 << 20) == 0);
  REQUIRE(::close(holes) == 0);
  const timespec old[2] = {{1'000'000'000, 123'456'789}, {1'100'000'000, 987'654'321}};
  REQUIRE(::utimensat(AT_FDCWD, (root / "large").c_str(), old, 0) == 0);
  REQUIRE(::utimensat(AT_FDCWD, (root / "empty").c_str(), old, 0) == 0);
  REQUIRE(::utimensat(AT_FDCWD, (root / "dangling").c_str(), old, AT_SYMLINK_NOFOLLOW) == 0);
}

/// Each name with all that `cp -a` keeps, and the names of one file by the first of them.
std::map<std::string, std::string, gauntlet::test::in_order> listing(const fs::path& root) {
  std::vector<fs::path> names{root};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root))
    names.push_back(entry.path());
  std::ranges::sort(names);
  std::map<ino_t, std::string> first_names;
  std::map<std::string, std::string, gauntlet::test::in_order> found;
  for (const fs::path& path : names) {
    struct stat known{};
    REQUIRE(::lstat(path.c_str(), &known) == 0);
    const std::string name = path.lexically_relative(root).string();
    std::ostringstream text;
    text << std::oct << known.st_mode << std::dec << ' ' << known.st_uid << ' ' << known.st_gid << ' '
         << known.st_nlink << ' ' << known.st_mtim.tv_sec << '.' << known.st_mtim.tv_nsec << ' '
         << first_names.try_emplace(known.st_ino, name).first->second << ' ';
    if (S_ISLNK(known.st_mode)) text << fs::read_symlink(path).string();
    if (S_ISREG(known.st_mode)) text << known.st_size << ' ' << contents_of(path);
    found[name] = text.str();
  }
  return found;
}

void require_equal(const fs::path& one, const fs::path& other) {
  const auto left = listing(one);
  const auto right = listing(other);
  CHECK(left.size() == right.size());
  for (const auto& [name, text] : left) {
    INFO(name);
    const auto same = right.find(name);
    REQUIRE(same != right.end());
    if (same->second != text)  // too long to be shown whole
      FAIL_CHECK(text.substr(0, 80) << " is now " << same->second.substr(0, 80));
  }
}

void copy_by_cp(const fs::path& from, const fs::path& to) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("cp", "cp", "-a", from.c_str(), to.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

uring_copy::progress copied(const fs::path& from, const fs::path& to, uring_copy::options given = {}) {
  ring own;
  uring_copy::progress so_far;
  run_to_the_end(own, [&]() { return uring_copy::copy(own, from, to, std::move(given), so_far); });
  return so_far;
}

std::uint64_t blocks_of(const fs::path& path) {
  struct stat known{};
  REQUIRE(::stat(path.c_str(), &known) == 0);
  return static_cast<std::uint64_t>(known.st_blocks);
}

}  // namespace

TEST_CASE("a copied tree is what cp -a makes of it") {
  require_io_uring();
  const temporary_folder place;
  const fs::path root(place / "tree");
  make_tree(root, GAUNTLET_FILES);
  copy_by_cp(root, place / "by cp");
  const uring_copy::progress told = copied(root, place / "copy");
  CHECK(told.failures == 0);
  CHECK(told.files >= GAUNTLET_FILES);
  require_equal(place / "by cp", place / "copy");
  // cp keeps holes where it finds them.
  CHECK(blocks_of(fs::path(place / "copy") / "holes") <= blocks_of(root / "holes") + 8);
  fs::permissions(root / "closed", fs::perms::owner_all);
  fs::permissions(fs::path(place / "copy") / "closed", fs::perms::owner_all);
  fs::permissions(fs::path(place / "by cp") / "closed", fs::perms::owner_all);
}

TEST_CASE("little room for files and buffers makes the same copy") {
  require_io_uring();
  const temporary_folder place;
  make_tree(place / "tree", 120);
  copy_by_cp(place / "tree", place / "by cp");
  const uring_copy::progress told =
      copied(place / "tree", place / "copy", {.files_at_once = 1, .buffers = 1, .buffer_size = 4096});
  CHECK(told.failures == 0);
  require_equal(place / "by cp", place / "copy");
}

TEST_CASE("a file and a link are copied by themselves") {
  require_io_uring();
  const temporary_folder place;
  put(place / "a", bytes_for(3, 400'000));
  REQUIRE(::symlink("a", (place / "s").c_str()) == 0);
  CHECK(copied(place / "a", place / "b").bytes == 400'000);
  CHECK(contents_of(place / "b") == contents_of(place / "a"));
  CHECK(copied(place / "s", place / "t").links == 1);
  CHECK(fs::read_symlink(place / "t") == "a");
}

TEST_CASE("what is there is not overwritten, and nothing is copied into itself") {
  require_io_uring();
  const temporary_folder place;
  make_tree(place / "tree", 3);
  put(place / "a", "kept");
  CHECK_THROWS_AS(copied(place / "tree", place / "a"), gauntlet::error);
  CHECK_THROWS_AS(copied(place / "tree/large", place / "a"), gauntlet::error);
  CHECK(contents_of(place / "a") == "kept");
  CHECK_THROWS_AS(copied(place / "tree", place / "tree/inside"), gauntlet::error);
  CHECK_FALSE(fs::exists(place / "tree/inside"));
  CHECK_THROWS_AS(copied(place / "none", place / "copy"), gauntlet::error);
  try {
    copied(place / "none", place / "copy");
  } catch (const gauntlet::error& failure) {
    CHECK(failure.subject() == place / "none");
  }
}

TEST_CASE("what cannot be copied is told, and the rest is copied") {
  require_io_uring();
  const temporary_folder place;
  REQUIRE(::mkdir((place / "tree").c_str(), 0755) == 0);
  put(place / "tree/a", "a");
  REQUIRE(::mkfifo((place / "tree/pipe").c_str(), 0644) == 0);
  put(place / "tree/z", "z");
  std::vector<std::string> told;
  const uring_copy::progress so_far =
      copied(place / "tree", place / "copy",
             {.on_failure = [&](const std::string& path, const std::exception&) { told.push_back(path); }});
  CHECK(so_far.failures == 1);
  CHECK(told == std::vector<std::string>{place / "tree/pipe"});
  CHECK(contents_of(place / "copy/a") == "a");
  CHECK(contents_of(place / "copy/z") == "z");
}

TEST_CASE("a copy that is cancelled leaves no half files") {
  require_io_uring();
  const temporary_folder place;
  make_tree(place / "tree", 200);
  ring own;
  uring_copy::progress so_far;
  run_to_the_end(own, [&]() -> task<> {
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn(uring_copy::copy(own, place / "tree", place / "copy", {}, so_far));
      while (so_far.files < 20) co_await own.nop();
      all.request_stop();
    });
  });
  CHECK(so_far.files >= 20);
  const auto before = listing(place / "tree");
  const auto after = listing(place / "copy");
  for (const auto& [name, text] : after) {
    INFO(name);
    const fs::path original = fs::path(place / "tree") / name;
    if (fs::is_regular_file(fs::symlink_status(original)))
      CHECK(contents_of(fs::path(place / "copy") / name) == contents_of(original));
  }
  CHECK(after.size() < before.size());
}

}  // namespace gauntlet::uring::test
