#include "raw.h"

const struct contender raw_contender = {
    .name = "raw",
    .ping_pongs = raw_ping_pongs,
    .echo = raw_echo,
    .tasks_ping_pongs = raw_ping_pongs,
    .tasks_echo = raw_echo,
    .tcp_write_batch = raw_tcp_write_batch,
    .million_timers = raw_million_timers,
    .async_pummel = raw_async_pummel,
    .loop_count = raw_loop_count,
    .queue_work = raw_queue_work,
    .fs_stat = raw_fs_stat,
    .serve = raw_serve,
    .tasks_serve = raw_serve,
};
