# libuv as the target uv::uv. Written here since libuv's own package file exists only where it was built by CMake, and not in
# Debian's libuv1-dev.
find_path(UV_INCLUDE_DIR uv.h)
find_library(UV_LIBRARY NAMES uv uv_a libuv)
mark_as_advanced(UV_INCLUDE_DIR UV_LIBRARY)

if(UV_INCLUDE_DIR AND EXISTS "${UV_INCLUDE_DIR}/uv/version.h")
  file(STRINGS "${UV_INCLUDE_DIR}/uv/version.h" uv_version_lines REGEX "#define UV_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9]+([0-9]+)" "\\1." UV_VERSION "${uv_version_lines}")
  string(REGEX REPLACE "[.]$" "" UV_VERSION "${UV_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(uv REQUIRED_VARS UV_LIBRARY UV_INCLUDE_DIR VERSION_VAR UV_VERSION
                                  REASON_FAILURE_MESSAGE "On Debian: apt-get install libuv1-dev")
if(uv_FOUND AND NOT TARGET uv::uv)
  find_package(Threads REQUIRED)
  add_library(uv::uv UNKNOWN IMPORTED)
  set_target_properties(uv::uv PROPERTIES IMPORTED_LOCATION "${UV_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${UV_INCLUDE_DIR}"
                                          INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS}")
endif()
