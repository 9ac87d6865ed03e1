# asan: AddressSanitizer with LeakSanitizer.
set(gauntlet_lane asan)
include("${CMAKE_CURRENT_LIST_DIR}/clang.cmake")
set(gauntlet_sanitizer "-fsanitize=address -fsanitize-address-use-after-return=always -fsanitize-address-use-after-scope")
set(CMAKE_C_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer}")
# _GLIBCXX_SANITIZE_VECTOR makes libstdc++ tell ASan which part of a vector's block is in use (container-overflow); all
# code of a program must have it, and here all has.
set(CMAKE_CXX_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer} -D_GLIBCXX_SANITIZE_VECTOR=1")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${gauntlet_linker_base} -fsanitize=address")
