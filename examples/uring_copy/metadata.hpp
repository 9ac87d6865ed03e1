#pragma once
// What io_uring cannot change of a file: owner, permissions, times.

#include <string>

#include <gauntlet/uring.hpp>

namespace uring_copy {

/// Of a path, which is not followed where it is a symbolic link. Owners stay as they are where the system
/// does not let us change them; a file then loses its set-id bits, which were meant for the other owner.
void set_metadata(const std::string& path, const gauntlet::uring::file_status& status);

}  // namespace uring_copy
