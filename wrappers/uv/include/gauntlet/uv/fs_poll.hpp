#pragma once
/// uv_fs_poll_t: looks at a file again and again, where the system cannot tell (see fs_event).

#include <chrono>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/fs_types.hpp"
#include "gauntlet/uv/handle.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

struct fs_poll_change {
  fs::file_status previous{};
  fs::file_status current{};
};

class fs_poll : public handle {
 public:
  explicit fs_poll(loop& loop,
                   std::source_location where = std::source_location::current());  ///< uv_fs_poll_init

  /// Looks now and every interval (1 ms at least), and calls changed when the status is another one than
  /// before; with an error when the file cannot be seen, once for each kind of error. Misuse of one that has
  /// been started. native() is another handle after each start but the first (uv_fs_poll_start).
  template <completion_callback<fs_poll_change> Changed>
  void start(fs::path_ref path, std::chrono::milliseconds interval, Changed&& changed,
             std::source_location where = std::source_location::current()) {
    begin(path, interval, detail::completion<fs_poll_change>(std::forward<Changed>(changed)), where);
  }
  /// It may be started again (uv_fs_poll_stop).
  void stop(std::source_location where = std::source_location::current());
  /// What it was started with. Misuse of one that is stopped (uv_fs_poll_getpath).
  std::string getpath(std::source_location where = std::source_location::current()) const;

 private:
  void begin(fs::path_ref path, std::chrono::milliseconds interval,
             callback<void(outcome<fs_poll_change>)> changed, const std::source_location& where);
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
