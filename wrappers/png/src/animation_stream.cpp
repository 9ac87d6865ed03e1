#include "animation_stream.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gauntlet::png::detail {
namespace {

/// What the pixels of every frame mean, as libpng has understood it before the first image. Other chunks do
/// not change a pixel that libpng gives out here, and to unpack, say, a color profile for each frame anew
/// would let a small file cost much.
void append_colors(byte_vector& to, color_type color, const color_table& colors) {
  byte_vector data;
  for (const rgb& entry : colors.palette)
    for (const std::uint8_t sample : {entry.red, entry.green, entry.blue})
      data.push_back(static_cast<std::byte>(sample));
  if (!data.empty()) append_chunk(to, "PLTE", data);
  data.clear();
  for (const std::uint8_t alpha : colors.alpha) data.push_back(static_cast<std::byte>(alpha));
  if (colors.transparent) {
    append_16(data, colors.transparent->red);
    if (color == color_type::rgb) append_16(data, colors.transparent->green);
    if (color == color_type::rgb) append_16(data, colors.transparent->blue);
  }
  if (!data.empty()) append_chunk(to, "tRNS", data);
}

/// The sentence in what an error says, without the place behind it.
std::string sentence_of(const error& told) {
  const std::string before = told.subject() + ": " + told.operation() + ": " + told.code().message() + ": ";
  std::string_view text = told.what();
  if (text.starts_with(before)) text.remove_prefix(before.size());
  return std::string(text.substr(0, text.find(" (chunk ")));
}

}  // namespace

animation_stream::animation_stream(std::unique_ptr<any_source> source,
                                   const animation_decoder_options& options, std::source_location where)
    : chunks_(std::move(source), options.limits.max_input_bytes, where),
      max_frames_(options.max_frames),
      max_total_pixels_(options.max_total_pixels) {
  if (max_frames_ == 0 || max_total_pixels_ == 0 || options.limits.max_input_bytes == 0)
    throw misuse("png::animation_decoder", "no limit may be 0; leave a field out to have its default", where);
}

// ---- giving out

std::size_t animation_stream::read(std::span<std::byte> out) {
  try {
    return give(out);
  } catch (...) {
    failed_ = true;
    throw;
  }
}

void animation_stream::drain() {
  std::array<std::byte, 4096> passed;
  while (read(passed) > 0) {
  }
}

std::size_t animation_stream::give(std::span<std::byte> out) {
  if (signature_left_ > 0) return give_signature(out);
  while (given_ == queue_.size()) {
    if (png_ended_) return 0;
    if (chunks_.left() > 0) return give_data(out);
    step();
  }
  return give_queued(out);
}

// However few there are: that a file is empty, or is no PNG, is for libpng to say.
std::size_t animation_stream::give_signature(std::span<std::byte> out) {
  const std::size_t found = chunks_.read_some(out.first(std::min(out.size(), signature_left_)));
  signature_left_ -= found;
  return found;
}

std::size_t animation_stream::give_queued(std::span<std::byte> out) {
  const auto rest = std::span(queue_).subspan(given_);
  const auto some = rest.first(std::min(out.size(), rest.size()));
  std::ranges::copy(some, out.begin());
  given_ += some.size();
  return some.size();
}

std::size_t animation_stream::give_data(std::span<std::byte> out) {
  const std::size_t found = chunks_.read_data(out);
  if (rewriting_) new_crc_.add(out.first(found));
  return found;
}

/// All that is known has been given out.
void animation_stream::step() {
  queue_.clear();
  given_ = 0;
  if (chunks_.is_open()) return end_chunk();
  chunks_.open();
  if (rewriting_) return begin_chunk_of_frame();
  begin_chunk_of_file();
}

void animation_stream::queue_header(std::string_view type, std::uint32_t length) {
  append_32(queue_, length);
  append(queue_, type);
  new_crc_ = running_crc(type);
}

void animation_stream::end_chunk() {
  const std::string type(chunks_.type());
  if (rewriting_) {
    chunks_.close_checked();
    append_32(queue_, new_crc_.value());
    return;
  }
  // libpng will check it as well, but not that of acTL, and not the data of a default image that is passed
  // over.
  const bool right = chunks_.close();
  if (!right && animated() && (type == "acTL" || type == "IDAT"))
    chunks_.fail(errc::corrupted, type, chunks_.offset(), "the CRC is not that of the chunk");
  if (type == "fcTL" && !in_image_ && !early_controls_.empty()) early_controls_.back().crc_is_right = right;
  append_32(queue_, chunks_.stored_crc());
  png_ended_ = type == "IEND";
  file_ended_ = png_ended_;
}

