#pragma once
/// For memory that no tool sees being written: by the kernel (io_uring), or by code that is not instrumented.

#include <cstddef>

namespace gauntlet {

/// Tells MemorySanitizer, and Valgrind's memcheck where the program runs under it, that these bytes hold what
/// somebody wrote. To be called when the writer has said so, never sooner. Without such a tool it does
/// nothing; any thread.
void mark_written(const void* memory, std::size_t size) noexcept;

}  // namespace gauntlet
