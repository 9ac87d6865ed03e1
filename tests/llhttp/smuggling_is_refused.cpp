// What two programs could read in two ways: no sample here may come through as a whole request. Each is
// refused also byte by byte, and each beside a twin that is right and passes, so that it is refused for
// nothing else.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

struct trick {
  const char* what;
  std::string text;
  int status = 400;
};

/// heads: how many heads come before it is refused.
void check_refused(const std::vector<trick>& tricks, std::size_t heads = 0) {
  for (const trick& one : tricks) {
    INFO(one.what);
    for (const auto& pieces : {std::vector<std::string_view>{one.text}, one_by_one(one.text)}) {
      const transcript read = read_requests(pieces);
      CHECK(read.refused.category() == llhttp_category());
      CHECK(read.refused != errc::invalid_eof_state);  // that would be a request that only waits for more
      CHECK(read.status == one.status);
      CHECK(read.messages.size() == heads);
      if (heads != 0) CHECK_FALSE(read.messages.back().whole);
    }
  }
}

void check_passes(const std::string& text) {
  INFO(text);
  const transcript read = read_request(text);
  CHECK_FALSE(read.refused);
  REQUIRE(read.messages.size() == 1);
  CHECK(read.messages.front().whole);
}

std::string post(std::string_view fields, std::string_view body = "") {
  return std::string("POST / HTTP/1.1\r\nHost: a\r\n").append(fields).append("\r\n").append(body);
}
std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

TEST_CASE("lengths that contradict each other, or are none, are refused") {
  check_passes(post("Content-Length: 3\r\n", "abc"));
  check_passes(post("Content-Length: 003\r\n", "abc"));
  check_refused({
      {"two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc")},
      {"the same length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
      {"two lengths in one field", post("Content-Length: 3, 4\r\n", "abc")},
      {"the same length twice in one field", post("Content-Length: 3, 3\r\n", "abc")},
      {"a length and chunks", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"chunks and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")},
      {"a sign", post("Content-Length: +3\r\n", "abc")},
      {"below nothing", post("Content-Length: -3\r\n", "abc")},
      {"another base", post("Content-Length: 0x3\r\n", "abc")},
      {"no number", post("Content-Length: abc\r\n", "abc")},
      {"no value", post("Content-Length: \r\n", "abc")},
      {"a space inside", post("Content-Length: 1 0\r\n", "abc")},
      {"beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", "abc")},
  });
}

