@only if shims@
/* What @header@ has and no library exports: each has a symbol here, so any language with a C interface can call it.
 * This header does not need @header@. Pointers, numbers and answers are those of the function that is named behind. */
#ifndef GAUNTLET_SHIM_@NAME@_H
#define GAUNTLET_SHIM_@NAME@_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

@each shim_forwards@
@forward@;
@end@

@each hidden@
/* @function@ */
@declaration@;
@end@
@each guards@

/* Runs work(object, data) in a guard: when @package@ jumps out of it, the jump ends here. 0: work has returned. Another
 * number: it was jumped out of, and object is fit for nothing but its clean-up. -1: the library gave no place to jump to.
 * work must be C: a jump over a C++ frame with a destructor is undefined. (@what@) */
int gauntlet_@name@_protect_@tag@(@thing@* object, void (*work)(@thing@* object, void* data), void* data);
@end@

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif
