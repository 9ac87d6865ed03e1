#include <uv.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <gauntlet/uv/error.hpp>
#include <string>

namespace gauntlet::uv::test {
namespace {

struct listed_error {
  int status;
  const char* name;
  const char* message;
};

const listed_error all_errors[] = {
#define GAUNTLET_ERROR(name, message) {UV_##name, #name, message},
    UV_ERRNO_MAP(GAUNTLET_ERROR)
#undef GAUNTLET_ERROR
};

TEST_CASE("every error has libuv's name and message") {
  for (const auto& [status, name, message] : all_errors) {
    const std::error_code code = make_error_code(status);
    CHECK(error_name(code) == name);
    CHECK(code.message() == message);
    CHECK(code.category() == uv_category());
  }
  CHECK(error_name(make_error_code(-12345)) == "Unknown system error -12345");
}

TEST_CASE("an error that has a meaning in std::errc compares with it") {
  CHECK(make_error_code(UV_ECONNRESET) == std::errc::connection_reset);
  CHECK(make_error_code(UV_ENOENT) == std::errc::no_such_file_or_directory);
  CHECK(make_error_code(UV_ECANCELED) == std::errc::operation_canceled);
  CHECK(make_error_code(UV_EAI_AGAIN) == std::errc::resource_unavailable_try_again);
  CHECK(make_error_code(UV_EAI_MEMORY) == std::errc::not_enough_memory);
  CHECK(make_error_code(UV_EAI_CANCELED) == std::errc::operation_canceled);
  CHECK(make_error_code(UV_EAI_NONAME) == errc::eai_noname);
  CHECK(make_error_code(UV_EOF) == errc::eof);
  CHECK(make_error_code(UV_EAI_NONAME) != std::errc::no_such_file_or_directory);
}

TEST_CASE("an error says what was done to what, and from where") {
  const error failure(UV_ECONNREFUSED, "tcp::connect", "127.0.0.1:1", std::source_location::current());
  const std::string text = failure.what();
  CHECK(text.find("127.0.0.1:1: tcp::connect: connection refused; called from ") == 0);
  CHECK(failure.name() == "ECONNREFUSED");
  CHECK(failure.status() == UV_ECONNREFUSED);
}

TEST_CASE("translate_sys_error") {
  CHECK(translate_sys_error(EPERM) == UV_EPERM);
  CHECK(translate_sys_error(EPIPE) == UV_EPIPE);
  CHECK(translate_sys_error(UV_EINVAL) == UV_EINVAL);  // already libuv's
  CHECK(translate_sys_error(0) == 0);
}

}  // namespace
}  // namespace gauntlet::uv::test
