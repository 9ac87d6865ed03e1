#include "gauntlet/png/animation_decoder.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "animation_canvas.hpp"
#include "animation_stream.hpp"
#include "gauntlet/png/decoder.hpp"

namespace gauntlet::png {
namespace detail {
namespace {

/// What libpng reads from; the stream is pinned and outlives it.
struct frame_source {
  animation_stream* stream;

  std::size_t read(std::span<std::byte> out) { return stream->read(out); }
  std::string_view name() const noexcept { return stream->subject(); }
};

/// The stream counts the input of all PNGs together.
limits of_one_png(limits all) {
  all.max_input_bytes = std::numeric_limits<std::uint64_t>::max();
  return all;
}

std::uint64_t canvas_bytes(const header& canvas) { return std::uint64_t{canvas.width} * canvas.height * 4; }

}  // namespace

/// The pinned block behind animation_decoder.
class animation_reader {
 public:
  animation_reader(std::unique_ptr<any_source> source, const animation_decoder_options& options,
                   std::source_location where)
      : options_(options),
        stream_(std::move(source), options, where),
        file_(std::in_place, frame_source{&stream_}, decoder_options{.limits = of_one_png(options.limits)},
              where),
        header_(file_->header(where)),
        colors_(file_->colors(where)),
        metadata_(file_->metadata(where)),
        warnings_(file_->warnings(where).begin(), file_->warnings(where).end()) {
    require_room(1, where);
  }
  animation_reader(const animation_reader&) = delete;  // file_ reads from stream_
  animation_reader& operator=(const animation_reader&) = delete;

  const png::header& header() const noexcept { return header_; }
  const color_table& colors() const noexcept { return colors_; }
  const png::metadata& metadata() const noexcept { return metadata_; }
  std::span<const warning> warnings() const noexcept { return warnings_; }
  const animation_stream& stream() const noexcept { return stream_; }
  std::uint32_t frames() const noexcept { return stream_.animated() ? stream_.frames() : 1; }
  bool default_image_is_first_frame() const noexcept {
    return !stream_.animated() || stream_.first_control().has_value();
  }

  void require_room(std::uint32_t canvases, std::source_location where) const;
  std::optional<composed_frame> next(std::source_location where);
  std::optional<raw_frame> next_raw(format format, std::source_location where);

 private:
  enum class kind : std::uint8_t { none, composed, raw };

  void begin(kind wanted, const char* operation, std::source_location where);
  std::optional<raw_frame> read_frame(format format, std::source_location where);
  std::optional<frame_control> go_to_next();
  image read_default_image(format format, std::source_location where);
  image read_rewritten(const frame_control& control, format format, std::source_location where);

