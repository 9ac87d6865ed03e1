# ubsan: UndefinedBehaviorSanitizer. Dependencies get what is undefined; our own code also what is merely suspicious
# (unsigned wrap, implicit conversions that lose a value), which C libraries do on purpose.
set(gauntlet_lane ubsan)
include("${CMAKE_CURRENT_LIST_DIR}/clang.cmake")
set(gauntlet_sanitizer "-fsanitize=undefined -fno-sanitize-recover=all")
set(GAUNTLET_OWN_CODE_FLAGS -fsanitize=integer,implicit-conversion,nullability,local-bounds -fno-sanitize-recover=all)
set(CMAKE_C_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer}")
set(CMAKE_CXX_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${gauntlet_linker_base} -fsanitize=undefined")
