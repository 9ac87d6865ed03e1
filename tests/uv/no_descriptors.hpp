#pragma once
/// Skips a test that leaves the process without any descriptor, where the tool itself needs one.

#include <catch2/catch_test_macros.hpp>

#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define GAUNTLET_TOOL_NEEDS_DESCRIPTORS 1
#endif
#endif

namespace gauntlet::uv::test {

/// UBSan's check of dynamic types (clang 19) asks by a pipe whether memory can be read; without a descriptor
/// it takes every object for one of another type: IsAccessibleMemoryRange in
/// https://github.com/llvm/llvm-project/blob/llvmorg-19.1.7/compiler-rt/lib/sanitizer_common/sanitizer_posix_libcdep.cpp
///
/// Valgrind 3.19 seems to refuse what is done with a descriptor that is not below a limit set later:
/// ML_(fd_allowed) in
/// https://sourceware.org/git/?p=valgrind.git;a=blob;f=coregrind/m_syswrap/syswrap-generic.c. The tests of
/// one file meet it.
inline void skip_where_the_tool_needs_descriptors() {
#if defined(GAUNTLET_TOOL_NEEDS_DESCRIPTORS)
  SKIP("this tool cannot do without a descriptor");
#endif
}

}  // namespace gauntlet::uv::test
