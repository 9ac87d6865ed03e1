#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

image picture() { return make_picture({color_type::rgb, 8}, 60, 50); }

// As a user would write it: no base class, no name.
struct stream_sink {
  std::ostringstream stream;
  void write(std::span<const std::byte> data) {
    stream.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
  }
};

TEST_CASE("a sink of a type of the user's own receives the same bytes as memory") {
  stream_sink sink;
  encode_to(sink, picture());
  CHECK(to_bytes(sink.stream.str()) == encode(picture()));
}

TEST_CASE("what a sink throws at its k-th call comes out as itself, for every k") {
  for (const bool interlaced : {false, true}) {
    int threw = 0;
    for (int at = 1;; ++at) {
      const std::exception_ptr planned = std::make_exception_ptr(planned_failure());
      failing_sink sink{at, planned};
      const std::exception_ptr caught = anything_thrown_by([&] {
        encode_to(sink, picture(), {.level = 1, .interlaced = interlaced});
        return 0;
      });
      if (!caught) break;
      REQUIRE(caught == planned);
      CHECK(sink.calls == at);  // it is not called again once it has thrown
      ++threw;
    }
    CHECK(threw > 10);
  }
}

TEST_CASE("a sink may throw anything") {
  failing_sink number{3, std::make_exception_ptr(42)};
  CHECK_THROWS_AS(encode_to(number, picture()), int);
  failing_sink text{3, std::make_exception_ptr(std::string("text"))};
  CHECK_THROWS_AS(encode_to(text, picture()), std::string);
}

struct named_sink : failing_sink {
  std::string name() const { return "the printer"; }
};

TEST_CASE("a sink's own name stands in errors, and a sink without one is called sink") {
  named_sink named{{0, nullptr}};
  failing_sink nameless{0, nullptr};
  const encode_options refused{.limits = {.max_width = 1}};
  CHECK(thrown_by<error>([&] { return encode_to(named, picture(), refused), 0; }).subject() == "the printer");
  CHECK(thrown_by<error>([&] { return encode_to(nameless, picture(), refused), 0; }).subject() == "sink");
}

TEST_CASE("a memory sink gives its bytes away and begins again") {
  memory_sink sink;
  encode_to(sink, picture());
  const bytes first = sink.take();
  encode_to(sink, picture());
  CHECK(sink.take() == first);
  CHECK(sink.take().empty());
}

}  // namespace
}  // namespace gauntlet::png::test
