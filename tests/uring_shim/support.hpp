#pragma once
/// What the tests of the io_uring shim share.

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "library.h"

namespace gauntlet::uring_shim::test {

struct destroyer {
  void operator()(io_uring* ring) const { gauntlet_uring_destroy(ring); }
};
using ring_owner = std::unique_ptr<io_uring, destroyer>;

/// A ring; where the machine has none, or none with these flags, the test is skipped and says why.
ring_owner make_ring(unsigned entries, std::uint32_t flags = 0);

/// Queues that many nops, whose user_data count on from first, and submits them.
void submit_nops(io_uring* ring, unsigned count, std::uint64_t first);

/// At most count completions that are there.
std::vector<gauntlet_uring_completion> reap(io_uring* ring, unsigned count);

/// The user_data of completions.
std::vector<std::uint64_t> data_of(const std::vector<gauntlet_uring_completion>& completions);

/// first, first + 1, ... of that many.
std::vector<std::uint64_t> counted(std::uint64_t first, std::size_t count);

/// The bytes of one submission: 64, or 128 in a ring with IORING_SETUP_SQE128.
std::size_t entry_size(const io_uring* ring);

/// The place that the next submission will take.
std::byte* next_entry(const io_uring* ring);

/// Fills all places of submissions with what no submission has.
void fill_with_garbage(io_uring* ring);

}  // namespace gauntlet::uring_shim::test
