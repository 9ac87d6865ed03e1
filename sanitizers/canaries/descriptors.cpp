// Faults with descriptors. No sanitizer reports these: tests/support/descriptors.cpp does, in every lane.
#include <fcntl.h>
#include <unistd.h>

#include "canary.hpp"

void canary_double_close(bool faulty) {
  const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(descriptor);
  if (faulty) close(descriptor);
}

void canary_leaked_descriptor(bool faulty) {
  const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (!faulty) close(descriptor);
}
