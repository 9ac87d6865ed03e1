# msan: MemorySanitizer with origins. It is right only where everything is instrumented, the C++ standard library
# included: GAUNTLET_LIBCXX is a libc++ that setup built for this lane.
set(gauntlet_lane msan)
include("${CMAKE_CURRENT_LIST_DIR}/clang.cmake")
set(gauntlet_sanitizer "-fsanitize=memory -fsanitize-memory-track-origins=2 -fsanitize-memory-use-after-dtor")
set(CMAKE_C_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer}")
set(CMAKE_CXX_FLAGS_INIT "${gauntlet_sanitizer_base} ${gauntlet_sanitizer}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "${gauntlet_linker_base} -fsanitize=memory")
if(GAUNTLET_LIBCXX)
  string(APPEND CMAKE_CXX_FLAGS_INIT " -nostdinc++ -isystem ${GAUNTLET_LIBCXX}/include/c++/v1")
  string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT
         " -stdlib=libc++ -L${GAUNTLET_LIBCXX}/lib -Wl,-rpath,${GAUNTLET_LIBCXX}/lib")
endif()
