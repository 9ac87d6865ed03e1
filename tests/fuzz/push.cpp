// Pushes a PNG file in any slices, with pauses, to callbacks or to next(): it must be what it is pulled.
#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "gauntlet/png.hpp"
#include "target.hpp"

namespace gauntlet::fuzz {
namespace {

constexpr png::limits loose{
    .max_pixels = 1 << 16, .max_image_bytes = 1 << 20, .max_chunk_bytes = 1 << 20, .max_memory = 1 << 24};

// What came out of a file until its end, or until code.
struct reading {
  std::error_code code{};
  std::vector<std::byte> pixels{};
  bool ended = false;
  bool has_extra_data = false;
};

reading pull(std::span<const std::byte> file, const png::transforms& transforms) {
  reading found;
  try {
    png::row_reader rows = png::decoder{png::memory_source(file), {.limits = loose}}.start(transforms);
    while (const auto row = rows.next()) found.pixels.insert(found.pixels.end(), row->begin(), row->end());
    found.ended = true;
  } catch (const png::error& failure) {
    found.code = failure.code();
  }
  return found;
}

class pushing {
 public:
  pushing(choices chosen, const png::transforms& transforms) : chosen_(chosen), transforms_(transforms) {}
  pushing(const pushing&) = delete;
  pushing& operator=(const pushing&) = delete;

  reading run(std::span<const std::byte> file) {
    const bool told = chosen_.flag();
    largest_ = chosen_.flag() ? chosen_.byte() : chosen_.two_bytes();
    try {
      if (told)
        tell(file);
      else
        ask(file);
    } catch (const png::error& failure) {
      found_.code = failure.code();
    }
    for (const png::warning& warning : push_->warnings())
      found_.has_extra_data |= warning.message == "Extra compressed data";
    return std::move(found_);
  }

 private:
  std::span<const std::byte> slice(std::span<const std::byte>& rest) {
    // 0, as an input without choices has it, is no slicing at all.
    const std::size_t wanted = largest_ == 0 ? rest.size() : 1 + next_noise() % largest_;
    const auto first = rest.first(std::min(wanted, rest.size()));
    rest = rest.subspan(first.size());
    return first;
  }

  std::uint32_t next_noise() {
    noise_ = (noise_ * 1'103'515'245ULL + 12'345ULL) & 0x7FFFFFFF;
    return static_cast<std::uint32_t>(noise_ >> 8);
  }

  void tell(std::span<const std::byte> rest) {
    const bool pauses = chosen_.flag();
    const auto maybe_pause = [&] {
      if (pauses && next_noise() % 4 == 0) push_->pause();
    };
    push_.emplace(png::push_callbacks{.on_header =
                                          [&](const png::push_decoder&) {
                                            maybe_pause();
                                            return transforms_;
                                          },
                                      .on_row =
                                          [&](const png::row_event& row) {
                                            maybe_pause();
                                            keep(row);
                                          },
                                      .on_end = [&](const png::push_decoder&) { found_.ended = true; }},
                  png::decoder_options{.limits = loose});
    while (!rest.empty()) {
      push_->feed(slice(rest));
      if (next_noise() % 2 == 0) push_->resume();
    }
    while (push_->paused()) push_->resume();
    push_->finish();
  }

  void ask(std::span<const std::byte> rest) {
    push_.emplace(png::decoder_options{.limits = loose});
    while (!rest.empty()) {
      push_->feed(slice(rest));
      if (next_noise() % 2 == 0) take_events();
    }
    push_->finish();
    take_events();
  }

  void take_events() {
    while (const auto event = push_->next()) {
      if (event->what == png::push_event::kind::header) push_->start(transforms_);
      if (event->what == png::push_event::kind::row) keep(event->row);
      if (event->what == png::push_event::kind::end) found_.ended = true;
    }
  }

  void keep(const png::row_event& row) {
    const png::header& rows = push_->header();
    require(row.pixels.size() == rows.row_bytes, "a row is not as long as its header says");
    require(row.y < rows.height, "a row that the image does not have");
    require(!found_.ended, "a row behind the end");
    look_at(row.pixels);
    found_.pixels.resize(rows.row_bytes * rows.height);
    std::ranges::copy(row.pixels,
                      found_.pixels.begin() + static_cast<std::ptrdiff_t>(row.y * rows.row_bytes));
  }

  choices chosen_;
  png::transforms transforms_;
  std::size_t largest_ = 0;
  std::uint64_t noise_ = 1;
  reading found_;
  std::optional<png::push_decoder> push_;
};

// Pulled, libpng has read on to the end of the file before it minds bad data; pushed, it minds what is there.
// A bad Adler-32 in a chunk of its own is a warning where it is pulled. And behind extra data, pushed, it no
// longer looks whether the stream ends. A chunk that is cut off is judged by its header where it is pulled;
// pushed, the rest of it is awaited.
bool may_differ(const reading& pulled, const reading& pushed) {
  if (pushed.has_extra_data && pulled.code == png::errc::corrupted) return true;
  if (pushed.code == png::errc::truncated && pulled.code == png::errc::corrupted) return true;
  return pushed.code == png::errc::corrupted && (!pulled.code || pulled.code == png::errc::truncated);
}

void compare(std::span<const std::byte> input) {
  const std::size_t head = std::min(gauntlet_fuzz_choice_bytes, input.size());
  choices chosen(input.first(head));
  png::transforms transforms{.flags = static_cast<png::transform>(chosen.byte())};
  if (contains(transforms.flags, png::transform::strip_16) &&
      contains(transforms.flags, png::transform::scale_16))
    transforms.flags = png::transform::expand;  // both at once are misuse
  const reading pulled = pull(input.subspan(head), transforms);
  const reading pushed = pushing(chosen, transforms).run(input.subspan(head));
  require(!pushed.code == pushed.ended, "neither an error nor an end");
  if (may_differ(pulled, pushed)) return;
  require(pulled.code == pushed.code, "pushed, it ends in another error than pulled");
  if (!pulled.code) require(pulled.pixels == pushed.pixels, "pushed, it has other pixels than pulled");
}

}  // namespace
}  // namespace gauntlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gauntlet::fuzz::compare(std::as_bytes(std::span(data, size)));
  return 0;
}
