#pragma once
/// What the tests of llhttp share: requests as real clients send them, and two ways to write down what comes
/// of bytes.

#include <cstddef>
#include <functional>
#include <gauntlet/llhttp.hpp>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gauntlet::llhttp::test {

struct sample {
  const char* who = "";
  std::string text{};
};

/// Whole messages, one each but for the last response.
const std::vector<sample>& real_requests();
const std::vector<sample>& real_responses();

/// The text, in a block of memory of its own size: a tool sees a read beyond it.
class block {
 public:
  explicit block(std::string_view text)
      : bytes_(std::as_bytes(std::span(text)).begin(), std::as_bytes(std::span(text)).end()) {}
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Cut after so many bytes each; the last takes what is left.
std::vector<std::string_view> cut(std::string_view text, const std::vector<std::size_t>& lengths);
std::vector<std::string_view> one_by_one(std::string_view text);

struct message {
  request head{};
  std::string body{};
  bool whole = false;

  bool operator==(const message&) const = default;
};

/// What a request_reader makes of a stream.
struct transcript {
  std::vector<message> messages{};
  std::error_code refused{};
  int status = 0;        ///< status_of what was refused
  bool between = false;  ///< at the end

  bool operator==(const transcript&) const = default;
};

transcript read_requests(const std::vector<std::string_view>& pieces, const request_limits& limits = {});
inline transcript read_request(std::string_view text, const request_limits& limits = {}) {
  return read_requests({text}, limits);
}

/// Every callback, with what it was told; pieces of one value are joined, so that cuts do not show.
class recorder {
 public:
  callbacks all();
  const std::vector<std::string>& events() const noexcept { return events_; }
  std::string joined() const;
  std::size_t calls() const noexcept { return calls_; }
  /// From within the call with that number, counted from 0.
  void at_call(std::size_t number, std::function<void(parser&)> action) {
    number_ = number;
    action_ = std::move(action);
  }

 private:
  void add(parser& from, const char* name, std::string_view piece);
  void add(parser& from, std::string name);
  void act(parser& from);

  std::vector<std::string> events_;
  std::size_t calls_ = 0;
  std::size_t number_ = 0;
  std::function<void(parser&)> action_;
  std::string open_;  // the piece callback that was called last
};

/// Gives the parser all of the text, and goes on behind pauses and upgrades.
void parse_all(parser& parser, std::string_view text);

}  // namespace gauntlet::llhttp::test
