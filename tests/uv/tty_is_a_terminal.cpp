#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <stdexcept>

#include "pipe_support.hpp"
#include "pseudo_terminal.hpp"

namespace gauntlet::uv::test {
namespace {

bool is_nonblocking(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0; }

TEST_CASE("tty: what is written comes out at the other side, and the window has a size") {
  const pseudo_terminal terminal;
  loop loop;
  tty used{loop, terminal.program};
  CHECK(used.is_readable());
  CHECK(used.is_writable());
  CHECK(used.native() != nullptr);
  CHECK(is_nonblocking(used.fileno()));
  CHECK_FALSE(is_nonblocking(terminal.program));  // it is somebody else's, too
  winsize size{};
  size.ws_col = 132;
  size.ws_row = 43;
  REQUIRE(::ioctl(terminal.program, TIOCSWINSZ, &size) == 0);
  CHECK(used.get_winsize().width == 132);
  CHECK(used.get_winsize().height == 43);
  bool written = false;
  used.write(buffer_of("hello"), [&] { written = true; });
  while (!written) loop.run(run_mode::once);
  std::array<std::byte, 16> memory{};
  const ssize_t count = ::read(terminal.controller, memory.data(), memory.size());
  CHECK(text_of(std::span(memory).first(static_cast<std::size_t>(count))) == "hello");
  used.close();
  run_to_the_end(loop);
  CHECK(::fcntl(terminal.program, F_GETFL) >= 0);  // still the caller's
}

TEST_CASE("tty_raw: bytes come as they are typed, and the mode is given back") {
  const pseudo_terminal terminal;
  loop loop;
  tty used{loop, terminal.program};
  CHECK(terminal.echoes());
  used.set_mode(tty_mode::raw);
  CHECK_FALSE(terminal.echoes());
  std::string heard;
  used.read_start([&](std::span<std::byte> data) {
    heard += text_of(data);
    if (heard.size() == 3) used.read_stop();
  });
  REQUIRE(::write(terminal.controller, "abc", 3) == 3);  // no line
  CHECK_FALSE(loop.run());
  CHECK(heard == "abc");

  // Before 1.49 libuv can do so for the first terminal of the process only: so this is the first.
  SECTION("by another mode and the reset for the end of the process") {
    used.set_mode(tty_mode::io);
    CHECK_FALSE(terminal.echoes());
    tty_reset_mode();
  }
  SECTION("by the mode") { used.set_mode(tty_mode::normal); }
  SECTION("by the end of the handle") {
    used.close();
    loop.run();
  }
  SECTION("by the end of the loop") {
    static_cast<void>(loop.close());
    CHECK(terminal.echoes());
    return;
  }
  CHECK(terminal.echoes());
  if (!used.is_closing()) used.close();
  run_to_the_end(loop);
  // There is none any more, and who has its number now is not touched.
  const pseudo_terminal another;
  tty_reset_mode();
  CHECK(another.echoes());
}

TEST_CASE("tty_pty: the controlling side cannot be opened again, and its writes wait for nothing") {
  const pseudo_terminal terminal;
  loop loop;
  tty controlling{loop, terminal.controller};
  CHECK_FALSE(is_nonblocking(controlling.fileno()));
  int ends = 0;
  for (int i = 0; i < 3; ++i) controlling.write(buffer_of("x\n"), [&] { ++ends; });
  while (ends < 3) loop.run(run_mode::once);
  controlling.close();
  run_to_the_end(loop);
  CHECK(::fcntl(terminal.controller, F_GETFL) >= 0);
}

TEST_CASE("a write behind one that has failed is refused where libuv would assert") {
  loop loop;
  std::optional<tty> used;
  {
    const pseudo_terminal terminal;
    used.emplace(loop, terminal.controller);
    // The name leads nowhere for this one, so that libuv cannot open it again.
  }
  std::error_code told;
  used->write(buffer_of("x"), [&](const outcome<>& written) {
    if (!written) told = written.error()->code();
  });
  if (used->write_queue_size() != 0) {
    CHECK(error_of([&] { used->write(buffer_of("y")); }) == std::errc::resource_unavailable_try_again);
    while (!told) loop.run(run_mode::once);
    CHECK(told == std::errc::io_error);
  }
  used->close();
  run_to_the_end(loop);
}

TEST_CASE("tty_file: what is no terminal is refused, and stays the caller's") {
  const temporary_folder folder;
  loop loop;
  const int file = ::open((folder / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  for (const int none : {file, -1}) {
    const std::error_code refused = error_of([&] { tty made(loop, none); });
    CHECK((refused == std::errc::invalid_argument || refused == std::errc::bad_file_descriptor));
  }
  CHECK(::close(file) == 0);
  const pipe_descriptors ends = make_pipe();
  tty in_its_place{loop, ends.write};
  CHECK(error_of([&] { static_cast<void>(in_its_place.get_winsize()); }) != std::error_code());
  CHECK(error_of([&] { in_its_place.set_mode(tty_mode::raw); }) != std::error_code());
  in_its_place.write(buffer_of("x"), [] { throw std::runtime_error("written"); });
  CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "written");
  in_its_place.close();
  run_to_the_end(loop);
  ::close(ends.read);
  ::close(ends.write);
}

TEST_CASE("the state of a virtual terminal is Windows'") {
  tty_set_vterm_state(tty_vterm_state::supported);
  CHECK(error_of([] { static_cast<void>(tty_get_vterm_state()); }) == std::errc::not_supported);
}

}  // namespace
}  // namespace gauntlet::uv::test
