#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pseudo_terminal.hpp"
#include "tasks_support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// Two ends that are connected, of a kind.
struct ends {
  std::shared_ptr<stream> left;
  std::shared_ptr<stream> right;
};

struct kind {
  const char* name;
  ends (*connect)(loop&);
};

template <class Stream>
ends both(std::pair<Stream, Stream> pair) {
  return {std::make_shared<Stream>(std::move(pair.first)), std::make_shared<Stream>(std::move(pair.second))};
}

constexpr kind stream_kinds[] = {
    {"tcp", [](loop& loop) { return both(socket_pair(loop)); }},
    {"pipe", [](loop& loop) { return both(pipe_pair(loop)); }},
};

template <class Test>
void for_each_stream(Test test) {
  for (const kind& each : stream_kinds) {
    INFO(each.name);
    loop loop;
    {
      ends streams = each.connect(loop);
      test(loop, streams);
    }
    loop.run();
    closes_clean(loop);
  }
}

/// More than the system and the other side's buffers take.
const std::vector<std::byte>& too_much() {
  static const std::vector<std::byte> bytes(std::size_t{64} << 20);
  return bytes;
}

task<std::string> read_all(stream& from) {
  std::string text;
  std::array<std::byte, 7> buffer;
  while (const std::size_t count = co_await from.read_some(buffer))
    text += text_of(std::span(buffer).first(count));
  co_return text;
}

}  // namespace

TEST_CASE("what is written is read, to the end of the stream") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto writes = [&]() -> task<> {
      co_await streams.left->write(bytes_of("hello, "));
      const std::array parts{bytes_of("wor"), std::span<const std::byte>(), bytes_of("ld")};
      co_await streams.left->write(parts);
      co_await streams.left->shutdown();
    };
    const auto program = [&]() -> task<std::string> {
      auto [none, text] = co_await when_all(writes(), read_all(*streams.right));
      {
        const auto awaited =
            co_await streams.right->read_some(std::span(std::make_unique<std::byte[]>(1).get(), 1));
        CHECK(awaited == 0);
      }
      co_return text;
    };
    CHECK(gauntlet::run(loop, program()) == "hello, world");
  });
}

TEST_CASE("bytes go straight into the span, and what has no room waits for the next read") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      co_await streams.left->write(bytes_of("abcdefgh"));
      std::array<std::byte, 5> buffer{};
      const auto room = std::span(buffer).subspan(1, 3);
      {
        const auto awaited = co_await streams.right->read_some(room);
        CHECK(awaited == 3);
      }
      CHECK(text_of(room) == "abc");
      CHECK(buffer.front() == std::byte{});
      CHECK(buffer.back() == std::byte{});
      {
        const auto awaited = co_await streams.right->read_exactly(std::span(buffer));
        CHECK(awaited == 5);
      }
      CHECK(text_of(buffer) == "defgh");
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("what was lent is the caller's again when it was awaited, though the operation lives on") {
  for_each_stream([](loop& loop, ends& streams) {
    run(loop, [&]() -> task<> {
      std::array<std::byte, 8> buffer{};
      auto reading = streams.left->read_some(buffer);
      std::array<std::byte, 4> sent{std::byte{1}};
      auto writing = streams.right->write(std::span<const std::byte>(sent));
      co_await writing;
      co_await reading;
      // Where lends are tracked, memory that is still lent would be refused.
      lend again("again");
      again.for_writing(buffer);
      again.for_writing(sent);
      again.give_back(buffer.size() + sent.size());
      CHECK(buffer[0] == std::byte{1});
      auto cancelled = streams.left->read_some(buffer);
      const auto wait = [&]() -> task<> { static_cast<void>(co_await cancelled); };
      const std::error_code late = co_await code_of(with_timeout(1ms, wait()));
      CHECK(late == std::errc::timed_out);
      again.for_writing(buffer);
      again.give_back();
    }());
  });
}

TEST_CASE("a large write is whole on the other side, though its reader is slow") {
  for_each_stream([](loop& loop, ends& streams) {
    std::vector<std::byte> sent(std::size_t{3} << 20);
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 31 >> 3);
    std::vector<std::byte> got(sent.size());
    const auto writes = [&]() -> task<> { co_await streams.left->write(std::span(sent)); };
    const auto reads = [&]() -> task<> {
      co_await sleep_for(2ms);
      {
        const auto awaited = co_await streams.right->read_exactly(got);
        CHECK(awaited == got.size());
      }
    };
    const auto program = [&]() -> task<> { co_await when_all(writes(), reads()); };
    gauntlet::run(loop, program());
    CHECK(got == sent);
  });
}

