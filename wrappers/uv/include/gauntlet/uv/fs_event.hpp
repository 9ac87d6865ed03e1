#pragma once
/// uv_fs_event_t: the system tells what changes in a file or folder.

#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/fs_types.hpp"
#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// One or both of two things happened to a file.
struct fs_change {
  std::string filename{};  ///< in the folder that is watched, or of the file that is; empty if not known
  bool renamed = false;    ///< it has come, gone, or changed its name (UV_RENAME)
  bool changed = false;    ///< contents or status (UV_CHANGE)
};

enum class fs_event_flags { none = 0, watch_entry = 1, stat = 2, recursive = 4 };
constexpr fs_event_flags operator|(fs_event_flags left, fs_event_flags right) noexcept {
  return static_cast<fs_event_flags>(static_cast<int>(left) | static_cast<int>(right));
}

class fs_event : public handle {
 public:
  explicit fs_event(loop& loop,
                    std::source_location where = std::source_location::current());  ///< uv_fs_event_init

  /// Tells what changes in a file or folder, until stop(). The flags have no effect on Linux. Misuse of one
  /// that has been started (uv_fs_event_start).
  template <completion_callback<fs_change> Changed>
  void start(fs::path_ref path, fs_event_flags flags, Changed&& changed,
             std::source_location where = std::source_location::current()) {
    begin_told(path, flags, detail::completion<fs_change>(std::forward<Changed>(changed)), where);
  }
  template <completion_callback<fs_change> Changed>
  void start(fs::path_ref path, Changed&& changed,
             std::source_location where = std::source_location::current()) {
    begin_told(path, fs_event_flags::none, detail::completion<fs_change>(std::forward<Changed>(changed)),
               where);
  }
  /// For next(): from now on what changes is kept for it.
  void start(fs::path_ref path, fs_event_flags flags = fs_event_flags::none,
             std::source_location where = std::source_location::current());
  /// `fs_change change = co_await watcher.next()`: one that came since start() and was not told yet, or the
  /// next one. At most 4096 are kept; when there are more, one without a filename that is both renamed and
  /// changed stands for the rest. One task at a time. Not started, or started with a callback, it is misuse.
  detail::next_operation<fs_change> next(std::source_location where = std::source_location::current());
  /// It may be started again (uv_fs_event_stop).
  void stop(std::source_location where = std::source_location::current());
  /// What it was started with. Misuse of one that is stopped (uv_fs_event_getpath).
  std::string getpath(std::source_location where = std::source_location::current()) const;

 private:
  void begin_told(fs::path_ref path, fs_event_flags flags, callback<void(outcome<fs_change>)> changed,
                  const std::source_location& where);
  void begin(fs::path_ref path, fs_event_flags flags, callback<void(outcome<fs_change>)> changed,
             const std::source_location& where);
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
