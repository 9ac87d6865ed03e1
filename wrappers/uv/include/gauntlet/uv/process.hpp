#pragma once
/// uv_process_t: child processes.

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/operation.hpp"
#include "gauntlet/uv/stream.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// What a child created with create_pipe may do with its end.
enum class pipe_end : std::uint8_t {
  readable = 1U << 0,    ///< the child reads: its standard input
  writable = 1U << 1,    ///< the child writes: its output
  read_write = 3U,       ///< both
  overlapped = 1U << 2,  ///< besides, on Windows: the child's end is opened for overlapped I/O
};
constexpr pipe_end operator|(pipe_end a, pipe_end b) noexcept {
  return static_cast<pipe_end>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// What a descriptor of the child is (uv_stdio_container_t). Streams that are named must live, unmoved, until
/// the process has been made.
class stdio_container {
 public:
  /// Descriptors 0 to 2: /dev/null. Others are not open in the child.
  static stdio_container ignore() noexcept { return {}; }
  /// A copy of one of this process, which stays the caller's.
  static stdio_container inherit_fd(int descriptor) noexcept;
  /// A copy of the stream's descriptor; the stream goes on as it is.
  static stdio_container inherit_stream(const stream& shared) noexcept;
  static stdio_container inherit_stream(const stream&&) = delete;
  /// A new pipe. created, a uv::pipe of the process's loop that was not used before, is this end of it; end
  /// says what the child does with its own.
  static stdio_container create_pipe(stream& created, pipe_end end) noexcept;
  static stdio_container create_pipe(stream&&, pipe_end) = delete;

 private:
  friend class process;
  friend class process_call;
  enum class kind : std::uint8_t { ignored, descriptor, shared_stream, new_pipe };

  const stream* stream_ = nullptr;
  int descriptor_ = -1;
  kind kind_ = kind::ignored;
  pipe_end end_ = pipe_end::readable;
};

/// uv_process_options_t. Strings must not contain a NUL: misuse.
struct process_options {
  /// A path, or a name that is looked for in the PATH of the child's environment.
  std::string file{};
  /// What the child gets as its argv, its own name first. Empty: file alone.
  std::vector<std::string> args{};
  /// "NAME=value" each. None: this process's environment; empty: an empty one.
  std::optional<std::vector<std::string>> env{};
  /// Where it starts. Empty: where this process is.
  std::string cwd{};
  /// Its descriptors 0, 1, 2 and so on. Those that are not named are ignored.
  std::vector<stdio_container> stdio{};
  std::optional<unsigned> uid{};  ///< UV_PROCESS_SETUID
  std::optional<unsigned> gid{};  ///< UV_PROCESS_SETGID; together with either, other groups are given up
  /// A session of its own: no signal of this terminal reaches it. This process waits for it nevertheless,
  /// unless unref() is called (UV_PROCESS_DETACHED).
  bool detached = false;
  bool windows_verbatim_arguments = false;  ///< UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS
  bool windows_hide = false;                ///< UV_PROCESS_WINDOWS_HIDE
  bool windows_hide_console = false;        ///< UV_PROCESS_WINDOWS_HIDE_CONSOLE
  bool windows_hide_gui = false;            ///< UV_PROCESS_WINDOWS_HIDE_GUI
  /// UV_PROCESS_WINDOWS_FILE_PATH_EXACT_NAME, since libuv 1.48; an older one throws function_not_supported.
  bool windows_file_path_exact_name = false;
};

/// How a process ended.
struct exit_status {
  std::int64_t code = 0;  ///< what it returned; 0 if a signal ended it
  int term_signal = 0;    ///< the signal that ended it; 0 if it returned
};

/// A child process, which runs as soon as this is made. It does not end with this handle: who lets go of the
/// handle, or closes it, only waits for the child no more. No zombie is left all the same: for as long as the
/// loop runs, it collects the children that were let go of. One that outlives the loop is a zombie from its
/// end until this process ends, or calls waitpid() with its pid(): no loop, and no SIGCHLD handler of
/// libuv's, is there to do so. Keep the loop running until it has ended, or keep its pid.
///
/// SIGCHLD and waitpid() for these children are libuv's; a program that waits for "any" child takes their
/// ends away.
class process : public handle {
 public:
  /// exited is called when the child has ended and all is known of it, on the loop's thread, once, and never
  /// inside this call. Throws what exec said if there is no child (no_such_file_or_directory,
  /// permission_denied), or what a limit said; nothing is left of it but that pipes to be created may be open
  /// towards nobody: close them. Blocks until the child has begun (uv_spawn).
  process(loop& loop, const process_options& options, callback<void(exit_status)> exited = {},
          std::source_location where = std::source_location::current());

  /// `exit_status ended = co_await child.exit()`: when the child has ended, or at once if it has. One task at
  /// a time.
  detail::next_operation<exit_status> exit(std::source_location where = std::source_location::current());
  /// Also when it has ended (uv_process_get_pid).
  int pid(std::source_location where = std::source_location::current()) const;
  /// Sends a signal; 0 only asks whether it runs. Throws no_such_process once exited was called: the number
  /// may be another process's by then (uv_process_kill).
  void kill(int signum, std::source_location where = std::source_location::current());
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
