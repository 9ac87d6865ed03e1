// Folders: read at once, in portions, and while other things happen.
#include <catch2/catch_test_macros.hpp>

#include "fs_support.hpp"

namespace gauntlet::uv::test {
namespace {

using entries = std::vector<fs::directory_entry>;
using fs::file_type;

void fill(const temporary_folder& folder) {
  folder.make("b");
  folder.make("a");
  fs::mkdir(folder / "c");
  fs::symlink("a", folder / "d");
}

const entries filled = {{"a", file_type::regular},
                        {"b", file_type::regular},
                        {"c", file_type::directory},
                        {"d", file_type::symlink}};

entries sorted(entries found) {
  std::ranges::sort(found, [](const auto& left, const auto& right) {
    return std::ranges::lexicographical_compare(left.name, right.name);
  });
  return found;
}

TEST_CASE("fs_scandir: by name, with types") {
  const temporary_folder folder;
  fill(folder);
  CHECK(fs::scandir(folder.path()) == filled);
  CHECK(value_in_flight<entries>(
            [&](loop& loop, auto done) { return fs::scandir(loop, folder.path(), done); }) == filled);
}

TEST_CASE("fs_scandir_empty_dir") {
  const temporary_folder folder;
  CHECK(fs::scandir(folder.path()).empty());
  CHECK(value_in_flight<entries>([&](loop& loop, auto done) {
          return fs::scandir(loop, folder.path(), done);
        }).empty());
}

TEST_CASE("fs_scandir_early_exit: a callback that throws leaves nothing behind") {
  const temporary_folder folder;
  fill(folder);
  loop loop = fs_loop();
  fs::scandir(loop, folder.path(), [](const entries& found) { throw std::out_of_range(found.back().name); });
  CHECK(thrown_by<std::out_of_range>([&] { loop.run(); }) == "d");
  run_to_the_end(loop);
}

TEST_CASE("mkdir, rmdir") {
  const temporary_folder folder;
  fs::mkdir(folder / "now", fs::permissions::owner_all);
  CHECK(fs::stat(folder / "now").mode == fs::permissions::owner_all);
  value_in_flight<void>([&](loop& loop, auto done) { return fs::mkdir(loop, folder / "later", done); });
  CHECK(fs::stat(folder / "later").type == file_type::directory);
  fs::rmdir(folder / "now");
  value_in_flight<void>([&](loop& loop, auto done) { return fs::rmdir(loop, folder / "later", done); });
  CHECK(fs::scandir(folder.path()).empty());
  CHECK(error_of_both([&] { fs::rmdir(std::filesystem::path(folder.path()).parent_path()); },
                      [&](loop& loop, auto done) {
                        return fs::rmdir(loop, std::filesystem::path(folder.path()).parent_path(), done);
                      }) == "ENOTEMPTY");
}

TEST_CASE("fs_readdir_non_empty_dir: in portions, empty at the end") {
  const temporary_folder folder;
  fill(folder);
  fs::directory now = fs::opendir(folder.path());
  entries found;
  for (entries portion = now.readdir(3); !portion.empty(); portion = now.readdir(1))
    found.insert(found.end(), portion.begin(), portion.end());
  CHECK(sorted(found) == filled);
  CHECK(now.readdir(1000).empty());
  now.close();
  CHECK(misuse_of([&] { now.readdir(1); }).find("fs::directory::readdir: the directory is closed") == 0);

  loop loop = fs_loop();
  fs::directory later;
  found.clear();
  callback<void(entries)>* again = nullptr;
  callback<void(entries)> next = [&](entries portion) {
    if (portion.empty()) {
      later.close(loop, [&] { found.push_back({"closed"}); });
      return;
    }
    found.insert(found.end(), portion.begin(), portion.end());
    later.readdir(loop, 2, [&](entries following) { (*again)(std::move(following)); });
  };
  again = &next;
  fs::opendir(loop, folder.path(), [&](fs::directory opened) {
    later = std::move(opened);
    later.readdir(loop, 3, [&](entries first) {
      CHECK(first.size() == 3);
      next(std::move(first));
    });
  });
  run_to_the_end(loop);
  CHECK_FALSE(later.is_open());
  REQUIRE(found.size() == 5);
  CHECK(found.back().name == "closed");
  found.pop_back();
  CHECK(sorted(found) == filled);
}

TEST_CASE("fs_readdir_empty_dir") {
  const temporary_folder folder;
  fs::directory directory = fs::opendir(folder.path());
  CHECK(directory.readdir(8).empty());
  CHECK(value_in_flight<entries>([&](loop& loop, auto done) {
          return directory.readdir(loop, 8, done);
        }).empty());
}

TEST_CASE("a folder is read by one at a time, and may go while it is read") {
  const temporary_folder folder;
  fill(folder);
  fs::directory directory = fs::opendir(folder.path());
  busy_pool busy;
  loop loop;
  int read = 0;
  directory.readdir(loop, 10, [&](entries found) { read += static_cast<int>(found.size()); });
  CHECK(misuse_of([&] { directory.readdir(loop, 1, [](entries) {}); }).find("is in flight") !=
        std::string::npos);
  CHECK(misuse_of([&] { directory.readdir(1); }).find("is in flight") != std::string::npos);
  CHECK(misuse_of([&] { directory.close(); }).find("is in flight") != std::string::npos);
  CHECK(misuse_of([&] { directory.close(loop, no_callback()); }).find("is in flight") != std::string::npos);
  CHECK(directory.is_open());
  directory = {};
  busy.free();
  run_to_the_end(loop);
  CHECK(read == 4);
}

TEST_CASE("a read that was cancelled frees the folder for the next") {
  const temporary_folder folder;
  fill(folder);
  fs::directory directory = fs::opendir(folder.path());
  busy_pool busy;
  loop loop;
  bool cancelled = false;
  request reading = directory.readdir(loop, 10, [&](outcome<entries> ended) {
    cancelled = ended.error()->code() == std::errc::operation_canceled;
    CHECK(directory.readdir(10).size() == 4);
  });
  CHECK(reading.cancel());
  loop.run();
  CHECK(cancelled);
  // And one that closes closes nevertheless.
  request closing = directory.close(loop, [&](outcome<> ended) { CHECK(ended.error() != nullptr); });
  CHECK(closing.cancel());
  busy.free();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
