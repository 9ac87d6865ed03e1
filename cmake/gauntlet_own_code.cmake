# gauntlet_own_code: how Gauntlet's own sources are compiled. Link it PRIVATE and inside $<BUILD_INTERFACE:>: nothing of it
# may reach a consumer.
add_library(gauntlet_own_code INTERFACE)
target_compile_options(
  gauntlet_own_code
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wcast-align -Wundef -Wformat=2
            $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>
            $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
            $<$<BOOL:${GAUNTLET_WARNINGS_AS_ERRORS}>:-Werror>
            ${GAUNTLET_OWN_CODE_FLAGS})
target_compile_features(gauntlet_own_code INTERFACE c_std_17 cxx_std_23)
