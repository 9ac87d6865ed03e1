#pragma once
/// Where PNG bytes come from. Any type with `std::size_t read(std::span<std::byte>)` will do: it answers how
/// many bytes it has put in, from 1 up to the span's size, and 0 at the end. What it throws comes out of the
/// call that needed the bytes. A `name()` that gives a string is used in errors.

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <ranges>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gauntlet/unique_handle.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

namespace detail {

template <class T>
concept reads_bytes = requires(T source, std::span<std::byte> out) {
  { source.read(out) } -> std::same_as<std::size_t>;
};

}  // namespace detail

// In this order: whether a decoder can be moved must not depend on whether it is a source.
template <class T>
concept byte_source = detail::reads_bytes<T> && std::move_constructible<T>;

/// Bytes that the caller keeps alive and unchanged.
class memory_source {
 public:
  explicit memory_source(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}
  /// Not a container that dies at the end of the expression.
  template <std::ranges::range Container>
  requires(!std::ranges::borrowed_range<Container>) explicit memory_source(Container&& bytes) = delete;

  std::size_t read(std::span<std::byte> out) noexcept;
  /// What read() has not given yet.
  std::span<const std::byte> rest() const noexcept { return rest_; }
  std::string_view name() const noexcept { return "memory"; }

 private:
  std::span<const std::byte> rest_;
};

namespace detail {

int open_for_reading(const char* path) noexcept;
int close_descriptor(int descriptor) noexcept;
using read_descriptor = unique_handle<open_for_reading, close_descriptor, -1>;

}  // namespace detail

/// A file, opened at once and closed with the object. Reads ahead: libpng asks for 4 and 8 bytes at a time.
class file_source {
 public:
  /// Throws png::error with the system's code: no such file, permission denied, is a directory.
  explicit file_source(const std::filesystem::path& path,
                       std::source_location where = std::source_location::current());

  std::size_t read(std::span<std::byte> out);
  std::string_view name() const noexcept { return name_; }

 private:
  std::size_t read_some(std::span<std::byte> out);

  std::string name_;
  detail::read_descriptor file_;
  std::unique_ptr<std::byte[]> buffer_;
  std::span<const std::byte> ahead_;
  std::source_location where_;
};

static_assert(byte_source<memory_source> && byte_source<file_source>);

namespace detail {

/// A source whose type has been forgotten.
class any_source {
 public:
  virtual ~any_source() = default;
  virtual std::size_t read(std::span<std::byte> out) = 0;
  /// All there is, where it lies in memory: then read() need not be called for it. Empty elsewhere.
  virtual std::span<const std::byte> memory() const noexcept { return {}; }
  virtual std::string name() const = 0;
};

template <byte_source Source>
class source_model final : public any_source {
 public:
  explicit source_model(Source source) : source_(std::move(source)) {}

  std::size_t read(std::span<std::byte> out) override { return source_.read(out); }
  std::span<const std::byte> memory() const noexcept override {
    if constexpr (std::same_as<Source, memory_source>) return source_.rest();
    return {};
  }
  std::string name() const override {
    if constexpr (requires { std::string(source_.name()); }) return std::string(source_.name());
    return "source";
  }

 private:
  Source source_;
};

template <byte_source Source>
std::unique_ptr<any_source> erase(Source source) {
  return std::make_unique<source_model<Source>>(std::move(source));
}

}  // namespace detail
}  // namespace gauntlet::png

#pragma GCC visibility pop
