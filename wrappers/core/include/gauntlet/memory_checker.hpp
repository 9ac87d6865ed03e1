#pragma once
/// What a tool that follows memory (AddressSanitizer, MemorySanitizer, Valgrind's memcheck) cannot know by
/// itself. Without such a tool all of it does nothing; any thread.

#include <cstddef>

namespace gauntlet {

/// These bytes hold what somebody wrote whom no tool sees writing: the kernel (io_uring), or code that is not
/// instrumented. To be called when the writer has said so, never sooner.
void mark_written(const void* memory, std::size_t size) noexcept;

/// A tool follows each allocation, so that its report names who allocated and who freed: who recycles memory
/// should not, then.
bool allocations_are_checked() noexcept;

}  // namespace gauntlet
