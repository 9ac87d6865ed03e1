#include <llhttp.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_set>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

struct side {
  llhttp::kind kind = kind::both;
  const std::vector<sample>* samples = nullptr;
};

const std::array<side, 2>& both_sides() {
  static const std::array<side, 2> all{side{kind::request, &real_requests()},
                                       side{kind::response, &real_responses()}};
  return all;
}

std::string told(kind kind, const std::vector<std::string_view>& pieces) {
  recorder record;
  parser parser(kind, record.all());
  for (const std::string_view piece : pieces) parse_all(parser, piece);
  return record.joined();
}

std::size_t calls_of(kind kind, std::string_view text) {
  recorder record;
  parser parser(kind, record.all());
  parse_all(parser, text);
  return record.calls();
}

/// Runs `check` for every callback of every sample, by its number.
template <class Check>
void for_every_call(Check check) {
  for (const side& side : both_sides()) {
    for (const sample& one : *side.samples) {
      const std::size_t calls = calls_of(side.kind, one.text);
      for (std::size_t number = 0; number < calls; ++number) {
        INFO(one.who << ", callback " << number << " of " << calls);
        check(side.kind, one.text, number);
      }
    }
  }
}

TEST_CASE("a request is told as llhttp finds it") {
  CHECK(told(kind::request, {"POST /a HTTP/1.1\r\nA: b\r\nTransfer-Encoding: "
                             "chunked\r\n\r\n3;c;d=\"e\"\r\nabc\r\n0\r\nF: g\r\n\r\n"}) ==
        "message_begin\nmethod POST\nmethod_complete\nurl /a\nurl_complete\nversion 1.1\nversion_complete\n"
        "header_field A\nheader_field_complete\nheader_value b\nheader_value_complete\n"
        "header_field Transfer-Encoding\nheader_field_complete\nheader_value chunked\nheader_value_complete\n"
        "headers_complete\n"
        "chunk_extension_name c\nchunk_extension_name_complete\nchunk_extension_name d\n"
        "chunk_extension_name_complete\nchunk_extension_value \"e\"\nchunk_extension_value_complete\n"
        "chunk_header 3\nbody abc\nchunk_complete\nchunk_header 0\n"
        "header_field F\nheader_field_complete\nheader_value g\nheader_value_complete\n"
        "chunk_complete\nmessage_complete\n");
}

TEST_CASE("a response is told as llhttp finds it") {
  CHECK(
      told(kind::response, {"HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi"
                            "HTTP/1.1 204 \r\n\r\n"}) ==
      "message_begin\nversion 1.0\nversion_complete\nstatus Not Found\nstatus_complete\n"
      "header_field Content-Length\nheader_field_complete\nheader_value 2\nheader_value_complete\n"
      "header_field Connection\nheader_field_complete\nheader_value keep-alive\nheader_value_complete\n"
      "headers_complete\nbody hi\nmessage_complete\n"
      "reset\nmessage_begin\nversion 1.1\nversion_complete\nstatus_complete\nheaders_complete\n"
      "message_complete\n");
}

TEST_CASE("the samples bring every callback at least once") {
  std::unordered_set<std::string> names;
  for (const side& side : both_sides()) {
    recorder record;
    for (const sample& one : *side.samples) {
      parser parser(side.kind, record.all());
      parse_all(parser, one.text);
    }
    for (const std::string& event : record.events()) names.insert(event.substr(0, event.find(' ')));
  }
  CHECK(names.size() == sizeof(llhttp_settings_t) / sizeof(llhttp_cb));
}

TEST_CASE("callbacks tell the same however the bytes are cut") {
  for (const side& side : both_sides()) {
    for (const sample& one : *side.samples) {
      INFO(one.who);
      const std::string whole = told(side.kind, {one.text});
      CHECK(told(side.kind, one_by_one(one.text)) == whole);
      for (std::size_t at = 0; at <= one.text.size(); ++at) {
        if (told(side.kind, cut(one.text, {at})) == whole) continue;
        CHECK(told(side.kind, cut(one.text, {at})) == whole);
      }
    }
  }
}

struct thrown {
  int number = 0;
};

TEST_CASE("what any callback throws comes out of execute as itself, and reset makes the parser new") {
  for_every_call([](kind kind, const std::string& text, std::size_t number) {
    recorder record;
    parser parser(kind, record.all());
    const void* address = nullptr;
    record.at_call(number, [&](llhttp::parser&) { throw thrown{17}; });
    try {
      parse_all(parser, text);
    } catch (const thrown& caught) {
      address = &caught;
      if (caught.number != 17) FAIL("it is another");
    }
    if (address == nullptr) FAIL("it has not come out");
    if (record.calls() != number + 1) FAIL("callbacks were called behind it");
    if (!parser.last_error()) FAIL("llhttp has not seen it");
    const block more("x");
    CHECK_THROWS_AS(parser.execute(more.bytes()), misuse);
    CHECK_THROWS_AS(parser.finish(), misuse);
    parser.reset();
    const std::size_t before = record.events().size();
    parse_all(parser, text);
    std::string again;
    for (std::size_t i = before; i < record.events().size(); ++i) again += record.events()[i] + '\n';
    if (again != told(kind, {text})) FAIL("reset() has left something behind");
  });
}

