/* The shim as a C program uses it. Each function answers NULL, or what was not as it must be. */
#ifndef GAUNTLET_TEST_SHIM_IN_C_H
#define GAUNTLET_TEST_SHIM_IN_C_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

const char* c_writes_and_reads(void);
const char* c_reads_in_the_wrong_order(void);
const char* c_writes_in_the_wrong_order(void);
const char* c_goes_on_after_a_failure(void);
const char* c_reads_past_the_last_row(void);
const char* c_ends_before_the_last_row(void);
const char* c_gives_short_rows(void);
const char* c_has_no_callbacks(void);
const char* c_sets_impossible_limits(void);
const char* c_source_lies(void);
const char* c_callbacks_fail(void);
const char* c_asks_for_what_is_not_there(void);
const char* c_sets_too_many_colours(void);
const char* c_transforms_to_impossible_pixels(void);
const char* c_asks_inside_a_callback(void);
const char* c_says_late_what_was_read(void);
const char* c_counts_memory(void);
const char* c_has_next_to_no_memory(void);

/* Decodes data with a warning callback that fails at its call number `at`; *failed says whether it came to
 * that. */
const char* c_warning_fails(const unsigned char* data, size_t size, int at, int* failed);

#ifdef __cplusplus
}
#endif
#endif
