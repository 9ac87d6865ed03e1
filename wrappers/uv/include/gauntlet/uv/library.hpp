#pragma once
/// The libuv that runs, and what is done to it as a whole.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// 0x012c02 for 1.44.2. (uv_version)
std::uint32_t library_version_number() noexcept;
/// "1.44.2". (uv_version_string)
std::string_view library_version() noexcept;
/// The number of the libuv that this wrapper was compiled against: what is newer than that is ENOSYS.
/// (UV_VERSION_HEX)
std::uint32_t header_version_number() noexcept;

/// C's four functions of memory, under their names. They are called from any thread, also from libuv's own.
struct allocator {
  void* (*malloc)(std::size_t size) noexcept = nullptr;
  void* (*realloc)(void* memory, std::size_t size) noexcept = nullptr;
  void* (*calloc)(std::size_t count, std::size_t size) noexcept = nullptr;
  void (*free)(void* memory) noexcept = nullptr;
};

/// What libuv allocates with from now on. Only before it has allocated: call it first in main, before any
/// other function of this library and before there are threads; memory of the former functions would come to
/// the new ones to be freed, which no one can check. One function that is missing is misuse.
/// (uv_replace_allocator)
void replace_allocator(const allocator& functions,
                       std::source_location where = std::source_location::current());

/// Descriptors that this process was given by whoever started it are not handed on to the processes that it
/// starts. As early as can be; it does what it can, and tells nothing. (uv_disable_stdio_inheritance)
void disable_stdio_inheritance() noexcept;

/// Frees what libuv holds for the whole process, its thread pool and the title among them, and waits for the
/// pool's threads to end. libuv does it itself when the program ends; for one that unloads it, or counts its
/// memory. A second call does nothing. While a loop is open it is misuse, and no loop can be made after it.
/// (uv_library_shutdown)
void library_shutdown(std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
