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
  SKIP("this tool cannot do without a descriptor");
#endif
}

/// Valgrind 3.19 keeps a limit that the program sets to itself: the system opens the descriptor, Valgrind
/// closes it again and then says EMFILE. By then a connection has been accepted, and is lost; and the numbers
/// of a pair have been written, which libuv closes. ML_(generic_POST_sys_accept) and
/// ML_(generic_POST_sys_socketpair) in
/// https://sourceware.org/git/?p=valgrind.git;a=blob;f=coregrind/m_syswrap/syswrap-generic.c;hb=VALGRIND_3_19_0
inline void skip_where_the_tool_opens_all_the_same() {
#if defined(GAUNTLET_TOOL_OPENS_ALL_THE_SAME)
  SKIP("under this tool the system opens what should find no descriptor");
#endif
}

}  // namespace gauntlet::uv::test
