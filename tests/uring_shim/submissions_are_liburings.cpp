// Each function that queues fills an entry as liburing's own does, to the byte, whatever was there before.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "submission_cases.hpp"

namespace gauntlet::uring_shim::test {
namespace {

constexpr std::size_t bytes_of_entry = 64;
using entry_bytes = std::vector<std::byte>;

gauntlet_uring_entry an_entry() {
  gauntlet_uring_entry entry = {};
  entry.user_data = 0xfedc'ba98'7654'3210;
  entry.flags = IOSQE_IO_LINK | IOSQE_ASYNC;
  entry.ioprio = 0x4000;
  entry.buf_group = 0x4321;
  entry.personality = 0x5678;
  return entry;
}

entry_bytes bytes_of(const void* entry, std::size_t size = bytes_of_entry) {
  const auto* const begin = static_cast<const std::byte*>(entry);
  return {begin, begin + size};
}

// By hand: liburing's own function on a clean entry, and then the four fields.
entry_bytes as_liburing(const submission_case& submission, const gauntlet_uring_entry& entry) {
  io_uring_sqe sqe;
  std::memset(&sqe, 0, sizeof sqe);
  submission.liburing(&sqe);
  const bool selects = (sqe.flags & IOSQE_BUFFER_SELECT) != 0;
  if ((entry.flags & IOSQE_BUFFER_SELECT) != 0 && !selects) sqe.buf_group = entry.buf_group;
  sqe.flags = static_cast<std::uint8_t>(sqe.flags | entry.flags);
  sqe.ioprio = static_cast<std::uint16_t>(sqe.ioprio | entry.ioprio);
  sqe.personality = entry.personality;
  sqe.user_data = entry.user_data;
  return bytes_of(&sqe);
}

std::vector<submission_case> cases_there() {
  std::vector<submission_case> there;
  std::ranges::copy_if(submission_cases(), std::back_inserter(there),
                       [](const submission_case& submission) { return submission.liburing != nullptr; });
  return there;
}

// Queues one over garbage, and takes it back: it is never submitted.
entry_bytes queued(io_uring* ring, const submission_case& submission, const gauntlet_uring_entry& entry) {
  fill_with_garbage(ring);
  const void* const place = next_entry(ring);
  REQUIRE(submission.queue(ring, entry) == 0);
  entry_bytes bytes = bytes_of(place, entry_size(ring));
  --ring->sq.sqe_tail;
  return bytes;
}

TEST_CASE("each queue function fills the entry as liburing and four assignments do") {
  const ring_owner ring = make_ring(8);
  for (const submission_case& submission : cases_there()) {
    INFO(submission.name);
    CHECK(queued(ring.get(), submission, an_entry()) == as_liburing(submission, an_entry()));
  }
}

TEST_CASE("each queue function takes a group of buffers where buffers are selected") {
  const ring_owner ring = make_ring(8);
  gauntlet_uring_entry entry = an_entry();
  entry.flags = IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
  for (const submission_case& submission : cases_there()) {
    INFO(submission.name);
    CHECK(queued(ring.get(), submission, entry) == as_liburing(submission, entry));
  }
}

TEST_CASE("an entry of zeros leaves only what the function itself sets") {
  const ring_owner ring = make_ring(8);
  for (const submission_case& submission : cases_there()) {
    INFO(submission.name);
    CHECK(queued(ring.get(), submission, {}) == as_liburing(submission, {}));
  }
}

TEST_CASE("the second half of a large entry is cleared") {
  const ring_owner ring = make_ring(8, IORING_SETUP_SQE128);
  for (const submission_case& submission : cases_there()) {
    INFO(submission.name);
    entry_bytes expected = as_liburing(submission, an_entry());
    expected.resize(128);
    CHECK(queued(ring.get(), submission, an_entry()) == expected);
  }
}

TEST_CASE("each prep function is liburing's own") {
  for (const submission_case& submission : cases_there()) {
    INFO(submission.name);
    io_uring_sqe ours;
    io_uring_sqe liburings;
    std::memset(&ours, 0, sizeof ours);
    std::memset(&liburings, 0, sizeof liburings);
    submission.prep(&ours);
    submission.liburing(&liburings);
    CHECK(bytes_of(&ours) == bytes_of(&liburings));
  }
}

TEST_CASE("arguments that differ make entries that differ") {
  // Else the tests above could not see two of them exchanged.
  const ring_owner ring = make_ring(8);
  std::vector<entry_bytes> entries;  // no set: GCC 12 warns of how it would compare them
  for (const submission_case& submission : cases_there()) {
    entry_bytes entry = queued(ring.get(), submission, an_entry());
    if (std::ranges::find(entries, entry) == entries.end()) entries.push_back(std::move(entry));
  }
  CHECK(entries.size() > cases_there().size() * 9 / 10);
}

// Equal but for the order. (A set would order them, for which libstdc++ subtracts sizes, and ubsan tells.)
bool same_names(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return std::ranges::is_permutation(left, right);
}

TEST_CASE("each prep function of liburing has its case here") {
  std::vector<std::string> expected = {"send_zc_to", "send_zc_fixed_to"};
  std::vector<std::string> expected_there = expected;
  std::size_t count = 0;
  const gauntlet_uring_inline_function* const functions = gauntlet_uring_inline_functions(&count);
  for (const auto* function = functions; function != functions + count; ++function) {
    const std::string_view name = function->name;
    constexpr std::string_view prefix = "io_uring_prep_";
    if (!name.starts_with(prefix) || name == "io_uring_prep_send_set_addr") continue;
    expected.emplace_back(name.substr(prefix.size()));
    if (function->there) expected_there.emplace_back(name.substr(prefix.size()));
  }
  std::vector<std::string> cases;
  std::vector<std::string> cases_of_there;
  for (const submission_case& submission : submission_cases()) cases.push_back(submission.name);
  for (const submission_case& submission : cases_there()) cases_of_there.push_back(submission.name);
  CHECK(same_names(cases, expected));
  CHECK(same_names(cases_of_there, expected_there));
}

TEST_CASE("a function that this liburing lacks says so and queues nothing") {
  const ring_owner ring = make_ring(8);
  bool one_is_missing = false;
  for (const submission_case& submission : submission_cases()) {
    if (submission.liburing) continue;
    one_is_missing = true;
    INFO(submission.name);
    const gauntlet_uring_entry entry = an_entry();
    CHECK(submission.queue(ring.get(), entry) == -ENOSYS);
    CHECK(gauntlet_uring_sq_ready(ring.get()) == 0);
    CHECK_FALSE(gauntlet_uring_has(("io_uring_prep_" + submission.name).c_str()));
  }
  if (!one_is_missing) SKIP("this liburing has them all");
}

TEST_CASE("a full submission queue is -EAGAIN, and takes more once it is submitted") {
  const ring_owner ring = make_ring(4);
  const gauntlet_uring_entry entry = an_entry();
  for (const submission_case& submission : cases_there()) {
    INFO(submission.name);
    const unsigned tail = ring->sq.sqe_tail;
    for (unsigned i = 0; i < 4; ++i) REQUIRE(gauntlet_uring_queue_nop(ring.get(), entry) == 0);
    CHECK(submission.queue(ring.get(), entry) == -EAGAIN);
    CHECK(gauntlet_uring_sq_space_left(ring.get()) == 0);
    ring->sq.sqe_tail = tail;
  }
  submit_nops(ring.get(), 4, 1);
  CHECK(data_of(reap(ring.get(), 8)) == counted(1, 4));
  submit_nops(ring.get(), 4, 5);
  CHECK(data_of(reap(ring.get(), 8)) == counted(5, 4));
}

TEST_CASE("a completion never has the user_data of the submission before") {
  const ring_owner ring = make_ring(1);
  submit_nops(ring.get(), 1, 0xdead);
  CHECK(data_of(reap(ring.get(), 1)) == counted(0xdead, 1));
  const gauntlet_uring_entry forgetful = {};
  REQUIRE(gauntlet_uring_queue_nop(ring.get(), forgetful) == 0);
  REQUIRE(io_uring_submit(ring.get()) == 1);
  CHECK(data_of(reap(ring.get(), 1)) == counted(0, 1));
}

TEST_CASE("linked submissions move real bytes in their order") {
  const ring_owner ring = make_ring(4);
  std::array<int, 2> ends = {};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  const std::array<char, 5> sent = {'h', 'e', 'l', 'l', 'o'};
  std::array<char, 8> received = {};
  gauntlet_uring_entry entry = {};
  entry.user_data = 1;
  entry.flags = IOSQE_IO_LINK;
  CHECK(gauntlet_uring_queue_write(ring.get(), entry, ends[1], sent.data(), 5, 0) == 0);
  entry.user_data = 2;
  entry.flags = 0;
  CHECK(gauntlet_uring_queue_read(ring.get(), entry, ends[0], received.data(), 8, 0) == 0);
  CHECK(io_uring_submit_and_wait(ring.get(), 2) == 2);
  const std::vector<gauntlet_uring_completion> completions = reap(ring.get(), 8);
  REQUIRE(data_of(completions) == counted(1, 2));
  CHECK(completions[0].res == 5);
  CHECK(completions[1].res == 5);
  CHECK(std::equal(sent.begin(), sent.end(), received.begin()));
  for (const int end : ends) close(end);
}

TEST_CASE("UINT32_MAX - 1 asks for a free place among the ring's files, in each liburing") {
  const ring_owner ring = make_ring(4);
  if (io_uring_register_files_sparse(ring.get(), 4) != 0)
    SKIP("this kernel has no table of files to be filled later");
  const gauntlet_uring_entry entry = {};
  for (int place = 0; place < 2; ++place) {
    CHECK(gauntlet_uring_queue_openat_direct(ring.get(), entry, AT_FDCWD, "/dev/null", O_RDONLY, 0,
                                             UINT32_MAX - 1) == 0);
    CHECK(io_uring_submit_and_wait(ring.get(), 1) == 1);
    const std::vector<gauntlet_uring_completion> completions = reap(ring.get(), 8);
    REQUIRE(completions.size() == 1);
    CHECK(completions[0].res == place);
  }
}

}  // namespace
}  // namespace gauntlet::uring_shim::test
