#include <gauntlet/shim/uring.h>
#include <stdio.h>
#include <string.h>

int io_uring_submit_and_wait(struct io_uring* ring,
                             unsigned wait_nr); /* liburing's own, which needs no shim */

int main(void) {
  struct io_uring* ring = NULL;
  const int error = gauntlet_uring_create(&ring, 8, NULL);
  if (error) {
    fprintf(stderr, "%s\n", strerror(-error));
    return 77;
  }
  struct gauntlet_uring_entry entry = {.user_data = 42};
  struct gauntlet_uring_completion completion = {0};
  if (gauntlet_uring_queue_nop(ring, entry) == 0 && io_uring_submit_and_wait(ring, 1) == 1 &&
      gauntlet_uring_reap(ring, &completion, 1) == 1)
    printf("completed %u\n", (unsigned)completion.user_data);
  gauntlet_uring_destroy(ring);
}
