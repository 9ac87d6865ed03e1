@@ before:   X(uninitialised_branch_behind_short_read)
  X(misuse_of_@name@) \
  X(heap_overflow_in_@name@_binding) \
  X(invalid_bool_in_@name@_binding) \
  X(data_race_in_@name@_binding) \
  X(uninitialised_branch_in_@name@_binding) \
  X(lent_memory_read_in_@name@_binding) \
