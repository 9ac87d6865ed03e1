#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "support.hpp"

namespace thumbnail_test {
namespace {

struct bad_request {
  const char* name;
  std::string sent;
  int status;
};

std::string broken(std::string file, std::size_t at) {
  file[at] = static_cast<char>(file[at] ^ 0x55);
  return file;
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::vector<bad_request> bad_requests() {
  const std::string good = picture(40, 40);
  const std::string host = "Host: a\r\n";
  return {
      {"a greeting of TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
      {"a greeting of ssh", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400},
      {"no words at all", "\r\n\r\nhello, is there somebody?\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 505},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"another version", "GET / HTTP/3.7\r\n\r\n", 505},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"two lengths",
       "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
      {"a length and chunks",
       "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
       "Transfer-Encoding: chunked\r\n\r\n",
       400},
      {"a chunk of no size",
       "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"another transfer coding",
       "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"a target that is too long", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"a field that is too long", get("/", "A: " + std::string(40'000, 'a') + "\r\n"), 431},
      {"too many fields", get("/", repeated("A: b\r\n", 200)), 431},

      {"nothing that is here", get("/index.html"), 404},
      {"to post to the page", post("/", ""), 405},
      {"another method", "DELETE /thumbnail HTTP/1.1\r\n" + host + "\r\n", 405},
      {"to get a thumbnail", get("/thumbnail?width=3"), 405},
      {"a tunnel", "CONNECT here:80 HTTP/1.1\r\n" + host + "\r\n", 404},
      {"an expectation", post("/thumbnail?width=3", good, "Expect: a miracle\r\n"), 417},

      {"no width", post("/thumbnail", good), 400},
      {"an empty width", post("/thumbnail?width=", good), 400},
      {"no pixel", post("/thumbnail?width=0", good), 400},
      {"less than no pixel", post("/thumbnail?width=-1", good), 400},
      {"a width in words", post("/thumbnail?width=12px", good), 400},
      {"a width beyond all numbers", post("/thumbnail?width=99999999999999999999", good), 400},
      {"a width that is too large", post("/thumbnail?width=2049", good), 400},
      {"two widths", post("/thumbnail?width=1&width=2", good), 400},

      {"another type", post("/thumbnail?width=3", good, "Content-Type: image/jpeg\r\n"), 415},
      {"a form", post("/thumbnail?width=3", good, "Content-Type: multipart/form-data; boundary=x\r\n"), 415},
      {"something packed", post("/thumbnail?width=3", good, "Content-Encoding: gzip\r\n"), 415},
      {"no file", post("/thumbnail?width=3", ""), 415},
      {"no PNG file", post("/thumbnail?width=3", "GIF89a, and more"), 415},
      {"a file that is cut off", post("/thumbnail?width=3", good.substr(0, good.size() / 2)), 422},
      {"a file without its last byte", post("/thumbnail?width=3", good.substr(0, good.size() - 1)), 422},
      {"a broken header", post("/thumbnail?width=3", broken(good, 17)), 422},
      {"broken pixels", post("/thumbnail?width=3", broken(good, good.size() / 2)), 422},
      {"a body that is too long, announced",
       "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413},
      {"a number of bytes beyond all numbers",
       "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
  };
}

/// Some words, and what to do.
bool is_sentence(const answer& got) {
  return got.fields.at("content-type").starts_with("text/plain") && got.body.size() > 20 &&
         got.body.ends_with("\n");
}

}  // namespace

TEST_CASE("each bad request is refused with its status and a sentence, and others are served") {
  with_server(patient(), [](const running& now) -> task<> {
    for (const bad_request& bad : bad_requests()) {
      INFO(bad.name);
      client one = co_await now.connect();
      co_await one.send(bad.sent);
      co_await now.serves();
      const answer got = co_await one.receive();
      INFO(got.body);
      CHECK(got.status == bad.status);
      CHECK(is_sentence(got));
    }
  });
}

TEST_CASE("what follows a request that was not read to its end is no request") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const answer got =
        co_await one.ask("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n" + get("/"));
    CHECK(got.status == 404);
    CHECK(got.fields.at("connection") == "close");
    co_await one.end();
    const std::string rest = co_await one.rest();
    CHECK(rest.empty());
  });
}

TEST_CASE("a wrong request that was read to its end leaves the connection as it is") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const answer wrong = co_await one.ask(post("/thumbnail?width=3", "GIF89a"));
    CHECK(wrong.status == 415);
    CHECK_FALSE(wrong.fields.contains("connection"));
    const answer right = co_await one.ask(post("/thumbnail?width=3", picture(4, 4)));
    CHECK(right.status == 200);
  });
}

TEST_CASE("a bomb is refused when its header has come") {
  with_server(patient(), [](const running& now) -> task<> {
    for (const auto& [width, height] : {std::pair(40'000U, 1'000U), std::pair(10'000U, 10'000U)}) {
      client one = co_await now.connect();
      const std::string begin = begin_of(width, height);
      CHECK(begin.size() < 1000);
      // Nothing more comes: the answer does not wait for it.
      const answer got = co_await one.ask(
          "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + begin);
      CHECK(got.status == 422);
      CHECK(got.body.find("too large") != got.body.npos);
    }
    client one = co_await now.connect();
    const std::string interlaced = picture(60, 60, true);
    const answer fits = co_await one.ask(post("/thumbnail?width=3", interlaced));
    CHECK(fits.status == 200);
  });
}

TEST_CASE("an interlaced picture, which is held whole, has a limit of its own") {
  server_limits limits = patient();
  limits.max_interlaced_pixels = 60 * 60 - 1;
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    const answer whole = co_await one.ask(post("/thumbnail?width=3", picture(60, 60, true)));
    CHECK(whole.status == 422);
    client two = co_await now.connect();
    const answer rows = co_await two.ask(post("/thumbnail?width=3", picture(60, 60)));
    CHECK(rows.status == 200);
  });
}

