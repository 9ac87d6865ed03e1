#pragma once
/// uv_tty_t: a terminal as a stream.

#include <cstdint>
#include <source_location>

#include "gauntlet/uv/stream.hpp"

#pragma GCC visibility push(default)

struct uv_tty_s;

namespace gauntlet::uv {

/// uv_tty_mode_t
enum class tty_mode : std::uint8_t {
  normal,  ///< line by line, echoed: UV_TTY_MODE_NORMAL
  raw,     ///< byte by byte, not echoed: UV_TTY_MODE_RAW
  io,      ///< nothing is translated, for talking to another program: UV_TTY_MODE_IO
};

/// uv_tty_vtermstate_t
enum class tty_vterm_state : std::uint8_t { supported, unsupported };

/// In characters.
struct tty_winsize {
  int width = 0;
  int height = 0;
};

class tty : public stream {
 public:
  /// descriptor: of a terminal, or of a pipe or socket in its place; it stays the caller's, as it is.
  /// Anything else is an error (invalid_argument). A terminal is opened once more, so that nobody else's
  /// becomes non-blocking; where that cannot be, as with the controlling side of a pseudo-terminal, writes
  /// block (uv_tty_init).
  tty(loop& loop, int descriptor, std::source_location where = std::source_location::current());

  /// A terminal whose mode was changed gets its own back when it is closed (uv_tty_set_mode).
  void set_mode(tty_mode mode, std::source_location where = std::source_location::current());
  tty_winsize get_winsize(
      std::source_location where = std::source_location::current()) const;  ///< uv_tty_get_winsize

  uv_tty_s* native(std::source_location where = std::source_location::current()) const;
};

/// Gives the first terminal of the process whose mode was changed its own back, if it is not closed; from
/// libuv 1.49 on, of the next one after that. For the end of a process that closes nothing. Any thread;
/// device_or_resource_busy while another thread sets a mode (uv_tty_reset_mode).
void tty_reset_mode(std::source_location where = std::source_location::current());

/// Whether the console does what escape sequences say, on Windows; elsewhere it does nothing
/// (uv_tty_set_vterm_state).
void tty_set_vterm_state(tty_vterm_state state);
/// On Windows; elsewhere the error not_supported (uv_tty_get_vterm_state).
tty_vterm_state tty_get_vterm_state(std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