TEST_CASE("read_exactly answers less than it should where the stream ends, and nothing needs no bytes") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      std::array<std::byte, 8> buffer{};
      {
        const auto awaited = co_await streams.right->read_exactly(std::span<std::byte>());
        CHECK(awaited == 0);
      }
      co_await streams.left->write(bytes_of("abc"));
      co_await streams.left->shutdown();
      {
        const auto awaited = co_await streams.right->read_exactly(buffer);
        CHECK(awaited == 3);
      }
      {
        const auto awaited = co_await streams.right->read_exactly(buffer);
        CHECK(awaited == 0);
      }
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("read_until ends behind the delimiter, keeps the rest, and knows its limit") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      std::string text;
      const auto writes = [&]() -> task<> {
        co_await streams.left->write(bytes_of("first\r"));
        co_await sleep_for(1ms);  // the delimiter comes in two pieces
        co_await streams.left->write(bytes_of("\nsecond\r\nthird"));
      };
      const auto reads = [&]() -> task<std::size_t> {
        co_return co_await streams.right->read_until(text, "\r\n");
      };
      const auto [none, size] = co_await when_all(writes(), reads());
      CHECK(text.substr(0, size) == "first\r\n");
      text.erase(0, size);
      {
        const auto awaited = co_await streams.right->read_until(text, "\r\n");
        CHECK(awaited == 8);
      }  // there already, maybe
      text.erase(0, 8);
      co_await streams.left->shutdown();
      {
        const auto awaited = co_await streams.right->read_until(text, "\r\n");
        CHECK(awaited == 0);
      }
      CHECK(text == "third");
    };
    gauntlet::run(loop, program());

    const auto too_long = [&]() -> task<> {
      std::string text;
      co_await streams.right->write(bytes_of("0123456789"));
      {
        const auto awaited = co_await code_of(streams.left->read_until(text, "\n", 8));
        CHECK(awaited == std::errc::message_size);
      }
      CHECK(text == "01234567");
      {
        const auto awaited = co_await code_of(streams.left->read_until(text, "\n", 8));
        CHECK(awaited == std::errc::message_size);
      }
      {
        const auto awaited = co_await streams.left->read_until(text, "9", 16);
        CHECK(awaited == 10);
      }
    };
    gauntlet::run(loop, too_long());
  });
}

TEST_CASE("a connection is made, accepted and used; several tasks may wait for one") {
  loop loop;
  {
    tcp_listener listener{loop, any_port()};
    std::string answers;
    const auto serves = [&]() -> task<> {
      tcp peer = co_await listener.accept();
      co_await peer.write(bytes_of("x"));
      co_await peer.shutdown();
    };
    const auto asks = [&]() -> task<> {
      tcp client{loop};
      co_await client.connect(listener.local_address());
      answers += co_await read_all(client);
    };
    const auto program = [&]() -> task<> { co_await when_all(serves(), serves(), asks(), asks()); };
    gauntlet::run(loop, program());
    CHECK(answers == "xx");

    // Those that nobody waits for stay, one with libuv and the others with the system.
    const auto late = [&]() -> task<> {
      tcp first{loop};
      tcp second{loop};
      co_await first.connect(listener.local_address());
      co_await second.connect(listener.local_address());
      co_await sleep_for(1ms);
      const tcp one = co_await listener.accept();
      const tcp other = co_await listener.accept();
      CHECK_FALSE(listener.try_accept());
    };
    gauntlet::run(loop, late());
  }
  loop.run();
  closes_clean(loop);
}

TEST_CASE("pipes connect and accept, and carry handles that are awaited") {
  const temporary_folder folder;
  loop loop;
  {
    pipe_listener listener{loop, folder / "a", {.accepted = {.ipc = true}}};
    const auto serves = [&]() -> task<> {
      pipe peer = co_await listener.accept();
      tcp_listener sent{loop, any_port()};
      co_await peer.write(bytes_of("!"), sent);
    };
    const auto asks = [&]() -> task<> {
      pipe client{loop, {.ipc = true}};
      co_await client.connect(folder / "a");
      std::array<std::byte, 4> buffer{};
      {
        const auto awaited = co_await client.read_some(buffer);
        CHECK(awaited == 1);
      }
      const tcp_listener taken = client.accept_tcp_listener();
      CHECK(taken.local_address().port() != 0);
    };
    const auto program = [&]() -> task<> { co_await when_all(serves(), asks()); };
    gauntlet::run(loop, program());
    CHECK(gauntlet::run(loop, code_of(pipe(loop).connect(folder / "none"))) ==
          std::errc::no_such_file_or_directory);
  }
  loop.run();
  closes_clean(loop);
}

