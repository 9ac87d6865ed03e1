// Any valid request, cut into any pieces, is read as it was written.
#include <algorithm>
#include <charconv>
#include <gauntlet/llhttp.hpp>
#include <iterator>
#include <string>
#include <vector>

#include "property.hpp"

namespace gauntlet::llhttp::test {
namespace {

struct written {
  request head{};
  std::string body{};
  std::string text{};
};

std::string any_of(const std::string& letters, std::size_t least, std::size_t most) {
  const auto size = *rc::gen::inRange<std::size_t>(least, most + 1);
  return *rc::gen::container<std::string>(size, rc::gen::elementOf(letters));
}

/// Another name than those that say how long a body is or what becomes of the connection.
std::string any_name() { return std::string("x-").append(any_of("abcXYZ019!#$%&'*+-.^_`|~", 1, 12)); }

/// White space only inside.
std::string any_value() {
  const std::string visible = any_of("abc,;=\"()<>@/?{}[]\\:\x80\xff", 0, 10);
  return visible.empty() ? visible : visible + any_of(" \tz", 0, 4) + "z";
}

std::string in_chunks(const std::string& body) {
  std::string text;
  for (std::size_t at = 0; at < body.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, body.size() - at + 1);
    char digits[17] = "";
    std::to_chars(std::begin(digits), std::end(digits) - 1, size, 16);
    std::string number = any_of("0", 0, 3) + digits;
    if (*rc::gen::arbitrary<bool>())
      std::ranges::transform(number, number.begin(),
                             [](char c) { return c < 'a' ? c : static_cast<char>(c - 'a' + 'A'); });
    text += number;
    if (*rc::gen::arbitrary<bool>())
      text.append(";").append(any_of("abc", 1, 3)).append("=").append(any_of("012", 1, 3));
    text.append("\r\n").append(body, at, size).append("\r\n");
    at += size;
  }
  text += "0\r\n";
  if (*rc::gen::arbitrary<bool>()) text.append(any_name()).append(": ").append(any_value()).append("\r\n");
  return text.append("\r\n");
}

written any_request() {
  written made;
  made.head.method = *rc::gen::elementOf(
      std::vector<method>{method::get, method::post, method::put, method::delete_, method::msearch});
  made.head.target = std::string("/").append(any_of("abc/?&=%25+;,~", 0, 40));
  made.head.http_minor = *rc::gen::inRange(0, 2);
  const bool has_body = *rc::gen::arbitrary<bool>();
  made.head.chunked = has_body && made.head.http_minor == 1 && *rc::gen::arbitrary<bool>();
  if (has_body) made.body = any_of(std::string("ab0\r\n\0\xff", 7), 0, 60);

  const auto count = *rc::gen::inRange<std::size_t>(0, 6);
  for (std::size_t i = 0; i < count; ++i)
    made.head.fields.push_back({.name = any_name(), .value = any_value()});
  if (made.head.http_minor == 0) made.head.fields.push_back({.name = "Connection", .value = "keep-alive"});
  if (made.head.chunked) {
    made.head.fields.push_back({.name = "Transfer-Encoding", .value = "chunked"});
  } else if (has_body) {
    made.head.content_length = made.body.size();
    made.head.fields.push_back({.name = "Content-Length", .value = std::to_string(made.body.size())});
  }

  made.text.append(name(made.head.method)).append(" ").append(made.head.target).append(" HTTP/1.");
  made.text.append(std::to_string(made.head.http_minor)).append("\r\n");
  for (const header_field& field : made.head.fields) {
    made.text.append(field.name).append(":").append(any_of(" \t", 0, 2)).append(field.value);
    // Behind words that llhttp itself looks for, it takes no tab.
    made.text.append(any_of(field.name.starts_with("x-") ? " \t" : " ", 0, 2)).append("\r\n");
  }
  made.text.append("\r\n").append(made.head.chunked ? in_chunks(made.body) : made.body);
  return made;
}

struct message {
  request head{};
  std::string body{};
  bool whole = false;
};

void read_piece(request_reader& reader, std::string_view piece, std::vector<message>& found) {
  const std::vector<char> memory(piece.begin(),
                                 piece.end());  // of its own size, so that a tool sees a read beyond it
  std::span<const std::byte> bytes = std::as_bytes(std::span(memory));
  for (;;) {
    const read_result read = reader.read(bytes);
    bytes = read.rest;
    if (read.part == part::more) return;
    if (read.part == part::head) found.push_back({.head = reader.take_head()});
    if (read.part == part::body)
      found.back().body.append(reinterpret_cast<const char*>(read.body.data()), read.body.size());
    if (read.part == part::end) found.back().whole = true;
  }
}

TEST_CASE("any valid requests, cut into any pieces, are read as they were written") {
  gauntlet::test::check_property([] {
    std::vector<written> all;
    std::string text;
    const auto count = *rc::gen::inRange<std::size_t>(1, 4);
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(any_request());
      text += all.back().text;
    }
    RC_LOG(text);
    request_reader reader;
    std::vector<message> found;
    const auto largest = *rc::gen::inRange<std::size_t>(1, 80);
    for (std::string_view rest = text; !rest.empty();) {
      const auto size = std::min(rest.size(), *rc::gen::inRange<std::size_t>(1, largest + 1));
      read_piece(reader, rest.substr(0, size), found);
      rest.remove_prefix(size);
    }
    reader.end_of_stream();
    RC_ASSERT(found.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      RC_ASSERT(found[i].whole);
      RC_ASSERT(found[i].body == all[i].body);
      RC_ASSERT(found[i].head == all[i].head);
    }
  });
}

}  // namespace
}  // namespace gauntlet::llhttp::test
