#pragma once
// What the tests of files share.

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace gauntlet::uring::test {

/// What an operation answers, as a system call would say it: a number, 0, or a negative errno.
template <class Operation>
task<long> result_of(Operation operation) {
  using value = decltype(operation.await_resume());
  try {
    if constexpr (std::is_same_v<value, std::size_t>) {
      co_return static_cast<long>(co_await std::move(operation));
    } else if constexpr (std::is_void_v<value>) {
      co_await std::move(operation);
      co_return 0;
    } else {
      static_cast<void>(co_await std::move(operation));
      co_return 0;
    }
  } catch (const error& failure) {
    co_return failure.res();
  }
}

/// Of what a system call has answered.
inline long result_of_system(long answered) { return answered < 0 ? -errno : answered; }

void put_file(const std::string& path, std::string_view contents);
std::string get_file(const std::string& path);

/// Two ends of a pipe, as files: what is written to the second is read from the first. flags: of pipe2(2).
std::pair<file, file> pipe_of(ring& on, int flags = 0);

/// So many bytes, none of which says nothing of its place.
std::string pattern(std::size_t size);

}  // namespace gauntlet::uring::test
