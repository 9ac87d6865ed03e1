#include "incoming.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "response.hpp"

namespace llhttp = gauntlet::llhttp;
using piece_of_body = std::span<const std::byte>;
using gauntlet::task;

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t size_for_heads = 2'048;  // as many as there are idle connections
constexpr std::size_t size_for_bodies = 65'536;

/// Chunks of one byte have six bytes around each.
constexpr std::uint64_t most_framing = 16;

}  // namespace

incoming::incoming(gauntlet::uv::tcp& peer, const server_limits& limits, metrics& counts)
    : peer_(peer), limits_(limits), counts_(counts) {}

/// Answers how many; 0 at the end of the stream. All that came before is used up.
task<std::size_t> incoming::read(std::size_t most, std::chrono::nanoseconds time) {
  if (size_ != most) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(most);
    size_ = most;
  }
  const std::span<std::byte> into(buffer_.get(), size_);
  const std::size_t size = co_await gauntlet::with_timeout(time, peer_.read_some(into));
  unread_ = into.first(size);
  counts_.bytes_in += size;
  co_return size;
}

task<std::optional<llhttp::request>> incoming::head() {
  clock::time_point end = clock::now() + limits_.idle_timeout;
  bool begun = false;
  for (;;) {
    const llhttp::read_result result = reader_.read(unread_);
    unread_ = result.rest;
    if (result.part == llhttp::part::head) break;
    if (in_head() && !std::exchange(begun, true)) end = clock::now() + limits_.head_timeout;
    try {
      if (co_await read(size_for_heads, end - clock::now()) != 0) continue;
    } catch (const gauntlet::error& problem) {
      if (problem.code() != std::errc::timed_out) throw;
      if (!begun) co_return std::nullopt;
      throw refusal(408, "The head of the request took longer than " +
                             std::to_string(limits_.head_timeout.count()) + " ms: send it at once.");
    }
    if (!begun) co_return std::nullopt;
    reader_.end_of_stream();
    throw refusal(400, "The connection has ended inside the head of a request: send all of it.");
  }
  complete_ = false;
  received_ = on_the_wire_ = 0;
  waited_ = {};
  co_return reader_.take_head();
}

task<piece_of_body> incoming::body() {
  for (;;) {
    if (const piece_of_body come = parse_body(); !come.empty() || complete_) co_return come;
    co_await read_more_of_body();
  }
}

/// All of the body that the buffer has, in one piece.
piece_of_body incoming::parse_body() {
  piece_of_body all;
  while (!complete_) {
    const std::size_t before = unread_.size();
    const llhttp::read_result result = reader_.read(unread_);
    unread_ = result.rest;
    on_the_wire_ += before - unread_.size();
    if (result.part == llhttp::part::more) break;
    if (result.part == llhttp::part::end) complete_ = true;
    if (result.part == llhttp::part::body) join(all, result.body);
  }
  received_ += all.size();
  if (received_ > limits_.max_body)
    throw refusal(413, "The body is longer than " + std::to_string(limits_.max_body) +
                           " bytes, which is the most that this server takes: send a smaller file.");
  if (on_the_wire_ > most_framing * received_ + size_for_bodies)
    throw refusal(413, "The chunks of the body are mostly their own heads: send larger ones.");
  return all;
}

/// Chunks are moved together: each piece costs a way to another thread.
void incoming::join(piece_of_body& before, piece_of_body piece) {
  if (before.empty()) {
    before = piece;
    return;
  }
  // SAFETY: both lie in the buffer, the piece behind what came before it.
  std::byte* const end = buffer_.get() + (before.data() + before.size() - buffer_.get());
  std::memmove(end, piece.data(), piece.size());
  before = {before.data(), before.size() + piece.size()};
}

task<> incoming::read_more_of_body() {
  const clock::time_point start = clock::now();
  std::size_t size = 0;
  try {
    size = co_await read(size_for_bodies, limits_.time_for(received_) - waited_);
  } catch (const gauntlet::error& problem) {
    if (problem.code() != std::errc::timed_out) throw;
    throw refusal(408, "The body came too slowly: send at least " + std::to_string(limits_.min_rate) +
                           " bytes a second.");
  }
  waited_ += clock::now() - start;
  if (size != 0) co_return;
  reader_.end_of_stream();
  throw refusal(400, "The connection has ended inside the body: send all of it.");
}

task<> incoming::drop_body() {
  while (!complete_) static_cast<void>(co_await body());
}
