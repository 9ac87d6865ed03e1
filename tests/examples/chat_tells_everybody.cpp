#include "chat.hpp"

#include <sys/socket.h>

#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support.hpp"
#include "text.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// One who chats.
class guest {
 public:
  explicit guest(tcp peer) : peer_(std::move(peer)) { peer_.nodelay(true); }

  task<> say(std::string text) {
    text += '\n';
    co_await peer_.write(bytes_of(text));
  }
  /// Without its end; nothing: the server has ended the stream.
  task<std::optional<std::string>> hear() {
    const std::size_t size = co_await peer_.read_until(read_, "\n");
    if (size == 0) co_return std::nullopt;
    std::string text = read_.substr(0, size - 1);
    read_.erase(0, size);
    co_return text;
  }
  /// All lines up to that one.
  task<std::vector<std::string>> hear_until(std::string_view last) {
    std::vector<std::string> lines;
    while (lines.empty() || lines.back() != last) {
      std::optional<std::string> line = co_await hear();
      if (!line) throw std::runtime_error("the stream has ended before: " + std::string(last));
      lines.push_back(std::move(*line));
    }
    co_return lines;
  }
  task<std::vector<std::string>> hear_all() {
    std::vector<std::string> lines;
    while (std::optional<std::string> line = co_await hear()) lines.push_back(std::move(*line));
    co_return lines;
  }
  task<> log_in(std::string name) {
    co_await say(name);
    co_await hear_until("* " + name + " joined");
  }
  tcp& peer() { return peer_; }

 private:
  tcp peer_;
  std::string read_;
};

using lines = std::vector<std::string>;

task<guest> come(loop& on, address room) { co_return guest(co_await connected(on, room)); }
task<guest> come_as(loop& on, address room, std::string name) {
  guest made(co_await connected(on, room));
  co_await made.log_in(std::move(name));
  co_return made;
}

template <class Guests>
void chatting(chat::options given, Guests guests) {
  loop loop;
  tcp_listener listener{loop, any_port()};
  const int size = 8192;  // so that it is soon full; connections inherit it
  REQUIRE(::setsockopt(listener.fileno(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
  const address here = listener.local_address();
  run_served(loop, listener, chat::serve(listener, given), [&] { return guests(loop, here); });
}

}  // namespace

TEST_CASE("chat: everybody gets all that is said, and all in the same order") {
  constexpr std::size_t guests = many_clients / 10;
  constexpr int sayings = 20;
  chatting({}, [](loop& loop, address room) -> task<> {
    std::vector<guest> all;
    for (std::size_t i = 0; i < guests; ++i)
      all.push_back(co_await come_as(loop, room, "guest" + std::to_string(i)));
    for (std::size_t i = 0; i + 1 < guests; ++i)
      co_await all[i].hear_until("* guest" + std::to_string(guests - 1) + " joined");
    std::vector<lines> heard(guests);
    const auto speaks = [&](std::size_t i) -> task<> {
      for (int n = 0; n < sayings; ++n) co_await all[i].say("line " + std::to_string(n));
    };
    const auto hears = [&](std::size_t i) -> task<> {
      while (heard[i].size() < guests * sayings) heard[i].push_back((co_await all[i].hear()).value());
    };
    std::vector<task<>> work;
    for (std::size_t i = 0; i < guests; ++i) {
      work.push_back(speaks(i));
      work.push_back(hears(i));
    }
    co_await when_all(std::move(work));
    std::map<std::string, int> next;  // the line that each says next
    for (const std::string& line : heard.front()) {
      const std::size_t colon = line.find(':');
      const std::string who = line.substr(0, colon);
      CHECK(line.substr(colon) == ": line " + std::to_string(next[who]++));
    }
    CHECK(next.size() == guests);
    for (const lines& each : heard) CHECK(each == heard.front());
  });
}

TEST_CASE("chat: a name is asked for until it is one that nobody has") {
  chatting({}, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest bob = co_await come(loop, room);
    for (const char* wrong : {"", "a b", "*", "twenty-one-characters", "a\x1b[0m", "\xc3\xa4"}) {
      co_await bob.say(wrong);
      co_await bob.hear_until("! a name is 1 to 20 of a-z A-Z 0-9 - _");
    }
    co_await bob.say("alice");
    co_await bob.hear_until("! somebody has that name: another one?");
    co_await bob.log_in("bob");
    const lines heard = co_await alice.hear_until("* bob joined");
    CHECK(heard.size() == 1);
    co_await bob.say("/who");
    co_await bob.hear_until("* here: alice bob");
    co_await bob.say("/quit");
    co_await alice.hear_until("* bob left");
    guest again = co_await come_as(loop, room, "bob");  // the name is free again
    co_await again.say("/who");
    co_await again.hear_until("* here: alice bob");
  });
}

TEST_CASE("chat: what is no plain text is refused, and nobody gets it") {
  chatting({}, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest bob = co_await come_as(loop, room, "bob");
    for (const char* wrong : {"\xff", "a\x1b[2J", "\xc0\x80", "\xed\xa0\x80", "tab\t"}) {
      co_await bob.say(wrong);
      co_await bob.hear_until("! that was not sent: only UTF-8 text without control characters is");
    }
    co_await bob.say("\xe2\x82\xac 5\r");  // the end of a line as telnet sends it
    const lines heard = co_await alice.hear_until("bob: \xe2\x82\xac 5");
    CHECK(heard == lines{"* bob joined", "bob: \xe2\x82\xac 5"});
  });
}

