#pragma once
/// Where PNG bytes go. Any type with `void write(std::span<const std::byte>)` will do; what it throws comes
/// out of the call that wrote. A `name()` that gives a string is used in errors.

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/unique_handle.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

template <class T>
concept byte_sink = requires(T sink, std::span<const std::byte> bytes) {
  sink.write(bytes);
};

/// Grows a vector.
class memory_sink {
 public:
  void write(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  std::string_view name() const noexcept { return "memory"; }
  std::vector<std::byte> take() noexcept { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

namespace detail {

int create_beside(std::string& path) noexcept;
int close_written(int descriptor) noexcept;
using write_descriptor = unique_handle<create_beside, close_written, -1>;

}  // namespace detail

/// A file that appears whole or not at all: bytes go to a temporary file in the same folder, which takes the
/// final name at commit() (atomic; a file of that name is replaced and its permissions are kept). Without
/// commit the temporary is removed.
class file_sink {
 public:
  /// Throws png::error with the system's code.
  explicit file_sink(const std::filesystem::path& path,
                     std::source_location where = std::source_location::current());
  file_sink(file_sink&& other) noexcept;
  file_sink& operator=(file_sink&&) = delete;
  ~file_sink();

  void write(std::span<const std::byte> bytes);
  /// Flushes to the disk, then gives the file its name. Throws png::error; the file of that name is then as
  /// it was, and this sink, as after a write() that failed, is of no more use.
  void commit(std::source_location where = std::source_location::current());
  std::string_view name() const noexcept { return name_; }

 private:
  void require_open(std::string_view operation, std::source_location where) const;
  void discard() noexcept;
  [[noreturn]] void fail(std::string_view operation, std::source_location where);
  void write_out(std::span<const std::byte> bytes);
  void flush_buffer();

  std::string name_;
  std::string temporary_;
  detail::write_descriptor file_;
  std::vector<std::byte> buffer_;
  std::source_location where_;
};

static_assert(byte_sink<memory_sink> && byte_sink<file_sink>);

}  // namespace gauntlet::png

#pragma GCC visibility pop
