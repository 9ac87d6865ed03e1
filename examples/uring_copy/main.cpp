// Copies a file or a tree through io_uring: uring_copy SOURCE DESTINATION.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "copy.hpp"

namespace uring = gauntlet::uring;
using namespace std::chrono_literals;

namespace {

constexpr const char* usage =
    "usage: uring_copy SOURCE DESTINATION\n"
    "Copies a file or a tree, many files at a time, through io_uring. DESTINATION must not be there.\n"
    "Kept are contents with their holes, permissions, times of last change, symbolic links as they are, "
    "several\n"
    "names of one file, and owners where the system lets us. Not copied are other attributes, access "
    "control\n"
    "lists, devices, pipes and sockets. What cannot be copied is told, and the rest goes on: the answer is "
    "1\n"
    "then.\n";

void show(const uring_copy::progress& so_far, const char* end) {
  std::fprintf(stderr, "\r%llu files, %llu folders, %llu links, %.1f MiB%s",
               static_cast<unsigned long long>(so_far.files), static_cast<unsigned long long>(so_far.folders),
               static_cast<unsigned long long>(so_far.links),
               static_cast<double>(so_far.bytes) / (1024.0 * 1024.0), end);
}

gauntlet::task<> show_often(const uring_copy::progress& so_far) {
  for (;;) {
    co_await gauntlet::sleep_for(100ms);
    show(so_far, "");
  }
}

int copy(const std::string& source, const std::string& destination) {
  const bool on_terminal = ::isatty(STDERR_FILENO) != 0;
  const uring_copy::options given{.on_failure = [&](const std::string& path, const std::exception& reason) {
    std::fprintf(stderr, "%s%s: %s\n", on_terminal ? "\r" : "", path.c_str(), reason.what());
  }};
  uring_copy::progress so_far;
  uring::ring ring;
  const auto program = [&]() -> gauntlet::task<> {
    auto copying = uring_copy::copy(ring, source, destination, given, so_far);
    if (on_terminal)
      co_await gauntlet::when_any(std::move(copying), show_often(so_far));
    else
      co_await std::move(copying);
  };
  gauntlet::run(ring, program());
  if (on_terminal) show(so_far, "\n");
  return so_far.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) try {
  const std::span<char* const> words(arguments, static_cast<std::size_t>(count));
  for (const char* const word : words)
    if (std::string_view(word) == "--help") {
      std::fputs(usage, stdout);
      return 0;
    }
  if (words.size() != 3) {
    std::fputs(usage, stderr);
    return 2;
  }
  return copy(words[1], words[2]);
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
