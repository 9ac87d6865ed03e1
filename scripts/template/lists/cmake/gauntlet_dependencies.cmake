@@ at the end

set(gauntlet_c_library_@name@ @name@::@name@ @name@ @version@ "@debian@" @package@)
if(GAUNTLET_@NAME@)
  find_package(@name@ REQUIRED MODULE)
@if pinned@
  if(GAUNTLET_DEPENDENCIES STREQUAL "pinned")
    gauntlet_require_pinned(@name@ "${@NAME@_LIBRARY}")
  endif()
@else@
  # No source of it is pinned: each lane has the system's, without instrumentation.
@end@
endif()
