#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

bytes real_file() { return encode(make_picture({color_type::rgb, 8}, 20, 15), {.level = 1}); }

TEST_CASE("a source that gives one byte at a time gives the same image") {
  for (const bool interlaced : {false, true}) {
    const image picture = make_picture({color_type::rgba, 16}, 9, 7);
    const bytes file = encode(picture, {.interlaced = interlaced});
    CHECK(same_pixels(decode(dripping_source{file}), picture));
  }
}

TEST_CASE("it does not matter how many bytes a source gives at a time") {
  const bytes file = real_file();
  const image expected = decode(file);
  for (const std::size_t step : {2U, 3U, 7U, 8U, 13U, 100U, 8191U, 8192U, 8193U})
    CHECK(same_pixels(decode(dripping_source{file, step}), expected));
}

// A type that knows nothing of us: no base class, no name.
class stream_source {
 public:
  explicit stream_source(const bytes& content)
      : stream_(std::string(reinterpret_cast<const char*>(content.data()), content.size())) {}
  std::size_t read(std::span<std::byte> out) {
    stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    return static_cast<std::size_t>(stream_.gcount());
  }

 private:
  std::istringstream stream_;
};

TEST_CASE("a source of a type of the user's own feeds a decoder") {
  const bytes file = real_file();
  CHECK(same_pixels(decode(stream_source(file)), decode(file)));
}

struct named_source : dripping_source {
  std::string name() const { return "the wire"; }
};

TEST_CASE("a source's own name stands in errors, and a source without one is called source") {
  const bytes cut = to_bytes("\x89PNG\r\n\x1a\n....");
  CHECK(thrown_by<error>([&] { return decode(named_source{{cut, 100}}); }).subject() == "the wire");
  CHECK(thrown_by<error>([&] { return decode(dripping_source{cut}); }).subject() == "source");
  CHECK(thrown_by<error>([&] { return decode(cut); }).subject() == "memory");
}

// Every call of the source is made to throw once. The exception must be the very object that was thrown: a
// copy would have lost its type or its address.
template <class Work>
int calls_that_threw(const bytes& file, Work work) {
  int threw = 0;
  for (int at = 1;; ++at) {
    int calls = 0;
    const std::exception_ptr planned = std::make_exception_ptr(planned_failure());
    const std::exception_ptr caught = anything_thrown_by([&] {
      work(failing_source{file, at, planned, &calls});
      return 0;
    });
    if (!caught) return threw;
    REQUIRE(caught == planned);
    CHECK(calls == at);  // it is not called again once it has thrown
    ++threw;
  }
}

TEST_CASE("what a source throws at its k-th call comes out as itself, for every k") {
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(make_picture({color_type::rgb, 8}, 20, 15), {.interlaced = interlaced});
    CHECK(calls_that_threw(file, [](auto source) { decode(std::move(source)); }) > 8);
  }
}

TEST_CASE("what a source throws comes out of the call that needed the bytes") {
  const bytes file = real_file();
  const auto stepwise = [](auto source) {
    row_reader rows = decoder{std::move(source)}.start();
    for (const auto row : rows) CHECK(row.size() == 60);
  };
  CHECK(calls_that_threw(file, stepwise) > 8);
}

TEST_CASE("a source may throw anything") {
  int calls = 0;
  const auto throwing = [&](auto what) {
    return failing_source{{}, 1, std::make_exception_ptr(what), &(calls = 0)};
  };
  CHECK_THROWS_AS(decode(throwing(42)), int);
  CHECK_THROWS_AS(decode(throwing(std::string("text"))), std::string);
  CHECK_THROWS_AS(decode(throwing(std::bad_alloc())), std::bad_alloc);
}

TEST_CASE("a reader whose source threw is used up") {
  const bytes file = real_file();
  int calls = 0;
  failing_source source{file, 0, std::make_exception_ptr(planned_failure()), &calls};
  {
    row_reader probe = decoder{failing_source{file, -1, nullptr, &calls}}.start();
    source.at = std::exchange(calls, 0) + 1;  // the first call after start()
  }
  row_reader rows = decoder{source}.start();
  CHECK_THROWS_AS(rows.next(), planned_failure);
  const misuse told = thrown_by<misuse>([&] { return rows.next(); });
  CHECK(std::string(told.what()).contains("make a new one"));
  CHECK(rows.header().width == 20);  // what is known stays known
}

struct lying_source : dripping_source {
  std::size_t lie = 1;
  std::size_t read(std::span<std::byte> out) { return dripping_source::read(out) + lie; }
};

TEST_CASE("a source that claims more bytes than it was given room for is told so") {
  const bytes file = real_file();
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t lie : {std::size_t{1}, std::size_t{1} << 40, most - 8}) {
    const misuse told = thrown_by<misuse>([&] { return decode(lying_source{{file, file.size()}, lie}); });
    CHECK(std::string(told.what()).contains("given room for 8"));
    CHECK(std::string(told.what()).contains("it claims " + std::to_string(8 + lie) + " bytes"));
  }
}

TEST_CASE("a source is read no further than the end of the image") {
  bytes file = real_file();
  const std::size_t size = file.size();
  file.resize(size + 1000, std::byte{0xEE});
  std::size_t taken = 0;
  struct counting_source : dripping_source {
    std::size_t* taken = nullptr;
    std::size_t read(std::span<std::byte> out) {
      const std::size_t got = dripping_source::read(out);
      *taken += got;
      return got;
    }
  };
  decode(counting_source{{file, file.size()}, &taken});
  CHECK(taken == size);
}

}  // namespace
}  // namespace gauntlet::png::test
