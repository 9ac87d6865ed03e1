// Files and sockets from the table of one ring to that of another.
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "../core/support/foreign.hpp"
#include "file_support.hpp"
#include "needs.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

task<fixed_file> put_into(file_table& table, ring& own, const std::string& path, std::string_view contents) {
  put_file(path, contents);
  co_return co_await table.open(own, path, read_only);
}

task<std::string> start_of(fixed_file& it) {
  std::array<std::byte, 16> into{};
  const std::size_t size = co_await it.read_some(into, 0);
  co_return text_of(std::span(into).first(size));
}

/// Two rings on one thread, a table of one place each, and a file in the first.
struct two_rings {
  temporary_folder folder;
  ring from;
  ring to;
  file_table from_table{from, 1};
  std::optional<file_table> to_table{std::in_place, to, 1};

  fixed_file open(std::string_view contents = "text") {
    std::optional<fixed_file> opened;
    gauntlet::run(from, [&]() -> task<> {
      opened.emplace(co_await put_into(from_table, from, folder / "file", contents));
    }());
    return *std::move(opened);
  }
  std::error_code send(const fixed_file& sent, const fixed_address<fixed_file>& address) {
    std::error_code failed;
    gauntlet::run(from, [&]() -> task<> { failed = co_await code_of(send_fixed(sent, address)); }());
    return failed;
  }
  /// Whether the only place is free.
  bool has_place() {
    std::error_code failed;
    gauntlet::run(
        to, [&]() -> task<> { failed = co_await code_of(to_table->open(to, folder / "file", read_only)); }());
    return !failed;
  }
};

}  // namespace

TEST_CASE("a file that was sent is open in both rings, on two threads") {
  require_io_uring();
  require_prepared("io_uring_prep_msg_ring_fd_alloc");
  const temporary_folder folder;
  std::optional<fixed_address<fixed_file>> to;
  std::atomic<bool> there = false;
  std::string read_there;
  std::thread other([&] {
    ring receives;
    gauntlet::run(receives, [&]() -> task<> {
      file_table table(receives, 4);
      fixed_inbox<fixed_file> box(table);
      to = box.address();
      there = true;
      there.notify_one();
      for (int i = 0; i < 3; ++i) {
        fixed_file it = co_await box.receive();
        const std::string start = co_await start_of(it);
        read_there += start;
      }
    }());
  });
  there.wait(false);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 4);
    for (const char* const text : {"one ", "two ", "three"}) {
      fixed_file it = co_await put_into(table, own, folder / text, text);
      co_await send_fixed(it, *to);
      const std::string still = co_await start_of(it);
      CHECK(still == text);
    }
  });
  other.join();
  CHECK(read_there == "one two three");
}

TEST_CASE("a connection is accepted by one thread and served by another") {
  require_io_uring();
  require_prepared("io_uring_prep_msg_ring_fd_alloc");
  std::optional<fixed_address<fixed_socket>> to;
  std::atomic<bool> there = false;
  std::thread serves([&] {
    ring own;
    gauntlet::run(own, [&]() -> task<> {
      file_table table(own, 4);
      fixed_inbox<fixed_socket> box(table);
      to = box.address();
      there = true;
      there.notify_one();
      fixed_socket peer = co_await box.receive();
      std::array<std::byte, 16> asked{};
      const std::size_t size = co_await peer.read_some(asked);
      co_await peer.write(std::span(asked).first(size));
    }());
  });
  there.wait(false);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 4);
    listener here(own, any_port());
    socket asks = co_await open_socket(own, address_family::ip4);
    co_await asks.connect(here.local_address());
    {
      const fixed_socket accepted_here = co_await here.accept(table);
      co_await send_fixed(accepted_here, *to);
    }
    co_await asks.write(bytes_of("handed over"));
    const std::string answer = co_await read_all(asks);
    CHECK(answer == "handed over");
  });
  serves.join();
}

