#pragma once
// How files are made of what the kernel answers.

#include "gauntlet/uring/file.hpp"

namespace gauntlet::uring::detail {

struct file_access {
  static file make(ring_core& ring, int number) { return {ring, number}; }
};

}  // namespace gauntlet::uring::detail
