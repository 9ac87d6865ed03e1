#include "operation_cases.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <sstream>

#include "in_order.hpp"

namespace gauntlet::uring::test {
namespace {

/// All that is in it: names, kinds, permissions, contents, numbers of names.
std::map<std::string, std::string, gauntlet::test::in_order> all_in(const tree& place) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string, gauntlet::test::in_order> found;
  const fs::path root = place / "";
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    struct stat known{};
    REQUIRE(::lstat(entry.path().c_str(), &known) == 0);
    std::ostringstream text;
    text << std::oct << known.st_mode << ' ' << std::dec << known.st_nlink << ' ';
    if (S_ISLNK(known.st_mode)) text << fs::read_symlink(entry.path()).string();
    if (S_ISREG(known.st_mode)) text << known.st_size << ' ' << get_file(entry.path().string());
    found[entry.path().lexically_relative(root).string()] = text.str();
  }
  return found;
}

}  // namespace

void furnish(const tree& place) {
  put_file(place / "a", "hello");
  put_file(place / "b", pattern(100'000));
  REQUIRE(::mkdir((place / "d").c_str(), 0755) == 0);
  REQUIRE(::mkdir((place / "full").c_str(), 0755) == 0);
  put_file(place / "full/x", "x");
  REQUIRE(::symlink("a", (place / "s").c_str()) == 0);
  REQUIRE(::symlink("loop", (place / "loop").c_str()) == 0);
}

void compare(std::span<const operation_case> operations) {
  const tree one;
  const tree other;
  furnish(one);
  furnish(other);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    for (const operation_case& each : operations) {
      INFO(each.name);
      const long by_ring = co_await each.by_ring(own, one);
      CHECK(by_ring == each.by_system(other));
    }
  });
  CHECK(all_in(one) == all_in(other));
}

opened::opened(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC)) {
  REQUIRE(number_ >= 0);
}
opened::~opened() { ::close(number_); }

long open_and_close(int number) {
  if (number >= 0) ::close(number);
  return number < 0 ? -errno : 0;
}

}  // namespace gauntlet::uring::test
