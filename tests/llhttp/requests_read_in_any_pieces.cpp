#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

const std::string& text_of(std::string_view who) {
  for (const sample& one : real_requests())
    if (one.who == who) return one.text;
  FAIL("there is no such sample");
  return real_requests().front().text;
}

message only(const transcript& read) {
  REQUIRE_FALSE(read.refused);
  REQUIRE(read.messages.size() == 1);
  CHECK(read.messages.front().whole);
  CHECK(read.between);
  return read.messages.front();
}

message message_of(std::string_view who) { return only(read_request(text_of(who))); }

TEST_CASE("a request's head is what was sent") {
  const request head = message_of("firefox").head;
  CHECK(head.method == method::get);
  CHECK(name(head.method) == "GET");
  CHECK(head.target == "/search?q=a%20b&lang=en");
  CHECK(head.http_major == 1);
  CHECK(head.http_minor == 1);
  REQUIRE(head.fields.size() == 8);
  CHECK(head.fields[0] == header_field{.name = "Host", .value = "example.org"});
  CHECK(head.fields[6] == header_field{.name = "Cookie", .value = "a=1; b=\"two\"; c="});
  CHECK_FALSE(head.content_length);
  CHECK_FALSE(head.chunked);
  CHECK(head.keep_alive);
  CHECK_FALSE(head.upgrade);
}

TEST_CASE("a field is found in any case of letters, and is the first of its name") {
  const request head = message_of("odd but right").head;
  REQUIRE(head.find("HOST") != nullptr);
  CHECK(*head.find("host") == "example.org");
  CHECK(*head.find("x") == "\xff\xfe");
  CHECK(head.find("hos") == nullptr);
  CHECK(head.find("hostt") == nullptr);
  CHECK(head.find("") == nullptr);
}

TEST_CASE("a value is without the white space around it, which may be all of it") {
  const request head = message_of("odd but right").head;
  REQUIRE(head.fields.size() == 5);
  CHECK(head.fields[0] == header_field{.name = "hOsT", .value = "example.org"});
  CHECK(head.fields[1] == header_field{.name = "Empty", .value = ""});
  CHECK(head.fields[2] == header_field{.name = "Blank", .value = ""});
}

TEST_CASE("a body is as long as Content-Length says, and holds any byte") {
  const message upload = message_of("an upload that asks first");
  CHECK(upload.head.content_length == 5);
  CHECK(upload.body == "\r\n\r\n\n");
  const message nothing = message_of("a body of no byte");
  CHECK(nothing.head.content_length == 0);
  CHECK(nothing.body.empty());
}

TEST_CASE("of a chunked body come the chunks, not their sizes, extensions or trailers") {
  const message put = message_of("chunks with extensions and trailers");
  CHECK(put.head.chunked);
  CHECK_FALSE(put.head.content_length);
  CHECK(put.body == "Wikipedia in\r\n");
  CHECK(put.head.fields.size() == 3);
  CHECK(message_of("curl -T -").body == "0123456789abcdef\r\n\n");
}

TEST_CASE("a head that is taken late has no trailers in it") {
  const block memory(text_of("chunks with extensions and trailers"));
  request_reader reader;
  read_result read{.rest = memory.bytes()};
  while (read.part != part::end) read = reader.read(read.rest);
  CHECK(reader.take_head().fields.size() == 3);
}

TEST_CASE("keep_alive follows the version and the Connection field") {
  CHECK(message_of("curl").head.keep_alive);
  CHECK(message_of("apache bench").head.keep_alive);
  CHECK_FALSE(message_of("wget, which closes").head.keep_alive);
  CHECK_FALSE(only(read_request("GET / HTTP/1.0\r\n\r\n")).head.keep_alive);
}

TEST_CASE("close is heard in any place of any Connection field") {
  for (const char* const fields :
       {"Connection: close", "connection:\tCLOSE", "Connection: close\t", "Connection: close \t ",
        "Connection: a, close", "Connection: close,b", "Connection: a\t,\tclose\t, b",
        "Connection: keep-alive\r\nConnection: close\t", "Connection: keep-alive, close"}) {
    INFO(fields);
    CHECK_FALSE(only(read_request(std::string("GET / HTTP/1.1\r\n") + fields + "\r\n\r\n")).head.keep_alive);
  }
  for (const char* const fields :
       {"Connection: closed", "Connection: not close", "Connection:", "Connection: ,,", "X: close"}) {
    INFO(fields);
    CHECK(only(read_request(std::string("GET / HTTP/1.1\r\n") + fields + "\r\n\r\n")).head.keep_alive);
  }
}

TEST_CASE("every method of HTTP is read by its name, and those of RTSP are refused") {
  for (int number = 0; number <= static_cast<int>(method::query); ++number) {
    const auto wanted = static_cast<method>(number);
    if (wanted == method::pri) continue;  // HTTP/2's preface
    const std::string text = std::string(name(wanted)) + " " + (wanted == method::connect ? "a:1" : "/") +
                             " HTTP/1.1\r\nHost: a\r\n\r\n";
    INFO(text);
    const transcript read = read_request(text);
    if (wanted >= method::describe && wanted <= method::flush) {
      CHECK(read.refused == std::errc::illegal_byte_sequence);
      CHECK(read.status == 400);
    } else {
      CHECK(only(read).head.method == wanted);
    }
  }
}

