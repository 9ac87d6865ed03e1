#include "gauntlet/uv/tty.hpp"

#include <fcntl.h>

#include <cerrno>

#include "descriptor_guard.hpp"
#include "stream_block.hpp"
#include "text.hpp"

namespace gauntlet::uv {
namespace {

using detail::check;

class tty_block final : public detail::stream_block {
 public:
  tty_block(detail::loop_core& loop, std::source_location where) noexcept
      : stream_block(loop, "tty", where, tty) {}

  uv_tty_t tty{};
};

tty_block& use(detail::handle_block* block, const char* operation, const std::source_location& where) {
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

}  // namespace

tty::tty(uv::loop& loop, int descriptor, std::source_location where)
    : stream(open_tty(loop, descriptor, where)) {}

void tty::set_mode(tty_mode mode, std::source_location where) {
  tty_block& used = use(block_, "tty::set_mode", where);
  check(uv_tty_set_mode(&used.tty, as_libuv(mode)), used, "tty::set_mode", where);
}

tty_winsize tty::get_winsize(std::source_location where) const {
  tty_block& used = use(block_, "tty::get_winsize", where);
  tty_winsize size;
  check(uv_tty_get_winsize(&used.tty, &size.width, &size.height), used, "tty::get_winsize", where);
  return size;
}

uv_tty_s* tty::native(std::source_location where) const { return &use(block_, "tty::native", where).tty; }

void tty_reset_mode(std::source_location where) {
  check(uv_tty_reset_mode(), "tty_reset_mode", "tty", where);
}

void tty_set_vterm_state(tty_vterm_state state) {
  uv_tty_set_vterm_state(state == tty_vterm_state::supported ? UV_TTY_SUPPORTED : UV_TTY_UNSUPPORTED);
}

tty_vterm_state tty_get_vterm_state(std::source_location where) {
  uv_tty_vtermstate_t state{};
  check(uv_tty_get_vterm_state(&state), "tty_get_vterm_state", "tty", where);
  return state == UV_TTY_SUPPORTED ? tty_vterm_state::supported : tty_vterm_state::unsupported;
}

}  // namespace gauntlet::uv