/// The chunk that is open is no part of the PNG any more: next_control() will see it.
void animation_stream::end_png() {
  append_chunk(queue_, "IEND", {});
  png_ended_ = true;
}

// ---- the file's own PNG

void animation_stream::begin_chunk_of_file() {
  if (chunks_.type() == "IDAT") {
    if (!std::exchange(in_image_, true)) settle();
  } else if (in_image_ && animated()) {
    return end_png();
  } else if (!in_image_) {
    return begin_chunk_before_image();
  }
  queue_header(chunks_.type(), chunks_.length());
}

void animation_stream::begin_chunk_before_image() {
  const std::string_view type = chunks_.type();
  const std::uint32_t length = chunks_.length();
  queue_header(type, length);
  if (type == "IHDR" && length == ihdr_size) {
    append(queue_, chunks_.read_data(ihdr_size));
    take_ihdr(std::span(queue_).last(ihdr_size));
  } else if (type == "acTL") {
    if (length != actl_size) chunks_.fail(errc::corrupted, "an acTL chunk has 8 bytes of data");
    append(queue_, chunks_.read_data(actl_size));
    take_actl(std::span(queue_).last(actl_size));
  } else if (type == "fcTL" && early_controls_.size() < 2) {
    early_control found{.length = length};
    if (length == fctl_size) found.data = chunks_.read_data(fctl_size);
    found.offset = chunks_.offset();
    append(queue_, found.data);
    early_controls_.push_back(std::move(found));
  } else if (type == "fdAT" && !early_data_) {
    early_data_ = chunks_.offset();
  }
}

void animation_stream::take_ihdr(std::span<const std::byte> data) {
  canvas_.width = load_32(data, 0);
  canvas_.height = load_32(data, 4);
  rest_of_ihdr_.assign(data.begin() + 8, data.end());
}

void animation_stream::take_actl(std::span<const std::byte> data) {
  if (animated()) chunks_.fail(errc::corrupted, "there is more than one acTL chunk");
  const std::uint32_t frames = load_32(data, 0);
  plays_ = load_32(data, 4);
  if (frames == 0) chunks_.fail(errc::corrupted, "an animation has at least one frame, this one says 0");
  if (frames > largest_number || plays_ > largest_number)
    chunks_.fail(errc::corrupted, "a number of frames or plays is larger than PNG's numbers can be");
  if (frames > max_frames_)
    chunks_.fail(errc::limit_exceeded,
                 "max_frames is " + std::to_string(max_frames_) + ", found " + std::to_string(frames));
  frames_ = frames;
}

/// The first IDAT: it is known now whether this is an animation. An acTL that comes later counts for nothing,
/// and without acTL the other two mean nothing either.
void animation_stream::settle() {
  if (!animated()) return;
  if (early_data_)
    chunks_.fail(errc::corrupted, "fdAT", *early_data_, "the data of a frame come after the IDAT chunks");
  if (early_controls_.empty()) return;
  const early_control& early = early_controls_.front();
  if (early_controls_.size() > 1)
    refuse_control("there is more than one fcTL before the IDAT chunks", early_controls_.back().offset);
  if (early.length != fctl_size) refuse_control("an fcTL chunk has 26 bytes of data", early.offset);
  if (!early.crc_is_right) refuse_control("the CRC is not that of the chunk", early.offset);
  const frame_control control = check_control(early.data, early.offset);
  if (control.width != canvas_.width || control.height != canvas_.height)
    refuse_control("the frame that is the default image must cover the canvas", early.offset);
  first_control_ = control;
}

// ---- frames

void animation_stream::begin_frame(const frame_control& control, const color_table& colors) {
  byte_vector ihdr;
  append_32(ihdr, control.width);
  append_32(ihdr, control.height);
  append(ihdr, rest_of_ihdr_);
  queue_.clear();
  given_ = 0;
  append(queue_, std::as_bytes(std::span(signature)));
  append_chunk(queue_, "IHDR", ihdr);
  append_colors(queue_, static_cast<color_type>(rest_of_ihdr_.at(1)), colors);
  rewriting_ = true;
  png_ended_ = false;
  frame_has_data_ = false;
}

// Its chunk and offset are those of a file that nobody has seen.
void animation_stream::rethrow_in_frame(const error& found) const {
  chunks_.fail(found.code(), "fdAT", chunks_.offset(),
               "frame " + std::to_string(frames_found_) + ": " + sentence_of(found), found.row());
}

