/* Which inline functions there are. */
#include <string.h>

#include "library.h"

#define ROW_(text, major, minor, is_there) \
  {.name = (text), .since_major = (major), .since_minor = (minor), .there = (is_there)},
#define ROW_2_3(text, is_there) ROW_(text, 2, 3, is_there)
#define ROW_2_4(text, is_there) ROW_(text, 2, 4, is_there)
#define ROW_2_5(text, is_there) ROW_(text, 2, 5, is_there)
#define ROW_2_6(text, is_there) ROW_(text, 2, 6, is_there)
#define ROW_2_7(text, is_there) ROW_(text, 2, 7, is_there)
#define ROW_2_8(text, is_there) ROW_(text, 2, 8, is_there)
#define ROW_2_9(text, is_there) ROW_(text, 2, 9, is_there)
#define ROW(since, text) ROW_##since(text, SINCE_##since(true, false))

#define DOES(since, name, parameters, arguments) ROW(since, "io_uring_" #name)
#define ANSWERS(since, type, name, parameters, arguments) ROW(since, "io_uring_" #name)
#define PREP(since, name, parameters, arguments) ROW(since, "io_uring_prep_" #name)
#define WRITTEN_OUT(since, name) ROW(since, "io_uring_" #name)

static const struct gauntlet_uring_inline_function functions[] = {
#include "functions.inc"
};
static const size_t function_count = sizeof functions / sizeof functions[0];

const struct gauntlet_uring_inline_function* gauntlet_uring_inline_functions(size_t* count) {
  *count = function_count;
  return functions;
}

bool gauntlet_uring_has(const char* name) {
  for (size_t i = 0; i < function_count; ++i) {
    if (strcmp(functions[i].name, name) == 0) return functions[i].there;
  }
  return false;
}
