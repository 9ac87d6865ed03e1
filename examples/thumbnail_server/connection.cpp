#include "connection.hpp"

#include <array>
#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace llhttp = gauntlet::llhttp;
namespace uv = gauntlet::uv;
using gauntlet::task;

namespace {

/// Counts up as long as it lives.
class counted {
 public:
  explicit counted(metrics::count& value) : value_(value) { ++value_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --value_; }

 private:
  metrics::count& value_;
};

task<> drain(uv::tcp& peer) {
  std::array<std::byte, 16384> nowhere;  // NOLINT(*-member-init): nobody reads it
  for (std::size_t size = 1; size != 0;) size = co_await peer.read_some(nowhere);
}

response sentence_for(const llhttp::error& problem) {
  const llhttp::request_limits limits;
  const int status = llhttp::status_of(problem);
  switch (status) {
    case 413:
      return sentence(status, "The chunks of the body have too long extensions: leave them out.");
    case 414:
      return sentence(status, "The target of the request is too long: send no more than " +
                                  std::to_string(limits.target_bytes) + " bytes.");
    case 431:
      return sentence(status, "The request has too many fields, or too long ones: send no more than " +
                                  std::to_string(limits.headers) + ", of " +
                                  std::to_string(limits.header_bytes) + " bytes together.");
    case 501:
      return sentence(status,
                      "Of transfer codings only chunked is known here: send the body so, or with its "
                      "Content-Length.");
    case 505:
      return sentence(status, "Only HTTP/1.1 and HTTP/1.0 are spoken here: send the request so.");
    default:
      return sentence(status, "This is no request that HTTP/1.1 knows (" + problem.reason() +
                                  "): try GET / with a browser or curl.");
  }
}

/// In a handler: the answer to what has gone wrong with a request, if it is one that can be answered.
response answer_to_failure() {
  try {
    throw;
  } catch (const refusal& why) {
    return sentence(why);
  } catch (const llhttp::error& problem) {
    return sentence_for(problem);
  } catch (const std::bad_alloc&) {
    return sentence(503, "There is no memory left for this request: try again later.");
  } catch (const gauntlet::error&) {
    throw;  // the connection is lost, or the server ends
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "thumbnail_server: %s\n", problem.what());
    return sentence(500, "Something has gone wrong here that should not: it is in the server's log.");
  }
}

}  // namespace

void try_to_refuse(uv::tcp& peer) {
  const response answer = sentence(
      refusal(503, "All places for connections are taken: try again a little later.", "Retry-After: 2\r\n"));
  const std::string head = head_of(answer, "close");
  const std::array parts{std::as_bytes(std::span(head)), answer.body.bytes()};
  peer.try_write(parts);
}

task<> linger(uv::tcp& peer, const server_limits& limits) {
  const auto until_the_end = [&]() -> task<> {
    co_await peer.shutdown();
    co_await drain(peer);
  };
  static_cast<void>(
      co_await gauntlet::as_expected(gauntlet::with_timeout(limits.linger_timeout, until_the_end())));
}

connection::connection(uv::tcp peer, service& with, connection_list& all)
    : peer_(std::move(peer)), with_(with), all_(all), from_(peer_, with.limits, with.counts) {
  all_.working.push_back(this);
  place_ = --all_.working.end();
}

connection::~connection() {
  if (listed_) all_.working.erase(place_);
}

void connection::close() {
  all_.waiting.erase(place_);
  listed_ = false;
  if (in_request()) static_cast<void>(gauntlet::attempt([this] { try_to_refuse(peer_); }));
  peer_.close();
}

task<> connection::run() try {
  const counted open(with_.counts.connections);
  co_await serve();
} catch (const gauntlet::error&) {
  // The client has gone, or it is to end: no reason for the others to.
}

task<> connection::serve() {
  peer_.nodelay(true);
  for (bool more = true; more;) more = co_await serve_one();
}

/// False: it was the last one.
task<bool> connection::serve_one() {
  std::optional<llhttp::request> request;
  response reply;
  auto start = std::chrono::steady_clock::now();
  std::optional<counted> in_flight;
  try {
    request = co_await wait_for_request();
    if (!request) co_return false;
    start = std::chrono::steady_clock::now();
    in_flight.emplace(with_.counts.in_flight);
    reply = co_await answer_to(*request);
  } catch (...) {
    reply = answer_to_failure();
  }
  const bool keep = request && request->keep_alive && !request->upgrade && from_.complete() && !all_.ending;
  co_await send(request ? &*request : nullptr, reply, keep);
  with_.counts.answered(reply.status, std::chrono::steady_clock::now() - start);
  in_flight.reset();
  if (!keep) co_await linger(peer_, with_.limits);
  co_return keep;
}

/// Meanwhile it may be closed.
task<std::optional<llhttp::request>> connection::wait_for_request() {
  struct in_waiting {
    explicit in_waiting(connection& of) : self(of) {
      self.all_.waiting.splice(self.all_.waiting.end(), self.all_.working, self.place_);
    }
    in_waiting(const in_waiting&) = delete;
    in_waiting& operator=(const in_waiting&) = delete;
    ~in_waiting() {
      if (self.listed_) self.all_.working.splice(self.all_.working.end(), self.all_.waiting, self.place_);
    }
    connection& self;
  };
  const in_waiting here(*this);
  co_return co_await from_.head();
}

task<response> connection::answer_to(const llhttp::request& request) {
  return gauntlet::named(std::string(name_of(request)), answer(with_, request, from_, peer_));
}

/// request: none if what came was no request.
task<> connection::send(const llhttp::request* request, const response& answer, bool keep) {
  const bool old = request != nullptr && request->http_major == 1 && request->http_minor == 0;
  const std::string head = head_of(answer, !keep ? "close" : old ? "keep-alive" : "");
  const bool only_head = request != nullptr && request->method == llhttp::method::head;
  const std::array parts{std::as_bytes(std::span(head)),
                         only_head ? std::span<const std::byte>() : answer.body.bytes()};
  const std::size_t size = parts[0].size() + parts[1].size();
  co_await gauntlet::with_timeout(with_.limits.time_for(size), peer_.write(parts));
  with_.counts.bytes_out += size;
}
