#include "push_support.hpp"

#include <png.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <memory>

namespace gauntlet::png::test {
namespace {

void keep_failure(reading& found, const error& failure) {
  found.code = failure.code();
  found.message = failure.what();
}

void keep_facts(reading& found, const push_decoder& push) {
  found.warnings.assign(push.warnings().begin(), push.warnings().end());
  found.bytes_read = push.bytes_read();
}

void keep_row(reading& found, const row_event& row) {
  const std::size_t size = row.pixels.size();
  if (found.pixels.empty()) found.pixels.resize(size * found.file.height);
  REQUIRE(size * (row.y + 1) <= found.pixels.size());
  std::ranges::copy(row.pixels, found.pixels.begin() + static_cast<std::ptrdiff_t>(row.y * size));
  found.told.insert(found.told.end(), row.pixels.begin(), row.pixels.end());
  found.events += 'r';
}

void keep_header(reading& found, const push_decoder& push) {
  found.events += 'h';
  found.file = push.header();
  found.file_colors = push.colors();
}

void keep_end(reading& found, const push_decoder& push) {
  found.events += 'e';
  found.rows = push.header();
  found.row_colors = push.colors();
  found.metadata = push.metadata();
}

void ask_all(push_decoder& push, reading& found, const transforms& transforms) {
  while (const auto event = push.next()) {
    if (event->what == push_event::kind::row) keep_row(found, event->row);
    if (event->what == push_event::kind::end) keep_end(found, push);
    if (event->what == push_event::kind::header) {
      keep_header(found, push);
      push.start(transforms);
    }
  }
}

// An old libpng reads eXIf only where it pulls, and does not mind an index just behind the palette there.
constexpr bool is_old = PNG_LIBPNG_VER < 10643;

std::size_t comparable_warnings(const reading& found) {
  return static_cast<std::size_t>(std::ranges::count_if(found.warnings, [](const warning& told) {
    return !is_old || (told.chunk != "eXIf" && !told.message.contains("palette index"));
  }));
}

png::metadata comparable_metadata(const reading& found) {
  png::metadata copy = found.metadata;
  if (is_old) copy.exif.clear();
  return copy;
}

}  // namespace

slices whole() {
  return [] { return std::numeric_limits<std::size_t>::max(); };
}

slices bytewise() {
  return [] { return std::size_t{1}; };
}

slices random_slices(unsigned seed, std::size_t most) {
  return [noise = std::minstd_rand(seed), most]() mutable { return noise() % (most + 1); };
}

reading pull_file(const bytes& file, const transforms& transforms, const decoder_options& options) {
  reading found;
  try {
    decoder decoder{memory_source(file), options};
    found.file = decoder.header();
    found.file_colors = decoder.colors();
    row_reader rows = std::move(decoder).start(transforms);
    try {
      while (const auto row = rows.next()) found.pixels.insert(found.pixels.end(), row->begin(), row->end());
      found.rows = rows.header();
      found.row_colors = rows.colors();
      found.metadata = rows.metadata();
      found.bytes_read = rows.bytes_read();
    } catch (const error& failure) {
      keep_failure(found, failure);
    }
    found.warnings.assign(rows.warnings().begin(), rows.warnings().end());
  } catch (const error& failure) {
    keep_failure(found, failure);
  }
  return found;
}

void feed_in_slices(push_decoder& push, std::span<const std::byte> file, const slices& sizes) {
  while (!file.empty()) {
    const std::size_t size = std::min(sizes(), file.size());
    push.feed(bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));  // of its own
    file = file.subspan(size);
  }
}

reading push_file(const bytes& file, const slices& sizes, const transforms& transforms,
                  const decoder_options& options) {
  listener listener(transforms);
  push_decoder push{listener.callbacks(), options};
  try {
    feed_in_slices(push, file, sizes);
    push.finish();
  } catch (const error& failure) {
    keep_failure(listener.heard(), failure);
  }
  keep_facts(listener.heard(), push);
  return listener.heard();
}

reading ask_file(const bytes& file, const slices& sizes, const transforms& transforms,
                 const decoder_options& options) {
  reading found;
  push_decoder push{options};
  try {
    std::span<const std::byte> rest = file;
    while (!rest.empty()) {
      const std::size_t size = std::min(sizes(), rest.size());
      push.feed(rest.first(size));
      rest = rest.subspan(size);
      ask_all(push, found, transforms);
    }
    push.finish();
    ask_all(push, found, transforms);
  } catch (const error& failure) {
    keep_failure(found, failure);
  }
  keep_facts(found, push);
  return found;
}

push_callbacks listener::callbacks() {
  return {.on_header = [this](const push_decoder& push) { return header(push); },
          .on_row = [this](const row_event& event) { row(event); },
          .on_end = [this](const push_decoder& push) { end(push); }};
}

transforms listener::header(const push_decoder& push) {
  keep_header(heard_, push);
  return transforms_;
}

void listener::row(const row_event& row) { keep_row(heard_, row); }

void listener::end(const push_decoder& push) { keep_end(heard_, push); }

void check_same(const reading& pushed, const reading& pulled) {
  CHECK(pushed.code == pulled.code);
  if (pulled.code) return;
  CHECK(pushed.file == pulled.file);
  CHECK(pushed.file_colors == pulled.file_colors);
  CHECK(pushed.rows == pulled.rows);
  CHECK(pushed.row_colors == pulled.row_colors);
  CHECK(same_bytes(pushed.pixels, pulled.pixels));
  CHECK(comparable_metadata(pushed) == comparable_metadata(pulled));
  CHECK(comparable_warnings(pushed) == comparable_warnings(pulled));
  CHECK(pushed.bytes_read == pulled.bytes_read);
  CHECK(pushed.events.starts_with("hr"));
  CHECK(pushed.events.find('e') == pushed.events.size() - 1);
  CHECK(pushed.events.rfind('h') == 0);
}

bytes cut(const bytes& file, std::size_t length) {
  return {file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length)};
}

bytes small_file(pixel_format format, bool interlaced) {
  const bytes plain =
      encode(make_picture(format, 5, 4), {.interlaced = interlaced, .metadata = {.gamma = 45455}});
  const bytes before = chunk("tEXt", to_bytes(std::string("Title\0before", 12)));
  const bytes behind =
      chunk("zTXt", joined({to_bytes(std::string("Comment\0\0", 9)), deflated(to_bytes("behind"))}));
  const std::vector<chunk_place> places = chunks_of(plain);
  const auto at = [&](std::size_t offset) { return plain.begin() + static_cast<std::ptrdiff_t>(offset); };
  return joined({{plain.begin(), at(places[1].begin)},
                 before,
                 {at(places[1].begin), at(places.back().begin)},
                 behind,
                 {at(places.back().begin), plain.end()}});
}

}  // namespace gauntlet::png::test