TEST_CASE("a terminal is read and written") {
  const pseudo_terminal terminal;
  loop loop;
  {
    tty screen{loop, terminal.program};
    const auto program = [&]() -> task<> {
      REQUIRE(::write(terminal.controller, "typed\n", 6) == 6);
      std::string line;
      {
        const auto awaited = co_await screen.read_until(line, "\n");
        CHECK(awaited == 6);
      }
      CHECK(line == "typed\n");
      co_await screen.write(bytes_of("shown"));
    };
    gauntlet::run(loop, program());
  }
  loop.run();
  closes_clean(loop);
}

TEST_CASE("failures are errors that say what was done, to what, and where") {
  loop loop;
  {
    const address nobody = [&] {
      const tcp_listener gone{loop, any_port()};
      return gone.local_address();
    }();
    tcp client{loop};
    const auto refused = [&]() -> task<> { co_await client.connect(nobody); };
    const std::string told = thrown_by<error>([&] { gauntlet::run(loop, refused()); });
    CHECK(told.find(nobody.to_string() + ": tcp::connect: connection refused") != std::string::npos);
    CHECK(told.find("tasks_on_streams.cpp") != std::string::npos);

    auto [left, right] = socket_pair(loop);
    const auto broken = [&]() -> task<> {
      right.close();
      co_await sleep_for(0ms);
      {
        const auto awaited = co_await code_of(left.write(bytes_of("a")));
        CHECK(awaited == std::errc::broken_pipe);
      }
      std::array<std::byte, 1> byte{};
      tcp unconnected{loop};
      {
        const auto awaited = co_await code_of(unconnected.read_some(byte));
        CHECK(awaited == std::errc::not_connected);
      }
      {
        const auto awaited = co_await code_of(unconnected.shutdown());
        CHECK(awaited == std::errc::not_connected);
      }
    };
    gauntlet::run(loop, broken());
  }
  loop.run();
  closes_clean(loop);
}

TEST_CASE("misuse of what is awaited is refused with a sentence") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      std::array<std::byte, 1> byte{};
      std::string told;
      const auto tries = [&](auto awaitable) -> task<std::string> {
        try {
          static_cast<void>(co_await std::move(awaitable));
        } catch (const misuse& thrown) {
          co_return thrown.what();
        }
        co_return "";
      };
      {
        const auto awaited = co_await tries(streams.left->read_some({}));
        CHECK(awaited.find("no room") != std::string::npos);
      }

      const auto reads = [&]() -> task<> {
        {
          const auto awaited = co_await streams.left->read_some(byte);
          CHECK(awaited == 1);
        }
      };
      const auto disturbs = [&]() -> task<> {
        {
          const auto awaited = co_await tries(streams.left->read_some(byte));
          CHECK(awaited.find("one at a time") != std::string::npos);
        }
        CHECK(misuse_of([&] {
                streams.left->read_start([](std::span<std::byte>) {});
              }).find("a task waits") != std::string::npos);
        CHECK(misuse_of([&] { streams.left->read_stop(); }).find("a task waits") != std::string::npos);
        co_await streams.right->write(bytes_of("a"));
      };
      co_await when_all(reads(), disturbs());

      streams.left->read_start([](std::span<std::byte>) {});  // nobody waits any more
      {
        const auto awaited = co_await tries(streams.left->read_some(byte));
        CHECK(awaited.find("read_stop()") != std::string::npos);
      }
      streams.left->read_stop();

      auto late = streams.left->read_some(byte);
      auto late_write = streams.left->write(bytes_of("a"));
      streams.left->close();
      streams.left.reset();
      {
        const auto awaited = co_await tries(std::move(late));
        CHECK(awaited.find("closed") != std::string::npos);
      }
      {
        const auto awaited = co_await tries(std::move(late_write));
        CHECK(awaited.find("closed") != std::string::npos);
      }
      uv::loop another;
      {
        auto [mine, other] = socket_pair(another);
        {
          const auto awaited = co_await tries(mine.read_some(byte));
          CHECK(awaited.find("another loop") != std::string::npos);
        }
      }
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("a stream may be read by tasks and by callbacks in turn") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      std::array<std::byte, 4> buffer{};
      co_await streams.right->write(bytes_of("one"));
      {
        const auto awaited = co_await streams.left->read_some(buffer);
        CHECK(awaited == 3);
      }
      event heard;
      std::string text;
      streams.left->read_start([&](std::span<std::byte> data) {
        text += text_of(data);
        streams.left->read_stop();
        heard.set();
      });
      co_await streams.right->write(bytes_of("two"));
      co_await heard.wait();
      CHECK(text == "two");
      co_await streams.right->write(bytes_of("six"));
      {
        const auto awaited = co_await streams.left->read_some(buffer);
        CHECK(awaited == 3);
      }
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("a write to a peer that does not read ends by its timeout, and the stream with it") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      {
        const auto awaited = co_await code_of(with_timeout(
                                 5ms, streams.left->write(std::span(too_much())))) == std::errc::timed_out;
        CHECK(awaited);
      }
      CHECK(streams.left->is_closing());
      // The other side finds what went, and the end.
      std::vector<std::byte> buffer(1 << 20);
      std::size_t come = 0;
      while (const std::size_t count = co_await streams.right->read_some(buffer)) come += count;
      CHECK(come > 0);
      CHECK(come < too_much().size());
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("a read that is cancelled has read nothing, and the next one has it all") {
  for_each_stream([](loop& loop, ends& streams) {
    const auto program = [&]() -> task<> {
      std::array<std::byte, 4> buffer{};
      {
        const auto awaited = co_await code_of(with_timeout(1ms, streams.left->read_some(buffer)));
        CHECK(awaited == std::errc::timed_out);
      }
      co_await streams.right->write(bytes_of("abc"));
      {
        const auto awaited = co_await streams.left->read_some(buffer);
        CHECK(awaited == 3);
      }
      CHECK_FALSE(streams.left->is_closing());
    };
    gauntlet::run(loop, program());
  });
}

