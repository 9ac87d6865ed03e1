#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

TEST_CASE("random_async") {
  loop loop;
  std::vector<std::byte> memory(4096);
  const std::byte* const place = memory.data();
  bool filled = false;
  random(loop, std::move(memory), [&](owned_buffer bytes) {
    const auto back = bytes.take<std::vector<std::byte>>();
    CHECK(back.data() == place);
    CHECK(std::ranges::any_of(back, [](std::byte byte) { return byte != std::byte{0}; }));
    filled = true;
  });
  bool nothing = false;
  random(loop, 0, [&](const outcome<owned_buffer>& bytes) { nothing = static_cast<bool>(bytes); });
  run_to_the_end(loop);
  CHECK(filled);
  CHECK(nothing);
}

TEST_CASE("bytes that are constant cannot be filled, a closed loop fills none") {
  loop loop;
  CHECK(misuse_of([&] {
          random(loop, owned_buffer::of_static(std::as_bytes(std::span("constant", 8))), [] {});
        }) != "");
  CHECK(loop.pending().empty());
  run_to_the_end(loop);
  CHECK(misuse_of([&] { random(loop, 16, [] {}); }).find("the loop is closed") != std::string::npos);
}

}  // namespace
}  // namespace gauntlet::uv::test