TEST_CASE("chat: who says no name in time has to go") {
  chat::options given;
  given.login_timeout = 20ms;
  chatting(given, [](loop& loop, address room) -> task<> {
    guest nobody = co_await come(loop, room);
    co_await nobody.hear_until("! too slow");
    const std::optional<std::string> end = co_await nobody.hear();
    CHECK_FALSE(end);
  });
}

TEST_CASE("chat: who sends too long a line has to go") {
  chat::options given;
  given.longest_line = 16;
  chatting(given, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest bob = co_await come_as(loop, room, "bob");
    co_await bob.say("fifteen bytes..");
    co_await alice.hear_until("bob: fifteen bytes..");
    co_await bob.say("sixteen bytes...");
    co_await bob.hear_until("! you have to go (too long a line)");
    co_await alice.hear_until("* bob left (too long a line)");
  });
}

TEST_CASE("chat: who ends his side is still told what was said before") {
  chatting({}, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest bob = co_await come(loop, room);
    co_await bob.peer().write(bytes_of("bob\none\ntwo\n"));
    co_await bob.peer().shutdown();
    const lines heard = co_await bob.hear_all();
    CHECK(heard == lines{"your name?", "* bob joined", "bob: one", "bob: two"});
    co_await alice.hear_until("* bob left");
  });
}

TEST_CASE("chat: a member who does not read holds nobody, and has to go") {
  chat::options given;
  given.write_timeout = 2s;  // which nobody else needs, however busy the machine is
  chatting(given, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest deaf = co_await come_as(loop, room, "deaf");
    deaf.peer().recv_buffer_size(4096);
    co_await alice.hear_until("* deaf joined");
    bool gone = false;
    const std::string text = "alice: " + std::string(1000, 'x');
    while (!gone) {  // all that alice says comes back to her
      co_await alice.say(text.substr(7));
      for (bool back = false; !back;) {
        const std::string line = (co_await alice.hear()).value();
        back = line == text;
        if (std::string_view(line) == "* deaf left (too slow)") gone = true;
      }
    }
  });
}

TEST_CASE("chat: a member who reads again is told how many lines are missing, and where") {
  chat::options given;
  given.queue = 4;
  chatting(given, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest slow = co_await come_as(loop, room, "slow");
    slow.peer().recv_buffer_size(4096);
    co_await alice.hear_until("* slow joined");
    constexpr int sayings = 300;  // of 900 bytes: more than the system keeps
    for (int i = 0; i < sayings; ++i) {
      co_await alice.say(std::to_string(i) + " " + std::string(900, 'x'));
      co_await alice.hear();
    }
    slow.peer().recv_buffer_size(1 << 20);
    int next = 0;
    int missing = 0;
    while (next < sayings) {
      const std::string line = (co_await slow.hear()).value();
      int number = 0;
      if (std::sscanf(line.c_str(), "* you read too slowly: %d lines are missing here", &number) == 1) {
        missing += number;
        next += number;
      } else {
        REQUIRE(std::sscanf(line.c_str(), "alice: %d x", &number) == 1);
        REQUIRE(number == next);
        ++next;
      }
    }
    CHECK(missing > 0);
    CHECK(next == sayings);
  });
}

