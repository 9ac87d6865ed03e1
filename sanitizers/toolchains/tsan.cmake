# tsan: ThreadSanitizer.
set(gauntlet_lane tsan)
include("${CMAKE_CURRENT_LIST_DIR}/clang.cmake")
set(CMAKE_C_FLAGS_INIT "${gauntlet_sanitizer_base} -fsanitize=thread")
set(CMAKE_CXX_FLAGS_INIT "${gauntlet_sanitizer_base} -fsanitize=thread")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${gauntlet_linker_base} -fsanitize=thread")
