#include "gauntlet/uv/tty.hpp"

#include <fcntl.h>
#include <termios.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "descriptor_guard.hpp"
#include "stream_block.hpp"
#include "text.hpp"

namespace gauntlet::uv {
namespace {

/// libuv remembers the first terminal whose mode was set, by its descriptor; before 1.49 it does so when that
/// is closed, too, and whatever has its number next would be given its mode.
enum class first_terminal : std::uint8_t { none, open, closed };
std::atomic<first_terminal> first{first_terminal::none};
constexpr bool libuv_forgets_the_closed = UV_VERSION_HEX >= ((1 << 16) | (49 << 8));

uv_tty_mode_t as_libuv(tty_mode mode) noexcept {
  switch (mode) {
    case tty_mode::raw:
      return UV_TTY_MODE_RAW;
    case tty_mode::io:
      return UV_TTY_MODE_IO;
    default:
      return UV_TTY_MODE_NORMAL;
  }
}

class tty_block final : public detail::stream_block {
 public:
  tty_block(detail::loop_core& loop, std::source_location where) noexcept : stream_block(loop, where, tty) {}
  const char* kind() const noexcept override { return "tty"; }

  int set_mode(tty_mode mode) noexcept {
    if (mode != tty_mode::normal) remember();
    return uv_tty_set_mode(&tty, as_libuv(mode));
  }

  uv_tty_t tty{};

 private:
  void remember() noexcept {
    uv_os_fd_t descriptor = -1;
    if (changed_ || uv_fileno(uv(), &descriptor) < 0 || tcgetattr(descriptor, &own_) != 0) return;
    changed_ = true;
    first_terminal none = first_terminal::none;
    is_first_ = first.compare_exchange_strong(none, first_terminal::open);
  }
  /// Whichever libuv does so, and for every terminal; not by uv_tty_set_mode, which waits for what was
  /// written.
  void before_close() noexcept override {
    stream_block::before_close();
    uv_os_fd_t descriptor = -1;
    if (changed_ && uv_fileno(uv(), &descriptor) == 0)
      static_cast<void>(tcsetattr(descriptor, TCSANOW, &own_));
    if (is_first_) first = first_terminal::closed;
  }

  termios own_{};
  bool changed_ = false;
  bool is_first_ = false;
};

tty_block& use_tty(detail::handle_block* block, const char* operation, const std::source_location& where) {
  return detail::use<tty_block>(block, operation, where);
}

/// libuv keeps the descriptor it is given, or opens the terminal anew and puts that in its place, by what it
/// finds. A copy makes both the same for the caller. Above standard error: libuv does not close the lower
/// ones.
int copy_of(int descriptor) noexcept { return fcntl(descriptor, F_DUPFD_CLOEXEC, 3); }

detail::handle_block& open_tty(const uv::loop& owner, int descriptor, const std::source_location& where) {
  detail::loop_core& core = detail::loop_core::of(owner, "tty", where);
  detail::descriptor_guard copy(copy_of(descriptor));
  if (!copy) throw error(uv_translate_sys_error(errno), "tty", "tty", where);
  auto& block = detail::open_handle<tty_block>(core, "tty", where, [&](uv_loop_t* raw, tty_block& made) {
    return uv_tty_init(raw, &made.tty, copy.get(), 0);
  });
  uv_os_fd_t used = -1;
  if (uv_fileno(block.uv(), &used) == 0) {
    if (used == copy.get()) static_cast<void>(copy.release());
    block.must_not_queue = (fcntl(used, F_GETFL) & O_NONBLOCK) == 0;
  }
  return block;
}

}  // namespace

tty::tty(uv::loop& loop, int descriptor, std::source_location where)
    : stream(open_tty(loop, descriptor, where)) {}

void tty::set_mode(tty_mode mode, std::source_location where) {
  tty_block& used = use_tty(block_, "tty::set_mode", where);
  detail::check(used.set_mode(mode), used, "tty::set_mode", where);
}

tty_winsize tty::get_winsize(std::source_location where) const {
  tty_block& used = use_tty(block_, "tty::get_winsize", where);
  tty_winsize size;
  detail::check(uv_tty_get_winsize(&used.tty, &size.width, &size.height), used, "tty::get_winsize", where);
  return size;
}

uv_tty_s* tty::native(std::source_location where) const { return &use_tty(block_, "tty::native", where).tty; }

void tty_reset_mode(std::source_location where) {
  if (!libuv_forgets_the_closed && first == first_terminal::closed) return;
  detail::check(uv_tty_reset_mode(), "tty_reset_mode", "tty", where);
}

void tty_set_vterm_state(tty_vterm_state state) {
  uv_tty_set_vterm_state(state == tty_vterm_state::supported ? UV_TTY_SUPPORTED : UV_TTY_UNSUPPORTED);
}

tty_vterm_state tty_get_vterm_state(std::source_location where) {
  uv_tty_vtermstate_t state{};
  detail::check(uv_tty_get_vterm_state(&state), "tty_get_vterm_state", "tty", where);
  return state == UV_TTY_SUPPORTED ? tty_vterm_state::supported : tty_vterm_state::unsupported;
}

}  // namespace gauntlet::uv
