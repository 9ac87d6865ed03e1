#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <string>
#include <vector>

#include "support.hpp"

namespace thumbnail_test {
namespace {

using namespace std::chrono_literals;

const std::string head_of_upload =
    "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";

/// Clients, of which each has one here, and every second one another at the server's side.
std::size_t as_many_as_descriptors_allow(std::size_t clients) {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  return std::min<std::size_t>(clients, limit.rlim_cur / 2);
}

/// One byte, and another, until the connection ends.
task<> drip(client& from, std::string_view bytes) {
  try {
    for (;;)
      for (const char byte : bytes) {
        co_await from.send({&byte, 1});
        co_await gauntlet::sleep_for(50ms);  // longer than the server is at work on it
      }
  } catch (const uv::error&) {
    // It has ended.
  }
}

/// What a client that sends drop by drop hears.
task<answer> dripping(client& from, std::string_view bytes) {
  const auto hears = [&]() -> task<answer> { co_return co_await from.receive(); };
  auto first = co_await gauntlet::when_any(hears(), drip(from, bytes));
  REQUIRE(first.index() == 0);
  co_return std::get<0>(std::move(first));
}

}  // namespace

TEST_CASE("a client that sends nothing is left") {
  server_limits limits = patient();
  limits.idle_timeout = 50ms;
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    const std::string rest = co_await one.rest();
    CHECK(rest.empty());
    client empty_lines = co_await now.connect();
    co_await drip(empty_lines, "\r\n");
    CHECK(now.counts.connections == 0);
  });
}

TEST_CASE("a head that never ends is answered in time") {
  server_limits limits = patient();
  limits.head_timeout = 100ms;
  with_server(limits, [](const running& now) -> task<> {
    client silent = co_await now.connect();
    const answer got = co_await silent.ask("GET / HTTP/1.1\r\nHost:");
    CHECK(got.status == 408);
    client one = co_await now.connect();
    co_await one.send("GET / HTTP/1.1\r\n");
    const answer dripped = co_await dripping(one, "A: b\r\n");
    CHECK(dripped.status == 408);
    co_await now.serves();
  });
}

TEST_CASE("a body that comes too slowly is answered in time") {
  server_limits limits = patient();
  limits.body_timeout = 100ms;
  limits.min_rate = 1'000'000;
  with_server(limits, [](const running& now) -> task<> {
    client silent = co_await now.connect();
    const answer got = co_await silent.ask(head_of_upload);
    CHECK(got.status == 408);
    client one = co_await now.connect();
    co_await one.send(head_of_upload);
    const answer dripped = co_await dripping(one, picture(50, 50));
    CHECK(dripped.status == 408);
    CHECK(dripped.body.find("bytes a second") != dripped.body.npos);
  });
}

TEST_CASE("a slow body is read to its end if it keeps to the rate") {
  server_limits limits = patient();
  limits.body_timeout = 1ms;
  limits.min_rate = 1;  // a second for each byte
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    const std::string request = post("/thumbnail?width=3", picture(20, 20));
    const std::size_t half = request.size() / 2;
    co_await one.send(request.substr(0, half));
    co_await gauntlet::sleep_for(50ms);
    const answer got = co_await one.ask(request.substr(half));
    CHECK(got.status == 200);
  });
}

TEST_CASE("a client that does not read its answer is left") {
  server_limits limits = patient();
  limits.body_timeout = 100ms;
  limits.min_rate = 100'000'000;
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    one.socket().recv_buffer_size(4096);
    // More answers than the system holds for a connection.
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += get("/");
    const auto sends = [&]() -> task<> {
      try {
        for (;;) co_await one.send(requests);
      } catch (const uv::error&) {
        // It has ended.
      }
    };
    co_await sends();
    co_await until([&] { return now.counts.connections == 0; });
  });
}

TEST_CASE("the body waits while no place is free, and is refused when that takes too long") {
  server_limits limits = patient();
  limits.max_uploads = 1;
  limits.queue_timeout = 100ms;
  with_server(limits, [](const running& now) -> task<> {
    client first = co_await now.connect();
    co_await first.send(head_of_upload);
    co_await until([&] { return now.counts.in_flight == 1; });
    client second = co_await now.connect();
    const answer refused = co_await second.ask(post("/thumbnail?width=3", picture(9, 9)));
    CHECK(refused.status == 503);
    CHECK(refused.fields.contains("retry-after"));
    client other = co_await now.connect();
    const answer page = co_await other.ask(get("/"));
    CHECK(page.status == 200);
    first.close();
    co_await until([&] { return now.counts.in_flight == 0; });
    co_await now.serves();
  });
}

TEST_CASE("who waits longest for its request gives way to new connections") {
  server_limits limits = patient();
  limits.max_connections = 3;
  with_server(limits, [](const running& now) -> task<> {
    std::vector<client> idle;
    for (int i = 0; i < 3; ++i) {
      idle.push_back(co_await now.connect());
      co_await until([&] { return now.counts.accepted == static_cast<std::uint64_t>(i) + 1; });
    }
    co_await idle[0].send("GE");  // it has begun, and hears why it has to go
    const answer page = co_await idle[1].ask(get("/"));
    CHECK(page.status == 200);  // now the third one has waited longer
    client fourth = co_await now.connect();
    const answer told = co_await idle[0].receive();
    CHECK(told.status == 503);
    const std::string nothing = co_await idle[0].rest();
    CHECK(nothing.empty());
    client fifth = co_await now.connect();
    const std::string third = co_await idle[2].rest();
    CHECK(third.empty());
    for (client* const there : {&idle[1], &fourth, &fifth}) {
      const answer got = co_await there->ask(get("/"));
      CHECK(got.status == 200);
    }
    CHECK(now.counts.closed_to_make_room == 2);
  });
}

TEST_CASE("when all connections are at work, a new one is told to come again") {
  server_limits limits = patient();
  limits.max_connections = 2;
  with_server(limits, [](const running& now) -> task<> {
    std::list<client> busy;
    for (int i = 0; i < 2; ++i) {
      busy.push_back(co_await now.connect());
      co_await busy.back().send(head_of_upload);
    }
    co_await until([&] { return now.counts.in_flight == 2; });
    client late = co_await now.connect();
    const answer refused = co_await late.receive();
    CHECK(refused.status == 503);
    CHECK(refused.fields.at("connection") == "close");
    late.close();
    CHECK(now.counts.refused == 1);
    busy.pop_back();
    co_await until([&] { return now.counts.in_flight == 1; });
    co_await now.serves();
  });
}

TEST_CASE("no more connections are held than there may be, and others are served") {
  const std::size_t clients = as_many_as_descriptors_allow(GAUNTLET_IDLE_CLIENTS);
  server_limits limits = patient();
  limits.max_connections = clients / 2;
  with_server(limits, [clients](const running& now) -> task<> {
    std::list<client> idle;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < clients; ++i) {
      idle.push_back(co_await now.connect());
      if (i % 7 == 0) co_await idle.back().send("G");
      most = std::max<std::uint64_t>(most, now.counts.connections);
      if (i % (clients / 4) == 0) co_await now.serves();
    }
    co_await until([&] { return now.counts.accepted >= clients; });
    co_await now.serves();
    CHECK(most <= clients / 2 + 1);  // one that gives way is closed in the next turn
    CHECK(now.counts.closed_to_make_room >= clients / 2);
    CHECK(now.counts.refused == 0);
  });
}

}  // namespace thumbnail_test
