#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

bool ends_whole(const recorder& record) {
  return !record.events().empty() && record.events().back() == "message_complete";
}

bool told(const recorder& record, std::string_view event) {
  for (const std::string& one : record.events())
    if (one == event) return true;
  return false;
}

TEST_CASE("a response without a length ends when the stream does") {
  recorder record;
  parser parser(kind::response, record.all());
  parse_all(parser, "HTTP/1.1 200 OK\r\nServer: a\r\n\r\nall that ");
  CHECK(parser.message_needs_eof());
  parse_all(parser, "comes");
  CHECK_FALSE(ends_whole(record));
  parser.finish();
  CHECK(ends_whole(record));
  CHECK(told(record, "body all that comes"));
  CHECK(parser.status_code() == 200);
}

TEST_CASE("a response with a length is cut off where the stream ends before it") {
  for (const char* const head : {"Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"}) {
    recorder record;
    parser parser(kind::response, record.all());
    parse_all(parser, std::string("HTTP/1.1 200 OK\r\n") + head + "\r\n4");
    try {
      parser.finish();
      FAIL("it was taken for whole");
    } catch (const error& cut_off) {
      CHECK(cut_off.code() == errc::invalid_eof_state);
      CHECK(cut_off.code() == std::errc::illegal_byte_sequence);
      CHECK(cut_off.reason() == "Invalid EOF state");
    }
    CHECK_FALSE(ends_whole(record));
  }
}

TEST_CASE("what on_message_complete throws comes out of finish") {
  parser parser(kind::response, {.on_message_complete = [](llhttp::parser&) { throw std::string("mine"); }});
  parse_all(parser, "HTTP/1.1 200 OK\r\n\r\nabc");
  CHECK_THROWS_AS(parser.finish(), std::string);
  CHECK_THROWS_AS(parser.finish(), misuse);
  parser.reset();
  CHECK_NOTHROW(parser.finish());
}

TEST_CASE("to pause at the very end changes nothing") {
  int ended = 0;
  parser parser(kind::response, {.on_message_complete = [&](llhttp::parser& p) {
                  ++ended;
                  p.pause();
                }});
  parse_all(parser, "HTTP/1.1 200 OK\r\n\r\nabc");
  parser.finish();
  CHECK(ended == 1);
  CHECK_THROWS_AS(parser.finish(), misuse);
  CHECK(ended == 1);
}

TEST_CASE("the answer to a HEAD has no body if the callback says so") {
  recorder record;
  callbacks all = record.all();
  all.on_headers_complete = [](parser&) { return body::none; };
  parser parser(kind::response, std::move(all));
  parse_all(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  CHECK(told(record, "status No Content"));
  CHECK_FALSE(told(record, "body HTTP/"));
  CHECK(ends_whole(record));
}

TEST_CASE("behind a 101 the rest is the other protocol's") {
  parser parser(kind::response);
  const block memory(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81");
  const execution done = parser.execute(memory.bytes());
  CHECK(done.why == stop::upgrade);
  CHECK(done.used == memory.bytes().size() - 1);
  CHECK(parser.upgrade());
  CHECK_THROWS_AS(parser.execute(memory.bytes().last(1)), misuse);
  CHECK_NOTHROW(parser.finish());
}

TEST_CASE("a callback may say that another protocol follows") {
  parser parser(kind::request, {.on_headers_complete = [](llhttp::parser&) { return body::none_upgrade; }});
  const block memory("GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  const execution done = parser.execute(memory.bytes());
  CHECK(done.why == stop::upgrade);
  CHECK(done.used == memory.bytes().size() - 3);
}

TEST_CASE("behind an upgrade that is not taken up, HTTP goes on") {
  recorder record;
  parser parser(kind::request, record.all());
  const block memory("GET /a HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  const execution done = parser.execute(memory.bytes());
  REQUIRE(done.why == stop::upgrade);
  parser.resume_after_upgrade();
  CHECK(parser.execute(memory.bytes().subspan(done.used)).why == stop::all_read);
  CHECK(told(record, "url /b"));
}

TEST_CASE("HTTP/2's preface stops the parser for good") {
  parser parser(kind::request);
  const block memory("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  CHECK(parser.execute(memory.bytes()).why == stop::h2_upgrade);
  CHECK(parser.last_error() == errc::paused_h2_upgrade);
  CHECK_THROWS_AS(parser.execute(memory.bytes()), misuse);
  parser.reset();
  CHECK(parser.execute(memory.bytes()).why == stop::h2_upgrade);
}

TEST_CASE("a parser of both tells which of them it has seen, and stays with it") {
  parser request(kind::both);
  CHECK(request.type() == kind::both);
  parse_all(request, "GET / HTTP/1.1\r\n\r\n");
  CHECK(request.type() == kind::request);
  parser response(kind::both);
  parse_all(response, "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(response.type() == kind::response);
  CHECK(response.status_code() == 204);
  response.reset();
  CHECK(response.type() == kind::response);
  const block memory("GET / HTTP/1.1\r\n\r\n");
  CHECK_THROWS_AS(response.execute(memory.bytes()), error);
}

TEST_CASE("every status of three digits is told, and no other") {
  for (int status = 100; status < 1000; status += 7) {
    parser parser(kind::response);
    parse_all(parser, "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n");
    CHECK(parser.status_code() == status);
  }
  for (const char* const status : {"20", "2000", "2x0", "-20"}) {
    parser parser(kind::response);
    const block memory(std::string("HTTP/1.1 ") + status + " X\r\n\r\n");
    INFO(status);
    CHECK_THROWS_AS(parser.execute(memory.bytes()), error);
  }
}

}  // namespace
}  // namespace gauntlet::llhttp::test
