#include <chrono>
#include <string>

#include "support.hpp"

namespace thumbnail_test {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("a request in flight is answered before the server ends, and is the last one") {
  with_server(patient(), [](const running& now) -> task<> {
    client busy = co_await now.connect();
    const std::string request = post("/thumbnail?width=3", picture(30, 30));
    co_await busy.send(request.substr(0, request.size() - 1));
    client in_head = co_await now.connect();
    co_await in_head.send("GET / HTTP/1.1\r\n");
    client idle = co_await now.connect();
    co_await until([&] { return now.counts.in_flight == 1 && now.counts.accepted == 3; });
    now.here.stop();
    const std::string nothing = co_await idle.rest();
    CHECK(nothing.empty());

    const answer got = co_await busy.ask(request.substr(request.size() - 1) + get("/"));
    CHECK(got.status == 200);
    CHECK(got.fields.at("connection") == "close");
    busy.close();
    const answer page = co_await in_head.ask("Host: a\r\n\r\n");
    CHECK(page.status == 200);
    CHECK(page.fields.at("connection") == "close");
    in_head.close();
    co_await until([&] { return now.counts.connections == 0; });
    bool refused = false;
    try {
      static_cast<void>(co_await now.connect());
    } catch (const uv::error& problem) {  // nobody listens there
      refused = problem.code() == std::errc::connection_refused;
    }
    CHECK(refused);
  });
}

TEST_CASE("what takes too long when the server ends is cut off") {
  server_limits limits = patient();
  limits.grace = 50ms;
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    co_await one.send("POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n\x89PNG");
    client two = co_await now.connect();
    co_await two.send("GET / HTT");
    co_await until([&] { return now.counts.in_flight == 1 && now.counts.accepted == 2; });
    now.here.stop();
    const std::string first = co_await one.rest();
    CHECK(first.empty());
    const std::string second = co_await two.rest();
    CHECK(second.empty());
  });
}

TEST_CASE("a server that is cancelled at work leaves nothing") {
  const auto test = [](const running& now) -> task<> {
    client busy = co_await now.connect();
    co_await busy.send(post("/thumbnail?width=30", picture(300, 300)));
    client idle = co_await now.connect();
    client waiting = co_await now.connect();
    co_await waiting.send("POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    co_await until([&] { return now.counts.accepted == 3 && now.counts.in_flight > 0; });
  };
  with_server(patient(), test, ending::cancelled);
}

}  // namespace thumbnail_test
