#pragma once
/// What a tool that follows memory (AddressSanitizer, MemorySanitizer, Valgrind's memcheck) cannot know by
/// itself. Without such a tool all of it does nothing; any thread.

#include <cstddef>

#pragma GCC visibility push(default)

namespace gauntlet {

/// These bytes hold what somebody wrote whom no tool sees writing: the kernel (io_uring), or code that is not
/// instrumented. To be called when the writer has said so, never sooner.
void mark_written(const void* memory, std::size_t size) noexcept;

/// What these bytes hold means nothing any more, until somebody writes there again: memory that is used again
/// without being allocated again.
void mark_unwritten(const void* memory, std::size_t size) noexcept;

/// The same writer has written here some time ago: memory that has been freed since, or was never allocated,
/// is reported, with who freed it (AddressSanitizer, memcheck). These cannot see it happen.
void check_allocated(const void* memory, std::size_t size) noexcept;

/// What was done before the one happened before what is done after the other, though only the kernel knows of
/// it: before an operation is submitted, and after its completion (ThreadSanitizer).
void mark_submitted(const void* operation) noexcept;
void mark_completed(const void* operation) noexcept;

/// A tool listens to what is told here: who would tell it of each operation may ask once.
bool memory_is_followed() noexcept;

/// A tool follows each allocation, so that its report names who allocated and who freed: who recycles memory
/// should not, then.
bool allocations_are_checked() noexcept;

/// One of Valgrind's tools runs the program: one thread at a time.
bool runs_under_valgrind() noexcept;

}  // namespace gauntlet

#pragma GCC visibility pop
