#include "support.hpp"

#include <string>
#include <system_error>

namespace gauntlet::uring_shim::test {

ring_owner make_ring(unsigned entries, std::uint32_t flags) {
  gauntlet_uring_params params = {};
  params.flags = flags;
  io_uring* ring = nullptr;
  const int status = gauntlet_uring_create(&ring, entries, &params);
  const std::string reason = std::system_category().message(-status);
  if (status == -ENOSYS || status == -EPERM) SKIP("no io_uring on this machine: " << reason);
  if (status == -EINVAL && flags != 0) SKIP("this kernel has no ring with flags " << flags << ": " << reason);
  INFO(reason);
  REQUIRE(status == 0);
  return ring_owner{ring};
}

void submit_nops(io_uring* ring, unsigned count, std::uint64_t first) {
  for (unsigned i = 0; i < count; ++i) {
    gauntlet_uring_entry entry = {};
    entry.user_data = first + i;
    REQUIRE(gauntlet_uring_queue_nop(ring, entry) == 0);
  }
  REQUIRE(io_uring_submit(ring) == static_cast<int>(count));
}

std::vector<gauntlet_uring_completion> reap(io_uring* ring, unsigned count) {
  std::vector<gauntlet_uring_completion> completions(count);
  completions.resize(gauntlet_uring_reap(ring, completions.data(), count));
  return completions;
}

std::vector<std::uint64_t> data_of(const std::vector<gauntlet_uring_completion>& completions) {
  std::vector<std::uint64_t> data;
  data.reserve(completions.size());
  for (const gauntlet_uring_completion& completion : completions) data.push_back(completion.user_data);
  return data;
}

std::vector<std::uint64_t> counted(std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(first + i);
  return numbers;
}

std::size_t entry_size(const io_uring* ring) { return (ring->flags & IORING_SETUP_SQE128) != 0 ? 128 : 64; }

std::byte* next_entry(const io_uring* ring) {
  // SAFETY: sqes is an array of ring_entries submissions of that size; any object may be seen as bytes.
  auto* const entries = reinterpret_cast<std::byte*>(ring->sq.sqes);
  return entries + (ring->sq.sqe_tail & ring->sq.ring_mask) * entry_size(ring);
}

void fill_with_garbage(io_uring* ring) {
  std::memset(ring->sq.sqes, 0xa5, ring->sq.ring_entries * entry_size(ring));
}

}  // namespace gauntlet::uring_shim::test
