@only if hidden@
/* Inline functions and macros of @header@, each called once, from a function that has a symbol. */
@each before@
#include <@file@>
@end@

#include <@header@>

#include "gauntlet/shim/@name@.h"

@each hidden@
@declaration@ { @statement@ }
@end@
