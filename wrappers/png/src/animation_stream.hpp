#pragma once
/// An APNG file as what libpng can read: one plain PNG file after another.
///
/// The first is the file itself as far as the end of its image, every byte where it was; of a plain PNG that
/// is all. Each later one is a frame: its fdAT chunks, without their sequence numbers, are its IDAT. Nothing
/// is kept but a chunk's header and a few bytes; the image data pass through into libpng's own buffer.
///
/// Between two PNGs next_control() goes on to the next frame. The rules of APNG are all checked here.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "animation_chunks.hpp"
#include "gauntlet/png/animation_decoder.hpp"

namespace gauntlet::png::detail {

class animation_stream {
 public:
  animation_stream(std::unique_ptr<any_source> source, const animation_decoder_options& options,
                   std::source_location where);
  animation_stream(const animation_stream&) = delete;  // sources refer to it
  animation_stream& operator=(const animation_stream&) = delete;

  void set_where(std::source_location where) noexcept { chunks_.where = where; }
  const std::string& subject() const noexcept { return chunks_.subject(); }

  // ---- known once the first IDAT has been reached

  bool animated() const noexcept { return frames_ > 0; }
  std::uint32_t frames() const noexcept { return frames_; }
  std::uint32_t plays() const noexcept { return plays_; }
  std::uint32_t frames_found() const noexcept { return frames_found_; }
  /// Of the default image, if that is the first frame.
  const std::optional<frame_control>& first_control() const noexcept { return first_control_; }

  // ---- the PNG that is being given out

  /// Its next bytes; 0 behind its last.
  std::size_t read(std::span<std::byte> out);
  /// Whether an exception came out of read(): what libpng then says is no news.
  bool failed() const noexcept { return failed_; }
  /// Passes over what libpng has left of it.
  void drain();

  /// Goes to the next fcTL; none at the end of the file.
  std::optional<frame_control> next_control();
  /// Begins the PNG of the frame whose control was found last.
  void begin_frame(const frame_control& control, const color_table& colors);
  /// Throws what libpng found wrong with that PNG as being about this file.
  [[noreturn]] void rethrow_in_frame(const error& found) const;

 private:
  /// An fcTL before the image: whether it counts is known only at IDAT.
  struct early_control {
    byte_vector data{};
    std::uint32_t length = 0;
    std::uint64_t offset = 0;
    bool crc_is_right = false;
  };

  std::size_t give(std::span<std::byte> out);
  std::size_t give_signature(std::span<std::byte> out);
  std::size_t give_queued(std::span<std::byte> out);
  std::size_t give_data(std::span<std::byte> out);
  void step();
  void end_chunk();
  void end_png();
  void begin_chunk_of_file();
  void begin_chunk_before_image();
  void begin_chunk_of_frame();
  void queue_header(std::string_view type, std::uint32_t length);

  void take_ihdr(std::span<const std::byte> data);
  void take_actl(std::span<const std::byte> data);
  void settle();
  void check_sequence(std::uint32_t found, std::string_view chunk, std::uint64_t offset);
  frame_control check_control(std::span<const std::byte> fctl, std::uint64_t offset);
  void check_place(const frame_control& control, std::uint64_t offset) const;
  void count_pixels(const frame_control& control, std::uint64_t offset);
  frame_control take_control();
  void take_end();
  void pass_over();
  [[noreturn]] void refuse_control(std::string_view sentence, std::uint64_t offset) const;

  chunk_reader chunks_;
  std::uint32_t max_frames_;
  std::uint64_t max_total_pixels_;

  byte_vector queue_;      // to be given out before anything else
  std::size_t given_ = 0;  // of the queue
  std::size_t signature_left_ = signature.size();
  bool rewriting_ = false;  // the PNG is a frame's
  bool in_image_ = false;   // IDAT was reached
  bool png_ended_ = false;
  bool file_ended_ = false;
  bool failed_ = false;
  running_crc new_crc_{""};  // of an IDAT made from fdAT
  bool frame_has_data_ = false;

  header canvas_;
  byte_vector rest_of_ihdr_;  // behind width and height: the same for all frames
  std::uint32_t frames_ = 0;
  std::uint32_t plays_ = 1;
  std::uint32_t next_sequence_ = 0;
  std::uint32_t frames_found_ = 0;
  std::uint64_t total_pixels_ = 0;
  std::vector<early_control> early_controls_;  // at most two: the second is one too many
  std::optional<std::uint64_t> early_data_;    // where an fdAT before IDAT was
  std::optional<frame_control> first_control_;
};

}  // namespace gauntlet::png::detail
