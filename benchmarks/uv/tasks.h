/* What the wrapper's coroutines do. */
#ifndef GAUNTLET_BENCHMARKS_UV_TASKS_H
#define GAUNTLET_BENCHMARKS_UV_TASKS_H

#include "contender.h"

#ifdef __cplusplus
extern "C" int play_by_tasks(const struct job* job, struct observer* observer) noexcept;
extern "C" int serve_by_tasks(const struct job* job, struct observer* observer) noexcept;
#endif

#endif
