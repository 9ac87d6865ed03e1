# llhttp as the target llhttp::llhttp. Written here since a package file of llhttp's own exists only where it was built by its
# own CMakeLists.txt.
find_path(LLHTTP_INCLUDE_DIR llhttp.h)
find_library(LLHTTP_LIBRARY NAMES llhttp)
mark_as_advanced(LLHTTP_INCLUDE_DIR LLHTTP_LIBRARY)

if(LLHTTP_INCLUDE_DIR AND EXISTS "${LLHTTP_INCLUDE_DIR}/llhttp.h")
  file(STRINGS "${LLHTTP_INCLUDE_DIR}/llhttp.h" llhttp_version_lines REGEX "#define LLHTTP_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9]+([0-9]+)" "\\1." LLHTTP_VERSION "${llhttp_version_lines}")
  string(REGEX REPLACE "[.]$" "" LLHTTP_VERSION "${LLHTTP_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(llhttp REQUIRED_VARS LLHTTP_LIBRARY LLHTTP_INCLUDE_DIR VERSION_VAR LLHTTP_VERSION
                                  REASON_FAILURE_MESSAGE "Its sources: https://github.com/nodejs/llhttp (the lanes have it from scripts/gauntlet setup)")
if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
  add_library(llhttp::llhttp UNKNOWN IMPORTED)
  set_target_properties(llhttp::llhttp PROPERTIES IMPORTED_LOCATION "${LLHTTP_LIBRARY}"
                                                  INTERFACE_INCLUDE_DIRECTORIES "${LLHTTP_INCLUDE_DIR}")
endif()
