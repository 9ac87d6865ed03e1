# dev: the inner loop. Debug code, the standard library's own assertions, the system's libraries.
set(gauntlet_lane dev)
include("${CMAKE_CURRENT_LIST_DIR}/gcc.cmake")
set(CMAKE_C_FLAGS_INIT "-O0 -g")
set(CMAKE_CXX_FLAGS_INIT "-O0 -g -D_GLIBCXX_ASSERTIONS")
