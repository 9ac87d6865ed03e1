// Each leniency lets through what is refused without it, and nothing that another is for.
#include <llhttp.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

struct leniency {
  const char* name = "";
  bool lenient::* flag = nullptr;
  std::string text{};
  llhttp::kind kind = kind::request;
};

const std::vector<leniency>& all_of_them() {
  static const std::string chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  static const std::vector<leniency> all = {
      {"headers", &lenient::headers, "GET / HTTP/1.1\r\nA: b\x01\r\n\r\n"},
      {"chunked_length", &lenient::chunked_length,
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
      {"keep_alive", &lenient::keep_alive,
       "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\n\r\n"},
      {"transfer_encoding", &lenient::transfer_encoding,
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"},
      {"version", &lenient::version, "GET / HTTP/5.6\r\n\r\n"},
      {"data_after_close", &lenient::data_after_close,
       "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\na!!"},
      {"optional_lf_after_cr", &lenient::optional_lf_after_cr,
       "GET / HTTP/1.1\r\nA: b\r\n\rGET / HTTP/1.1\r\n\r\n"},
      {"optional_cr_before_lf", &lenient::optional_cr_before_lf, "GET / HTTP/1.1\r\nA: b\n\n"},
      {"optional_crlf_after_chunk", &lenient::optional_crlf_after_chunk, chunks + "1\r\na0\r\n\r\n"},
      {"spaces_after_chunk_size", &lenient::spaces_after_chunk_size, chunks + "1 \r\na\r\n0\r\n\r\n"},
  };
  return all;
}

bool accepts(parser& parser, std::string_view text) {
  const block memory(text);
  try {
    parser.execute(memory.bytes());
    return true;
  } catch (const error&) {
    return false;
  }
}

TEST_CASE("what a leniency is for is refused without it and accepted with it") {
  for (const leniency& one : all_of_them()) {
    INFO(one.name);
    parser strict(one.kind);
    CHECK_FALSE(accepts(strict, one.text));
    lenient flags;
    flags.*one.flag = true;
    parser loose(one.kind, {}, flags);
    CHECK(accepts(loose, one.text));
  }
}

TEST_CASE("a leniency is there until it is taken back, also behind reset") {
  for (const leniency& one : all_of_them()) {
    INFO(one.name);
    lenient flags;
    flags.*one.flag = true;
    parser parser(one.kind);
    parser.set_lenient(flags);
    CHECK(accepts(parser, one.text));
    parser.reset();
    CHECK(accepts(parser, one.text));
    parser.reset();
    parser.set_lenient({});
    CHECK_FALSE(accepts(parser, one.text));
  }
}

TEST_CASE("each leniency is one bit of llhttp's") {
  unsigned seen = 0;
  for (const leniency& one : all_of_them()) {
    lenient flags;
    flags.*one.flag = true;
    const parser parser(one.kind, {}, flags);
    const unsigned bits = parser.native()->lenient_flags;
    INFO(one.name);
    CHECK((bits & (bits - 1)) == 0);
    CHECK(bits != 0);
    CHECK((seen & bits) == 0);
    seen |= bits;
  }
  CHECK(seen == 0x3ff);
}

}  // namespace
}  // namespace gauntlet::llhttp::test
