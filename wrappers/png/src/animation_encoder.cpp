#include "gauntlet/png/animation_encoder.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "animation_chunks.hpp"

namespace gauntlet::png {
namespace detail {
namespace {

constexpr const char* add_call = "png::animation_encoder::add_frame";

/// Everything that must be the same for all frames, by value.
struct pixel_kind {
  color_type color = color_type::rgba;
  std::uint8_t bit_depth = 8;
  color_table colors{};

  explicit pixel_kind(const image_view& view)
      : color(view.color), bit_depth(view.bit_depth), colors(view.colors ? *view.colors : color_table{}) {}
  bool operator==(const pixel_kind&) const = default;
};

/// Calls visit(type, data, whole chunk) for each chunk of a file that libpng has just written.
template <class Visit>
void for_each_chunk(std::span<const std::byte> file, Visit visit) {
  for (auto rest = file.subspan(signature.size()); !rest.empty();) {
    const std::size_t length = load_32(rest, 0);
    const auto whole = rest.first(chunk_header_size + length + crc_size);
    // SAFETY: char may alias std::byte.
    const std::string_view type(reinterpret_cast<const char*>(whole.data()) + 4, 4);
    visit(type, whole.subspan(chunk_header_size, length), whole);
    rest = rest.subspan(whole.size());
  }
}

}  // namespace

/// What is behind animation_encoder.
class animation_writer {
 public:
  animation_writer(std::unique_ptr<any_sink> sink, std::uint32_t width, std::uint32_t height,
                   const animation_encoder_options& options, std::source_location where)
      : sink_(std::move(sink)), width_(width), height_(height), options_(options) {
    constexpr const char* call = "png::animation_encoder";
    if (width == 0 || height == 0) throw misuse(call, "a canvas has at least one pixel", where);
    if (options.frames == 0 || options.frames > largest_number)
      throw misuse(call,
                   "options.frames is " + std::to_string(options.frames) +
                       "; set it to the number of frames that will be added, which stands before them",
                   where);
    if (options.plays > largest_number)
      throw misuse(call, "options.plays is " + std::to_string(options.plays) + "; 0 means for ever", where);
  }

  void set_default_image(const image_view& view, std::source_location where);
  void add_frame(const image_view& view, const frame_options& options, std::source_location where);
  void finish(std::source_location where);

 private:
  void require_usable(const char* operation, std::source_location where) const;
  void require_canvas(const image_view& view, const char* operation, std::source_location where) const;
  void require_frame(const image_view& view, const frame_options& options, std::source_location where) const;
  byte_vector encode_alone(const image_view& view, bool is_first, std::source_location where) const;
  template <class Work>
  void all_or_failed(Work work);
  std::uint32_t next_sequence(std::source_location where);
  byte_vector fctl(const image_view& view, const frame_options& options, std::source_location where);
  void write_first(const image_view& view, std::span<const std::byte> file, const frame_options* options,
                   std::source_location where);
  void write_later(const image_view& view, std::span<const std::byte> file, const frame_options& options,
                   std::source_location where);