TEST_CASE("a file that nobody receives leaves its place") {
  require_io_uring();
  require_prepared("io_uring_prep_msg_ring_fd_alloc");
  two_rings both;
  const fixed_file it = both.open();
  std::optional<fixed_inbox<fixed_file>> box(std::in_place, *both.to_table);

  // It had come when the inbox went.
  CHECK_FALSE(both.send(it, box->address()));
  CHECK_FALSE(both.has_place());
  CHECK(box->size() == 1);
  const fixed_address<fixed_file> address = box->address();
  box.reset();
  CHECK(both.has_place());

  // It comes to one that has gone.
  CHECK(both.to.metrics().stale == 0);
  CHECK_FALSE(both.send(it, address));
  gauntlet::run(both.to, make_turns(both.to, 1));
  CHECK(both.to.metrics().stale == 1);
  CHECK(both.has_place());

  // The table has gone, and there is another one, which has a file.
  CHECK_FALSE(both.send(it, address));
  both.to_table.reset();
  both.to_table.emplace(both.to, 1);
  gauntlet::run(both.to, [&]() -> task<> {
    fixed_file kept = co_await both.to_table->open(both.to, both.folder / "file", read_only);
    co_await make_turns(both.to, 2);
    const std::string start = co_await start_of(kept);
    CHECK(start == "text");
  }());
  CHECK(both.to.metrics().stale == 2);
}

TEST_CASE("a file for which there is no room, or no table, is not sent") {
  require_io_uring();
  require_prepared("io_uring_prep_msg_ring_fd_alloc");
  two_rings both;
  const fixed_file it = both.open();
  std::optional<fixed_inbox<fixed_file>> box(std::in_place, *both.to_table);
  const fixed_address<fixed_file> address = box->address();
  CHECK_FALSE(both.send(it, address));
  CHECK(both.send(it, address) == std::errc::too_many_files_open_in_system);
  box.reset();
  both.to_table.reset();
  CHECK(both.send(it, address));  // ENFILE in Linux 6.18
}

TEST_CASE("who stops waiting for a file has taken none, and one task waits at a time") {
  require_io_uring();
  require_prepared("io_uring_prep_msg_ring_fd_alloc");
  two_rings both;
  const fixed_file it = both.open("later");
  fixed_inbox<fixed_file> box(*both.to_table);
  gauntlet::run(both.to, [&]() -> task<> {
    const std::error_code late = co_await code_of(with_timeout(std::chrono::milliseconds(1), box.receive()));
    CHECK(late == std::errc::timed_out);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await code_of(box.receive()); });
      co_await both.to.nop();
      const std::string refused = co_await misuse_in([&]() -> task<> { co_await box.receive(); });
      CHECK(refused.contains("another task receives from this inbox"));
      all.request_stop();
    });
  }());
  CHECK_FALSE(both.send(it, box.address()));
  std::string start;
  gauntlet::run(both.to, [&]() -> task<> {
    fixed_file got = co_await box.receive();
    start = co_await start_of(got);
  }());
  CHECK(start == "later");
}

TEST_CASE("a file that has come to who is destroyed then leaves its place") {
  require_io_uring();
  require_prepared("io_uring_prep_msg_ring_fd_alloc");
  two_rings both;
  const fixed_file it = both.open();
  inbox first(both.to);
  fixed_inbox<fixed_file> box(*both.to_table);
  std::optional<foreign> waits;
  const foreign destroys = [](inbox& at, std::optional<foreign>& other) -> foreign {
    static_cast<void>(co_await at.receive());
    other.reset();
  }(first, waits);
  waits.emplace(
      [](fixed_inbox<fixed_file>& at) -> foreign { static_cast<void>(co_await at.receive()); }(box));
  gauntlet::run(both.from, [&]() -> task<> {
    co_await send_message(both.from, first.address(), 1);
    co_await send_fixed(it, box.address());
  }());
  gauntlet::run(both.to, make_turns(both.to, 1));
  CHECK(destroys.done());
  CHECK(both.to.metrics().stale == 0);
  CHECK(both.has_place());
}

TEST_CASE("where the kernel puts what is sent, a place of one's own choice is refused") {
  require_io_uring();
  two_rings both;
  {
    const fixed_inbox<fixed_file> box(*both.to_table);
  }
  CHECK(misuse_of([&] { return both.to_table->update(0, {}); }).contains("fixed_inbox is sent: use add()"));
  const fixed_file it = both.open();
  CHECK(misuse_of([&] { return send_fixed(it, fixed_address<fixed_file>()); }).contains("is nobody's"));
}

}  // namespace gauntlet::uring::test
