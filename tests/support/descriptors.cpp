#include "descriptors.hpp"

#include <dirent.h>
#include <execinfo.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace gauntlet::test {
namespace {

struct closes_directory {
  void operator()(DIR* directory) const { closedir(directory); }
};

std::vector<int> open_descriptors() {
  const std::unique_ptr<DIR, closes_directory> directory{opendir("/proc/self/fd")};
  if (!directory) return {};
  std::vector<int> found;
  while (const dirent* entry = readdir(directory.get())) {
    int descriptor = -1;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    const bool is_number = std::from_chars(entry->d_name, end, descriptor).ec == std::errc{};
    if (is_number && descriptor != dirfd(directory.get())) found.push_back(descriptor);
  }
  return found;
}

std::string target_of(int descriptor) {
  char target[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), target, sizeof target);
  return length < 0 ? "?" : std::string(target, static_cast<std::size_t>(length));
}

}  // namespace

descriptor_watch::descriptor_watch() : known_{open_descriptors()} {}

std::vector<std::string> descriptor_watch::leaked() const {
  std::vector<std::string> leaked;
  for (const int descriptor : open_descriptors())
    if (std::ranges::find(known_, descriptor) == known_.end())
      leaked.push_back(std::to_string(descriptor) + " -> " + target_of(descriptor));
  return leaked;
}

bool report_leaks(const descriptor_watch& watch) {
  const std::vector<std::string> leaked = watch.leaked();
  for (const std::string& descriptor : leaked)
    std::fprintf(stderr, "gauntlet: leaked descriptor %s\n", descriptor.c_str());
  return !leaked.empty();
}

}  // namespace gauntlet::test

// The linker's --wrap=close sends every call of close() in our objects and in static libraries to
// __wrap_close, and calls the real one (a sanitizer's, where there is one) __real_close. Calls inside a
// shared library, libc's own included, are not seen: hence fclose as well, whose close() happens inside libc.
// A number that was opened again in between is not seen either; nobody can.
extern "C" {

int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __real_fclose(FILE* stream);
int __wrap_fclose(FILE* stream);

// Each sanitizer's runtime has it.
[[gnu::weak]] void __sanitizer_print_stack_trace();
}

namespace {

void print_stack() {
  if (__sanitizer_print_stack_trace != nullptr) return __sanitizer_print_stack_trace();
  void* frames[32];
  backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
}

int checked(int result, int descriptor) {
  if (result == 0 || errno != EBADF) return result;
  std::fprintf(stderr, "gauntlet: double close of descriptor %d\n", descriptor);
  print_stack();
  std::abort();
}

}  // namespace

int __wrap_close(int descriptor) { return checked(__real_close(descriptor), descriptor); }

int __wrap_fclose(FILE* stream) {
  const int descriptor = fileno(stream);  // afterwards there is no stream to ask
  return checked(__real_fclose(stream), descriptor);
}