TEST_CASE("byte by byte, a request reads as at once") {
  for (const sample& one : real_requests()) {
    INFO(one.who);
    const transcript whole = read_request(one.text);
    REQUIRE_FALSE(whole.refused);
    CHECK(read_requests(one_by_one(one.text)) == whole);
  }
}

TEST_CASE("cut at any place, a request reads as at once") {
  for (const sample& one : real_requests()) {
    const transcript whole = read_request(one.text);
    for (std::size_t at = 0; at <= one.text.size(); ++at) {
      if (read_requests(cut(one.text, {at})) == whole) continue;
      INFO(one.who << ", cut at byte " << at);
      CHECK(read_requests(cut(one.text, {at})) == whole);
    }
  }
}

TEST_CASE("cut off at any byte, a request is not whole, and says so") {
  for (const sample& one : real_requests()) {
    const std::size_t first = one.text.find_first_not_of("\r\n");
    for (std::size_t size = 0; size < one.text.size(); ++size) {
      INFO(one.who << ", cut off at byte " << size);
      const transcript read = read_request(std::string_view(one.text).substr(0, size));
      const bool begun = size > first;
      if (read.between != !begun || (read.refused == errc::invalid_eof_state) != begun) {
        CHECK(read.between == !begun);
        CHECK((read.refused == errc::invalid_eof_state) == begun);
      }
    }
  }
}

TEST_CASE("pipelined requests come one after the other, wherever they are cut") {
  std::string all;
  std::vector<message> expected;
  for (const sample& one : real_requests()) {
    const message read = message_of(one.who);
    if (!read.head.keep_alive) continue;
    all += one.text;
    expected.push_back(read);
  }
  REQUIRE(expected.size() > 10);
  CHECK(read_request(all).messages == expected);
  CHECK(read_requests(one_by_one(all)).messages == expected);
  for (std::size_t at = 0; at <= all.size(); at += 7)
    CHECK(read_requests(cut(all, {at})).messages == expected);
}

TEST_CASE("behind the last request of a connection nothing more is read") {
  const transcript read = read_request("GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  CHECK(read.messages.size() == 1);
  CHECK(read.refused == errc::closed_connection);
  CHECK(read.refused == std::errc::connection_aborted);
}

TEST_CASE("behind an upgrade the rest is the other protocol's, to the byte") {
  for (const char* const who : {"websocket", "a tunnel"}) {
    INFO(who);
    const block memory(text_of(who) + std::string("\x81\x05hello"));
    request_reader reader;
    read_result read = reader.read(memory.bytes());
    REQUIRE(read.part == part::head);
    CHECK(reader.take_head().upgrade);
    read = reader.read(read.rest);
    REQUIRE(read.part == part::end);
    CHECK(read.rest.size() == 7);
    CHECK(read.rest.front() == std::byte{0x81});
  }
}

TEST_CASE("an upgrade with a body has that first") {
  const message read = only(
      read_request("POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc"));
  CHECK(read.head.upgrade);
  CHECK(read.body == "abc");
}

TEST_CASE("the body lies in the bytes that were given") {
  const block memory("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET");
  request_reader reader;
  const read_result head = reader.read(memory.bytes());
  REQUIRE(head.part == part::head);
  const read_result body = reader.read(head.rest);
  REQUIRE(body.part == part::body);
  CHECK(body.body.data() == head.rest.data());
  CHECK(body.body.size() == 3);
  CHECK(body.rest.size() == 3);
}

TEST_CASE("parts come although no byte is left to read") {
  const block memory("GET / HTTP/1.1\r\n\r\n");
  request_reader reader;
  const read_result head = reader.read(memory.bytes());
  REQUIRE(head.part == part::head);
  CHECK(head.rest.empty());
  CHECK_FALSE(reader.between_requests());
  CHECK(reader.read({}).part == part::end);
  CHECK(reader.between_requests());
  CHECK(reader.read({}).part == part::more);
}

TEST_CASE("a reader may be moved at any moment") {
  const std::string& text = text_of("chunks with extensions and trailers");
  const block memory(text);
  std::span<const std::byte> bytes = memory.bytes();
  request_reader reader;
  std::string body;
  for (part reached = part::more; reached != part::end;) {
    request_reader other = std::move(reader);
    const read_result read = other.read(bytes.first(std::min<std::size_t>(1, bytes.size())));
    bytes = bytes.subspan(std::min<std::size_t>(1, bytes.size()) - read.rest.size());
    for (const std::byte b : read.body) body += std::to_integer<char>(b);
    reached = read.part;
    reader = std::move(other);
  }
  CHECK(reader.take_head().target == "/bucket/key");
  CHECK(body == "Wikipedia in\r\n");
}

}  // namespace
}  // namespace gauntlet::llhttp::test
