#pragma once
// Whether libuv has been shut down, and who would suffer from it.

#include <source_location>
#include <string_view>

namespace gauntlet::uv::detail {

// Each open loop holds one: library_shutdown is refused as long as there is any, and none can be had after
// it.
class library_use {
 public:
  // Throws misuse after library_shutdown.
  explicit library_use(std::string_view operation, std::source_location where);
  library_use(const library_use&) = delete;
  library_use& operator=(const library_use&) = delete;
  ~library_use();
};

}  // namespace gauntlet::uv::detail
