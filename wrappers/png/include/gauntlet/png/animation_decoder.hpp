#pragma once
/// Reading APNG, frame by frame, as the file comes:
///
///   png::animation_decoder decoder{png::file_source{"in.png"}};
///   while (auto frame = decoder.next()) show(frame->canvas, frame->control.delay.milliseconds());
///
/// libpng knows nothing of animations: it is given each frame as a PNG file of its own, made of the frame's
/// bytes on their way through. In memory are the canvas, the frame that is being read and what it covers,
/// never the file. A plain PNG is an animation of one frame.
///
/// Use each object from one thread at a time. Bad data throws png::error, what a source throws comes out as
/// itself, and after either the object answers with misuse.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include "gauntlet/png/animation.hpp"
#include "gauntlet/png/error.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/source.hpp"
#include "gauntlet/png/warning.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

namespace detail {
class animation_reader;
struct animation_reader_deleter {
  void operator()(animation_reader* owned) const noexcept;
};
}  // namespace detail

struct animation_decoder_options {
  png::limits limits{};  ///< for the canvas and for each frame; max_input_bytes for the whole file
  std::uint32_t max_frames = 100'000;
  std::uint64_t max_total_pixels = std::uint64_t{1} << 32;  ///< of all frames together
};

/// What the animation shows, and what it was made of.
struct composed_frame {
  image_view canvas{};  ///< the whole canvas in rgba8, not premultiplied; valid until the decoder's next call
  frame_control control{};
};

/// The pixels that the file has for a frame, for who composes them.
struct raw_frame {
  image pixels;  ///< control.width times control.height
  frame_control control{};
};

class animation_decoder {
 public:
  /// Reads everything before the first image.
  template <byte_source Source>
  explicit animation_decoder(Source source, const animation_decoder_options& options = {},
                             std::source_location where = std::source_location::current())
      : animation_decoder(detail::erase(std::move(source)), options, where) {}

  /// Of the file: the canvas's size, and how all frames are stored.
  const png::header& header(std::source_location where = std::source_location::current()) const;
  const color_table& colors(std::source_location where = std::source_location::current()) const;
  /// What stands before the first image.
  const png::metadata& metadata(std::source_location where = std::source_location::current()) const;
  /// What libpng warned of before the first image.
  std::span<const warning> warnings(std::source_location where = std::source_location::current()) const;

  /// False for a plain PNG: no acTL stands before its image.
  bool animated(std::source_location where = std::source_location::current()) const;
  /// As acTL says; 1 for a plain PNG. A file that has more or fewer is an error when that is seen.
  std::uint32_t frames(std::source_location where = std::source_location::current()) const;
  /// How often to play, 0 for ever.
  std::uint32_t plays(std::source_location where = std::source_location::current()) const;
  /// False if the image that a reader of plain PNG shows is no part of the animation. It is then passed over:
  /// png::decode() reads it.
  bool default_image_is_first_frame(std::source_location where = std::source_location::current()) const;

  /// The canvas with the next frame on it; none after the last. Reading past the last frame also reads the
  /// end of the file.
  std::optional<composed_frame> next(std::source_location where = std::source_location::current());
  /// The next frame alone, not on a canvas. A decoder gives either kind of frame: the other one is then
  /// misuse.
  std::optional<raw_frame> next_raw(png::format format = png::format::native,
                                    std::source_location where = std::source_location::current());

 private:
  animation_decoder(std::unique_ptr<detail::any_source> source, const animation_decoder_options& options,
                    std::source_location where);

  std::unique_ptr<detail::animation_reader, detail::animation_reader_deleter> reader_;
};

/// A whole animation in memory.
struct animation {
  struct frame {
    image canvas;  ///< rgba8
    frame_control control{};
  };

  png::header header{};  ///< of the file
  std::uint32_t plays = 1;
  std::vector<frame> frames{};
};

namespace detail {
animation read_animation(std::unique_ptr<any_source> source, const animation_decoder_options& options,
                         std::source_location where);
}  // namespace detail

/// One file to all its frames. limits.max_image_bytes holds for all canvases together, before the first is
/// decoded.
template <byte_source Source>
animation decode_animation(Source source, const animation_decoder_options& options = {},
                           std::source_location where = std::source_location::current()) {
  return detail::read_animation(detail::erase(std::move(source)), options, where);
}
animation decode_animation(std::span<const std::byte> bytes, const animation_decoder_options& options = {},
                           std::source_location where = std::source_location::current());

}  // namespace gauntlet::png

#pragma GCC visibility pop
