# gauntlet_install(TARGET INCLUDE_DIR): installs a library with the headers below INCLUDE_DIR, as component TARGET.
# gauntlet_install_package(): installs what find_package(gauntlet COMPONENTS ...) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

function(gauntlet_install target include_dir)
  if(NOT GAUNTLET_INSTALL)
    return()
  endif()
  install(TARGETS ${target} EXPORT gauntlet)
  install(DIRECTORY "${include_dir}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endfunction()

function(gauntlet_install_package)
  if(NOT GAUNTLET_INSTALL)
    return()
  endif()
  set(destination "${CMAKE_INSTALL_LIBDIR}/cmake/gauntlet")
  set(gauntlet_components core)
  if(GAUNTLET_PNG)
    list(APPEND gauntlet_components png)
  endif()
  if(GAUNTLET_UV)
    list(APPEND gauntlet_components uv)
    install(FILES "${PROJECT_SOURCE_DIR}/cmake/Finduv.cmake" DESTINATION "${destination}")
  endif()
  install(EXPORT gauntlet NAMESPACE gauntlet:: FILE gauntletTargets.cmake DESTINATION "${destination}")
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/gauntletConfig.cmake.in" gauntletConfig.cmake
                                INSTALL_DESTINATION "${destination}")
  write_basic_package_version_file(gauntletConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gauntletConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/gauntletConfigVersion.cmake"
          DESTINATION "${destination}")
endfunction()
