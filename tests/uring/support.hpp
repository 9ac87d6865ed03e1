#pragma once
// What the tests of io_uring share.

#include <catch2/catch_test_macros.hpp>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace gauntlet::uring::test {

/// Skips the test, with the reason, where the kernel has no io_uring.
void require_io_uring();

/// Runs a task to its end, and proves that the ring closes clean: nothing was in flight, and no completion
/// came to nobody.
template <class Work>
void run_to_the_end(ring& on, Work&& work) {
  gauntlet::run(on, std::forward<Work>(work)());
  CHECK(on.metrics().stale == 0);
  CHECK(on.close().empty());
}

/// So many times into the kernel and back.
inline task<> make_turns(ring& own, int count) {
  while (count-- > 0) co_await own.nop();
}

/// The code of the error that awaiting it throws; none if it throws none.
template <class Awaitable>
task<std::error_code> code_of(Awaitable awaitable) {
  try {
    static_cast<void>(co_await std::move(awaitable));
  } catch (const gauntlet::error& thrown) {
    co_return thrown.code();
  }
  co_return std::error_code();
}

/// The sentence of the misuse that work throws; none if it throws none.
template <class Work>
std::string misuse_of(Work&& work) {
  try {
    static_cast<void>(std::forward<Work>(work)());
  } catch (const misuse& refused) {
    return refused.what();
  }
  return {};
}
/// The same, of a task.
template <class Work>
task<std::string> misuse_in(Work work) {
  try {
    co_await work();
  } catch (const misuse& refused) {
    co_return refused.what();
  }
  co_return std::string();
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A path in a folder of its own, which goes with all that is in it.
class temporary_folder {
 public:
  temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder();
  std::string operator/(std::string_view name) const { return std::string(path_).append("/").append(name); }

 private:
  std::string path_;
};

}  // namespace gauntlet::uring::test
