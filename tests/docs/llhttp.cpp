// The programs of docs/llhttp.md. `scripts/gauntlet lanes --write-docs` copies there what stands between
// [shown] and [end].

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// [shown]
#include <gauntlet/llhttp.hpp>
namespace llhttp = gauntlet::llhttp;
// [end]

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST_CASE("docs: one request") {
  const std::string_view text = "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
  std::string body;
  llhttp::request head;
  // [shown]
  llhttp::request_reader reader;
  std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  for (auto part = llhttp::part::more; part != llhttp::part::end;) {
    const llhttp::read_result read = reader.read(bytes);
    bytes = read.rest;
    part = read.part;
    if (part == llhttp::part::head) head = reader.take_head();
    for (const std::byte b : read.body) body += static_cast<char>(b);  // it lies in `text`
  }
  // [end]
  CHECK(head.target == "/a?b");
  CHECK(*head.find("host") == "x");
  CHECK(body == "hi");
}

TEST_CASE("docs: a server") {
  namespace uv = gauntlet::uv;
  std::string answers;
  // [shown]
  const auto answer = [](int status, std::string_view body) {
    return "HTTP/1.1 " + std::to_string(status) + " \r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  };
  const auto serve = [&](uv::tcp peer) -> gauntlet::task<> {
    llhttp::request_reader reader;
    std::array<std::byte, 4096> buffer;
    std::span<const std::byte> bytes;
    llhttp::request head;
    for (;;) {
      const auto read = gauntlet::attempt<llhttp::error>([&] { return reader.read(bytes); });
      if (!read) {  // nobody knows where the next request would begin
        const std::string refusal = answer(llhttp::status_of(read.error()), read.error().reason());
        co_await peer.write(std::as_bytes(std::span(refusal)));
        co_return;
      }
      bytes = read->rest;
      if (read->part == llhttp::part::more) {
        const std::size_t size = co_await peer.read_some(buffer);
        if (size == 0) co_return;  // reader.between_requests() says whether that was a good moment
        bytes = std::span(buffer).first(size);
      } else if (read->part == llhttp::part::head) {
        head = reader.take_head();
      } else if (read->part == llhttp::part::end) {
        const std::string found = answer(200, head.target);
        co_await peer.write(std::as_bytes(std::span(found)));
        if (!head.keep_alive) co_return;
      }
    }
  };
  // [end]
  uv::loop loop;
  uv::tcp_listener listener{loop, uv::address::parse("127.0.0.1:0")};
  const auto accepts = [&]() -> gauntlet::task<> { co_await serve(co_await listener.accept()); };
  const auto asks = [&]() -> gauntlet::task<> {
    uv::tcp client{loop};
    co_await client.connect(listener.local_address());
    co_await client.write(bytes_of("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/2.0\r\n\r\n"));
    std::array<std::byte, 256> some;
    while (const std::size_t size = co_await client.read_some(some))
      answers.append(reinterpret_cast<const char*>(some.data()), size);
  };
  const auto program = [&]() -> gauntlet::task<> { co_await gauntlet::when_all(accepts(), asks()); };
  gauntlet::run(loop, program());
  CHECK(answers ==
        "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n/1HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n/2"
        "HTTP/1.1 505 \r\nContent-Length: 35\r\n\r\nonly HTTP/1.1 and HTTP/1.0 are read");
}

TEST_CASE("docs: limits and refusals") {
  const std::string_view text = "GET /a-long-target HTTP/1.1\r\n\r\n";
  int status = 0;
  // [shown]
  llhttp::request_reader reader{{.target_bytes = 8, .header_bytes = 1024, .headers = 20}};
  try {
    const llhttp::read_result read = reader.read(std::as_bytes(std::span(text)));
    CHECK(read.part == llhttp::part::head);
  } catch (const llhttp::error& refused) {
    CHECK(refused.code() == llhttp::errc::target_too_long);
    CHECK(refused.code() == std::errc::value_too_large);  // as every limit
    status = llhttp::status_of(refused);                  // 414
  }
  // [end]
  CHECK(status == 414);
}

TEST_CASE("docs: another protocol") {
  const std::string_view text =
      "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi";
  std::size_t frames = 0;
  // [shown]
  llhttp::request_reader reader;
  llhttp::read_result read = reader.read(std::as_bytes(std::span(text)));
  const llhttp::request head = reader.take_head();
  read = reader.read(read.rest);
  if (head.upgrade && read.part == llhttp::part::end) frames = read.rest.size();  // WebSocket's, from here on
  // [end]
  CHECK(frames == 4);
}

TEST_CASE("docs: a response") {
  std::deque<std::string> slices{"HTTP/1.1 200 OK\r\nServer: x\r\n", "\r\nall that ", "comes"};
  int status = 0;
  std::string body;
  bool whole = false;
  // [shown]
  llhttp::parser parser{llhttp::kind::response,
                        {.on_headers_complete =
                             [&](llhttp::parser& p) {
                               status = p.status_code();
                               return llhttp::body::as_said;  // body::none for the answer to a HEAD
                             },
                         .on_body =
                             [&](llhttp::parser&, std::span<const std::byte> piece) {
                               for (const std::byte b : piece) body += static_cast<char>(b);
                             },
                         .on_message_complete = [&](llhttp::parser&) { whole = true; }}};
  for (const std::string& slice : slices) parser.execute(std::as_bytes(std::span(slice)));
  parser.finish();  // the stream has ended, and with it a body that has no other end
  // [end]
  CHECK(status == 200);
  CHECK(body == "all that comes");
  CHECK(whole);
}

TEST_CASE("docs: a pause") {
  const std::string_view text = "GET /first HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\n\r\n";
  std::vector<std::string> targets;
  // [shown]
  std::string target;
  llhttp::parser parser{llhttp::kind::request,
                        {.on_message_begin = [&](llhttp::parser&) { target.clear(); },
                         .on_url = [&](llhttp::parser&, std::string_view piece) { target += piece; },
                         .on_message_complete = [&](llhttp::parser& p) { p.pause(); }}};
  std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  for (;;) {
    const llhttp::execution done = parser.execute(bytes);
    if (done.why != llhttp::stop::paused) break;
    targets.push_back(target);  // between two requests, outside of any callback
    bytes = bytes.subspan(done.used);
    parser.resume();
  }
  // [end]
  CHECK(targets == std::vector<std::string>{"/first", "/second"});
}

}  // namespace
