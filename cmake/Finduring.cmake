# liburing as the target uring::uring. Written here since liburing has no package file of CMake's.
find_path(URING_INCLUDE_DIR liburing.h)
find_library(URING_LIBRARY NAMES uring)
mark_as_advanced(URING_INCLUDE_DIR URING_LIBRARY)

# 2.4 is the first that says which version it is; sending with zero copies is what 2.3 was the first to have.
if(URING_INCLUDE_DIR AND EXISTS "${URING_INCLUDE_DIR}/liburing/io_uring_version.h")
  file(STRINGS "${URING_INCLUDE_DIR}/liburing/io_uring_version.h" uring_version_lines REGEX "#define IO_URING_VERSION_(MAJOR|MINOR) ")
  string(REGEX REPLACE "[^0-9]+([0-9]+)" "\\1." URING_VERSION "${uring_version_lines}")
  string(REGEX REPLACE "[.]$" "" URING_VERSION "${URING_VERSION}")
elseif(URING_INCLUDE_DIR AND EXISTS "${URING_INCLUDE_DIR}/liburing.h")
  file(STRINGS "${URING_INCLUDE_DIR}/liburing.h" uring_zero_copy_lines REGEX "io_uring_prep_send_zc")
  set(URING_VERSION 2.2)
  if(uring_zero_copy_lines)
    set(URING_VERSION 2.3)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(uring REQUIRED_VARS URING_LIBRARY URING_INCLUDE_DIR VERSION_VAR URING_VERSION
                                  REASON_FAILURE_MESSAGE "On Debian: apt-get install liburing-dev")
if(uring_FOUND AND NOT TARGET uring::uring)
  add_library(uring::uring UNKNOWN IMPORTED)
  set_target_properties(uring::uring PROPERTIES IMPORTED_LOCATION "${URING_LIBRARY}"
                                                INTERFACE_INCLUDE_DIRECTORIES "${URING_INCLUDE_DIR}")
endif()
