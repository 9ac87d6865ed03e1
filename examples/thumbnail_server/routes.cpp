#include "routes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "page.hpp"
#include "thumbnail.hpp"

namespace llhttp = gauntlet::llhttp;
namespace uv = gauntlet::uv;
using gauntlet::task;

namespace {

// ---- what a request says

/// A target without "http://host", which a client may put in front of it.
std::string_view in_origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::size_t host = target.find("://");
  if (host == target.npos) return target;
  const std::size_t path = target.find('/', host + 3);
  return path == target.npos ? "/" : target.substr(path);
}

std::string_view path_of(const llhttp::request& request) {
  const std::string_view target = in_origin_form(request.target);
  return target.substr(0, target.find('?'));
}

bool equals(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

refusal wrong_width(std::uint32_t most) {
  return {400, "Say once how wide the thumbnail is to be, from 1 to " + std::to_string(most) +
                   " pixels: POST /thumbnail?width=200"};
}

std::uint32_t width_of(const llhttp::request& request, std::uint32_t most) {
  std::string_view target = in_origin_form(request.target);
  target.remove_prefix(std::min(target.find('?'), target.size() - 1) + 1);
  std::optional<std::uint32_t> width;
  while (!target.empty()) {
    const std::string_view pair = target.substr(0, target.find('&'));
    target.remove_prefix(std::min(pair.size() + 1, target.size()));
    if (!pair.starts_with("width=")) continue;
    const std::string_view text = pair.substr(6);
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool good =
        failure == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= most;
    if (!good || width) throw wrong_width(most);
    width = value;
  }
  if (!width) throw wrong_width(most);
  return *width;
}

void require_picture(const llhttp::request& request, const server_limits& limits) {
  if (const std::string* const type = request.find("content-type")) {
    const std::string_view kind = std::string_view(*type).substr(0, type->find_first_of("; \t"));
    if (!equals(kind, "image/png") && !equals(kind, "application/octet-stream"))
      throw refusal(
          415,
          "Only PNG files are taken, as they are: send the file's bytes with Content-Type: image/png "
          "(curl -H 'Content-Type: image/png' --data-binary @FILE.png).");
  }
  if (const std::string* const encoding = request.find("content-encoding"))
    if (!equals(*encoding, "identity"))
      throw refusal(415, "Only PNG files are taken, as they are: send it without Content-Encoding.");
  if (request.content_length.value_or(0) > limits.max_body)
    throw refusal(413, "The body is longer than " + std::to_string(limits.max_body) +
                           " bytes, which is the most that this server takes: send a smaller file.");
}

/// RFC 9112, 3.2.
void require_host(const llhttp::request& request) {
  const auto is_host = [](const llhttp::header_field& field) { return equals(field.name, "host"); };
  const auto hosts = std::ranges::count_if(request.fields, is_host);
  if (hosts > 1 || (hosts == 0 && request.http_major == 1 && request.http_minor >= 1))
    throw refusal(400, "A request of HTTP/1.1 has one Host field: send one.");
}

bool has_body(const llhttp::request& request) {
  return request.chunked || request.content_length.value_or(0) != 0;
}

/// The client may wait to hear that its body is wanted.
task<> invite_body(const llhttp::request& request, uv::tcp& peer) {
  const std::string* const expected = request.find("expect");
  if (expected == nullptr || (request.http_major == 1 && request.http_minor == 0)) co_return;
  if (!equals(*expected, "100-continue"))
    throw refusal(417, "Nothing can be expected here but 100-continue: leave the Expect field out.");
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  if (has_body(request)) co_await peer.write(std::as_bytes(std::span(go_on)));
}

// ---- the answers

response page_answer() {
  return {.type = "text/html; charset=utf-8",
          .body = gauntlet::owned_buffer::of_static(std::as_bytes(std::span(page()))),
          .fields = "Cache-Control: no-cache\r\n"};
}

response metrics_answer(service& with) {
  return {.type = "text/plain; version=0.0.4; charset=utf-8",
          .body = gauntlet::owned_buffer(with.counts.text())};
}

response pending_answer(service& with) {
  std::ostringstream out;
  with.loop.dump(out);
  return {.body = gauntlet::owned_buffer(std::move(out).str())};
}

std::string timing_of(const thumbnail_maker& maker) {
  const auto milliseconds = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  std::array<char, 96> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "Server-Timing: decode;dur=%.3f, encode;dur=%.3f\r\n",
                    milliseconds(maker.decoding()), milliseconds(maker.encoding()));
  return {text.data(), static_cast<std::size_t>(size)};
}

task<gauntlet::semaphore::permit> place_for_upload(service& with) {
  try {
    co_return co_await gauntlet::with_timeout(with.limits.queue_timeout, with.uploads.acquire());
  } catch (const gauntlet::error& problem) {
    if (problem.code() != std::errc::timed_out) throw;
    throw refusal(503, "Too many pictures are being worked on: try again a little later.",
                  "Retry-After: 2\r\n");
  }
}

/// Each piece of the body is worked on before the next one is read: the client is as slow as we are.
task<response> thumbnail_answer(service& with, const llhttp::request& request, incoming& from,
                                uv::tcp& peer) {
  const std::uint32_t width = width_of(request, with.limits.max_thumbnail_width);
  require_picture(request, with.limits);
  const auto place = co_await place_for_upload(with);
  co_await invite_body(request, peer);
  thumbnail_maker maker(width, with.limits);
  std::vector<std::byte> file;
  while (file.empty()) {
    const std::span<const std::byte> piece = co_await from.body();
    const auto work = [&] {
      maker.feed(piece);
      if (from.complete()) file = maker.finish();
    };
    co_await uv::offload(with.loop, work);
  }
  co_return {
      .type = "image/png", .body = gauntlet::owned_buffer(std::move(file)), .fields = timing_of(maker)};
}

// ---- which is which

enum class place { page, thumbnail, metrics, pending, nowhere };

place place_of(const llhttp::request& request) {
  const std::string_view path = path_of(request);
  if (path == "/") return place::page;
  if (path == "/thumbnail") return place::thumbnail;
  if (path == "/metrics") return place::metrics;
  if (path == "/pending") return place::pending;
  return place::nowhere;
}

void require_method(const llhttp::request& request, place at) {
  using llhttp::method;
  if (at == place::nowhere)
    throw refusal(404,
                  "There is nothing here: GET / is a page to try this server with, POST /thumbnail?width=200 "
                  "makes thumbnails, GET /metrics and GET /pending tell how it is.");
  const bool posts = at == place::thumbnail;
  if (posts ? request.method == method::post
            : request.method == method::get || request.method == method::head)
    return;
  throw refusal(405, posts ? "Use POST, with a PNG file as the body." : "Use GET or HEAD here.",
                posts ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
}

}  // namespace

std::string_view name_of(const llhttp::request& request) {
  switch (place_of(request)) {
    case place::page:
      return "the page";
    case place::thumbnail:
      return "a thumbnail";
    case place::metrics:
      return "the metrics";
    case place::pending:
      return "what is pending";
    case place::nowhere:
      break;
  }
  return "nothing that is here";
}

task<response> answer(service& with, const llhttp::request& request, incoming& from, uv::tcp& peer) {
  const place at = place_of(request);
  require_host(request);
  require_method(request, at);
  if (at == place::thumbnail) co_return co_await thumbnail_answer(with, request, from, peer);
  co_await invite_body(request, peer);
  co_await from.drop_body();
  if (at == place::metrics) co_return metrics_answer(with);
  if (at == place::pending) co_return pending_answer(with);
  co_return page_answer();
}
