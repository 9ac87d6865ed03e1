// Completions come out once, in their order, however the queue lies.
#include <algorithm>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <vector>

#include "support.hpp"

namespace gauntlet::uring_shim::test {
namespace {

TEST_CASE("reaping takes what is there and no more") {
  const ring_owner ring = make_ring(4);
  CHECK(reap(ring.get(), 4).empty());
  submit_nops(ring.get(), 3, 10);
  CHECK(gauntlet_uring_cq_ready(ring.get()) == 3);
  CHECK(reap(ring.get(), 0).empty());
  CHECK(data_of(reap(ring.get(), 2)) == counted(10, 2));
  CHECK(gauntlet_uring_cq_ready(ring.get()) == 1);
  CHECK(data_of(reap(ring.get(), 8)) == counted(12, 1));
  CHECK(gauntlet_uring_cq_ready(ring.get()) == 0);
}

TEST_CASE("reaping keeps the order while the queue wraps") {
  const ring_owner ring = make_ring(4);
  std::uint64_t submitted = 0;
  std::uint64_t reaped = 0;
  for (int round = 0; round < 100; ++round) {
    submit_nops(ring.get(), 3, submitted);
    submitted += 3;
    for (const unsigned some : {2U, 1U}) {
      REQUIRE(data_of(reap(ring.get(), some)) == counted(reaped, some));
      reaped += some;
    }
  }
  CHECK(reap(ring.get(), 1).empty());
}

TEST_CASE("a batch over the end of the queue comes out whole") {
  const ring_owner ring = make_ring(4);  // 8 completions
  for (unsigned before = 0; before < 8; ++before) {
    submit_nops(ring.get(), 1, before);
    CHECK(data_of(reap(ring.get(), 1)) == counted(before, 1));
    submit_nops(ring.get(), 4, 100);
    submit_nops(ring.get(), 4, 104);
    CHECK(data_of(reap(ring.get(), 8)) == counted(100, 8));
  }
}

TEST_CASE("reaping goes on where its counter wraps") {
  const ring_owner ring = make_ring(4);
  constexpr unsigned near_the_end = std::numeric_limits<unsigned>::max() - 5;
  // As after some billions of operations. The kernel counts the tail on from its own number, so the
  // completions are written here by hand; the kernel is asked for nothing any more.
  *ring->cq.khead = near_the_end;
  for (unsigned i = 0; i < 8; ++i) {
    ring->cq.cqes[(std::uint64_t{near_the_end} + i) & ring->cq.ring_mask].user_data = i;
  }
  gauntlet_uring_smp_store_release(ring->cq.ktail, 2);
  CHECK(data_of(reap(ring.get(), 16)) == counted(0, 8));
  CHECK(*ring->cq.khead == 2);
}

TEST_CASE("a completion is copied whole") {
  io_uring_cqe cqe;
  std::memset(&cqe, 0, sizeof cqe);
  cqe.user_data = 0x1122'3344'5566'7788;
  cqe.res = -7;
  cqe.flags = 0x8000'0003;
  gauntlet_uring_completion copied = {};
  gauntlet_uring_cqe_copy(&cqe, &copied);
  CHECK(copied.user_data == 0x1122'3344'5566'7788);
  CHECK(copied.res == -7);
  CHECK(copied.flags == 0x8000'0003);
}

TEST_CASE("an operation that fails is a completion with its errno") {
  const ring_owner ring = make_ring(4);
  gauntlet_uring_entry entry = {};
  entry.user_data = 7;
  REQUIRE(gauntlet_uring_queue_close(ring.get(), entry, -1) == 0);
  REQUIRE(io_uring_submit_and_wait(ring.get(), 1) == 1);
  const std::vector<gauntlet_uring_completion> completions = reap(ring.get(), 4);
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].user_data == 7);
  CHECK(completions[0].res == -EBADF);
}

TEST_CASE("completions that overflow the queue come after it is emptied") {
  const ring_owner ring = make_ring(4);  // 8 completions
  if ((gauntlet_uring_features(ring.get()) & IORING_FEAT_NODROP) == 0)
    SKIP("this kernel drops what overflows");
  for (std::uint64_t first = 0; first < 20; first += 4) submit_nops(ring.get(), 4, first);
  CHECK(gauntlet_uring_cq_has_overflow(ring.get()));
  CHECK(data_of(reap(ring.get(), 64)) == counted(0, 8));
  CHECK(reap(ring.get(), 64).empty());
  std::vector<std::uint64_t> late;
  for (int turn = 0; turn < 8 && gauntlet_uring_cq_has_overflow(ring.get()); ++turn) {
    REQUIRE(io_uring_get_events(ring.get()) >= 0);
    std::ranges::copy(data_of(reap(ring.get(), 64)), std::back_inserter(late));
  }
  CHECK(late == counted(8, 12));
}

TEST_CASE("large completions are reaped without their second half") {
  const ring_owner ring = make_ring(4, IORING_SETUP_CQE32);
  CHECK(gauntlet_uring_cqe_shift(ring.get()) == 1);
  for (std::uint64_t first = 0; first < 30; first += 3) {
    submit_nops(ring.get(), 3, first);
    CHECK(data_of(reap(ring.get(), 8)) == counted(first, 3));
  }
}

TEST_CASE("a timeout of liburing's own is nobody's completion") {
  const ring_owner ring = make_ring(4);
  submit_nops(ring.get(), 1, gauntlet_uring_udata_timeout());
  if ((gauntlet_uring_features(ring.get()) & IORING_FEAT_EXT_ARG) != 0) {
    // There liburing submits none, and the number is a user's.
    CHECK(data_of(reap(ring.get(), 8)) == counted(gauntlet_uring_udata_timeout(), 1));
  }
  submit_nops(ring.get(), 1, 1);
  submit_nops(ring.get(), 1, gauntlet_uring_udata_timeout());
  submit_nops(ring.get(), 1, 2);
  ring->features &= ~IORING_FEAT_EXT_ARG;  // as on a kernel before 5.11
  CHECK(data_of(reap(ring.get(), 8)) == counted(1, 2));
  CHECK(gauntlet_uring_cq_ready(ring.get()) == 0);
}

TEST_CASE("waiting for a completion sleeps until one comes, shows it, and leaves it there") {
  const ring_owner ring = make_ring(4);
  __kernel_timespec span{.tv_sec = 0, .tv_nsec = 1'000'000};
  gauntlet_uring_entry entry = {};
  entry.user_data = 9;
  REQUIRE(gauntlet_uring_queue_timeout(ring.get(), entry, &span, 0, 0) == 0);
  REQUIRE(io_uring_submit(ring.get()) == 1);
  for (int again = 0; again < 2; ++again) {
    io_uring_cqe* shown = nullptr;
    REQUIRE(gauntlet_uring_wait_cqe(ring.get(), &shown) == 0);
    REQUIRE(shown != nullptr);
    CHECK(shown->user_data == 9);
    CHECK(shown->res == -ETIME);
    CHECK(gauntlet_uring_cq_ready(ring.get()) == 1);
  }
  CHECK(data_of(reap(ring.get(), 8)) == counted(9, 1));
}

TEST_CASE("waiting on a ring that has not been enabled answers why not") {
  const ring_owner ring = make_ring(4, IORING_SETUP_R_DISABLED);
  io_uring_cqe* shown = nullptr;
  CHECK(gauntlet_uring_wait_cqe(ring.get(), &shown) == -EBADFD);
  CHECK(shown == nullptr);
}

std::vector<std::uint64_t> shown_by(const io_uring* ring, const gauntlet_uring_run& run) {
  std::vector<std::uint64_t> data;
  for (unsigned i = 0; i < run.count; ++i)
    data.push_back(run.first[std::size_t{i} << gauntlet_uring_cqe_shift(ring)].user_data);
  return data;
}

TEST_CASE("a run shows what lies side by side and takes none") {
  const std::uint32_t flags = GENERATE(0U, IORING_SETUP_CQE32);
  const ring_owner ring = make_ring(4, flags);  // 8 completions
  CHECK(gauntlet_uring_peek_run(ring.get()).count == 0);
  submit_nops(ring.get(), 3, 1);
  for (int again = 0; again < 2; ++again) {
    const gauntlet_uring_run run = gauntlet_uring_peek_run(ring.get());
    CHECK(shown_by(ring.get(), run) == counted(1, 3));
    CHECK(run.left == 0);
  }
  gauntlet_uring_cq_advance(ring.get(), 3);
  submit_nops(ring.get(), 3, 10);
  submit_nops(ring.get(), 4, 13);
  const gauntlet_uring_run until_the_end = gauntlet_uring_peek_run(ring.get());
  CHECK(shown_by(ring.get(), until_the_end) == counted(10, 5));
  CHECK(until_the_end.left == 2);
  gauntlet_uring_cq_advance(ring.get(), 5);
  const gauntlet_uring_run behind = gauntlet_uring_peek_run(ring.get());
  CHECK(shown_by(ring.get(), behind) == counted(15, 2));
  CHECK(behind.left == 0);
}

TEST_CASE("for_each_cqe shows all and takes none") {
  const ring_owner ring = make_ring(4);
  submit_nops(ring.get(), 4, 1);
  std::vector<std::uint64_t> shown;
  const auto collect = [](void* user, const io_uring_cqe* cqe) {
    auto& collected = *static_cast<std::vector<std::uint64_t>*>(user);
    collected.push_back(gauntlet_uring_cqe_get_data64(cqe));
    return collected.size() == 6 ? 1 : 0;
  };
  CHECK(gauntlet_uring_for_each_cqe(ring.get(), collect, &shown) == 4);
  CHECK(shown == counted(1, 4));
  CHECK(gauntlet_uring_cq_ready(ring.get()) == 4);
  CHECK(gauntlet_uring_for_each_cqe(ring.get(), collect, &shown) == 2);
  gauntlet_uring_cq_advance(ring.get(), 2);
  CHECK(data_of(reap(ring.get(), 8)) == counted(3, 2));
}

}  // namespace
}  // namespace gauntlet::uring_shim::test
