#pragma once
/// Writing a whole image: to memory, to a file that appears whole or not at all, or to any sink.

#include <cstddef>
#include <filesystem>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "gauntlet/png/error.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/sink.hpp"

namespace gauntlet::png {

struct encode_options {
  int level = -1;           ///< zlib's: 0 (store) to 9 (smallest), -1 for its default
  bool interlaced = false;  ///< Adam7
  png::metadata metadata{};
  png::limits limits{};  ///< width, height, pixels and memory apply
};

namespace detail {

/// A sink whose type has been forgotten; it refers to the caller's.
class any_sink {
 public:
  virtual ~any_sink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
  virtual std::string name() const = 0;
};

template <byte_sink Sink>
class sink_model final : public any_sink {
 public:
  explicit sink_model(Sink& sink) noexcept : sink_(sink) {}

  void write(std::span<const std::byte> bytes) override { sink_.write(bytes); }
  std::string name() const override {
    if constexpr (requires { std::string(sink_.name()); }) return std::string(sink_.name());
    return "sink";
  }

 private:
  Sink& sink_;
};

void encode(any_sink& sink, const image_view& view, const encode_options& options,
            std::source_location where);

}  // namespace detail

/// The sink has then been given every byte of the file, or this has thrown and it has been given a part.
/// Throws png::error for what libpng refuses to write, misuse for a view that cannot be (pixels shorter than
/// the rows need, no palette), and what the sink throws.
template <byte_sink Sink>
void encode_to(Sink& sink, const image_view& view, const encode_options& options = {},
               std::source_location where = std::source_location::current()) {
  detail::sink_model<Sink> model(sink);
  detail::encode(model, view, options, where);
}

/// The file's bytes.
std::vector<std::byte> encode(const image_view& view, const encode_options& options = {},
                              std::source_location where = std::source_location::current());

/// The file appears under its name when it is complete, or not at all.
void encode_file(const std::filesystem::path& path, const image_view& view,
                 const encode_options& options = {},
                 std::source_location where = std::source_location::current());

}  // namespace gauntlet::png
