/* Included before everything else: the shim is then compiled for a libpng that does not exist. */
#ifndef GAUNTLET_TEST_ANOTHER_VERSION_H
#define GAUNTLET_TEST_ANOTHER_VERSION_H

#include <png.h>

#undef PNG_LIBPNG_VER_STRING
#define PNG_LIBPNG_VER_STRING "1.5.30"

#endif
