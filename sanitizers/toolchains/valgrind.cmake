# valgrind: memcheck over an ordinary GCC build. -O1 keeps stacks whole; Valgrind 3.19 reads GCC 12's debug information.
set(gauntlet_lane valgrind)
include("${CMAKE_CURRENT_LIST_DIR}/gcc.cmake")
set(CMAKE_C_FLAGS_INIT "-O1 -g -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_INIT "-O1 -g -fno-omit-frame-pointer")
# 99 is a status that no test returns by itself. Findings also count when the program dies on its own, so that each is
# printed as it happens. Descriptors are checked by the tests themselves (tests/support/descriptors.cpp): before 3.24 memcheck
# prints open ones and fails on none.
set(GAUNTLET_TEST_LAUNCHER valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all
                           --errors-for-leak-kinds=definite,indirect,possible --track-origins=yes --num-callers=30)
