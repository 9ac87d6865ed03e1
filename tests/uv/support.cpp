#include "support.hpp"

namespace {

// libuv opens a pipe for signals with the first loop and keeps it as long as the process lives. It must be
// there before the tests begin to watch descriptors.
[[maybe_unused]] const bool libuv_is_awake = [] {
  gauntlet::uv::loop first;
  return true;
}();

}  // namespace