TEST_CASE("a transfer coding that is not just chunked is refused") {
  check_passes(chunked("0\r\n\r\n"));
  check_passes(post("transfer-encoding:\tCHUNKED\r\n", "0\r\n\r\n"));
  check_refused({
      {"behind another", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
      {"in front of another", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")},
      {"in front of another field",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", "0\r\n\r\n")},
      {"twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"another", post("Transfer-Encoding: gzip\r\n", "abc"), 501},
      {"identity", post("Transfer-Encoding: identity\r\n", "abc"), 501},
      {"nearly", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
      {"more than nearly", post("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"), 501},
      {"a tab behind it", post("Transfer-Encoding: chunked\t\r\n", "0\r\n\r\n")},
      {"an empty field before it", post("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       501},
      {"a vertical tab before it", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
      {"a quoted one", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
      {"from HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
  });
}

TEST_CASE("names of fields are names, and end at their colon") {
  check_passes(post("a!#$%&'*+-.^_`|~9: b\r\n"));
  check_refused({
      {"a space before the colon", post("Content-Length : 3\r\n", "abc")},
      {"a tab before the colon", post("Content-Length\t: 3\r\n", "abc")},
      {"no name", post(": b\r\n")},
      {"no colon", post("abc\r\n")},
      {"a space inside", post("a b: c\r\n")},
      {"a space in front of the first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"a byte beyond ASCII", post("a\xc3\xa4: b\r\n")},
      {"a NUL", post(std::string_view("a\0: b\r\n", 7))},
      {"a bracket", post("a(: b\r\n")},
  });
}

TEST_CASE("a field on two lines is refused") {
  check_refused({
      {"a space", post("a: b\r\n c\r\n")},
      {"a tab", post("a: b\r\n\tc\r\n")},
      {"of a length", post("Content-Length:\r\n 3\r\n", "abc")},
      {"of a transfer coding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
      {"of an empty one", post("a:\r\n \r\n")},
  });
}

TEST_CASE("lines end with CR LF, and with nothing else") {
  check_refused({
      {"LF behind the version", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
      {"CR behind the version", "GET / HTTP/1.1\rHost: a\r\n\r\n"},
      {"LF behind a field", post("a: b\nc: d\r\n")},
      {"CR inside a field", post("a: b\rc: d\r\n")},
      {"LF behind the fields", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"CR behind the fields", "GET / HTTP/1.1\r\nHost: a\r\n\rGET / HTTP/1.1\r\n\r\n"},
      {"two CRs", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
      {"a NUL in a value", post(std::string_view("a: b\0c\r\n", 8))},
      {"a control character in a value", post("a: b\x01\r\n")},
      {"DEL in a value", post("a: b\x7f\r\n")},
  });
}

TEST_CASE("the sizes of chunks are hexadecimal digits, and what they say") {
  check_passes(chunked("00003\r\nabc\r\n0\r\n\r\n"));
  check_passes(chunked("a\r\n0123456789\r\n0\r\n\r\n"));
  const std::vector<trick> tricks = {
      {"no size", chunked("\r\nabc\r\n0\r\n\r\n")},
      {"a sign", chunked("+3\r\nabc\r\n0\r\n\r\n")},
      {"below nothing", chunked("-3\r\nabc\r\n0\r\n\r\n")},
      {"a prefix", chunked("0x3\r\nabc\r\n0\r\n\r\n")},
      {"a space before it", chunked(" 3\r\nabc\r\n0\r\n\r\n")},
      {"a space behind it", chunked("3 \r\nabc\r\n0\r\n\r\n")},
      {"a space before the extension", chunked("3 ;a\r\nabc\r\n0\r\n\r\n")},
      {"a letter too far", chunked("g\r\nabc\r\n0\r\n\r\n")},
      {"beyond 64 bits", chunked("10000000000000000\r\nabc\r\n0\r\n\r\n")},
      {"LF behind it", chunked("3\nabc\r\n0\r\n\r\n")},
      {"CR behind it", chunked("3\rabc\r\n0\r\n\r\n")},
      {"too small", chunked("2\r\nabc\r\n0\r\n\r\n")},
      {"too large", chunked("4\r\nabc\r\n0\r\n\r\n")},
      {"LF behind the chunk", chunked("3\r\nabc\n0\r\n\r\n")},
      {"nothing behind the chunk", chunked("3\r\nabc0\r\n\r\n")},
      {"LF inside an extension", chunked("3;a\nabc\r\n0\r\n\r\n")},
      {"a CR inside a quoted extension", chunked("3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n")},
      {"a NUL in an extension", chunked(std::string_view("3;\0\r\nabc\r\n0\r\n\r\n", 16))},
      {"LF behind the last", chunked("0\n\n")},
      {"a space before a trailer's colon", chunked("0\r\na : b\r\n\r\n")},
      {"a length among the trailers", chunked("0\r\nContent-Length: 3\r\n\r\nabc")},
  };
  check_refused(tricks, 1);
}

TEST_CASE("a request line has three words and one space between each") {
  check_refused({
      {"no target", "GET HTTP/1.1\r\n\r\n"},
      {"no version", "GET /\r\n\r\n", 505},
      {"no version, but fields", "GET /\r\nHost: a\r\n\r\n", 505},
      {"two spaces before the target", "GET  / HTTP/1.1\r\n\r\n"},
      {"a tab before the target", "GET \t/ HTTP/1.1\r\n\r\n"},
      {"two spaces before the version", "GET /  HTTP/1.1\r\n\r\n"},
      {"a tab for a space", "GET\t/ HTTP/1.1\r\n\r\n"},
      {"a space in the target", "GET /a b HTTP/1.1\r\n\r\n"},
      {"a space behind the version", "GET / HTTP/1.1 \r\n\r\n"},
      {"a byte beyond ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\n\r\n"},
      {"a NUL in the target", std::string("GET /\0 HTTP/1.1\r\n\r\n", 19)},
      {"small letters", "get / HTTP/1.1\r\n\r\n"},
      {"another method", "FOO / HTTP/1.1\r\n\r\n"},
      {"small letters of the version", "GET / http/1.1\r\n\r\n"},
      {"a version of one number", "GET / HTTP/1\r\n\r\n"},
      {"a version of letters", "GET / HTTP/a.b\r\n\r\n"},
      {"a version that is longer", "GET / HTTP/1.10\r\n\r\n"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8)},
  });
}

TEST_CASE("only HTTP/1.1 and HTTP/1.0 are read") {
  check_passes("GET / HTTP/1.0\r\n\r\n");
  check_refused({
      {"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", 505},
      {"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", 505},
      {"HTTP/3.0", "GET / HTTP/3.0\r\n\r\n", 505},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/2's preface with a version of HTTP/1", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", 505},
      {"RTSP", "OPTIONS * RTSP/1.0\r\n\r\n", 505},
      {"RTSP with a version of HTTP", "GET / RTSP/1.1\r\n\r\n", 505},
      {"ICE", "SOURCE /a ICE/1.0\r\n\r\n", 505},
  });
}

// docs/llhttp.md says so; where a later llhttp does not, the reader may lose a check.
TEST_CASE("what the reader refuses by itself, llhttp takes") {
  const std::string chunks = "0\r\n\r\n";
  for (const std::string& text :
       {std::string("GET /\r\nHost: a\r\n\r\n"), std::string("GET / HTTP/2.0\r\n\r\n"),
        std::string("GET / HTTP/0.9\r\n\r\n"), std::string("GET / RTSP/1.0\r\n\r\n"),
        std::string("SOURCE / ICE/1.0\r\n\r\n"), std::string("GET  / HTTP/1.1\r\n\r\n"),
        std::string("GET /  HTTP/1.1\r\n\r\n"), post("Transfer-Encoding: gzip, chunked\r\n", chunks),
        std::string("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") + chunks,
        chunked("1;" + std::string(1 << 20, 'a') + "\r\nx\r\n" + chunks)}) {
    INFO(text.substr(0, 60));
    bool whole = false;
    parser parser(kind::request, {.on_message_complete = [&](llhttp::parser&) { whole = true; }});
    CHECK_NOTHROW(parse_all(parser, text));
    CHECK(whole);
    CHECK(read_request(text).refused);
  }
}

TEST_CASE("a tab behind a word hides it from llhttp") {
  bool keeps_alive = false;
  parser close(kind::request, {.on_headers_complete = [&](parser& p) {
                 keeps_alive = p.should_keep_alive();
                 return body::as_said;
               }});
  parse_all(close, "GET / HTTP/1.1\r\nConnection: close\t\r\n\r\n");
  CHECK(keeps_alive);

  bool had_a_head = false;
  parser chunks(kind::request, {.on_headers_complete = [&](parser& p) {
                  had_a_head = !p.chunked();
                  return body::as_said;
                }});
  CHECK_THROWS_AS(parse_all(chunks, post("Transfer-Encoding: chunked\t\r\n", "0\r\n\r\n")), error);
  CHECK(had_a_head);
}

}  // namespace
}  // namespace gauntlet::llhttp::test
