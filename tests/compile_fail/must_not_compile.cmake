# cmake -DCOMPILER=... -DSOURCE=... -DINCLUDE="folder folder" -P must_not_compile.cmake
file(STRINGS "${SOURCE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expected: (.+)$")
  message(FATAL_ERROR "${SOURCE} must begin with '// expected: ' and a part of the compiler's message")
endif()
set(expected "${CMAKE_MATCH_1}")

separate_arguments(INCLUDE)
list(TRANSFORM INCLUDE PREPEND "-I")
set(command "${COMPILER}" -std=c++23 -Werror=unused-result -fsyntax-only ${INCLUDE} "${SOURCE}")
set(ENV{LC_ALL} C) # the message, in English

execute_process(COMMAND ${command} RESULT_VARIABLE status ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "without the wrong line it must compile, but:\n${message}")
endif()

execute_process(COMMAND ${command} -DMUST_NOT_COMPILE RESULT_VARIABLE status ERROR_VARIABLE message)
if(status EQUAL 0)
  message(FATAL_ERROR "the wrong line compiles")
endif()
string(FIND "${message}" "${expected}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "the compiler does not say '${expected}', but:\n${message}")
endif()
