# fuzz: AddressSanitizer and UndefinedBehaviorSanitizer together, with the coverage that libFuzzer steers by, in the
# dependencies too: what it cannot see there it cannot reach. libFuzzer itself is linked into the programs of tests/fuzz only.
set(gauntlet_lane fuzz)
include("${CMAKE_CURRENT_LIST_DIR}/clang.cmake")
set(gauntlet_sanitizer "-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all")
set(CMAKE_C_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer}")
set(CMAKE_CXX_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer} -D_GLIBCXX_SANITIZE_VECTOR=1")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${gauntlet_linker_base} -fsanitize=address,undefined")
