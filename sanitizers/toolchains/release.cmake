# release: what users run. Optimised and hardened, against the system's libraries.
set(gauntlet_lane release)
include("${CMAKE_CURRENT_LIST_DIR}/gcc.cmake")
set(gauntlet_hardening "-O2 -g -fstack-protector-strong -fstack-clash-protection -fcf-protection")
# Debian's GCC defines no _FORTIFY_SOURCE of its own; others do, at another level.
set(gauntlet_hardening "${gauntlet_hardening} -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2")
set(CMAKE_C_FLAGS_INIT "${gauntlet_hardening}")
set(CMAKE_CXX_FLAGS_INIT "${gauntlet_hardening} -D_GLIBCXX_ASSERTIONS")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-z,relro,-z,now")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
