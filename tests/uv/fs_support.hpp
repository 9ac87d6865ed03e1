#pragma once
/// What the tests of libuv's file system share.

#include <uv.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {

inline std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// With UV_USE_IO_URING=1 in the environment, and a libuv that can, operations go to io_uring.
inline bool uses_io_uring() {
#if UV_VERSION_HEX >= ((1 << 16) | (49 << 8))
  const char* const wanted = std::getenv("UV_USE_IO_URING");
  return wanted != nullptr && std::string_view(wanted) == "1";
#else
  return false;
#endif
}

inline loop fs_loop() { return loop(loop_options{.use_io_uring_sqpoll = uses_io_uring()}); }

/// All of libuv's threads are busy until this is destroyed or free() is called: what is queued meanwhile
/// waits.
class busy_pool {
 public:
  busy_pool() : started_(static_cast<std::ptrdiff_t>(threads())) {
    for (std::size_t i = 0; i < threads(); ++i)
      queue_work(loop_, [this] {
        started_.count_down();
        free_.wait();
      });
    started_.wait();
  }
  busy_pool(const busy_pool&) = delete;
  busy_pool& operator=(const busy_pool&) = delete;
  ~busy_pool() {
    free();
    loop_.run();
  }
  void free() {
    if (!std::exchange(freed_, true)) free_.count_down();
  }

 private:
  static std::size_t threads() {
    const char* const size = std::getenv("UV_THREADPOOL_SIZE");
    return size == nullptr ? 4 : static_cast<std::size_t>(std::clamp(std::atoi(size), 1, 1024));
  }

  loop loop_;
  std::latch started_;
  std::latch free_{1};
  bool freed_ = false;
};

/// How an operation in flight ended. start(loop&, callback).
template <class T, class Start>
outcome<T> ended_in_flight(Start&& start) {
  std::optional<outcome<T>> ended;
  int calls = 0;
  loop loop = fs_loop();
  request started = start(loop, [&](outcome<T> told) {
    ++calls;
    ended.emplace(std::move(told));
  });
  CHECK_FALSE(started.done());
  run_to_the_end(loop);
  CHECK(started.done());
  REQUIRE(calls == 1);
  return std::move(*ended);
}

template <class T, class Start>
T value_in_flight(Start&& start) {
  return ended_in_flight<T>(std::forward<Start>(start)).value();
}

/// libuv's name of the error that both forms of an operation answer, and that must be the same.
template <class Now, class Start>
std::string error_of_both(Now&& now, Start&& start) {
  std::optional<error> thrown;
  try {
    now();
  } catch (const error& failure) {
    thrown = failure;
  }
  REQUIRE(thrown);
  std::optional<error> told;
  loop loop = fs_loop();
  start(loop, [&](auto&& ended) {
    if (ended.error() != nullptr) told = *ended.error();
  });
  run_to_the_end(loop);
  REQUIRE(told);
  CHECK(told->code() == thrown->code());
  CHECK(told->operation() == thrown->operation());
  CHECK(told->subject() == thrown->subject());
  CHECK_FALSE(told->subject().empty());
  return thrown->name();
}

}  // namespace gauntlet::uv::test