TEST_CASE("who writes without end to what takes everything leaves others their turn") {
  loop loop;
  {
    pipe writer{loop};
    writer.open(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const auto writes = [&]() -> task<> {
      for (;;) co_await writer.write(bytes_of("x"));
    };
    const auto program = [&]() -> task<> {
      const std::error_code ended = co_await code_of(with_timeout(5ms, writes()));
      CHECK(ended == std::errc::timed_out);
      CHECK_FALSE(writer.is_closing());  // nothing waited
    };
    gauntlet::run(loop, program());
  }
  loop.run();
  closes_clean(loop);
}

TEST_CASE("what was read keeps no loop running when nobody waits any more, and is read on") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::array<std::byte, 8> bytes{};  // with room to spare: a full buffer would end the reading by itself
  const auto program = [&]() -> task<> {
    co_await right.write(bytes_of("a"));
    const std::size_t size = co_await left.read_some(bytes);
    CHECK(size == 1);
  };
  for (int again = 0; again < 2; ++again) {
    gauntlet::run(loop, program());
    CHECK_FALSE(loop.run());  // both ends are open
    CHECK_FALSE(left.is_active());
  }
  gauntlet::run(loop, program());
  left.unref();
  CHECK_FALSE(loop.run());
  left.close();
  right.close();
  loop.run();
  closes_clean(loop);
}

TEST_CASE("a stream that was read hides no deadlock") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  event never{"the reply"};
  const auto program = [&]() -> task<> {
    std::array<std::byte, 8> buffer{};
    co_await right.write(bytes_of("a"));
    static_cast<void>(co_await left.read_some(buffer));
    co_await never.wait();
  };
  std::string said;
  try {
    gauntlet::run(loop, program());
  } catch (const gauntlet::error& deadlock) {
    said = deadlock.what();
  }
  CHECK(said.find("event::wait the reply") != std::string::npos);
  left.close();
  right.close();
  loop.run();
  closes_clean(loop);
}

TEST_CASE(
    "as long as something else may come, a stream that was read goes on, and a callback may take over") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::string heard;
  const auto program = [&]() -> task<> {
    std::array<std::byte, 8> bytes{};
    co_await right.write(bytes_of("a"));
    static_cast<void>(co_await left.read_some(bytes));
    for (int turns = 0; turns < 5; ++turns) co_await sleep_for(1ms);
    CHECK(left.is_active());  // to stop and start it would cost more
    co_await right.write(bytes_of("b"));
    static_cast<void>(co_await left.read_some(bytes));
    left.read_start([&](std::span<std::byte> data) {
      heard += text_of(data);
      if (data.empty()) left.close();
    });
  };
  gauntlet::run(loop, program());
  loop.run(run_mode::nowait);
  CHECK(left.is_active());
  right.write(std::string("c"));
  right.shutdown([&] { right.close(); });
  loop.run();  // until the callback has closed it
  CHECK(heard == "c");
  closes_clean(loop);
}

}  // namespace gauntlet::uv::test
