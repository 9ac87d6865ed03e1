#include "copy.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <source_location>
#include <system_error>
#include <utility>
#include <vector>

#include "data.hpp"
#include "metadata.hpp"

namespace uring_copy {
namespace fs = std::filesystem;
namespace uring = gauntlet::uring;
using gauntlet::task;

namespace {

[[noreturn]] void refuse(std::errc why, const std::string& path, const char* detail,
                         std::source_location where = std::source_location::current()) {
  throw gauntlet::error(std::make_error_code(why), "copy", path, detail, where);
}

void refuse_into_itself(const fs::path& source, const fs::path& destination) {
  const fs::path from = fs::weakly_canonical(source);
  const fs::path to = fs::weakly_canonical(destination);
  const auto [end, ignored] = std::mismatch(from.begin(), from.end(), to.begin(), to.end());
  if (end == from.end() && fs::is_directory(from))
    refuse(std::errc::invalid_argument, destination.string(), "it lies inside of what is copied");
}

bool is_canceled(const std::system_error& reason) { return reason.code() == std::errc::operation_canceled; }

struct pair_of_paths {
  std::string from{};
  std::string to{};
};

class copier {
 public:
  copier(uring::ring& ring, options given, progress& so_far)
      : ring_(ring),
        given_(std::move(given)),
        so_far_(so_far),
        files_(given_.files_at_once, "files at once"),
        buffers_(given_.buffers, given_.buffer_size) {}

  task<> run(std::string source, std::string destination) {
    const pair_of_paths at{std::move(source), std::move(destination)};
    const uring::file_status status = co_await uring::statx(ring_, at.from, {.follow = uring::follow::no});
    if (status.type == gauntlet::file_type::directory)
      co_await copy_tree(at, status);
    else
      co_await copy_entry(at, status);
  }

 private:
  struct folder {
    std::string path;
    uring::file_status status;
  };

  task<> copy_tree(const pair_of_paths& root, const uring::file_status& status) {
    co_await make_folder(root, status);
    const auto walk = [&](gauntlet::scope& all) -> task<> {
      while (!unread_.empty()) {
        const pair_of_paths next = std::move(unread_.back());
        unread_.pop_back();
        co_await read_folder(all, next);
        if (unread_.empty()) co_await all.join();  // which may find more
      }
    };
    co_await gauntlet::with_scope(walk);
    for (const pair_of_paths& again : further_names_) co_await give_name(again);
    // The deepest first, whose changes would change the others' times.
    for (auto left = folders_.rbegin(); left != folders_.rend(); ++left)
      set_metadata(left->path, left->status);
  }

  /// Nobody else may look into it before it is as it should be.
  task<> make_folder(const pair_of_paths& at, const uring::file_status& status) {
    co_await uring::mkdir(ring_, at.to, gauntlet::permissions::owner_all);
    ++so_far_.folders;
    folders_.push_back({at.to, status});
    unread_.push_back(at);
  }

  task<> read_folder(gauntlet::scope& all, const pair_of_paths& at) {
    std::error_code failure;
    fs::directory_iterator entry(at.from, failure);
    while (!failure && entry != fs::directory_iterator()) {
      const std::string name = entry->path().filename().string();
      pair_of_paths one{at.from + "/" + name, at.to + "/" + name};
      auto permit = co_await files_.acquire();
      all.spawn(copy_one(std::move(one), std::move(permit)));
      entry.increment(failure);
    }
    if (failure)
      tell(at.from, gauntlet::error(failure, "read folder", at.from, "", std::source_location::current()));
  }

  task<> copy_one(pair_of_paths at, gauntlet::semaphore::permit) {
    try {
      const uring::file_status status = co_await uring::statx(ring_, at.from, {.follow = uring::follow::no});
      if (status.type == gauntlet::file_type::directory)
        co_await make_folder(at, status);
      else
        co_await copy_entry(at, status);
    } catch (const std::system_error& reason) {
      if (is_canceled(reason)) throw;
      tell(at.from, reason);
    }
  }

  task<> copy_entry(const pair_of_paths& at, const uring::file_status& status) {
    if (status.nlink > 1) {
      const auto [first, is_new] = names_.try_emplace({status.dev, status.ino}, at.to);
      if (!is_new) {
        further_names_.push_back({first->second, at.to});
        co_return;
      }
    }
    if (status.type == gauntlet::file_type::regular)
      co_await copy_file(at, status);
    else if (status.type == gauntlet::file_type::symlink)
      co_await copy_link(at, status);
    else
      refuse(std::errc::not_supported, at.from, "it is neither a file, a folder nor a symbolic link");
  }

  task<> copy_file(const pair_of_paths& at, const uring::file_status& status) {
    using uring::open_flags;
    uring::file from = co_await uring::open(ring_, at.from, open_flags::read_only | open_flags::no_follow);
    uring::file to = co_await uring::open(
        ring_, at.to, open_flags::write_only | open_flags::create | open_flags::exclusive,
        gauntlet::permissions::owner_read | gauntlet::permissions::owner_write);
    try {
      co_await copy_data(from, to, status, buffers_, so_far_);
      co_await to.close();
      set_metadata(at.to, status);
    } catch (...) {
      ::unlink(at.to.c_str());  // half a file is none
      throw;
    }
    ++so_far_.files;
  }

  task<> copy_link(const pair_of_paths& at, const uring::file_status& status) {
    co_await uring::symlink(fs::read_symlink(at.from), ring_, at.to);
    set_metadata(at.to, status);
    ++so_far_.links;
  }

  task<> give_name(const pair_of_paths& again) {
    try {
      co_await uring::linkat(ring_, again.from, again.to);
      ++so_far_.links;
    } catch (const std::system_error& reason) {
      if (is_canceled(reason)) throw;
      tell(again.to, reason);
    }
  }

  void tell(const std::string& path, const std::exception& reason) {
    ++so_far_.failures;
    if (given_.on_failure) given_.on_failure(path, reason);
  }

  uring::ring& ring_;
  options given_;
  progress& so_far_;
  gauntlet::semaphore files_;
  buffer_pool buffers_;
  std::vector<pair_of_paths> unread_;  // folders
  std::vector<folder> folders_;        // in the order in which they were made
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> names_;  // of what has several, the first
  std::vector<pair_of_paths> further_names_;
};

}  // namespace

task<> copy(uring::ring& ring, std::string source, std::string destination, options given, progress& so_far) {
  refuse_into_itself(source, destination);
  copier copying(ring, std::move(given), so_far);
  co_await copying.run(std::move(source), std::move(destination));
}

}  // namespace uring_copy
