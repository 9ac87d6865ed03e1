# gauntlet_own_code: how Gauntlet's own sources are compiled. Programs and tests link it PRIVATE, components take its options
# (gauntlet_component.cmake): nothing of it may reach a consumer.
add_library(gauntlet_own_code INTERFACE)
target_compile_options(
  gauntlet_own_code
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wcast-align -Wundef -Wformat=2
            $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>
            $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
            $<$<BOOL:${GAUNTLET_WARNINGS_AS_ERRORS}>:-Werror>
            ${GAUNTLET_OWN_CODE_FLAGS})
# Nobody replaces one of our functions from outside, as GCC believes of what is position independent: it inlines none of
# them else, not even inside a file. Clang does so anyway.
target_compile_options(gauntlet_own_code INTERFACE $<$<OR:$<C_COMPILER_ID:GNU>,$<CXX_COMPILER_ID:GNU>>:-fno-semantic-interposition>)
# GCC takes for a header what is not the file it was called with, and warns of types in it that no other file can name.
if(CMAKE_UNITY_BUILD)
  target_compile_options(gauntlet_own_code INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()
target_compile_features(gauntlet_own_code INTERFACE c_std_17 cxx_std_23)
