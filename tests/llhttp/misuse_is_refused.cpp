#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

template <class Call>
std::string advice(Call&& call) {
  try {
    call();
  } catch (const misuse& mistake) {
    return mistake.what();
  }
  return "it was allowed";
}

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

const block& one_request() {
  static const block memory("GET / HTTP/1.1\r\nA: b\r\n\r\n");
  return memory;
}

TEST_CASE("a parser that was moved from refuses every call") {
  parser from(kind::request);
  const parser to = std::move(from);
  const std::string moved = "this parser was moved from; use the one it went to";
  // NOLINTBEGIN(bugprone-use-after-move): that is what is tested
  CHECK(says(advice([&] { from.execute(one_request().bytes()); }), moved));
  CHECK(says(advice([&] { from.finish(); }), moved));
  CHECK(says(advice([&] { from.pause(); }), moved));
  CHECK(says(advice([&] { from.resume(); }), moved));
  CHECK(says(advice([&] { from.resume_after_upgrade(); }), moved));
  CHECK(says(advice([&] { from.reset(); }), moved));
  CHECK(says(advice([&] { from.set_lenient({}); }), moved));
  CHECK(says(advice([&] { (void)from.paused(); }), moved));
  CHECK(says(advice([&] { (void)from.type(); }), moved));
  CHECK(says(advice([&] { (void)from.method(); }), moved));
  CHECK(says(advice([&] { (void)from.http_major(); }), moved));
  CHECK(says(advice([&] { (void)from.http_minor(); }), moved));
  CHECK(says(advice([&] { (void)from.status_code(); }), moved));
  CHECK(says(advice([&] { (void)from.upgrade(); }), moved));
  CHECK(says(advice([&] { (void)from.content_length(); }), moved));
  CHECK(says(advice([&] { (void)from.chunked(); }), moved));
  CHECK(says(advice([&] { (void)from.chunk_length(); }), moved));
  CHECK(says(advice([&] { (void)from.message_needs_eof(); }), moved));
  CHECK(says(advice([&] { (void)from.should_keep_alive(); }), moved));
  CHECK(says(advice([&] { (void)from.last_error(); }), moved));
  CHECK(says(advice([&] { (void)from.error_reason(); }), moved));
  CHECK(says(advice([&] { (void)from.error_offset(); }), moved));
  CHECK(says(advice([&] { (void)from.native(); }), moved));
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("in its own callback a parser is not to be run") {
  std::vector<std::string> said;
  const auto misuses = [&](parser& p) {
    said.push_back(advice([&] { p.execute(one_request().bytes()); }));
    said.push_back(advice([&] { p.finish(); }));
    said.push_back(advice([&] { p.reset(); }));
    said.push_back(advice([&] { p.resume(); }));
    said.push_back(advice([&] { p.resume_after_upgrade(); }));
  };
  int completed = 0;
  parser parser(kind::request, {.on_url = [&](llhttp::parser& p, std::string_view) { misuses(p); },
                                .on_message_complete =
                                    [&](llhttp::parser& p) {
                                      ++completed;
                                      misuses(p);
                                    }});
  CHECK(parser.execute(one_request().bytes()).why == stop::all_read);
  CHECK(completed == 1);  // what is refused changes nothing
  CHECK(said.size() == 10);
  for (const std::string& one : said) CHECK(says(one, "one of its own callbacks; return from it first"));
}

TEST_CASE("after an error nothing is parsed until reset") {
  parser parser(kind::request);
  const block bad("GET / HTTQ/1.1\r\n\r\n");
  CHECK_THROWS_AS(parser.execute(bad.bytes()), error);
  CHECK(parser.last_error() == errc::invalid_constant);
  CHECK(parser.error_reason() == "Expected HTTP/");
  CHECK(says(advice([&] { parser.execute(one_request().bytes()); }), "it has stopped at an error; reset()"));
  CHECK(says(advice([&] { parser.execute({}); }), "it has stopped at an error; reset()"));
  parser.resume();  // of no pause
  CHECK(says(advice([&] { parser.finish(); }), "it has stopped at an error; reset()"));
  parser.reset();
  CHECK_FALSE(parser.last_error());
  CHECK(parser.execute(one_request().bytes()).why == stop::all_read);
}

TEST_CASE("while paused nothing is parsed until resume") {
  parser parser(kind::request);
  parser.pause();
  CHECK(parser.paused());
  CHECK(says(advice([&] { parser.execute(one_request().bytes()); }), "it is paused; resume() it first"));
  CHECK(says(advice([&] { parser.finish(); }), "it is paused; resume() it first"));
  parser.resume_after_upgrade();  // of no upgrade
  CHECK(parser.paused());
  parser.resume();
  CHECK(parser.execute(one_request().bytes()).why == stop::all_read);
}

TEST_CASE("behind an upgrade nothing is parsed unless that is declined") {
  parser parser(kind::request);
  const block memory("CONNECT a:1 HTTP/1.1\r\n\r\n");
  CHECK(parser.execute(memory.bytes()).why == stop::upgrade);
  parser.resume();  // of no pause
  CHECK(says(advice([&] { parser.execute({}); }), "another protocol follows"));
}

TEST_CASE("behind the end of the stream nothing is parsed until reset") {
  parser parser(kind::request);
  parser.finish();
  CHECK(says(advice([&] { parser.execute(one_request().bytes()); }), "the end of the stream was told"));
  CHECK(says(advice([&] { parser.finish(); }), "the end of the stream was told"));
  parser.reset();
  CHECK(parser.execute(one_request().bytes()).why == stop::all_read);
}

TEST_CASE("to say that there is no body and to pause at once is refused, since llhttp hears only one") {
  parser parser(kind::response, {.on_headers_complete = [](llhttp::parser& p) {
                  p.pause();
                  return body::none;
                }});
  const block memory("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  CHECK(says(advice([&] { parser.execute(memory.bytes()); }), "pause in on_message_complete"));
}

TEST_CASE("an answer of on_headers_complete that is none of its values is refused") {
  parser parser(kind::response,
                {.on_headers_complete = [](llhttp::parser&) { return static_cast<body>(21); }});
  const block memory("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  CHECK(says(advice([&] { parser.execute(memory.bytes()); }), "none of llhttp::body"));
}

TEST_CASE("a kind that is none is refused") {
  CHECK(says(advice([] { parser parser(static_cast<kind>(3)); }), "none of llhttp::kind"));
}

TEST_CASE("no bytes at all are parsed as nothing") {
  parser parser(kind::request);
  CHECK(parser.execute({}).why == stop::all_read);
  CHECK(parser.execute({}).used == 0);
  parser.finish();
}

TEST_CASE("a reader that was moved from, or that has refused, refuses every call") {
  request_reader from;
  request_reader to = std::move(from);
  const std::string moved = "this reader was moved from";
  // NOLINTBEGIN(bugprone-use-after-move): that is what is tested
  CHECK(says(advice([&] { static_cast<void>(from.read({})); }), moved));
  CHECK(says(advice([&] { (void)from.take_head(); }), moved));
  CHECK(says(advice([&] { (void)from.between_requests(); }), moved));
  CHECK(says(advice([&] { from.end_of_stream(); }), moved));
  // NOLINTEND(bugprone-use-after-move)
  const block bad("?");
  CHECK_THROWS_AS(to.read(bad.bytes()), error);
  const std::string refused = "close the connection";
  CHECK(says(advice([&] { static_cast<void>(to.read({})); }), refused));
  CHECK(says(advice([&] { (void)to.take_head(); }), refused));
  CHECK(says(advice([&] { (void)to.between_requests(); }), refused));
  CHECK(says(advice([&] { to.end_of_stream(); }), refused));
}

TEST_CASE("a head is taken once, and only when it is there") {
  request_reader reader;
  const std::string none = "there is no head to take";
  CHECK(says(advice([&] { (void)reader.take_head(); }), none));
  REQUIRE(reader.read(one_request().bytes()).part == part::head);
  CHECK(reader.take_head().fields.size() == 1);
  CHECK(says(advice([&] { (void)reader.take_head(); }), none));
}

TEST_CASE("a head that nobody takes makes room for the next") {
  request_reader reader;
  const block memory("GET /a HTTP/1.1\r\nA: b\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  read_result read = reader.read(memory.bytes());
  read = reader.read(read.rest);
  REQUIRE(read.part == part::end);
  read = reader.read(read.rest);
  REQUIRE(read.part == part::head);
  const request head = reader.take_head();
  CHECK(head.target == "/b");
  CHECK(head.fields.empty());
}

}  // namespace
}  // namespace gauntlet::llhttp::test
