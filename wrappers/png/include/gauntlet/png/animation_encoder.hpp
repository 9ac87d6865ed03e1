#pragma once
/// Writing APNG, frame by frame:
///
///   png::file_sink sink{"out.png"};
///   png::animation_encoder encoder{sink, 640, 480, {.frames = 2}};
///   encoder.add_frame(first, {.delay = png::delay_of(100ms)});
///   encoder.add_frame(second, {.x = 10, .y = 10});
///   encoder.finish();
///   sink.commit();
///
/// libpng knows nothing of animations: it encodes each frame as a PNG file in memory, whose image data are
/// written on as the frame's. So each frame is given to the sink once it is whole.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <vector>

#include "gauntlet/png/animation.hpp"
#include "gauntlet/png/encoder.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/sink.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

namespace detail {
class animation_writer;
struct animation_writer_deleter {
  void operator()(animation_writer* owned) const noexcept;
};
}  // namespace detail

struct animation_encoder_options {
  std::uint32_t frames = 0;   ///< how many add_frame() will bring: it stands before them in the file
  std::uint32_t plays = 0;    ///< 0: for ever
  encode_options encoding{};  ///< for each frame; the metadata is written once
};

struct frame_options {
  std::uint32_t x = 0;  ///< of the upper left corner on the canvas
  std::uint32_t y = 0;
  frame_delay delay{};
  dispose_op dispose = dispose_op::none;
  blend_op blend = blend_op::source;
};

/// A frame for encode_animation(), whose pixels must outlive it.
struct animation_frame {
  image_view pixels{};
  frame_options options{};
};

/// The first image that is given says which color type, bit depth, palette and transparent color all have,
/// and covers the canvas: so wants it APNG.
///
/// Misuse, and what libpng refuses of an image, change nothing: the right image can follow. After anything
/// that the sink throws the object answers with misuse. Without finish() the sink has only a part of a file.
/// Use each object from one thread at a time.
class animation_encoder {
 public:
  /// The sink is the caller's and must outlive this. Nothing is written yet.
  template <byte_sink Sink>
  animation_encoder(Sink& sink, std::uint32_t width, std::uint32_t height,
                    const animation_encoder_options& options,
                    std::source_location where = std::source_location::current())
      : animation_encoder(std::make_unique<detail::sink_model<Sink>>(sink), width, height, options, where) {}

  /// An image for readers that know no animations, which is no frame. It comes before all frames; without it
  /// the first frame is that image as well.
  void set_default_image(const image_view& view,
                         std::source_location where = std::source_location::current());
  void add_frame(const image_view& view, const frame_options& options = {},
                 std::source_location where = std::source_location::current());
  /// Ends the file. Throws misuse if there were fewer frames than options.frames.
  void finish(std::source_location where = std::source_location::current());

 private:
  animation_encoder(std::unique_ptr<detail::any_sink> sink, std::uint32_t width, std::uint32_t height,
                    const animation_encoder_options& options, std::source_location where);

  std::unique_ptr<detail::animation_writer, detail::animation_writer_deleter> writer_;
};

/// The file's bytes. The canvas is as large as the first frame; options.frames may stay 0.
std::vector<std::byte> encode_animation(std::span<const animation_frame> frames,
                                        const animation_encoder_options& options = {},
                                        std::source_location where = std::source_location::current());

}  // namespace gauntlet::png

#pragma GCC visibility pop
