#include "response.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace {

constexpr std::array<int, 15> known{200, 400, 404, 405, 408, 413, 414, 415,
                                    417, 422, 431, 500, 501, 503, 505};

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace

std::span<const int> statuses() { return known; }

std::size_t index_of(int status) {
  const auto found = std::ranges::find(known, status);
  return static_cast<std::size_t>((found != known.end() ? found : std::ranges::find(known, 500)) -
                                  known.begin());
}

response sentence(int status, std::string_view text) {
  return {.status = status, .body = gauntlet::owned_buffer(std::string(text).append("\n"))};
}

response sentence(const refusal& why) {
  response answer = sentence(why.status(), why.what());
  answer.fields = why.fields();
  return answer;
}

std::string head_of(const response& answer, std::string_view persistence) {
  std::string head("HTTP/1.1 ");
  head.append(std::to_string(answer.status)).append(" ").append(reason_of(answer.status));
  head.append("\r\nDate: ").append(date());
  head.append("\r\nContent-Type: ").append(answer.type);
  head.append("\r\nContent-Length: ").append(std::to_string(answer.body.size()));
  head.append("\r\nX-Content-Type-Options: nosniff\r\n").append(answer.fields);
  if (!persistence.empty()) head.append("Connection: ").append(persistence).append("\r\n");
  return head.append("\r\n");
}
