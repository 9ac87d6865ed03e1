# Read by find_package(gauntlet_matrix): what another project needs to run in Gauntlet's lanes, from a checkout or installed.
# docs/downstream.md shows it at work. Outside a lane its targets and functions are there and do nothing special.
#   gauntlet::lane             for each test program: the options of the lane's tool at run time
#   gauntlet::catch2           the same, and Catch2 with a main function that watches descriptors; only where Catch2 is found
#   gauntlet_discover_tests()  makes a test of each case of a Catch2 program (tests/support/CMakeLists.txt)
#   gauntlet_pinned_library()  demands that a C library is the one built for the lane (gauntlet_pinned.cmake)
#   GAUNTLET_TEST_LAUNCHER     begins the command of a test that is no Catch2 program, as valgrind does in its lane
#   GAUNTLET_OWN_CODE_FLAGS    stricter checks of the lane, for the project's own code and not for its dependencies
if(TARGET gauntlet_sanitizer_options)
  return() # once for all folders of a project, or the project has all of Gauntlet as a folder
endif()
enable_language(C CXX)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
set_target_properties(Python3::Interpreter PROPERTIES IMPORTED_GLOBAL TRUE)

set(gauntlet_is_guest ON)
include("${CMAKE_CURRENT_LIST_DIR}/gauntlet_lane.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/gauntlet_own_code.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/gauntlet_pinned.cmake")
enable_testing() # the canaries are tests
add_subdirectory("${CMAKE_CURRENT_LIST_DIR}/../tests/support" "${CMAKE_BINARY_DIR}/gauntlet/support")
add_subdirectory("${CMAKE_CURRENT_LIST_DIR}/../sanitizers" "${CMAKE_BINARY_DIR}/gauntlet/sanitizers")

add_library(gauntlet::lane INTERFACE IMPORTED GLOBAL)
target_link_libraries(gauntlet::lane INTERFACE gauntlet_sanitizer_options)
# Linking an object library does not pass on its objects through another target.
target_sources(gauntlet::lane INTERFACE $<TARGET_OBJECTS:gauntlet_sanitizer_options>)
if(TARGET gauntlet_test_support)
  add_library(gauntlet::catch2 INTERFACE IMPORTED GLOBAL)
  target_link_libraries(gauntlet::catch2 INTERFACE gauntlet::lane gauntlet_test_support)
  target_sources(gauntlet::catch2 INTERFACE $<TARGET_OBJECTS:gauntlet_test_support>)
endif()
