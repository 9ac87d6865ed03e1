// An executable of its own: operator new is replaced in all of the process.
#include <catch2/catch_test_macros.hpp>
#include <new>
#include <optional>
#include <string>

#include "counted_new.hpp"
#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

using gauntlet::test::allocations;

/// Runs `work` with the k-th allocation failing, for every k until none fails. Answers how many failed. What
/// is true of the last run is for `work` to check.
template <class Work>
long fail_each_allocation(Work work) {
  for (long k = 0;; ++k) {
    INFO("the allocation with number " << k << " fails");
    bool failed = false;
    allocations.before_failing = k;
    try {
      work();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    const bool reached = allocations.before_failing < 0;
    allocations.before_failing = -1;
    if (failed != reached) FAIL("bad_alloc has not come out");
    if (!reached) return k;
  }
}

TEST_CASE("whichever allocation of a reader fails, bad_alloc comes out, and nothing is left behind") {
  for (const sample& one : real_requests()) {
    INFO(one.who);
    const block memory(one.text);
    const request expected = read_request(one.text).messages.front().head;
    std::optional<request> head;
    const long failed = fail_each_allocation([&] {
      head.reset();
      request_reader reader;
      std::span<const std::byte> bytes = memory.bytes();
      for (part reached = part::more; reached != part::end;) {
        const read_result read = reader.read(bytes);
        bytes = read.rest;
        reached = read.part;
        if (reached == part::head) head = reader.take_head();
      }
    });
    CHECK(failed >= 2);
    CHECK(head == expected);
  }
}

TEST_CASE("a reader that had no memory is not to be read from again") {
  const block memory(real_requests()[1].text);
  request_reader reader;
  allocations.before_failing = 0;
  CHECK_THROWS_AS(reader.read(memory.bytes()), std::bad_alloc);
  allocations.before_failing = -1;
  CHECK_THROWS_AS(reader.read(memory.bytes()), misuse);
}

TEST_CASE(
    "whichever allocation of a callback fails, bad_alloc comes out of execute, and reset makes the parser "
    "new") {
  const std::string& text = real_requests()[8].text;
  const block memory(text);
  std::string url;
  const long failed = fail_each_allocation([&] {
    std::vector<std::string> values;
    parser parser(kind::request, {.on_header_value = [&](llhttp::parser&, std::string_view piece) {
                    values.emplace_back(piece);
                  }});
    try {
      parser.execute(memory.bytes());
    } catch (const std::bad_alloc&) {
      const long before = std::exchange(allocations.before_failing, -1);
      parser.reset();
      parser.execute(memory.bytes());
      allocations.before_failing = before;
      throw;
    }
  });
  CHECK(failed >= 5);
}

TEST_CASE("a parser allocates when it is made, and never after") {
  const block memory(real_requests()[8].text);
  long before = allocations.made;
  std::size_t bytes = 0;
  parser parser(
      kind::request,
      {.on_url = [&](llhttp::parser&, std::string_view piece) { bytes += piece.size(); },
       .on_body = [&](llhttp::parser&, std::span<const std::byte> piece) { bytes += piece.size(); }});
  CHECK(allocations.made - before == 1);
  before = allocations.made;
  for (int i = 0; i < 10; ++i) parser.execute(memory.bytes());
  const long made = allocations.made - before;
  CHECK(made == 0);
  CHECK(bytes > 0);
}

TEST_CASE("a reader allocates for a head, and nothing for a body") {
  const block head("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const block chunk("10;a=b\r\n0123456789abcdef\r\n");
  request_reader reader;
  CHECK(reader.read(head.bytes()).part == part::head);
  std::size_t bytes = 0;
  const long before = allocations.made;
  for (int i = 0; i < 100; ++i) {
    std::span<const std::byte> rest = chunk.bytes();
    for (;;) {
      const read_result read = reader.read(rest);
      rest = read.rest;
      bytes += read.body.size();
      if (read.part == part::more) break;
    }
  }
  const long made = allocations.made - before;
  CHECK(made == 0);
  CHECK(bytes == 1600);
}

}  // namespace
}  // namespace gauntlet::llhttp::test
