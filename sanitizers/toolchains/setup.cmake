# What `scripts/gauntlet setup LANE` found and built for this lane: GAUNTLET_PREFIX (its dependencies), GAUNTLET_LIBCXX
# (lanes with an instrumented standard library) and GAUNTLET_CORPUS (PNG files of the pinned libpng). A toolchain file is
# read again in every try_compile, so it must find this by place, not by a cache variable. While setup builds the
# dependencies themselves, with this very toolchain, the environment names the file.
if(DEFINED ENV{GAUNTLET_SETUP_FILE})
  include("$ENV{GAUNTLET_SETUP_FILE}")
else()
  # The presets that other projects include say which project it is; by itself it is the one that this file belongs to.
  list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GAUNTLET_PROJECT)
  get_filename_component(gauntlet_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
  set(gauntlet_setup_command "scripts/gauntlet setup ${gauntlet_lane}")
  if(GAUNTLET_PROJECT)
    set(gauntlet_setup_command "${gauntlet_root}/scripts/gauntlet setup --project ${GAUNTLET_PROJECT} ${gauntlet_lane}")
    set(gauntlet_root "${GAUNTLET_PROJECT}")
  endif()
  set(gauntlet_setup_file "${gauntlet_root}/build/setup/${gauntlet_lane}.cmake")
  if(NOT EXISTS "${gauntlet_setup_file}")
    message(FATAL_ERROR "Lane ${gauntlet_lane} is not set up. Run: ${gauntlet_setup_command}")
  endif()
  include("${gauntlet_setup_file}")
endif()
list(PREPEND CMAKE_PREFIX_PATH "${GAUNTLET_PREFIX}")