void animation_stream::begin_chunk_of_frame() {
  const std::string_view type = chunks_.type();
  if (type == "fdAT") {
    if (chunks_.length() < sequence_size)
      chunks_.fail(errc::corrupted, "an fdAT chunk has at least 4 bytes of data");
    check_sequence(load_32(chunks_.read_data(sequence_size), 0), "fdAT", chunks_.offset());
    frame_has_data_ = true;
    queue_header("IDAT", chunks_.left());
  } else if (type == "fcTL" || type == "IEND") {
    if (!frame_has_data_)
      chunks_.fail(errc::corrupted, "frame " + std::to_string(frames_found_) + " has no data: no fdAT " +
                                        "chunk follows its fcTL");
    end_png();
  } else {
    pass_over();
  }
}

std::optional<frame_control> animation_stream::next_control() {
  while (!file_ended_) {
    if (!chunks_.is_open()) chunks_.open();
    const std::string_view type = chunks_.type();
    if (type == "fcTL") return take_control();
    if (type == "fdAT") chunks_.fail(errc::corrupted, "an fdAT chunk follows no fcTL: it has no frame");
    if (type == "IEND") {
      take_end();
    } else {
      pass_over();
    }
  }
  return std::nullopt;
}

/// What may stand between the chunks of frames is what libpng would pass over there.
void animation_stream::pass_over() {
  const std::string_view type = chunks_.type();
  if (type == "IDAT") chunks_.fail(errc::corrupted, "IDAT chunks must follow one another");
  if (type == "acTL") chunks_.fail(errc::corrupted, "there is more than one acTL chunk");
  if (chunks_.is_critical()) chunks_.fail(errc::corrupted, "this critical chunk cannot be here");
  chunks_.skip();
}

frame_control animation_stream::take_control() {
  if (chunks_.length() != fctl_size) chunks_.fail(errc::corrupted, "an fcTL chunk has 26 bytes of data");
  const byte_vector data = chunks_.read_data(fctl_size);
  const std::uint64_t offset = chunks_.offset();
  chunks_.close_checked();
  return check_control(data, offset);
}

void animation_stream::take_end() {
  chunks_.skip();
  file_ended_ = true;
  if (frames_found_ < frames_)
    chunks_.fail(errc::corrupted, "IEND", chunks_.offset(),
                 "acTL says " + std::to_string(frames_) + " frames, but there are only " +
                     std::to_string(frames_found_));
}

void animation_stream::check_sequence(std::uint32_t found, std::string_view chunk, std::uint64_t offset) {
  if (found != next_sequence_ || found > largest_number)
    chunks_.fail(errc::corrupted, chunk, offset,
                 "the sequence number is " + std::to_string(found) + ", but it is the turn of " +
                     std::to_string(next_sequence_));
  ++next_sequence_;
}

frame_control animation_stream::check_control(std::span<const std::byte> fctl, std::uint64_t offset) {
  check_sequence(load_32(fctl, 0), "fcTL", offset);
  const raw_control raw = load_control(fctl);
  frame_control control = raw.control;
  check_place(control, offset);
  if (raw.dispose > static_cast<std::uint8_t>(dispose_op::previous))
    refuse_control("there is no dispose_op " + std::to_string(raw.dispose), offset);
  if (raw.blend > static_cast<std::uint8_t>(blend_op::over))
    refuse_control("there is no blend_op " + std::to_string(raw.blend), offset);
  control.dispose = static_cast<dispose_op>(raw.dispose);
  control.blend = static_cast<blend_op>(raw.blend);
  if (frames_found_ == frames_)
    refuse_control("acTL says " + std::to_string(frames_) + " frames, but here is one more", offset);
  ++frames_found_;
  count_pixels(control, offset);
  return control;
}

void animation_stream::check_place(const frame_control& control, std::uint64_t offset) const {
  if (control.width == 0 || control.height == 0) refuse_control("a frame has at least one pixel", offset);
  const std::uint64_t right = std::uint64_t{control.x} + control.width;
  const std::uint64_t bottom = std::uint64_t{control.y} + control.height;
  if (right > canvas_.width || bottom > canvas_.height)
    refuse_control("the frame reaches to " + std::to_string(right) + " x " + std::to_string(bottom) +
                       ", outside of the canvas of " + std::to_string(canvas_.width) + " x " +
                       std::to_string(canvas_.height),
                   offset);
}

void animation_stream::count_pixels(const frame_control& control, std::uint64_t offset) {
  const std::uint64_t pixels = std::uint64_t{control.width} * control.height;
  if (pixels > max_total_pixels_ - total_pixels_)
    chunks_.fail(errc::limit_exceeded, "fcTL", offset,
                 "max_total_pixels is " + std::to_string(max_total_pixels_) + ", found " +
                     std::to_string(total_pixels_) + " and " + std::to_string(pixels) + " more");
  total_pixels_ += pixels;
}

void animation_stream::refuse_control(std::string_view sentence, std::uint64_t offset) const {
  chunks_.fail(errc::corrupted, "fcTL", offset, sentence);
}

}  // namespace gauntlet::png::detail