TEST_CASE("a body that is longer than the limit is refused where it passes it") {
  server_limits limits = patient();
  limits.max_body = 200'000;
  with_server(limits, [](const running& now) -> task<> {
    // A file that goes on behind its end.
    const std::string body = picture(9, 9) + std::string(200'000, 'x');
    client announced = co_await now.connect();
    const answer at_once = co_await announced.ask(post("/thumbnail?width=3", body));
    CHECK(at_once.status == 413);
    client in_chunks = co_await now.connect();
    const answer later = co_await in_chunks.ask(
        "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
        chunked(body, 1000));
    CHECK(later.status == 413);
    client for_nobody = co_await now.connect();
    const answer dropped = co_await for_nobody.ask(post("/thumbnail?width=3", body).replace(0, 23, "GET /"));
    CHECK(dropped.status == 413);
    co_await now.serves();
  });
}

TEST_CASE("a body that never ends is refused at the limit, and the answer is heard") {
  server_limits limits = patient();
  limits.max_body = 1'000'000;
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    co_await one.send("POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                      chunked(picture(9, 9), 1000).erase(chunked(picture(9, 9), 1000).size() - 5));
    const std::string more = std::string("10000\r\n").append(65536, 'x').append("\r\n");
    std::size_t sent = 0;
    const auto sends = [&]() -> task<> {
      for (;; sent += more.size()) co_await one.send(more);
    };
    const auto hears = [&]() -> task<answer> { co_return co_await one.receive(); };
    auto first = co_await gauntlet::when_any(hears(), sends());
    REQUIRE(first.index() == 0);
    CHECK(std::get<0>(first).status == 413);
    co_await now.serves();
  });
}

TEST_CASE("a client that sends all before it listens hears the answer") {
  server_limits limits = patient();
  limits.max_body = 1'000;
  with_server(limits, [](const running& now) -> task<> {
    client one = co_await now.connect();
    co_await one.send(post("/thumbnail?width=3", std::string(20'000'000, 'x')));
    const answer got = co_await one.receive();
    CHECK(got.status == 413);
  });
}

TEST_CASE("a thumbnail that would be too large is refused when the header has come") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const answer got =
        co_await one.ask("POST /thumbnail?width=2000 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                         begin_of(2'000, 30'000));
    CHECK(got.status == 422);
    CHECK(got.body.find("ask for a smaller width") != got.body.npos);
  });
}

TEST_CASE("chunks that are nothing but their own heads are refused") {
  with_server(patient(), [](const running& now) -> task<> {
    client one = co_await now.connect();
    const std::string chunk = "1;" + std::string(200, 'e') + "\r\nx\r\n";
    const answer got = co_await one.ask(get("/", "Transfer-Encoding: chunked\r\n") + repeated(chunk, 1000));
    CHECK(got.status == 413);
  });
}

TEST_CASE("a connection that ends in the middle is told so, if it listens") {
  with_server(patient(), [](const running& now) -> task<> {
    const std::vector<std::string> beginnings{
        "GET / HTTP/1.1\r\nHo",
        "POST /thumbnail?width=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n\x89PNG"};
    for (const std::string& sent : beginnings) {
      client one = co_await now.connect();
      co_await one.send(sent);
      co_await one.end();
      const answer got = co_await one.receive();
      CHECK(got.status == 400);
      CHECK(got.fields.at("connection") == "close");
    }
    client silent = co_await now.connect();
    co_await silent.end();
    const std::string rest = co_await silent.rest();
    CHECK(rest.empty());
  });
}

TEST_CASE("a client that leaves in the middle leaves nothing behind") {
  with_server(patient(), [](const running& now) -> task<> {
    const std::string whole = post("/thumbnail?width=30", picture(300, 300));
    const std::vector<std::string> beginnings{"GE", get("/"), whole, whole.substr(0, 5000)};
    for (const std::string& sent : beginnings) {
      client one = co_await now.connect();
      co_await one.send(sent);
      one.socket().close_reset();
    }
    co_await until([&] { return now.counts.accepted == 4 && now.counts.connections == 0; });
    co_await now.serves();
  });
}

}  // namespace thumbnail_test