TEST_CASE("a pause in any callback stops there, and goes on from there") {
  for_every_call([](kind kind, const std::string& text, std::size_t number) {
    recorder record;
    parser parser(kind, record.all());
    record.at_call(number, [&](llhttp::parser& mine) {
      mine.pause();
      if (!mine.paused()) FAIL("it does not know that it is paused");
    });
    const block memory(text);
    const execution done = parser.execute(memory.bytes());
    if (done.why != stop::paused) FAIL("it has not stopped");
    if (record.calls() != number + 1) FAIL("callbacks were called behind it");
    if (parser.error_offset() != done.used) FAIL("it has stopped elsewhere");
    if (parser.last_error() != errc::paused) FAIL("llhttp is not paused");
    CHECK_THROWS_AS(parser.execute(memory.bytes().subspan(done.used)), misuse);
    CHECK_THROWS_AS(parser.finish(), misuse);
    parser.resume();
    CHECK_FALSE(parser.paused());
    parse_all(parser, std::string_view(text).substr(done.used));
    if (record.joined() != told(kind, {text})) FAIL("something was lost or told twice");
  });
}

TEST_CASE("the parser may be destroyed in any callback, and calls none behind it") {
  for_every_call([](kind kind, const std::string& text, std::size_t number) {
    recorder record;
    auto mine = std::make_unique<parser>(kind, record.all());
    record.at_call(number, [&](llhttp::parser&) { mine.reset(); });
    const block memory(text);
    const execution done = mine->execute(memory.bytes());
    if (mine) FAIL("it is not destroyed");
    if (done.why != stop::paused) FAIL("it has not stopped");
    if (record.calls() != number + 1) FAIL("callbacks were called behind it");
  });
}

TEST_CASE("the parser may be destroyed in a callback that throws") {
  recorder record;
  auto mine = std::make_unique<parser>(kind::request, record.all());
  record.at_call(3, [&](llhttp::parser&) {
    mine.reset();
    throw thrown{17};
  });
  const block memory(real_requests().front().text);
  CHECK_THROWS_AS(mine->execute(memory.bytes()), thrown);
  CHECK_FALSE(mine);
}

TEST_CASE("the parser may be moved in any callback, and goes on from its new place") {
  for_every_call([](kind kind, const std::string& text, std::size_t number) {
    recorder record;
    parser first(kind, record.all());
    std::unique_ptr<parser> second;
    record.at_call(number, [&](llhttp::parser& mine) {
      if (&mine != &first) FAIL("it was told of another");
      second = std::make_unique<parser>(std::move(mine));
      record.at_call(number + 1, [&](llhttp::parser& then) {
        if (&then != second.get()) FAIL("it was told of the place that it has left");
      });
    });
    const block memory(text);
    const execution done = first.execute(memory.bytes());
    if (done.why == stop::paused) FAIL("it has stopped");
    CHECK_THROWS_AS(first.paused(), misuse);
    CHECK(second->native()->data != nullptr);
    if (record.joined() != told(kind, {text})) FAIL("something was lost or told twice");
  });
}

TEST_CASE("a parser that is assigned in its own callback calls no more") {
  recorder record;
  parser mine(kind::request, record.all());
  record.at_call(2, [&](llhttp::parser&) { mine = parser(kind::response); });
  const block memory(real_requests().front().text);
  CHECK(mine.execute(memory.bytes()).why == stop::paused);
  CHECK(record.calls() == 3);
  CHECK(mine.type() == kind::response);
  mine.finish();
}

TEST_CASE("without callbacks, or with any one of them, the parser accepts the same") {
  for (const side& side : both_sides()) {
    for (const sample& one : *side.samples) {
      parser none(side.kind);
      CHECK_NOTHROW(parse_all(none, one.text));
    }
  }
  int urls = 0;
  parser one(kind::request, {.on_url_complete = [&](parser&) { ++urls; }});
  parse_all(one, real_requests().front().text);
  CHECK(urls == 1);
}

TEST_CASE("in a callback the parser tells what is known by then") {
  int asked = 0;
  parser request(kind::request, {.on_headers_complete = [&](parser& p) {
                   ++asked;
                   CHECK(p.type() == kind::request);
                   CHECK(p.method() == method::post);
                   CHECK(p.http_major() == 1);
                   CHECK(p.http_minor() == 1);
                   CHECK(p.content_length() == 3);
                   CHECK_FALSE(p.chunked());
                   CHECK_FALSE(p.upgrade());
                   CHECK(p.should_keep_alive());
                   CHECK_FALSE(p.message_needs_eof());
                   return body::as_said;
                 }});
  parse_all(request, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(asked == 1);
  parser chunks(kind::request, {.on_headers_complete = [&](parser& p) {
                  ++asked;
                  CHECK(p.chunked());
                  CHECK_FALSE(p.content_length());
                  return body::as_said;
                }});
  parse_all(chunks, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  CHECK(asked == 2);
}

}  // namespace
}  // namespace gauntlet::llhttp::test
