# @package@ as the target @name@::@name@, and @NAME@_VERSION from its pkg-config file.
find_path(@NAME@_INCLUDE_DIR @header@@suffixes@)
find_library(@NAME@_LIBRARY NAMES @link@)
mark_as_advanced(@NAME@_INCLUDE_DIR @NAME@_LIBRARY)

set(@NAME@_VERSION 0)
if(@NAME@_LIBRARY)
  get_filename_component(@name@_folder "${@NAME@_LIBRARY}" DIRECTORY)
  find_file(@name@_package @package@.pc PATHS "${@name@_folder}/pkgconfig" "${@name@_folder}/../share/pkgconfig" NO_DEFAULT_PATH NO_CACHE)
  if(@name@_package)
    file(STRINGS "${@name@_package}" @name@_version_line REGEX "^Version:")
    string(REGEX REPLACE "^Version: *" "" @NAME@_VERSION "${@name@_version_line}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(@name@ REQUIRED_VARS @NAME@_LIBRARY @NAME@_INCLUDE_DIR VERSION_VAR @NAME@_VERSION
                                  REASON_FAILURE_MESSAGE "@get_it@")
if(@name@_FOUND AND NOT TARGET @name@::@name@)
  add_library(@name@::@name@ UNKNOWN IMPORTED)
  set_target_properties(@name@::@name@ PROPERTIES IMPORTED_LOCATION "${@NAME@_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES
                                                  "${@NAME@_INCLUDE_DIR}" INTERFACE_LINK_LIBRARIES "@link_more@")
endif()
