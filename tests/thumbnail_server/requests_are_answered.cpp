#include <gauntlet/png.hpp>
#include <string>

#include "box_filter.hpp"
#include "page.hpp"
#include "support.hpp"

namespace thumbnail_test {
namespace {

/// As the server should make it, from the whole picture at once.
png::image scaled(const png::image& whole, std::uint32_t width) {
  const std::uint32_t height = whole.height() * width / whole.width();
  box_filter filter(whole.width(), whole.height(), width, height);
  for (std::uint32_t y = 0; y < whole.height(); ++y) filter.add_row(whole.row(y));
  return filter.take();
}

void is_thumbnail(const answer& got, const std::string& file, std::uint32_t width) {
  CHECK(got.status == 200);
  CHECK(got.fields.at("content-type") == "image/png");
  const png::image thumbnail = decoded(got.body);
  const png::image expected = scaled(decoded(file), width);
  CHECK(thumbnail.width() == width);
  CHECK(thumbnail.height() == expected.height());
  CHECK(std::ranges::equal(thumbnail.pixels(), expected.pixels()));
}

}  // namespace

TEST_CASE("a thumbnail has the pixels of the picture, scaled") {
  with_server(patient(), [](const running& now) -> task<> {
    for (const bool interlaced : {false, true}) {
      const std::string file = picture(90, 60, interlaced);
      client one = co_await now.connect();
      const answer got = co_await one.ask(post("/thumbnail?width=30", file, "Content-Type: image/png\r\n"));
      is_thumbnail(got, file, 30);
      CHECK(got.fields.at("server-timing").starts_with("decode;dur="));
    }
  });
}

TEST_CASE("a picture is never made larger") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const answer got = co_await one.ask(post("/thumbnail?width=2000", picture(9, 7)));
    CHECK(decoded(got.body).width() == 9);
    CHECK(decoded(got.body).height() == 7);
  });
}

TEST_CASE("a body may come in chunks of any size") {
  with_server(patient(), [](const running& now) -> task<> {
    const std::string file = picture(64, 64);
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, file.size()}) {
      client one = co_await now.connect();
      const answer got = co_await one.ask(
          "POST /thumbnail?width=8 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
          chunked(file, chunk));
      is_thumbnail(got, file, 8);
      const answer after = co_await one.ask(get("/metrics"));  // its end was found
      CHECK(after.status == 200);
    }
  });
}

TEST_CASE("a request may come byte by byte") {
  with_server(patient(), [](const running& now) -> task<> {
    const std::string file = picture(4, 4);
    client one = co_await now.connect();
    for (const char byte : post("/thumbnail?width=2", file)) {
      co_await one.send({&byte, 1});
      co_await gauntlet::sleep_for(std::chrono::milliseconds(0));
    }
    const answer got = co_await one.receive();
    is_thumbnail(got, file, 2);
  });
}

TEST_CASE("a connection serves one request after the other") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    for (int i = 0; i < 3; ++i) {
      const answer got = co_await one.ask(post("/thumbnail?width=3", picture(9, 9)));
      CHECK(got.status == 200);
      CHECK_FALSE(got.fields.contains("connection"));
    }
    const answer last = co_await one.ask(get("/", "Connection: close\r\n"));
    CHECK(last.fields.at("connection") == "close");
    const std::string rest = co_await one.rest();
    CHECK(rest.empty());
    CHECK(now.counts.accepted == 1);
  });
}

TEST_CASE("requests that come before their answers are answered in their order") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    co_await one.send(post("/thumbnail?width=3", picture(90, 90)) + get("/metrics") +
                      post("/thumbnail?width=5", picture(50, 50)) + get("/pending") + get("/"));
    const answer first = co_await one.receive();
    CHECK(decoded(first.body).width() == 3);
    const answer second = co_await one.receive();
    CHECK(second.body.starts_with("# HELP"));
    const answer third = co_await one.receive();
    CHECK(decoded(third.body).width() == 5);
    const answer fourth = co_await one.receive();
    CHECK(fourth.fields.at("content-type").starts_with("text/plain"));
    const answer fifth = co_await one.receive();
    CHECK(fifth.body == page());
  });
}

