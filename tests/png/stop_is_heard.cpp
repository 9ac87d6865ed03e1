#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <thread>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

template <class Work>
std::error_code code_of(const Work& work) {
  return thrown_by<error>([&] {
           work();
           return 0;
         })
      .code();
}

TEST_CASE("a reader that was asked to stop before it began gives no row") {
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(make_picture({color_type::gray, 8}, 9, 9), {.interlaced = interlaced});
    stop_source stop;
    stop.request_stop();
    row_reader rows = decoder(memory_source(file), {.stop = stop.get_token()}).start();
    CHECK(code_of([&] { rows.next(); }) == std::errc::operation_canceled);
    CHECK(refusal_of([&] { rows.next(); }).contains("has failed before"));
    pass_reader passes =
        decoder(memory_source(file), {.stop = stop.get_token()}).start_passes(display::blocks);
    CHECK(code_of([&] { passes.next(); }) == std::errc::operation_canceled);
    CHECK(code_of([&] { decoder(memory_source(file), {.stop = stop.get_token()}).read_image(); }) ==
          std::errc::operation_canceled);
  }
}

TEST_CASE("a reader stops between two rows") {
  const image picture = make_picture({color_type::gray, 8}, 9, 9);
  const bytes file = encode(picture);
  stop_source stop;
  row_reader rows = decoder(memory_source(file), {.stop = stop.get_token()}).start();
  for (std::uint32_t y = 0; y < 4; ++y) CHECK(same_bytes(rows.next().value(), picture.row(y)));
  stop.request_stop();
  bytes memory(81);
  CHECK(code_of([&] { rows.read_all_into(memory); }) == std::errc::operation_canceled);
}

TEST_CASE("an encoder stops between two rows, and keeps what it has written") {
  const image picture = make_picture({color_type::gray, 8}, 9, 9);
  stop_source stop;
  encoder to{memory_sink{}, picture.header(), {.stop = stop.get_token()}};
  to.write_row(picture.row(0));
  stop.request_stop();
  CHECK(code_of([&] { to.write_row(picture.row(1)); }) == std::errc::operation_canceled);
  CHECK(refusal_of([&] { to.write_row(picture.row(1)); }).contains("has failed before"));
  CHECK(is_png(to.sink().take()));
  CHECK(code_of([&] { encode(picture, {.stop = stop.get_token()}); }) == std::errc::operation_canceled);
}

TEST_CASE("another thread may ask a reader and an encoder to stop while they work") {
  const image picture = make_picture({color_type::gray, 8}, 9, 9);
  const bytes file = encode(picture);
  for (const bool writes : {false, true}) {
    stop_source stop;
    std::atomic<int> done = 0;
    std::error_code code;
    std::thread worker([&, token = stop.get_token()] {
      code = code_of([&] {
        for (;; ++done)
          if (writes)
            encode(picture, {.stop = token});
          else
            decoder(memory_source(file), {.stop = token}).read_image();
      });
    });
    while (done == 0) std::this_thread::yield();
    stop.request_stop();
    worker.join();
    CHECK(code == std::errc::operation_canceled);
  }
}

}  // namespace
}  // namespace gauntlet::png::test
