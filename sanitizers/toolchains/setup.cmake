# What `scripts/gauntlet setup LANE` found and built for this lane: GAUNTLET_PREFIX (its dependencies), GAUNTLET_LIBCXX
# (lanes with an instrumented standard library) and GAUNTLET_CORPUS (PNG files of the pinned libpng). A toolchain file is
# read again in every try_compile, so it must find this by place, not by a cache variable. While setup builds the
# dependencies themselves, with this very toolchain, the environment names the file.
if(DEFINED ENV{GAUNTLET_SETUP_FILE})
  include("$ENV{GAUNTLET_SETUP_FILE}")
else()
  get_filename_component(gauntlet_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
  set(gauntlet_setup_file "${gauntlet_root}/build/setup/${gauntlet_lane}.cmake")
  if(NOT EXISTS "${gauntlet_setup_file}")
    message(FATAL_ERROR "Lane ${gauntlet_lane} is not set up. Run: scripts/gauntlet setup ${gauntlet_lane}")
  endif()
  include("${gauntlet_setup_file}")
endif()
list(PREPEND CMAKE_PREFIX_PATH "${GAUNTLET_PREFIX}")
