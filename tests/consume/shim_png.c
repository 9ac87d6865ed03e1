#include <gauntlet/shim/png.h>
#include <stdio.h>

static ptrdiff_t read_file(void* file, unsigned char* out, size_t size) {
  const size_t count = fread(out, 1, size, file);
  return ferror(file) ? -1 : (ptrdiff_t)count;
}

int main(int count, char** argv) {
  (void)count;
  FILE* file = fopen(argv[1], "rb");
  if (!file) return 1;
  struct gauntlet_png_limits limits;
  gauntlet_png_limits_default(&limits);
  struct gauntlet_png_callbacks callbacks = {.user = file, .read = read_file};
  struct gauntlet_png* png = gauntlet_png_create_reader(&callbacks, &limits);
  struct gauntlet_png_header header;
  int status = 1;
  if (gauntlet_png_read_info(png) == GAUNTLET_PNG_OK &&
      gauntlet_png_get_IHDR(png, &header) == GAUNTLET_PNG_OK) {
    printf("%u x %u\n", header.width, header.height);
    status = 0;
  } else {
    fprintf(stderr, "%s\n", gauntlet_png_get_failure(png)->message);
  }
  gauntlet_png_destroy(png);
  fclose(file);
  return status;
}
