# Shared by the Clang lanes: version 19 is the oldest whose libc++ and concepts reach C++23's std::expected.
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
include("${CMAKE_CURRENT_LIST_DIR}/setup.cmake")

# A sanitizer that does not find the symbolizer prints addresses instead of names.
find_program(GAUNTLET_SYMBOLIZER NAMES llvm-symbolizer-19 llvm-symbolizer)

# _FORTIFY_SOURCE replaces the calls that sanitizers intercept. Frame pointers and -O1 give whole stacks at a bearable speed.
set(gauntlet_sanitizer_base "-O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -U_FORTIFY_SOURCE")
set(gauntlet_linker_base "-fuse-ld=lld")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "${gauntlet_linker_base}")
