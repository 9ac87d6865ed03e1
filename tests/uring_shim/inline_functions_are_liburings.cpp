// The inline functions that fill no submission do what liburing's do, with their arguments in the same
// places.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "support.hpp"

namespace gauntlet::uring_shim::test {
namespace {

TEST_CASE("the table knows what there is") {
  std::size_t count = 0;
  REQUIRE(gauntlet_uring_inline_functions(&count) != nullptr);
  CHECK(count == 126);
  CHECK(gauntlet_uring_has("io_uring_prep_read"));
  CHECK(gauntlet_uring_has("io_uring_prep_open") == LIBURING_IS(2, 8));
  CHECK_FALSE(gauntlet_uring_has("io_uring_prep_rea"));
  CHECK_FALSE(gauntlet_uring_has(""));
}

TEST_CASE("the version is the one that this was compiled for") {
  const int major = static_cast<int>(gauntlet_uring_version_major());
  const int minor = static_cast<int>(gauntlet_uring_version_minor());
  CHECK(major == LIBURING_MAJOR);
  CHECK(minor == LIBURING_MINOR);
  CHECK_FALSE(gauntlet_uring_check_version(major, minor));
  CHECK_FALSE(gauntlet_uring_check_version(major - 1, minor + 1));
  CHECK(gauntlet_uring_check_version(major, minor + 1));
  CHECK(gauntlet_uring_check_version(major + 1, 0));
}

TEST_CASE("an entry is filled step by step") {
  const ring_owner ring = make_ring(4);
  const unsigned left = gauntlet_uring_sq_space_left(ring.get());
  io_uring_sqe* const sqe = gauntlet_uring_get_sqe(ring.get());
  REQUIRE(sqe != nullptr);
  CHECK(gauntlet_uring_sq_ready(ring.get()) == 1);
  CHECK(gauntlet_uring_sq_space_left(ring.get()) == left - 1);
  CHECK(gauntlet_uring_sqring_wait(ring.get()) == 0);
  gauntlet_uring_prep_nop(sqe);
  gauntlet_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
  gauntlet_uring_sqe_set_data64(sqe, 42);
  CHECK(sqe->flags == IOSQE_ASYNC);
  CHECK(sqe->user_data == 42);
  int marker = 0;
  gauntlet_uring_sqe_set_data(sqe, &marker);
  REQUIRE(io_uring_submit(ring.get()) == 1);
  io_uring_cqe* cqe = nullptr;
  REQUIRE(gauntlet_uring_wait_cqe_nr(ring.get(), &cqe, 1) == 0);
  CHECK(gauntlet_uring_cqe_get_data(cqe) == &marker);
  io_uring_cqe* peeked = nullptr;
  REQUIRE(gauntlet_uring_peek_cqe(ring.get(), &peeked) == 0);
  CHECK(peeked == cqe);
  gauntlet_uring_cqe_seen(ring.get(), cqe);
  CHECK(gauntlet_uring_cq_ready(ring.get()) == 0);
  CHECK(gauntlet_uring_peek_cqe(ring.get(), &peeked) == -EAGAIN);
}

TEST_CASE("notification by eventfd is switched off and on") {
  const ring_owner ring = make_ring(4);
  CHECK(gauntlet_uring_cq_eventfd_enabled(ring.get()));
  CHECK(gauntlet_uring_cq_eventfd_toggle(ring.get(), false) == 0);
  CHECK_FALSE(gauntlet_uring_cq_eventfd_enabled(ring.get()));
  CHECK(gauntlet_uring_cq_eventfd_toggle(ring.get(), true) == 0);
  CHECK(gauntlet_uring_cq_eventfd_enabled(ring.get()));
}

TEST_CASE("indices and barriers are those of the queues") {
  const ring_owner ring = make_ring(4);
  CHECK(gauntlet_uring_cqe_shift(ring.get()) == 0);
  CHECK(gauntlet_uring_cqe_index(ring.get(), 13, 7) == 5);
  unsigned number = 1;
  gauntlet_uring_write_once(&number, 2);
  CHECK(gauntlet_uring_read_once(&number) == 2);
  gauntlet_uring_smp_store_release(&number, 3);
  gauntlet_uring_smp_mb();
  CHECK(gauntlet_uring_smp_load_acquire(&number) == 3);
  CHECK(gauntlet_uring_udata_timeout() == UINT64_MAX);
}

TEST_CASE("a ring of buffers is filled and shown") {
  CHECK(gauntlet_uring_buf_ring_mask(8) == 7);
  alignas(io_uring_buf_ring) std::array<io_uring_buf, 4> places = {};
  // SAFETY: that is what liburing's ring of buffers is: an array of them, the tail inside the first.
  auto* const buffers = reinterpret_cast<io_uring_buf_ring*>(places.data());
  buffers->tail = 3;
  gauntlet_uring_buf_ring_init(buffers);
  CHECK(buffers->tail == 0);
  std::array<std::byte, 16> memory = {};
  gauntlet_uring_buf_ring_advance(buffers, 3);
  gauntlet_uring_buf_ring_add(buffers, memory.data(), 16, 77, 3, 2);  // (3 + 2) & 3
  CHECK(places[1].addr == reinterpret_cast<std::uintptr_t>(memory.data()));
  CHECK(places[1].len == 16);
  CHECK(places[1].bid == 77);
  gauntlet_uring_buf_ring_advance(buffers, 1);
  CHECK(buffers->tail == 4);
}

TEST_CASE("the tail of a ring of buffers wraps at 65536") {
  std::array<io_uring_buf, 4> places = {};
  // SAFETY: as above.
  auto* const buffers = reinterpret_cast<io_uring_buf_ring*>(places.data());
  buffers->tail = UINT16_MAX;
  gauntlet_uring_buf_ring_advance(buffers, 3);
  CHECK(buffers->tail == 2);
}

TEST_CASE("buffers and completions are given back in one") {
  const ring_owner ring = make_ring(4);
  submit_nops(ring.get(), 3, 1);
  std::array<io_uring_buf, 4> places = {};
  // SAFETY: as above.
  auto* const buffers = reinterpret_cast<io_uring_buf_ring*>(places.data());
  gauntlet_uring_buf_ring_cq_advance(ring.get(), buffers, 2);
  CHECK(buffers->tail == 2);
  CHECK(data_of(reap(ring.get(), 8)) == counted(3, 1));
}

TEST_CASE("what recvmsg_multishot wrote is taken apart as liburing does") {
  constexpr std::size_t header = sizeof(io_uring_recvmsg_out);
  alignas(16) std::array<std::byte, 256> buffer = {};
  msghdr message = {};
  message.msg_namelen = 16;
  message.msg_controllen = 64;
  auto* const out = gauntlet_uring_recvmsg_validate(buffer.data(), 256, &message);
  REQUIRE(static_cast<void*>(out) == buffer.data());
  CHECK(gauntlet_uring_recvmsg_validate(buffer.data(), static_cast<int>(header + 79), &message) == nullptr);
  CHECK(gauntlet_uring_recvmsg_validate(buffer.data(), -1, &message) == nullptr);
  CHECK(gauntlet_uring_recvmsg_name(out) == buffer.data() + header);
  CHECK(gauntlet_uring_recvmsg_payload(out, &message) == buffer.data() + header + 80);
  CHECK(gauntlet_uring_recvmsg_payload_length(out, 256, &message) == 256 - header - 80);
  CHECK(gauntlet_uring_recvmsg_cmsg_firsthdr(out, &message) == nullptr);
  out->controllen = 2 * CMSG_SPACE(4);
  cmsghdr* const first = gauntlet_uring_recvmsg_cmsg_firsthdr(out, &message);
  REQUIRE(static_cast<void*>(first) == buffer.data() + header + 16);
  first->cmsg_len = CMSG_LEN(4);
  cmsghdr* const second = gauntlet_uring_recvmsg_cmsg_nexthdr(out, &message, first);
  REQUIRE(static_cast<void*>(second) == buffer.data() + header + 16 + CMSG_SPACE(4));
  second->cmsg_len = CMSG_LEN(4);
  CHECK(gauntlet_uring_recvmsg_cmsg_nexthdr(out, &message, second) == nullptr);
}

TEST_CASE("a probe is asked by opcode") {
  const ring_owner ring = make_ring(4);
  io_uring_probe* const probe = io_uring_get_probe_ring(ring.get());
  REQUIRE(probe != nullptr);
  CHECK(gauntlet_uring_opcode_supported(probe, IORING_OP_NOP) != 0);
  CHECK(gauntlet_uring_opcode_supported(probe, 255) == 0);
  io_uring_free_probe(probe);
}

#if LIBURING_IS(2, 6)
TEST_CASE("an entry is cleared as liburing clears it") {
  io_uring_sqe ours;
  io_uring_sqe liburings;
  std::memset(&ours, 0xa5, sizeof ours);
  std::memset(&liburings, 0xa5, sizeof liburings);
  gauntlet_uring_initialize_sqe(&ours);
  io_uring_initialize_sqe(&liburings);
  CHECK(std::ranges::equal(std::as_bytes(std::span(&ours, 1)), std::as_bytes(std::span(&liburings, 1))));
}

TEST_CASE("a ring of buffers says how many the kernel may take") {
  const ring_owner ring = make_ring(4);
  int error = 0;
  io_uring_buf_ring* const buffers = io_uring_setup_buf_ring(ring.get(), 4, 9, 0, &error);
  if (buffers == nullptr) SKIP("this kernel has no rings of buffers: errno " << -error);
  std::array<std::byte, 16> memory = {};
  gauntlet_uring_buf_ring_add(buffers, memory.data(), 16, 1, gauntlet_uring_buf_ring_mask(4), 0);
  gauntlet_uring_buf_ring_advance(buffers, 1);
  const int available = gauntlet_uring_buf_ring_available(ring.get(), buffers, 9);
  CHECK(io_uring_free_buf_ring(ring.get(), buffers, 4, 9) == 0);
  if (available == -EINVAL) SKIP("this kernel does not say where it is in a ring of buffers");
  CHECK(available == 1);
}
#endif

#if LIBURING_IS(2, 9)
TEST_CASE("an entry is given a group of buffers") {
  io_uring_sqe sqe;
  std::memset(&sqe, 0, sizeof sqe);
  gauntlet_uring_sqe_set_buf_group(&sqe, 77);
  CHECK(sqe.buf_group == 77);
}
#endif

}  // namespace
}  // namespace gauntlet::uring_shim::test
