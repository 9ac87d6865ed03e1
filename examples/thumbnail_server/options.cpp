#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>

namespace {

/// An option that is a number.
struct numeric {
  std::string_view name;
  std::string_view help;
  std::uint64_t (*get)(const server_options&);
  void (*set)(server_options&, std::uint64_t);
  std::uint64_t least;
  std::uint64_t most;
};

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
constexpr std::uint64_t a_day = std::uint64_t{24} * 60 * 60 * 1000;  // in milliseconds

// NOLINTBEGIN(bugprone-macro-parentheses): a member is no expression
#define NUMBER(member)                                             \
  [](const server_options& o) { return std::uint64_t{o.member}; }, \
      [](server_options& o, std::uint64_t value) { o.member = static_cast<decltype(o.member)>(value); }
#define MILLISECONDS(member)                                                                   \
  [](const server_options& o) { return static_cast<std::uint64_t>(o.limits.member.count()); }, \
      [](server_options& o, std::uint64_t value) { o.limits.member = std::chrono::milliseconds(value); }
// NOLINTEND(bugprone-macro-parentheses)

constexpr std::array<numeric, 18> numbers{{
    {"--port", "0: any that is free", NUMBER(port), 0, 65535},
    {"--threads", "loops, each on a thread of its own", NUMBER(threads), 1, 256},
    {"--workers", "threads that decode, scale and encode; 0: as many as processors", NUMBER(workers), 0,
     1024},
    {"--max-connections", "of each loop", NUMBER(limits.max_connections), 1, 1'000'000},
    {"--max-uploads", "bodies of each loop that are worked on at a time", NUMBER(limits.max_uploads), 1,
     100'000},
    {"--max-body", "bytes", NUMBER(limits.max_body), 1, most_bytes},
    {"--max-pixels", "of a picture", NUMBER(limits.max_pixels), 1, most_bytes},
    {"--max-interlaced-pixels", "of an interlaced picture, which is held whole",
     NUMBER(limits.max_interlaced_pixels), 1, most_bytes},
    {"--max-side", "pixels of a picture's width and height", NUMBER(limits.max_side), 1, 1'000'000},
    {"--max-thumbnail-width", "pixels", NUMBER(limits.max_thumbnail_width), 1, 1'000'000},
    {"--max-thumbnail-pixels", "of a thumbnail", NUMBER(limits.max_thumbnail_pixels), 1, most_bytes},
    {"--idle-timeout", "ms for the first byte of a request", MILLISECONDS(idle_timeout), 1, a_day},
    {"--head-timeout", "ms for the rest of its head", MILLISECONDS(head_timeout), 1, a_day},
    {"--body-timeout", "ms that a body or an answer may keep the server waiting", MILLISECONDS(body_timeout),
     1, a_day},
    {"--min-rate", "bytes of it for which it may be a second more", NUMBER(limits.min_rate), 1, most_bytes},
    {"--queue-timeout", "ms for a place among --max-uploads", MILLISECONDS(queue_timeout), 1, a_day},
    {"--linger-timeout", "ms for the client to hear the last answer", MILLISECONDS(linger_timeout), 1, a_day},
    {"--grace", "ms for what is in flight when the server is to end", MILLISECONDS(grace), 1, a_day},
}};
#undef NUMBER
#undef MILLISECONDS

std::uint64_t number_of(const numeric& option, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc{} && end == text.data() + text.size() && value >= option.least &&
      value <= option.most)
    return value;
  throw bad_option(std::string(option.name)
                       .append(" takes a number from ")
                       .append(std::to_string(option.least))
                       .append(" to ")
                       .append(std::to_string(option.most)));
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

}  // namespace

server_options parse_options(std::span<const char* const> words) {
  server_options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--help" || word == "-h") {
      options.help = true;
      return options;
    }
    const auto* const found = std::ranges::find(numbers, word, &numeric::name);
    if (found == numbers.end() && word != "--host")
      throw bad_option("there is no option " + std::string(word));
    if (i + 1 == words.size()) throw bad_option(std::string(word) + " needs a value");
    const std::string_view value = words[++i];
    if (word == "--host")
      options.host = value;
    else
      found->set(options, number_of(*found, value));
  }
  return options;
}

std::string usage() {
  constexpr std::size_t column = 30;
  const server_options defaults;
  std::string text(
      "usage: thumbnail_server [OPTION VALUE]...\n"
      "Makes thumbnails of PNG files: POST /thumbnail?width=200. GET / is a page to try it with.\n"
      "SIGINT and SIGTERM end it, when what is in flight has ended; SIGUSR1 prints what is.\n\n");
  text.append(padded("  --host ADDRESS", column))
      .append("an IP address (")
      .append(defaults.host)
      .append(")\n");
  for (const numeric& option : numbers)
    text.append(padded(std::string("  ").append(option.name).append(" N"), column))
        .append(option.help)
        .append(" (")
        .append(std::to_string(option.get(defaults)))
        .append(")\n");
  return text;
}
