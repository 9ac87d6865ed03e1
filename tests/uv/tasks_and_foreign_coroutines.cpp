// Coroutine types of other houses await what is libuv's, too.
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "../core/support/death.hpp"
#include "../core/support/foreign.hpp"
#include "tasks_support.hpp"

namespace gauntlet::uv::test {
namespace {

using gauntlet::test::foreign;

foreign echo(tcp& peer, std::string& ended) {
  std::array<std::byte, 16> buffer{};
  try {
    while (const std::size_t size = co_await peer.read_some(buffer))
      co_await peer.write(std::span(buffer).first(size));
    ended = "the end of the stream";
  } catch (const error& failed) {
    ended = failed.name();
  }
}

}  // namespace

TEST_CASE("a foreign coroutine awaits streams of a loop that callbacks run") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::string ended;
  std::string heard;
  const foreign serves = echo(left, ended);
  right.read_start([&](std::span<std::byte> data) { heard += text_of(data); });
  right.write(buffer_of("hello"), [&] { right.shutdown(no_callback()); });
  while (!serves.done()) loop.run(run_mode::once);
  CHECK(heard == "hello");
  CHECK(ended == "the end of the stream");
  left.close();
  right.close();
  run_to_the_end(loop);
}

TEST_CASE("a foreign coroutine that waits when its loop is closed or destroyed is cancelled") {
  for (const bool destroyed : {false, true}) {
    std::optional<loop> owner(std::in_place);
    auto [left, right] = socket_pair(*owner);
    std::string ended;
    const foreign serves = echo(left, ended);
    CHECK(ended.empty());
    if (destroyed)
      owner.reset();
    else
      owner->close();
    CHECK(ended == "ECANCELED");
    CHECK(serves.done());
  }
}

TEST_CASE("what a thread works on for a foreign coroutine is awaited by the loop's end, and told") {
  std::optional<loop> owner(std::in_place);
  std::string ended;
  const auto works = [&](uv::loop& on) -> foreign {
    try {
      co_await offload(on, [] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
      ended = "returned";
    } catch (const gauntlet::error& failed) {
      if (failed.code() == std::errc::operation_canceled) ended = "cancelled";  // no thread had begun
    }
  };
  const foreign waiting = works(*owner);
  owner.reset();
  CHECK(waiting.done());
  CHECK_FALSE(ended.empty());
}

TEST_CASE("a foreign frame that is destroyed while it reads ends the program, which names the read") {
  const std::string said = gauntlet::test::last_words_of([] {
    loop loop;
    auto [left, right] = socket_pair(loop);
    std::string ended;
    foreign serves = echo(left, ended);
    serves.destroy();
  });
  CHECK(said.find("stream::read_some tcp descriptor ") != std::string::npos);
  CHECK(said.find("tasks_and_foreign_coroutines.cpp:") != std::string::npos);
}

}  // namespace gauntlet::uv::test
