#include <llhttp.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::llhttp::test {
namespace {

TEST_CASE("every method of llhttp's has its number and its name") {
  int count = 0;
#define GAUNTLET_CHECK(number, enumerator, text)                       \
  CHECK(name(static_cast<method>(number)) == std::string_view(#text)); \
  ++count;
  HTTP_ALL_METHOD_MAP(GAUNTLET_CHECK)
#undef GAUNTLET_CHECK
  CHECK(count == static_cast<int>(method::query) + 1);
  CHECK(name(method::delete_) == "DELETE");
  CHECK(name(method::msearch) == "M-SEARCH");
  CHECK(name(method::get_parameter) == "GET_PARAMETER");
}

TEST_CASE("every status of llhttp's has a name"){
#define GAUNTLET_CHECK(number, enumerator, text) CHECK(status_name(number) == std::string_view(#text));
    HTTP_STATUS_MAP(GAUNTLET_CHECK)
#undef GAUNTLET_CHECK
}

TEST_CASE("every error of llhttp's has a name and compares with std::errc by its meaning") {
  int count = 0;
#define GAUNTLET_CHECK(number, enumerator, text)                                    \
  if (number != 0) {                                                                \
    const std::error_code code = static_cast<errc>(number);                         \
    CHECK(name(static_cast<errc>(number)) == std::string_view("HPE_" #enumerator)); \
    CHECK(code.message() == "HPE_" #enumerator);                                    \
    CHECK(std::string_view(code.category().name()) == "llhttp");                    \
    ++count;                                                                        \
  }
  HTTP_ERRNO_MAP(GAUNTLET_CHECK)
#undef GAUNTLET_CHECK
  CHECK(count == 35);
  CHECK(make_error_code(errc::invalid_url) == std::errc::illegal_byte_sequence);
  CHECK(make_error_code(errc::invalid_eof_state) == std::errc::illegal_byte_sequence);
  CHECK(make_error_code(errc::closed_connection) == std::errc::connection_aborted);
  CHECK(make_error_code(errc::head_too_large) == std::errc::value_too_large);
  CHECK(make_error_code(errc::version_not_supported) == std::errc::not_supported);
  CHECK(make_error_code(errc::user) != std::errc::illegal_byte_sequence);
}

TEST_CASE("a number that means nothing has no name, and ends no program") {
  CHECK(name(static_cast<method>(47)).empty());
  CHECK(name(static_cast<method>(255)).empty());
  CHECK(name(static_cast<errc>(-1)).empty());
  CHECK(name(static_cast<errc>(36)).empty());
  CHECK(name(static_cast<errc>(999)).empty());
  CHECK(make_error_code(static_cast<errc>(36)).message() == "unknown error");
  CHECK(status_name(0).empty());
  CHECK(status_name(-1).empty());
  CHECK(status_name(299) == "MISCELLANEOUS_PERSISTENT_WARNING");
  CHECK(status_name(600).empty());
}

TEST_CASE("the reader's own errors have names, conditions and statuses") {
  struct expected {
    errc code;
    const char* name;
    std::errc condition;
    int status;
  };
  for (const expected& one :
       {expected{errc::target_too_long, "target_too_long", std::errc::value_too_large, 414},
        {errc::head_too_large, "head_too_large", std::errc::value_too_large, 431},
        {errc::too_many_headers, "too_many_headers", std::errc::value_too_large, 431},
        {errc::chunk_extensions_too_large, "chunk_extensions_too_large", std::errc::value_too_large, 413},
        {errc::version_not_supported, "version_not_supported", std::errc::not_supported, 505},
        {errc::transfer_coding_not_supported, "transfer_coding_not_supported", std::errc::not_supported, 501},
        {errc::invalid_url, "HPE_INVALID_URL", std::errc::illegal_byte_sequence, 400}}) {
    const error refused(one.code, "operation", "reason", 7, std::source_location::current());
    CHECK(name(one.code) == one.name);
    CHECK(refused.code() == one.condition);
    CHECK(status_of(refused) == one.status);
    CHECK(refused.reason() == "reason");
    CHECK(refused.offset() == 7);
    CHECK(std::string_view(refused.what()).find("reason (at byte 7)") != std::string_view::npos);
  }
}

TEST_CASE("an error keeps its facts when it is copied") {
  const error first(errc::invalid_url, "operation", "reason", 7, std::source_location::current());
  error second = first;
  second = error(first);
  CHECK(second.reason() == "reason");
  CHECK(std::string_view(second.what()) == first.what());
}

TEST_CASE("native is llhttp's own, at an address that does not change") {
  parser first(kind::response);
  llhttp_t* const raw = first.native();
  CHECK(llhttp_get_type(raw) == HTTP_RESPONSE);
  const parser second = std::move(first);
  CHECK(second.native() == raw);
}

TEST_CASE("an offset is counted over all that was given") {
  parser parser(kind::request);
  const block good("GET / HTTP/1.1\r\nA: b\r\n\r\n");
  parser.execute(good.bytes());
  const block bad("GET / HTTP/1.1\r\nA : b\r\n\r\n");
  try {
    parser.execute(bad.bytes());
    FAIL("it was accepted");
  } catch (const error& refused) {
    CHECK(refused.offset() == good.bytes().size() + 17);
    CHECK(parser.error_offset() == refused.offset());
    CHECK(refused.operation() == "llhttp::parser::execute");
    CHECK(std::string_view(refused.where().file_name()).ends_with("names_are_llhttps.cpp"));
  }
  parser.reset();
  CHECK(parser.error_offset() == 0);
  try {
    parser.execute(bad.bytes());
    FAIL("it was accepted");
  } catch (const error& refused) {
    CHECK(refused.offset() == 17);
  }
}

}  // namespace
}  // namespace gauntlet::llhttp::test
