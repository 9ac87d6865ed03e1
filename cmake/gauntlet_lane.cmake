# What a build needs to know of the matrix it belongs to. Outside the matrix (GAUNTLET_LANE empty) nothing of this applies.
if(NOT GAUNTLET_LANE)
  return()
endif()

# The presets' test step writes its JUnit file here and does not make the folder.
file(MAKE_DIRECTORY "${CMAKE_SOURCE_DIR}/build/matrix")

# A prefix that was built from other flags or sources than those of this tree would make the lane's verdict wrong.
foreach(input IN LISTS GAUNTLET_SETUP_INPUTS)
  string(REGEX MATCH "^(.*)=([0-9a-f]+)$" matched "${input}")
  set(path "${CMAKE_MATCH_1}")
  set(expected "${CMAKE_MATCH_2}")
  set(found "nothing")
  if(EXISTS "${path}")
    file(SHA256 "${path}" found)
  endif()
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "The dependencies of lane ${GAUNTLET_LANE} are out of date: ${path} has changed since they "
                        "were built. Run: ${gauntlet_setup_command}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
endforeach()

find_program(GAUNTLET_CCACHE ccache)
if(GAUNTLET_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${GAUNTLET_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${GAUNTLET_CCACHE}")
endif()

# Half of a compilation is reading headers: several sources are read as one, tests in every lane (tests/CMakeLists.txt). Libraries
# are compiled source by source in dev and release, as users do it, which shows what one forgot to include. How other projects
# are built is theirs to say.
if(NOT gauntlet_is_guest AND NOT GAUNTLET_LANE MATCHES "^(dev|release)$")
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
endif()