TEST_CASE("chat: no more members than it has places for") {
  chat::options given;
  given.max_members = 2;
  chatting(given, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    guest bob = co_await come_as(loop, room, "bob");
    guest carol = co_await come(loop, room);  // the system has her
    co_await carol.say("carol");
    co_await alice.say("/who");
    co_await alice.hear_until("* here: alice bob");
    co_await bob.say("/quit");
    co_await alice.hear_until("* carol joined");
  });
}

TEST_CASE("chat: guests that come, go and are reset at any time disturb no other") {
  chatting({}, [](loop& loop, address room) -> task<> {
    guest alice = co_await come_as(loop, room, "alice");
    const auto passes = [&](std::uint32_t seed) -> task<> {
      std::minstd_rand random(seed);
      guest one = co_await come(loop, room);
      if (random() % 4 == 0) co_return;
      co_await one.say("guest" + std::to_string(seed));
      if (random() % 4 == 0) co_return one.peer().close_reset();
      for (auto i = random() % 5; i > 0; --i) co_await one.say("something");
      if (random() % 2 == 0) co_return one.peer().close_reset();
      co_await one.peer().shutdown();
      co_await one.hear_all();
    };
    std::vector<task<>> all;
    for (std::size_t i = 0; i < many_clients / 2; ++i) all.push_back(passes(static_cast<std::uint32_t>(i)));
    const auto listens = [&]() -> task<> { co_await alice.hear_until("alice: the end"); };
    const auto others = [&]() -> task<> {
      co_await when_all(std::move(all));
      co_await alice.say("the end");
    };
    co_await when_all(listens(), others());
    for (std::string names;
         std::string_view(names) != "* here: alice";) {  // the last ones are on their way out
      co_await alice.say("/who");
      while (!names.starts_with("* here:")) names = (co_await alice.hear()).value();
      if (std::string_view(names) != "* here: alice") names.clear();
    }
  });
}

TEST_CASE("chat: cancelled at every suspension, it ends clean") {
  const auto program = [](loop& loop) -> task<> {
    tcp_listener listener{loop, any_port()};
    const address room = listener.local_address();
    const auto guests = [&]() -> task<> {
      guest alice = co_await come_as(loop, room, "alice");
      guest bob = co_await come_as(loop, room, "bob");
      co_await alice.say("hello");
      co_await bob.hear_until("alice: hello");
      co_await bob.say("/quit");
      co_await when_all(bob.hear_all(), alice.hear_until("* bob left"));
    };
    co_await served(chat::serve(listener), guests);
  };
  cancelled_everywhere_ends_clean(program, 20);
}

TEST_CASE("chat: plain text is UTF-8 without control characters") {
  for (const char* good : {"", "a", " ~", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    INFO(good);
    CHECK(chat::is_plain_text(good));
  }
  for (const char* bad : {"\xbf\xbf",
                          "\xc1\x80",
                          "\x01",
                          "\x1f",
                          "\x7f",
                          "\x80",
                          "\xbf",
                          "\xc2",
                          "\xc2\x80",
                          "\xc2\x9f",
                          "\xc2\x41",
                          "\xc1\xbf",
                          "\xe0\x9f\xbf",
                          "\xe2\x82",
                          "\xed\xa0\x80",
                          "\xed\xbf\xbf",
                          "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80",
                          "\xf8\x88\x80\x80\x80",
                          "\xff",
                          "a\xff",
                          "\xf0\x90\x80"}) {
    INFO(bad);
    CHECK_FALSE(chat::is_plain_text(bad));
  }
  CHECK_FALSE(chat::is_plain_text(std::string_view("a\0b", 3)));
}

}  // namespace gauntlet::uv::test
