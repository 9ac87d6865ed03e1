#pragma once
// Copies a file or a tree, with many files on their way at a time.
//
// What is kept: contents, with their holes; permissions; times of last change; symbolic links, as they are;
// names of one file that are in the tree more than once; owners, where the system lets us. What is not: other
// attributes, access control lists, devices, pipes and sockets.
//
// io_uring lists no folders, reads no links, and changes neither owners, permissions nor times: that is done
// by plain system calls in between, which do not wait for a disk for long.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>

namespace uring_copy {

struct options {
  /// Files on their way at a time, each with two descriptors.
  std::size_t files_at_once = 64;
  /// Buffers that hold contents on their way: all the memory that contents take.
  std::size_t buffers = 32;
  std::size_t buffer_size = std::size_t{128} << 10;
  /// Told of each that could not be copied, and why; the others are.
  std::function<void(const std::string& path, const std::exception& reason)> on_failure{};
};

struct progress {
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t links = 0;  ///< symbolic ones, and further names
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
};

/// destination must not be there. Throws what keeps the whole from being copied; so far is always up to date.
gauntlet::task<> copy(gauntlet::uring::ring& ring, std::string source, std::string destination, options given,
                      progress& so_far);

}  // namespace uring_copy
