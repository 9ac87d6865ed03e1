#pragma once
/// What the tests of llhttp share: requests as real clients send them, and two ways to write down what comes
/// of bytes.

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

/// Each is one whole message.
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

 private:
  void add(const char* name, std::string_view piece);
  void add(const char* name);

  std::vector<std::string> events_;
  std::string open_;  // the piece callback that was called last
};

}  // namespace gauntlet::llhttp::test
