#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

std::string get(std::string_view target, std::string_view fields = "") {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\n").append(fields).append("\r\n");
}

// At once and byte by byte: a limit is no matter of how the bytes come.
void check(const std::string& text, const request_limits& limits, errc expected, int status) {
  for (const auto& pieces : {std::vector<std::string_view>{text}, one_by_one(text)}) {
    const transcript read = read_requests(pieces, limits);
    CHECK(read.refused == expected);
    CHECK(read.refused == std::errc::value_too_large);
    CHECK(read.status == status);
  }
}

void check_passes(const std::string& text, const request_limits& limits) {
  for (const auto& pieces : {std::vector<std::string_view>{text}, one_by_one(text)}) {
    const transcript read = read_requests(pieces, limits);
    CHECK_FALSE(read.refused);
    REQUIRE(read.messages.size() == 1);
    CHECK(read.messages.front().whole);
  }
}

TEST_CASE("a target may be as long as its limit, and no byte longer") {
  const request_limits limits{.target_bytes = 10};
  check_passes(get("/123456789"), limits);
  check(get("/1234567890"), limits, errc::target_too_long, 414);
  check_passes(get("/" + std::string(8 * 1024 - 1, 'a')), {});
  check(get("/" + std::string(8 * 1024, 'a')), {}, errc::target_too_long, 414);
}

TEST_CASE("names and values together may be as long as their limit, and no byte longer") {
  const request_limits limits{.header_bytes = 10};
  check_passes(get("/", "ab: cde\r\nf: ghij\r\n"), limits);
  check(get("/", "ab: cde\r\nf: ghijk\r\n"), limits, errc::head_too_large, 431);
  check(get("/", "ab: cde\r\nff: ghij\r\n"), limits, errc::head_too_large, 431);
  check_passes(get("/", "a:" + std::string(32 * 1024 - 1, 'b') + "\r\n"), {});
  check(get("/", "a:" + std::string(32 * 1024, 'b') + "\r\n"), {}, errc::head_too_large, 431);
}

TEST_CASE("there may be as many fields as their limit, and not one more") {
  const request_limits limits{.headers = 2};
  check_passes(get("/", "a: 1\r\nb: 2\r\n"), limits);
  check(get("/", "a: 1\r\nb: 2\r\nc: 3\r\n"), limits, errc::too_many_headers, 431);
  check(get("/", "a:\r\nb:\r\nc:\r\n"), limits, errc::too_many_headers, 431);
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "a: b\r\n";
  check_passes(get("/", hundred), {});
  check(get("/", hundred + "a: b\r\n"), {}, errc::too_many_headers, 431);
}

TEST_CASE("a limit of nothing lets nothing through, and is no error where there is nothing") {
  check_passes(get("/"), {.header_bytes = 0, .headers = 0});
  check(get("/", "a:\r\n"), {.headers = 0}, errc::too_many_headers, 431);
  check(get("/", "a:\r\n"), {.header_bytes = 0}, errc::head_too_large, 431);
  check(get("/"), {.target_bytes = 0}, errc::target_too_long, 414);
}

TEST_CASE("trailers count with the fields of the head") {
  const std::string head = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";  // 24 bytes of field
  check_passes(head + "a: b\r\n\r\n", {.header_bytes = 26, .headers = 2});
  check(head + "a: bc\r\n\r\n", {.header_bytes = 26, .headers = 2}, errc::head_too_large, 431);
  check(head + "a: \r\nb: \r\n\r\n", {.header_bytes = 26, .headers = 2}, errc::too_many_headers, 431);
}

TEST_CASE("the extensions of one chunk may be as long as the limit, those of all as long as they like") {
  const request_limits limits{.header_bytes = 24};
  const std::string head = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string longest = "1;" + std::string(12, 'n') + "=" + std::string(12, 'v') + "\r\nx\r\n";
  const std::string longer = "1;" + std::string(12, 'n') + "=" + std::string(13, 'v') + "\r\nx\r\n";
  check_passes(head + longest + longest + longest + "0\r\n\r\n", limits);
  check(head + longer, limits, errc::chunk_extensions_too_large, 413);
  check(head + longest + longer, limits, errc::chunk_extensions_too_large, 413);
  const std::string many = "1;" + std::string(12, 'n') + ";" + std::string(13, 'n') + "\r\nx\r\n";
  check(head + many, limits, errc::chunk_extensions_too_large, 413);
}

TEST_CASE("a request is counted from its own start") {
  const request_limits limits{.target_bytes = 2, .header_bytes = 2, .headers = 1};
  const std::string text = get("/1", "a: b\r\n") + get("/2", "c: d\r\n") + get("/3", "e: f\r\n");
  CHECK(read_request(text, limits).messages.size() == 3);
  CHECK(read_request(text + get("/45"), limits).refused == errc::target_too_long);
}

TEST_CASE("a refusal says what, where and by which limit") {
  request_reader reader({.target_bytes = 10});
  const block bytes(get("/1234567890"));
  try {
    static_cast<void>(reader.read(bytes.bytes()));
    FAIL("it was read");
  } catch (const error& refused) {
    CHECK(refused.reason() == "the target is longer than request_limits::target_bytes");
    CHECK(refused.offset() >= 4 + 10);
    CHECK(refused.operation() == "llhttp::request_reader::read");
    CHECK(std::string_view(refused.what()).find("target_too_long") != std::string_view::npos);
    CHECK(std::string_view(refused.where().file_name()).ends_with("requests_keep_to_limits.cpp"));
  }
}

}  // namespace
}  // namespace gauntlet::llhttp::test
