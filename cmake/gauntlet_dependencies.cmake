# The C libraries, as the same targets in either mode: PNG::PNG, ZLIB::ZLIB, uv::uv, llhttp::llhttp and uring::uring.
if(NOT GAUNTLET_DEPENDENCIES MATCHES "^(system|pinned)$")
  message(FATAL_ERROR "GAUNTLET_DEPENDENCIES is '${GAUNTLET_DEPENDENCIES}': it must be 'system' or 'pinned'.")
endif()
if(GAUNTLET_DEPENDENCIES STREQUAL "pinned" AND NOT GAUNTLET_PREFIX)
  message(FATAL_ERROR "GAUNTLET_DEPENDENCIES=pinned needs a lane's toolchain. Run `scripts/gauntlet setup LANE`, then "
                      "`cmake --preset LANE`.")
endif()

# How others find them again: target, name and least version for find_package, Debian's package, and the module of
# pkg-config, or what to link where there is none. zlib is as old as libpng may be.
set(gauntlet_c_library_zlib ZLIB::ZLIB ZLIB 1.2.11 zlib1g-dev zlib)
set(gauntlet_c_library_png PNG::PNG PNG 1.6.39 libpng-dev libpng)
set(gauntlet_c_library_uv uv::uv uv 1.44.2 libuv1-dev libuv)
set(gauntlet_c_library_llhttp llhttp::llhttp llhttp 9.2.1 "" -lllhttp)
set(gauntlet_c_library_uring uring::uring uring 2.3 liburing-dev liburing)

include(gauntlet_pinned)

if(GAUNTLET_PNG)
  find_package(ZLIB REQUIRED)
  find_package(PNG 1.6.39 REQUIRED)
  if(GAUNTLET_DEPENDENCIES STREQUAL "pinned")
    gauntlet_require_pinned(zlib "${ZLIB_LIBRARIES}")
    list(GET PNG_LIBRARIES 0 png_library)
    gauntlet_require_pinned(libpng "${png_library}")
  endif()
endif()

if(GAUNTLET_UV)
  find_package(uv 1.44.2 REQUIRED)
  if(GAUNTLET_DEPENDENCIES STREQUAL "pinned")
    gauntlet_require_pinned(libuv "${UV_LIBRARY}")
  endif()
endif()

if(GAUNTLET_LLHTTP)
  find_package(llhttp 9.2.1 REQUIRED MODULE)
  if(GAUNTLET_DEPENDENCIES STREQUAL "pinned")
    gauntlet_require_pinned(llhttp "${LLHTTP_LIBRARY}")
  endif()
endif()

if(GAUNTLET_URING)
  find_package(uring 2.3 REQUIRED MODULE)
  if(GAUNTLET_DEPENDENCIES STREQUAL "pinned")
    gauntlet_require_pinned(liburing "${URING_LIBRARY}")
  endif()
endif()
