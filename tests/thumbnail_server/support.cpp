#include "support.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <system_error>

namespace thumbnail_test {
namespace {

using namespace std::chrono_literals;

// libuv opens a pipe for signals with the first loop and keeps it as long as the process lives. It must be
// there before the tests begin to watch descriptors.
[[maybe_unused]] const bool libuv_is_awake = [] {
  uv::loop first;
  return true;
}();

constexpr auto long_time = 120s;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

answer parse(std::string_view head) {
  answer parsed;
  REQUIRE(head.starts_with("HTTP/1.1 "));
  std::from_chars(head.data() + 9, head.data() + 12, parsed.status);
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(": ");
    REQUIRE(colon != line.npos);
    parsed.fields[lower(std::string(line.substr(0, colon)))] = line.substr(colon + 2);
    head.remove_prefix(line.size() + 2);
  }
  return parsed;
}

}  // namespace

task<bool> client::read() {
  std::array<std::byte, 16384> buffer{};
  const std::size_t size = co_await gauntlet::with_timeout(long_time, socket_.read_some(buffer));
  unread_ += text_of(std::span(buffer).first(size));
  co_return size != 0;
}

task<answer> client::receive(bool to_head) {
  while (unread_.find("\r\n\r\n") == unread_.npos) {
    const bool more = co_await read();
    REQUIRE(more);
  }
  const std::size_t head_size = unread_.find("\r\n\r\n") + 2;
  answer received = parse(std::string_view(unread_).substr(0, head_size));
  unread_.erase(0, head_size + 2);
  const std::string& length = received.fields["content-length"];
  if (to_head || (length.empty() && received.status == 100)) co_return received;
  std::size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  while (unread_.size() < size) {
    const bool more = co_await read();
    REQUIRE(more);
  }
  received.body = unread_.substr(0, size);
  unread_.erase(0, size);
  co_return received;
}

task<std::string> client::rest() {
  try {
    for (bool more = true; more;) more = co_await read();
  } catch (const uv::error& problem) {
    if (problem.code() != std::errc::connection_reset) throw;
  }
  co_return std::exchange(unread_, {});
}

task<client> running::connect() const {
  uv::tcp socket{loop};
  co_await socket.connect(address);
  co_return client(std::move(socket));
}

task<> running::serves() const {
  client good = co_await connect();
  const answer got = co_await good.ask(post("/thumbnail?width=3", picture(5, 4)));
  CHECK(got.status == 200);
  CHECK(decoded(got.body).width() == 3);
}

std::string get(std::string_view target, std::string_view fields) {
  return std::string("GET ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: here\r\n")
      .append(fields)
      .append("\r\n");
}

std::string post(std::string_view target, std::string_view body, std::string_view fields) {
  return std::string("POST ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: here\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(fields)
      .append("\r\n")
      .append(body);
}

std::string chunked(std::string_view body, std::size_t chunk) {
  std::string framed;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, chunk);
    body.remove_prefix(piece.size());
    std::array<char, 16> size{};
    char* const end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
    framed.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
  }
  return framed.append("0\r\n\r\n");
}

std::string picture(std::uint32_t width, std::uint32_t height, bool interlaced) {
  png::image made(png::header_of(width, height));
  std::uint32_t noise = 1;
  for (std::byte& sample : made.pixels()) {
    noise = static_cast<std::uint32_t>((std::uint64_t{noise} * 48271) % 2147483647);
    sample = static_cast<std::byte>(noise >> 16);
  }
  return text_of(png::encode(made, {.interlaced = interlaced}));
}

std::string begin_of(std::uint32_t width, std::uint32_t height) {
  png::encoder encoder(png::memory_sink{}, png::header_of(width, height, png::color_type::gray, 1));
  encoder.flush();
  return text_of(encoder.sink().take()).append("\0\0\1\0IDAT", 8);
}

png::image decoded(std::string_view file) {
  return png::decode(bytes_of(file), {.format = png::format::rgba8});
}

server_limits patient() {
  server_limits limits;
  limits.idle_timeout = limits.head_timeout = limits.body_timeout = limits.queue_timeout = limits.grace =
      std::chrono::minutes(5);
  limits.linger_timeout = std::chrono::minutes(5);
  return limits;
}

}  // namespace thumbnail_test