  std::unique_ptr<any_sink> sink_;
  std::uint32_t width_;
  std::uint32_t height_;
  animation_encoder_options options_;
  std::optional<pixel_kind> kind_;  // once there is an image
  std::uint32_t added_ = 0;
  std::uint32_t sequence_ = 0;
  bool finished_ = false;
  bool failed_ = false;
};

// ---- what the caller gives

void animation_writer::require_usable(const char* operation, std::source_location where) const {
  if (failed_) throw misuse(operation, "this encoder has failed before; make a new one", where);
  if (finished_) throw misuse(operation, "this file is finished; make a new encoder for another", where);
}

void animation_writer::require_canvas(const image_view& view, const char* operation,
                                      std::source_location where) const {
  if (view.width == width_ && view.height == height_) return;
  throw misuse(operation,
               "the first image must cover the canvas of " + std::to_string(width_) + " x " +
                   std::to_string(height_) + " pixels, but has " + std::to_string(view.width) + " x " +
                   std::to_string(view.height),
               where);
}

void animation_writer::require_frame(const image_view& view, const frame_options& options,
                                     std::source_location where) const {
  if (added_ == options_.frames)
    throw misuse(add_call,
                 "this would be frame " + std::to_string(std::uint64_t{added_} + 1) +
                     ", but options.frames is " + std::to_string(options_.frames) +
                     "; say the right number when making the encoder",
                 where);
  if (options.dispose > dispose_op::previous) throw misuse(add_call, "there is no such dispose_op", where);
  if (options.blend > blend_op::over) throw misuse(add_call, "there is no such blend_op", where);
  const std::uint64_t right = std::uint64_t{options.x} + view.width;
  const std::uint64_t bottom = std::uint64_t{options.y} + view.height;
  if (right > width_ || bottom > height_)
    throw misuse(add_call,
                 "the frame reaches to " + std::to_string(right) + " x " + std::to_string(bottom) +
                     ", but the canvas has " + std::to_string(width_) + " x " + std::to_string(height_) +
                     " pixels",
                 where);
  if (!kind_) return require_canvas(view, add_call, where);
  if (*kind_ != pixel_kind(view))
    throw misuse(add_call,
                 "all images of an animation have one color type, bit depth, palette and transparent color: "
                 "convert this one to those of the first",
                 where);
}

// ---- what libpng makes of it

byte_vector animation_writer::encode_alone(const image_view& view, bool is_first,
                                           std::source_location where) const {
  memory_sink file;
  encode_options options = options_.encoding;
  if (!is_first) options.metadata = {};
  encode_to(file, view, options, where);
  return file.take();
}

// ---- what is written

/// Once a sequence number is given away, only a written chunk makes the object fit for more.
template <class Work>
void animation_writer::all_or_failed(Work work) {
  failed_ = true;
  work();
  failed_ = false;
}

std::uint32_t animation_writer::next_sequence(std::source_location where) {
  if (sequence_ > largest_number)
    throw error(errc::invalid_image, "write animation", sink_->name(),
                "there are more chunks than PNG can number", where);
  return sequence_++;
}

byte_vector animation_writer::fctl(const image_view& view, const frame_options& options,
                                   std::source_location where) {
  byte_vector data;
  append_32(data, next_sequence(where));
  append_control(data, {.width = view.width,
                        .height = view.height,
                        .x = options.x,
                        .y = options.y,
                        .delay = options.delay,
                        .dispose = options.dispose,
                        .blend = options.blend});
  byte_vector chunk;
  append_chunk(chunk, "fcTL", data);
  return chunk;
}

/// The file of the first image as it is, but for the chunks of the animation and its end. Without options it
/// is no frame.
void animation_writer::write_first(const image_view& view, std::span<const std::byte> file,
                                   const frame_options* options, std::source_location where) {
  byte_vector out;
  append(out, file.first(signature.size()));
  bool in_image = false;
  for_each_chunk(file, [&](std::string_view type, std::span<const std::byte>, auto whole) {
    if (type == "IEND") return;
    if (type == "IDAT" && !std::exchange(in_image, true) && options != nullptr)
      append(out, fctl(view, *options, where));
    append(out, whole);
    if (type != "IHDR") return;
    byte_vector data;
    append_32(data, options_.frames);
    append_32(data, options_.plays);
    append_chunk(out, "acTL", data);
  });
  sink_->write(out);
}

/// Of the file nothing but its image data, as those of the frame.
void animation_writer::write_later(const image_view& view, std::span<const std::byte> file,
                                   const frame_options& options, std::source_location where) {
  byte_vector out = fctl(view, options, where);
  for_each_chunk(file, [&](std::string_view type, std::span<const std::byte> idat, auto) {
    if (type != "IDAT") return;
    byte_vector data;
    append_32(data, next_sequence(where));
    append(data, idat);
    append_chunk(out, "fdAT", data);
  });
  sink_->write(out);
}

void animation_writer::set_default_image(const image_view& view, std::source_location where) {
  constexpr const char* call = "png::animation_encoder::set_default_image";
  require_usable(call, where);
  if (kind_)
    throw misuse(call, "there is an image already; the default image comes before all frames", where);
  require_canvas(view, call, where);
  const byte_vector file = encode_alone(view, true, where);
  pixel_kind kind(view);
  all_or_failed([&] { write_first(view, file, nullptr, where); });
  kind_ = std::move(kind);
}

void animation_writer::add_frame(const image_view& view, const frame_options& options,
                                 std::source_location where) {
  require_usable(add_call, where);
  require_frame(view, options, where);
  const byte_vector file = encode_alone(view, !kind_, where);
  if (!kind_) {
    pixel_kind kind(view);
    all_or_failed([&] { write_first(view, file, &options, where); });
    kind_ = std::move(kind);
  } else {
    all_or_failed([&] { write_later(view, file, options, where); });
  }
  ++added_;
}

void animation_writer::finish(std::source_location where) {
  constexpr const char* call = "png::animation_encoder::finish";
  require_usable(call, where);
  if (added_ < options_.frames)
    throw misuse(call,
                 "options.frames is " + std::to_string(options_.frames) + ", but there are only " +
                     std::to_string(added_) + "; add the others first",
                 where);
  byte_vector end;
  append_chunk(end, "IEND", {});
  all_or_failed([&] { sink_->write(end); });
  finished_ = true;
}

void animation_writer_deleter::operator()(animation_writer* owned) const noexcept { delete owned; }

}  // namespace detail

namespace {

detail::animation_writer& open_writer(const auto& writer, const char* operation, std::source_location where) {
  if (!writer) throw misuse(operation, "this object was moved from; use the one it went to", where);
  return *writer;
}

}  // namespace

animation_encoder::animation_encoder(std::unique_ptr<detail::any_sink> sink, std::uint32_t width,
                                     std::uint32_t height, const animation_encoder_options& options,
                                     std::source_location where)
    : writer_(new detail::animation_writer(std::move(sink), width, height, options, where)) {}

void animation_encoder::set_default_image(const image_view& view, std::source_location where) {
  open_writer(writer_, "png::animation_encoder::set_default_image", where).set_default_image(view, where);
}

void animation_encoder::add_frame(const image_view& view, const frame_options& options,
                                  std::source_location where) {
  open_writer(writer_, detail::add_call, where).add_frame(view, options, where);
}

void animation_encoder::finish(std::source_location where) {
  open_writer(writer_, "png::animation_encoder::finish", where).finish(where);
}

std::vector<std::byte> encode_animation(std::span<const animation_frame> frames,
                                        const animation_encoder_options& options,
                                        std::source_location where) {
  if (frames.empty() || frames.size() > detail::largest_number)
    throw misuse("png::encode_animation", "an animation has at least one frame, and at most 2147483647",
                 where);
  memory_sink sink;
  animation_encoder_options all = options;
  all.frames = static_cast<std::uint32_t>(frames.size());
  const image_view& first = frames.front().pixels;
  animation_encoder encoder(sink, first.width, first.height, all, where);
  for (const animation_frame& frame : frames) encoder.add_frame(frame.pixels, frame.options, where);
  encoder.finish(where);
  return sink.take();
}

}  // namespace gauntlet::png