  animation_decoder_options options_;
  animation_stream stream_;
  std::optional<decoder> file_;  // has read what stands before the image; gone once the image is read
  png::header header_;
  color_table colors_;
  png::metadata metadata_;
  std::vector<warning> warnings_;
  std::optional<animation_canvas> canvas_;
  kind given_ = kind::none;
  bool begun_ = false;
  bool failed_ = false;
};

void animation_reader::require_room(std::uint32_t canvases, std::source_location where) const {
  const std::uint64_t one = canvas_bytes(header_);
  const std::uint64_t allowed = options_.limits.max_image_bytes;
  if (one <= allowed && canvases <= allowed / one) return;
  throw error(errc::limit_exceeded, "read animation", stream_.subject(),
              "max_image_bytes is " + std::to_string(allowed) + ", found " + std::to_string(canvases) +
                  " times " + std::to_string(one),
              where);
}

/// Until the frame is there it counts as a failure, whatever is thrown: then nothing may go on.
void animation_reader::begin(kind wanted, const char* operation, std::source_location where) {
  if (failed_) throw misuse(operation, "this decoder has failed before; make a new one", where);
  if (given_ != kind::none && given_ != wanted)
    throw misuse(operation,
                 "this decoder gives frames of the other kind already: next() composes them, next_raw() does "
                 "not; make a new one",
                 where);
  given_ = wanted;
  failed_ = true;
  stream_.set_where(where);
}

std::optional<composed_frame> animation_reader::next(std::source_location where) {
  begin(kind::composed, "png::animation_decoder::next", where);
  if (!canvas_) canvas_.emplace(header_.width, header_.height, where);
  const std::optional<raw_frame> frame = read_frame(format::rgba8, where);
  failed_ = false;
  if (!frame) return std::nullopt;
  canvas_->show(frame->pixels, frame->control);
  return composed_frame{.canvas = canvas_->pixels(), .control = frame->control};
}

std::optional<raw_frame> animation_reader::next_raw(format format, std::source_location where) {
  begin(kind::raw, "png::animation_decoder::next_raw", where);
  std::optional<raw_frame> frame = read_frame(format, where);
  failed_ = false;
  return frame;
}

std::optional<raw_frame> animation_reader::read_frame(format format, std::source_location where) {
  const std::optional<frame_control> control = go_to_next();
  if (!control) return std::nullopt;
  image pixels = file_ ? read_default_image(format, where) : read_rewritten(*control, format, where);
  stream_.drain();  // libpng reads to IEND today; the next frame must not depend on it
  return raw_frame{.pixels = std::move(pixels), .control = *control};
}

std::optional<frame_control> animation_reader::go_to_next() {
  const bool is_first = !std::exchange(begun_, true);
  if (is_first && !stream_.animated()) return frame_control{.width = header_.width, .height = header_.height};
  if (is_first && stream_.first_control()) return stream_.first_control();
  if (is_first) {  // the default image is no frame
    file_.reset();
    stream_.drain();
  }
  return stream_.next_control();
}

image animation_reader::read_default_image(format format, std::source_location where) {
  decoder file = *std::exchange(file_, std::nullopt);
  return std::move(file).read_image(format, where);
}

image animation_reader::read_rewritten(const frame_control& control, format format,
                                       std::source_location where) {
  stream_.begin_frame(control, colors_);
  try {
    return decode(frame_source{&stream_}, {.format = format, .limits = of_one_png(options_.limits)}, where);
  } catch (const error& found) {
    if (stream_.failed()) throw;
    stream_.rethrow_in_frame(found);
  }
}

void animation_reader_deleter::operator()(animation_reader* owned) const noexcept { delete owned; }

animation read_animation(std::unique_ptr<any_source> source, const animation_decoder_options& options,
                         std::source_location where) {
  animation_reader reader(std::move(source), options, where);
  const header canvas = reader.header();
  reader.require_room(reader.frames(), where);
  animation whole{.header = canvas, .plays = reader.stream().plays()};
  while (const std::optional<composed_frame> next = reader.next(where)) {
    image copy(header_of(canvas.width, canvas.height, format::rgba8, where), {}, format::rgba8, where);
    std::ranges::copy(next->canvas.pixels, copy.pixels().begin());
    whole.frames.push_back({.canvas = std::move(copy), .control = next->control});
  }
  return whole;
}

}  // namespace detail

namespace {

detail::animation_reader& open_reader(const auto& reader, const char* operation, std::source_location where) {
  if (!reader) throw misuse(operation, "this object was moved from; use the one it went to", where);
  return *reader;
}

}  // namespace

animation_decoder::animation_decoder(std::unique_ptr<detail::any_source> source,
                                     const animation_decoder_options& options, std::source_location where)
    : reader_(new detail::animation_reader(std::move(source), options, where)) {}

const header& animation_decoder::header(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::header", where).header();
}
const color_table& animation_decoder::colors(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::colors", where).colors();
}
const metadata& animation_decoder::metadata(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::metadata", where).metadata();
}
std::span<const warning> animation_decoder::warnings(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::warnings", where).warnings();
}

bool animation_decoder::animated(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::animated", where).stream().animated();
}
std::uint32_t animation_decoder::frames(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::frames", where).frames();
}
std::uint32_t animation_decoder::plays(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::plays", where).stream().plays();
}
bool animation_decoder::default_image_is_first_frame(std::source_location where) const {
  return open_reader(reader_, "png::animation_decoder::default_image_is_first_frame", where)
      .default_image_is_first_frame();
}

std::optional<composed_frame> animation_decoder::next(std::source_location where) {
  return open_reader(reader_, "png::animation_decoder::next", where).next(where);
}
std::optional<raw_frame> animation_decoder::next_raw(format format, std::source_location where) {
  return open_reader(reader_, "png::animation_decoder::next_raw", where).next_raw(format, where);
}

animation decode_animation(std::span<const std::byte> bytes, const animation_decoder_options& options,
                           std::source_location where) {
  return decode_animation(memory_source(bytes), options, where);
}

}  // namespace gauntlet::png