TEST_CASE("a client of HTTP/1.0 is answered and left, unless it wants to stay") {
  with_server(patient(), [](const running& now) -> task<> {
    client leaves = co_await now.connect();
    const answer left = co_await leaves.ask("GET / HTTP/1.0\r\n\r\n");
    CHECK(left.status == 200);
    CHECK(left.fields.at("connection") == "close");
    const std::string rest = co_await leaves.rest();
    CHECK(rest.empty());

    client stays = co_await now.connect();
    for (int i = 0; i < 2; ++i) {
      const answer stayed = co_await stays.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      CHECK(stayed.status == 200);
      CHECK(stayed.fields.at("connection") == "keep-alive");
    }
  });
}

TEST_CASE("HEAD has the head of GET and no body") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    co_await one.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    const answer head = co_await one.receive(true);
    CHECK(head.status == 200);
    CHECK(head.fields.at("content-length") == std::to_string(page().size()));
    const answer got = co_await one.ask(get("/"));  // nothing was sent between
    CHECK(got.body == page());
  });
}

TEST_CASE("a client that waits for it is told to send its body") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const std::string request = post("/thumbnail?width=3", picture(9, 9), "Expect: 100-Continue\r\n");
    const std::size_t head_size = request.find("\r\n\r\n") + 4;
    const answer go_on = co_await one.ask(request.substr(0, head_size));
    CHECK(go_on.status == 100);
    const answer got = co_await one.ask(request.substr(head_size));
    CHECK(got.status == 200);

    const answer refused = co_await one.ask(
        "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\nExpect: "
        "100-continue\r\n\r\n");
    CHECK(refused.status == 413);
  });
}

TEST_CASE("a target may name the host, and what no one asks for is left alone") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const answer got = co_await one.ask(post("http://here:80/thumbnail?a=b&width=3&width2=9", picture(9, 9),
                                             "Content-Type: IMAGE/PNG; q=1\r\n"));
    CHECK(got.status == 200);
    const answer page_too = co_await one.ask(get("http://here"));
    CHECK(page_too.body == page());
    const answer with_body = co_await one.ask("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(with_body.status == 200);
    const answer upgrade = co_await one.ask(get("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
    CHECK(upgrade.status == 200);
  });
}

TEST_CASE("the metrics count requests, connections and bytes") {
  with_server(patient(), [](const running& now) -> task<> {
    co_await now.serves();
    client one = co_await now.connect();
    const answer nothing = co_await one.ask(get("/nothing"));
    CHECK(nothing.status == 404);
    client two = co_await now.connect();
    const answer got = co_await two.ask(get("/metrics"));
    CHECK(got.fields.at("content-type").starts_with("text/plain; version=0.0.4"));
    for (const std::string line :
         {"thumbnail_requests_total{status=\"200\"} 1\n", "thumbnail_requests_total{status=\"404\"} 1\n",
          "thumbnail_requests_in_flight 1\n", "thumbnail_connections_total 3\n",
          "thumbnail_request_seconds_bucket{le=\"+Inf\"} 2\n", "thumbnail_request_seconds_count 2\n"}) {
      INFO(line);
      CHECK(got.body.find(line) != got.body.npos);
    }
    CHECK(now.counts.bytes_in > 0);
    CHECK(now.counts.bytes_out > got.body.size());
  });
}

TEST_CASE("what is pending has the names of who waits") {
  with_server(patient(), [](const running& now) -> task<> {
    client slow = co_await now.connect();
    co_await slow.send("POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n\x89PN");
    co_await until([&] { return now.counts.in_flight == 1; });
    client one = co_await now.connect();
    const answer got = co_await one.ask(get("/pending"));
    for (const std::string words :
         {"stream::read_some", "awaited by a thumbnail",
          "awaited by connection from 127.0.0.1:", "awaited by the server", "tcp_listener::accept"}) {
      INFO(got.body);
      INFO(words);
      CHECK(got.body.find(words) != got.body.npos);
    }
    slow.close();
  });
}

}  // namespace thumbnail_test
