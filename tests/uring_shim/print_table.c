/* What the shim says of itself, for lists.py: name, version, and whether it is there. */
#include <stdio.h>

#include "gauntlet/shim/uring.h"

int main(void) {
  size_t count = 0;
  const struct gauntlet_uring_inline_function* const functions = gauntlet_uring_inline_functions(&count);
  for (size_t i = 0; i < count; ++i) {
    printf("%s %u.%u %s\n", functions[i].name, functions[i].since_major, functions[i].since_minor,
           functions[i].there ? "there" : "missing");
  }
  return 0;
}
