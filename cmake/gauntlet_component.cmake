# gauntlet_component(NAME DESCRIPTION TEXT HEADERS DIR [USES COMPONENT...] [HIDES COMPONENT...] [LIBRARIES C_LIBRARY...]
#                    [SHOWS C_LIBRARY...])
#
# Makes the library gauntlet_NAME a component that others link as gauntlet::NAME: from this build tree, installed, by
# find_package, pkg-config or as a Debian package.
#   HEADERS    the folder that users have on their include path; the headers are below its gauntlet/
#   USES       the components whose headers those of this one include
#   HIDES      the components that only its sources use
#   LIBRARIES  the C libraries that only its sources use, by their names in gauntlet_dependencies.cmake
#   SHOWS      the C libraries whose functions its users call as well; of their headers it brings none
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# While the version is 0.x, each minor version is an ABI of its own: find_package and the loader both keep to it.
set(gauntlet_abi "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(gauntlet_package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/gauntlet")
# The same, for who takes this build tree: -DCMAKE_PREFIX_PATH=BUILD.
set(gauntlet_build_package_folder "${PROJECT_BINARY_DIR}/lib/cmake/gauntlet")

function(gauntlet_component name)
  cmake_parse_arguments(PARSE_ARGV 1 of "" "DESCRIPTION;HEADERS" "USES;HIDES;LIBRARIES;SHOWS")
  set(target gauntlet_${name})
  list(TRANSFORM of_USES PREPEND gauntlet:: OUTPUT_VARIABLE used)
  list(TRANSFORM of_HIDES PREPEND gauntlet:: OUTPUT_VARIABLE hidden)
  add_library(gauntlet::${name} ALIAS ${target})
  # Hidden is what no public header declares: those say that theirs is to be seen.
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${name}
               VERSION "${PROJECT_VERSION}"
               SOVERSION "${gauntlet_abi}"
               C_STANDARD 17
               C_STANDARD_REQUIRED ON
               C_VISIBILITY_PRESET hidden
               CXX_VISIBILITY_PRESET hidden
               DEFINE_SYMBOL "")
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/${of_HEADERS}>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # Not by linking gauntlet_own_code: whoever takes the build tree would be sent to look for it.
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:gauntlet_own_code,INTERFACE_COMPILE_OPTIONS>)
  target_link_libraries(${target} PUBLIC ${used} PRIVATE ${hidden})
  get_target_property(type ${target} TYPE)
  foreach(library IN LISTS of_LIBRARIES of_SHOWS)
    list(GET gauntlet_c_library_${library} 0 c_target)
    target_link_libraries(${target} PRIVATE ${c_target})
    if(library IN_LIST of_SHOWS AND type STREQUAL "SHARED_LIBRARY") # an archive brings it along anyway
      target_link_libraries(${target} INTERFACE $<LINK_ONLY:${c_target}>)
    endif()
  endforeach()
  if(type STREQUAL "SHARED_LIBRARY")
    # A C library that is linked in as an archive shows no symbol through ours.
    target_link_options(${target} PRIVATE LINKER:--exclude-libs,ALL)
    if(NOT DEFINED CMAKE_INSTALL_RPATH)
      set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN") # they find one another wherever they are put
    endif()
  endif()

  if(GAUNTLET_INSTALL)
    gauntlet_install_component()
  endif()
endfunction()

# Two parts of each component can be installed alone: NAME_library, what programs need to run (nothing, of a static
# library), and NAME_development, what others need to link. A macro, as the next: it reads the arguments of the function
# above.
macro(gauntlet_install_component)
  install(
    TARGETS ${target}
    EXPORT ${target}
    LIBRARY COMPONENT ${name}_library NAMELINK_COMPONENT ${name}_development
    ARCHIVE COMPONENT ${name}_development)
  install(DIRECTORY "${of_HEADERS}/gauntlet" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${name}_development
          FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

  # Who links an archive links all that is behind it. A shared library has done so itself: it asks for no C library's
  # package and no hidden component, but for what its users call or include.
  set(needs ${of_USES})
  set(libraries ${of_SHOWS})
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND needs ${of_HIDES})
    list(APPEND libraries ${of_LIBRARIES})
  endif()
  gauntlet_install_cmake_files()
  gauntlet_install_pkg_config()

  set_property(GLOBAL APPEND PROPERTY gauntlet_components ${name})
  set_property(GLOBAL PROPERTY gauntlet_${name}_description "${of_DESCRIPTION}")
  set_property(GLOBAL PROPERTY gauntlet_${name}_links ${of_USES} ${of_HIDES})
  set_property(GLOBAL PROPERTY gauntlet_${name}_needs ${needs})
  set_property(GLOBAL PROPERTY gauntlet_${name}_libraries ${libraries})
