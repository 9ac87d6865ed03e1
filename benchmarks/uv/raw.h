/* The operations in C on libuv, by its manual and as a careful programmer writes them: every answer is looked
 * at, and nothing is allocated for each operation. */
#ifndef GAUNTLET_BENCHMARKS_UV_RAW_H
#define GAUNTLET_BENCHMARKS_UV_RAW_H

#include "contender.h"

operation raw_ping_pongs, raw_echo, raw_tcp_write_batch, raw_serve; /* raw_streams.c */
operation raw_million_timers, raw_async_pummel, raw_loop_count;     /* raw_loop.c */
operation raw_queue_work, raw_fs_stat;                              /* raw_pool.c */

#endif
