#include "thumbnail.hpp"

#include <algorithm>
#include <string>

#include "response.hpp"

namespace png = gauntlet::png;

namespace {

png::decoder_options options_of(const server_limits& limits) {
  png::decoder_options options;
  options.limits.max_width = limits.max_side;
  options.limits.max_height = limits.max_side;
  options.limits.max_pixels = limits.max_pixels;
  options.limits.max_input_bytes = limits.max_body;
  options.limits.max_chunk_bytes = std::uint64_t{1} << 20;
  options.limits.max_cached_chunks = 100;
  options.limits.max_memory = std::uint64_t{16} << 20;
  return options;
}

refusal refusal_of(const png::error& problem) {
  if (problem.code() == png::errc::empty || problem.code() == png::errc::not_a_png)
    return {415, "The body is no PNG file: send a picture in that format."};
  if (const auto& limit = problem.limit())
    return {422, std::string("The picture is too large for this server: ")
                     .append(limit->name)
                     .append(" is ")
                     .append(std::to_string(limit->allowed))
                     .append(", and it has ")
                     .append(std::to_string(limit->found))
                     .append(". Send a smaller one.")};
  if (problem.code() == png::errc::truncated) return {422, "The PNG file is cut off: send all of it."};
  return {422, std::string("The PNG file is broken: ")
                   .append(problem.code().message())
                   .append(problem.chunk().empty() ? "" : ", in chunk ")
                   .append(problem.chunk())
                   .append(", at byte ")
                   .append(std::to_string(problem.offset()))
                   .append(". Send one that other programs can open.")};
}

class stopwatch {
 public:
  explicit stopwatch(std::chrono::nanoseconds& sum) : sum_(sum) {}
  stopwatch(const stopwatch&) = delete;
  stopwatch& operator=(const stopwatch&) = delete;
  ~stopwatch() { sum_ += std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::nanoseconds& sum_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <class Work>
void refusing(Work&& work) {
  try {
    work();
  } catch (const png::error& problem) {
    throw refusal_of(problem);
  }
}

}  // namespace

thumbnail_maker::thumbnail_maker(std::uint32_t width, const server_limits& limits)
    : limits_(limits),
      width_(width),
      decoder_({.on_header = [this](const png::push_decoder& of) { return on_header(of.header()); },
                .on_row = [this](const png::row_event& row) { on_row(row); },
                .on_end = [this](const png::push_decoder&) { on_end(); }},
               options_of(limits)) {}

void thumbnail_maker::feed(std::span<const std::byte> bytes) {
  const stopwatch watch(decoding_);
  refusing([&] { decoder_.feed(bytes); });
}

png::transforms thumbnail_maker::on_header(const png::header& header) {
  const std::uint32_t width = std::min(width_, header.width);
  const auto height = static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, std::uint64_t{header.height} * width / header.width));
  if (std::uint64_t{width} * height > limits_.max_thumbnail_pixels)
    throw refusal(422, "The thumbnail would have " + std::to_string(std::uint64_t{width} * height) +
                           " pixels: ask for a smaller width.");
  if (header.interlaced) {
    if (std::uint64_t{header.width} * header.height > limits_.max_interlaced_pixels)
      throw refusal(422, "An interlaced picture may have no more than " +
                             std::to_string(limits_.max_interlaced_pixels) +
                             " pixels here: send it without interlacing.");
    whole_.emplace(png::header_of(header.width, header.height));
  }
  filter_.emplace(header.width, header.height, width, height);
  return {.flags = png::transform::expand | png::transform::scale_16 | png::transform::gray_to_rgb |
                   png::transform::add_alpha};
}

void thumbnail_maker::on_row(const png::row_event& row) {
  if (whole_)
    std::ranges::copy(row.pixels, whole_->row(row.y).begin());
  else
    filter_->add_row(row.pixels);
}

void thumbnail_maker::on_end() {
  if (!whole_) return;
  for (std::uint32_t y = 0; y < whole_->height(); ++y) filter_->add_row(std::as_const(*whole_).row(y));
  whole_.reset();
}

std::vector<std::byte> thumbnail_maker::finish() {
  refusing([&] { decoder_.finish(); });
  const stopwatch watch(encoding_);
  return png::encode(filter_->take(),
                     {.metadata = {.texts = {{.key = "Software", .value = "Gauntlet thumbnail"}}}});
}
