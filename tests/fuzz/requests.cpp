// Reads HTTP requests at once and in any slices: both must be the same, and within the limits.
#include <algorithm>
#include <gauntlet/llhttp.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "target.hpp"

namespace gauntlet::fuzz {
namespace {

struct message {
  llhttp::request head{};
  std::string body{};
  bool whole = false;

  bool operator==(const message&) const = default;
};

struct transcript {
  std::vector<message> messages{};
  std::error_code refused{};
};

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

void check_head(const llhttp::request& head, const llhttp::request_limits& limits) {
  require(!head.target.empty() && head.target.size() <= limits.target_bytes, "a target beyond its limits");
  require(!has_control_character(head.target) && head.target.find(' ') == std::string::npos,
          "a target of more than one word");
  require(head.fields.size() <= limits.headers, "more fields than the limit");
  std::size_t bytes = 0;
  for (const llhttp::header_field& field : head.fields) {
    bytes += field.name.size() + field.value.size();
    require(!field.name.empty() && field.name.find_first_of(" \t:") == std::string::npos,
            "a name that is none");
    require(!has_control_character(field.name) && !has_control_character(field.value),
            "a control character in a field");
  }
  require(bytes <= limits.header_bytes, "fields beyond their limit");
  require(head.http_major == 1 && head.http_minor <= 1, "a version that is not read");
  require(!(head.chunked && head.content_length), "a body of two lengths");
}

void read_slice(llhttp::request_reader& reader, std::span<const std::byte> slice, transcript& found,
                const llhttp::request_limits& limits) {
  // Memory of its own, so that a tool sees a read beyond it.
  const std::vector<std::byte> memory(slice.begin(), slice.end());
  std::span<const std::byte> bytes = memory;
  for (;;) {
    const llhttp::read_result read = reader.read(bytes);
    require(read.rest.size() <= bytes.size(), "more is left than was given");
    bytes = read.rest;
    switch (read.part) {
      case llhttp::part::more:
        require(bytes.empty(), "it wants more and has not read all");
        return;
      case llhttp::part::head:
        found.messages.push_back({.head = reader.take_head()});
        check_head(found.messages.back().head, limits);
        break;
      case llhttp::part::body:
        require(!read.body.empty(), "a piece of no byte");
        look_at(read.body);
        found.messages.back().body.append(reinterpret_cast<const char*>(read.body.data()), read.body.size());
        break;
      case llhttp::part::end:
        require(reader.between_requests(), "an end inside a request");
        found.messages.back().whole = true;
        break;
    }
  }
}

transcript read_all(std::span<const std::byte> rest, const llhttp::request_limits& limits,
                    std::size_t largest, std::uint32_t noise) {
  transcript found;
  llhttp::request_reader reader(limits);
  try {
    while (!rest.empty()) {
      noise = static_cast<std::uint32_t>((noise * 1'103'515'245ULL + 12'345ULL) & 0x7FFFFFFF);
      const std::size_t wanted = largest == 0 ? rest.size() : 1 + (noise >> 8) % largest;
      const auto slice = rest.first(std::min(wanted, rest.size()));
      read_slice(reader, slice, found, limits);
      rest = rest.subspan(slice.size());
    }
    reader.end_of_stream();
  } catch (const llhttp::error& refused) {
    found.refused = refused.code();
    const int status = llhttp::status_of(refused);
    require(status >= 400 && status < 600, "a refusal without a status");
  }
  return found;
}

void check_lengths(const transcript& found) {
  for (const message& one : found.messages)
    if (one.whole && one.head.content_length)
      require(one.body.size() == *one.head.content_length, "a body that is not as long as it says");
}

// What the reader itself refuses it sees where a piece ends; in one piece, llhttp may mind something behind
// it first.
bool is_the_readers(const std::error_code& code) {
  return code.value() >= static_cast<int>(llhttp::errc::target_too_long) ||
         code == llhttp::errc::unexpected_space;
}

void compare_reads(choices chosen, std::span<const std::byte> text) {
  const llhttp::request_limits limits{
      .target_bytes = chosen.byte() + 1U, .header_bytes = chosen.two_bytes(), .headers = chosen.byte()};
  const transcript whole = read_all(text, limits, 0, 0);
  const transcript sliced = read_all(text, limits, chosen.byte() + 1U, chosen.four_bytes());
  check_lengths(whole);
  require(whole.messages == sliced.messages, "in slices it reads other requests");
  require(!whole.refused == !sliced.refused, "in slices it is refused, or at once");
  if (!is_the_readers(whole.refused) && !is_the_readers(sliced.refused))
    require(whole.refused == sliced.refused, "in slices it is refused for something else");
}

// Of any kind, with any leniency: nothing is told that is not in the bytes.
void parse(choices chosen, std::span<const std::byte> text) {
  const std::vector<std::byte> memory(text.begin(), text.end());
  const llhttp::lenient lenient{.headers = chosen.flag(),
                                .chunked_length = chosen.flag(),
                                .keep_alive = chosen.flag(),
                                .transfer_encoding = chosen.flag(),
                                .version = chosen.flag(),
                                .data_after_close = chosen.flag(),
                                .optional_lf_after_cr = chosen.flag(),
                                .optional_cr_before_lf = chosen.flag(),
                                .optional_crlf_after_chunk = chosen.flag(),
                                .spaces_after_chunk_size = chosen.flag()};
  std::size_t told = 0;
  const auto piece = [&](llhttp::parser&, std::string_view bytes) {
    look_at(std::as_bytes(std::span(bytes)));
    told += bytes.size();
  };
  llhttp::parser parser(static_cast<llhttp::kind>(chosen.up_to(2)),
                        {.on_url = piece,
                         .on_status = piece,
                         .on_method = piece,
                         .on_version = piece,
                         .on_header_field = piece,
                         .on_header_value = piece,
                         .on_chunk_extension_name = piece,
                         .on_chunk_extension_value = piece,
                         .on_body =
                             [&](llhttp::parser&, std::span<const std::byte> bytes) {
                               look_at(bytes);
                               told += bytes.size();
                             }},
                        lenient);
  std::span<const std::byte> rest = memory;
  try {
    for (;;) {
      const llhttp::execution done = parser.execute(rest);
      require(done.used <= rest.size(), "it has used more than there is");
      rest = rest.subspan(done.used);
      if (done.why != llhttp::stop::upgrade) break;
      parser.resume_after_upgrade();
    }
    if (parser.last_error() != llhttp::errc::paused_h2_upgrade) parser.finish();
  } catch (const llhttp::error& refused) {
    require(refused.offset() <= text.size(), "an offset beyond the end");
  }
  require(told <= text.size(), "more was told than is there");
}

void run(std::span<const std::byte> input) {
  const std::size_t head = std::min(gauntlet_fuzz_choice_bytes, input.size());
  choices chosen(input.first(head));
  if (chosen.byte() % 4 == 3)
    parse(chosen, input.subspan(head));
  else
    compare_reads(chosen, input.subspan(head));
}

}  // namespace
}  // namespace gauntlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gauntlet::fuzz::run(std::as_bytes(std::span(data, size)));
  return 0;
}
