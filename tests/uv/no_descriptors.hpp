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
inline void skip_where_the_tool_needs_descriptors() {
#if defined(GAUNTLET_TOOL_NEEDS_DESCRIPTORS)
  SKIP("UBSan needs a descriptor of its own");
#endif
}

}  // namespace gauntlet::uv::test
