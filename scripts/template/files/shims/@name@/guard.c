@only if guards@
/* Where @package@ jumps, it jumps to here. */
#include <setjmp.h>

@each before@
#include <@file@>
@end@

#include <@header@>

#include "gauntlet/shim/@name@.h"

@each guards@
int gauntlet_@name@_protect_@tag@(@thing@* object, void (*work)(@thing@* object, void* data), void* data) {
@if function@
  jmp_buf* const place = @function@(object, longjmp, sizeof(jmp_buf));
  if (place == NULL) return -1;
  if (setjmp(*place) != 0) return 1;
@else@
  if (setjmp(object->@field@) != 0) return 1;
@end@
  work(object, data);
  return 0;
}
@end@
