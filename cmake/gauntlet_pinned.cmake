# Whether a C library is the one that was built for the lane, and with its tool.

# A lane that quietly took a library of the system would run it without instrumentation.
function(gauntlet_require_pinned name library)
  cmake_path(IS_PREFIX GAUNTLET_PREFIX "${library}" NORMALIZE inside)
  if(NOT inside)
    message(FATAL_ERROR "${name} must come from the pinned sources, but was found as ${library}. "
                        "Run: ${gauntlet_setup_command}")
  endif()
endfunction()

# gauntlet_instrumented_test(NAME LIBRARY): whether a C library was built with the lane's tool. Libraries that have canaries inside need it not.
function(gauntlet_instrumented_test name library)
  if(NOT GAUNTLET_LANE MATCHES "^(asan|ubsan|tsan|msan|fuzz)$")
    return()
  endif()
  add_test(NAME ${name}.library_is_instrumented
           COMMAND Python3::Interpreter "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../sanitizers/canaries/instrumented.py" --lane "${GAUNTLET_LANE}"
                   --library "${library}" --nm "${CMAKE_NM}")
  set_tests_properties(${name}.library_is_instrumented PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

# gauntlet_pinned_library(NAME LIBRARY): both, of the file that find_package has found. Where libraries are the system's, nothing.
function(gauntlet_pinned_library name library)
  if(GAUNTLET_DEPENDENCIES STREQUAL "pinned")
    gauntlet_require_pinned(${name} "${library}")
    gauntlet_instrumented_test(${name} "${library}")
  endif()
endfunction()