endmacro()

macro(gauntlet_install_cmake_files)
  set(findings "")
  foreach(library IN LISTS libraries)
    list(SUBLIST gauntlet_c_library_${library} 1 3 finding)
    list(JOIN finding "|" finding)
    list(APPEND findings "${finding}")
    set(module "${PROJECT_SOURCE_DIR}/cmake/Find${library}.cmake") # where CMake has none
    if(EXISTS "${module}")
      file(COPY "${module}" DESTINATION "${gauntlet_build_package_folder}/${target}")
      install(FILES "${module}" DESTINATION "${gauntlet_package_folder}/${target}" COMPONENT ${name}_development)
    endif()
  endforeach()
  set(file "${gauntlet_build_package_folder}/${target}.cmake")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/gauntlet_component.cmake.in" "${file}" @ONLY)
  install(FILES "${file}" DESTINATION "${gauntlet_package_folder}" COMPONENT ${name}_development)
  install(EXPORT ${target} NAMESPACE gauntlet:: FILE ${target}_targets.cmake DESTINATION "${gauntlet_package_folder}"
          COMPONENT ${name}_development)
  export(EXPORT ${target} NAMESPACE gauntlet:: FILE "${gauntlet_build_package_folder}/${target}_targets.cmake")
endmacro()

# With and without `pkg-config --static` it is the same: what is installed is one of the two.
macro(gauntlet_install_pkg_config)
  string(REPLACE "_" "-" pc_name "gauntlet-${name}")
  file(RELATIVE_PATH up "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
  string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${up}")
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE pc_libdir)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE pc_includedir)

  list(TRANSFORM needs REPLACE "_" "-" OUTPUT_VARIABLE pc_requires)
  list(TRANSFORM pc_requires REPLACE "(.+)" "gauntlet-\\1 = ${PROJECT_VERSION}")
  set(pc_libs "-L\${libdir} -lgauntlet_${name}")
  foreach(library IN LISTS libraries)
    list(GET gauntlet_c_library_${library} 4 module)
    if(module MATCHES "^-l")
      string(APPEND pc_libs " ${module}")
    else()
      list(APPEND pc_requires "${module}")
    endif()
  endforeach()
  list(JOIN pc_requires ", " pc_requires)
  set(pc_cflags "-I\${includedir}")
  get_target_property(definitions ${target} INTERFACE_COMPILE_DEFINITIONS) # what its headers are compiled with
  if(definitions)
    list(TRANSFORM definitions PREPEND " -D")
    string(APPEND pc_cflags ${definitions})
  endif()
  set(file "${PROJECT_BINARY_DIR}/lib/pkgconfig/${pc_name}.pc")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/gauntlet.pc.in" "${file}" @ONLY)
  install(FILES "${file}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT ${name}_development)
endmacro()

# After all components: what find_package(gauntlet) reads first. It comes with core, which each of them needs.
function(gauntlet_install_package)
  if(NOT GAUNTLET_INSTALL)
    return()
  endif()
  file(GLOB gauntlet_known LIST_DIRECTORIES true RELATIVE "${PROJECT_SOURCE_DIR}/wrappers" "${PROJECT_SOURCE_DIR}/wrappers/*")
  file(GLOB shims LIST_DIRECTORIES true RELATIVE "${PROJECT_SOURCE_DIR}/shims" "${PROJECT_SOURCE_DIR}/shims/*")
  list(TRANSFORM shims PREPEND shim_)
  list(APPEND gauntlet_known ${shims})
  set(config "${gauntlet_build_package_folder}/gauntletConfig.cmake")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/gauntletConfig.cmake.in" "${config}" @ONLY)
  set(version "${gauntlet_build_package_folder}/gauntletConfigVersion.cmake")
  write_basic_package_version_file("${version}" COMPATIBILITY SameMinorVersion)
  install(FILES "${config}" "${version}" DESTINATION "${gauntlet_package_folder}" COMPONENT core_development)
endfunction()
