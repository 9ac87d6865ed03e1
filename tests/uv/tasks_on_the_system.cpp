// Datagrams, signals, child processes, files, names, random bytes and the thread pool, awaited.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tasks_support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;
using fs::open_flags;

template <class Program>
void runs_clean(Program program) {
  loop loop;
  gauntlet::run(loop, program(loop));
  loop.run();
  closes_clean(loop);
}

task<std::string> misuse_of_awaited(task<> awaited) {
  try {
    co_await std::move(awaited);
  } catch (const misuse& thrown) {
    co_return thrown.what();
  }
  co_return "";
}

template <class Awaitable>
task<> discard(Awaitable awaitable) {
  static_cast<void>(co_await std::move(awaitable));
}

}  // namespace

TEST_CASE("datagrams come with their sender, cut to the room they have") {
  runs_clean([](loop& loop) -> task<> {
    udp receiver{loop};
    receiver.bind(any_port());
    udp sender{loop};
    sender.bind(any_port());
    std::array<std::byte, 4> buffer{};
    co_await sender.send_to(bytes_of("abc"), receiver.local_address());
    co_await sender.send_to(std::span<const std::byte>(), receiver.local_address());
    co_await sender.send_to(bytes_of("too long"), receiver.local_address());
    const received_datagram first = co_await receiver.receive_from(buffer);
    CHECK(text_of(std::span(buffer).first(first.size)) == "abc");
    CHECK(first.from == sender.local_address());
    CHECK_FALSE(first.truncated);
    const received_datagram second = co_await receiver.receive_from(buffer);
    CHECK(second.size == 0);
    const received_datagram third = co_await receiver.receive_from(buffer);
    CHECK(third.size == 4);
    CHECK(third.truncated);

    sender.connect(receiver.local_address());
    co_await sender.send(bytes_of("x"));
    const received_datagram last = co_await receiver.receive_from(buffer);
    CHECK(last.size == 1);
    const std::error_code twice = co_await code_of(sender.send_to(bytes_of("x"), receiver.local_address()));
    CHECK(twice == std::errc::already_connected);
    udp batches{loop, {.recvmmsg = true}};
    const std::string in_batches = co_await misuse_of_awaited(discard(batches.receive_from(buffer)));
    CHECK(in_batches.find("batches") != std::string::npos);
  });
}

TEST_CASE("a udp that was received from keeps no loop running when nobody waits any more") {
  loop loop;
  udp receiver{loop};
  udp sender{loop};
  receiver.bind(any_port());
  std::array<std::byte, 8> buffer{};
  const auto program = [&](int datagrams) -> task<> {
    for (int i = 0; i < datagrams; ++i) co_await sender.send_to(bytes_of("a"), receiver.local_address());
    for (int i = 0; i < datagrams; ++i) {
      const auto received = co_await receiver.receive_from(buffer);
      CHECK(received.size == 1);
    }
  };
  for (const int datagrams : {1, 32, 1}) {  // 32 is what libuv takes in one go
    gauntlet::run(loop, program(datagrams));
    CHECK_FALSE(loop.run());
    CHECK_FALSE(receiver.is_active());
  }
  receiver.close();
  sender.close();
  loop.run();
  closes_clean(loop);
}

TEST_CASE("datagrams of Unix sockets are awaited: one waits for room, and comes with its sender") {
  runs_clean([](loop& loop) -> task<> {
    const temporary_folder folder;
    const address path = address::unix_path(folder / "receiver");
    const address name = address::unix_path(folder / "sender");
    const auto bound = [](const address& to) {
      const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
      if (::bind(socket, to.native(), static_cast<socklen_t>(to.size())) != 0) ::abort();
      return socket;
    };
    udp receiver{loop};
    receiver.open(bound(path));
    udp sender{loop};
    const int sending = bound(name);
    REQUIRE(::connect(sending, path.native(), static_cast<socklen_t>(path.size())) == 0);
    sender.open(sending);
    std::size_t sent = 0;
    while (sender.try_send(bytes_of("x"), {})) ++sent;
    const auto sends = [&]() -> task<> {
      co_await sender.send(bytes_of("last"));
      ++sent;
    };
    const auto receives = [&]() -> task<> {
      std::array<std::byte, 8> buffer{};
      std::string text;
      while (std::string_view(text) != "last") {  // the sizes first: a difference of them may wrap
        const auto one = co_await receiver.receive_from(buffer);
        text = text_of(std::span(buffer).first(one.size));
        CHECK(one.from == name);
      }
    };
    const std::size_t before = sent;
    co_await when_all(sends(), receives());
    CHECK(sent == before + 1);
  });
}

TEST_CASE("signals that come between two next() are not lost") {
  runs_clean([](loop& loop) -> task<> {
    signal hangups{loop};
    const std::string early = co_await misuse_of_awaited(discard(hangups.next()));
    CHECK(early.find("start()") != std::string::npos);
    hangups.start(SIGHUP);
    ::kill(::getpid(), SIGHUP);
    co_await sleep_for(1ms);
    ::kill(::getpid(), SIGHUP);
    co_await sleep_for(1ms);
    const int first = co_await hangups.next();
    const int second = co_await hangups.next();
    CHECK(first == SIGHUP);
    CHECK(second == SIGHUP);
    const std::error_code third = co_await code_of(with_timeout(1ms, hangups.next()));
    CHECK(third == std::errc::timed_out);
    bool told = false;
    hangups.start(SIGHUP, [&](int) { told = true; });
    ::kill(::getpid(), SIGHUP);
    while (!told) co_await sleep_for(1ms);
    const std::string late = co_await misuse_of_awaited(discard(hangups.next()));
    CHECK(late.find("start()") != std::string::npos);
  });
}

TEST_CASE("a child is awaited with its pipes, and its end is there as often as it is asked for") {
  runs_clean([](loop& loop) -> task<> {
    pipe input{loop};
    pipe output{loop};
    process child{loop,
                  {.file = "cat",
                   .args = {"cat"},
                   .stdio = {stdio_container::create_pipe(input, pipe_end::readable),
                             stdio_container::create_pipe(output, pipe_end::writable)}}};
    co_await input.write(bytes_of("through the child\n"));
    std::string line;
    static_cast<void>(co_await output.read_until(line, "\n"));
    CHECK(line == "through the child\n");
    co_await input.shutdown();
    const exit_status ended = co_await child.exit();
    CHECK(ended.code == 0);
    const exit_status again = co_await child.exit();
    CHECK(again.term_signal == 0);

    process killed{loop, {.file = "sleep", .args = {"sleep", "100"}}};
    killed.kill(SIGTERM);
    const exit_status how = co_await killed.exit();
    CHECK(how.term_signal == SIGTERM);
  });
}

TEST_CASE("files are opened, written, read into spans and closed") {
  runs_clean([](loop& loop) -> task<> {
    const temporary_folder folder;
    fs::file file = co_await fs::open(loop, folder / "a", open_flags::read_write | open_flags::create);
    const std::size_t written = co_await file.write(loop, bytes_of("hello, world"));
    CHECK(written == 12);
    std::array<std::byte, 5> buffer{};
    const std::size_t read = co_await file.read(loop, buffer, 7);
    CHECK(text_of(std::span(buffer).first(read)) == "world");
    const std::size_t at_end = co_await file.read(loop, buffer, 12);
    CHECK(at_end == 0);
    co_await file.ftruncate(loop, 5);
    const fs::file_status status = co_await file.fstat(loop);
    CHECK(status.size == 5);
    co_await file.fsync(loop);
    co_await file.close(loop);
    CHECK_FALSE(file.is_open());

    co_await fs::rename(loop, folder / "a", folder / "b");
    co_await fs::mkdir(loop, folder / "c");
    const std::vector<fs::directory_entry> entries = co_await fs::scandir(loop, folder.path());
    CHECK(entries.size() == 2);
    fs::directory opened = co_await fs::opendir(loop, folder.path());
    const std::vector<fs::directory_entry> some = co_await opened.readdir(loop, 5);
    CHECK(some.size() == 2);
    co_await opened.close(loop);
    const std::error_code missing = co_await code_of(fs::stat(loop, folder / "none"));
    CHECK(missing == std::errc::no_such_file_or_directory);
    const std::string target = co_await fs::realpath(loop, folder / "c/../b");
    CHECK(target.ends_with("/b"));
    const std::string closed = co_await misuse_of_awaited(
        [](fs::file& gone, uv::loop& on) -> task<> { co_await gone.fsync(on); }(file, loop));
    CHECK(closed.find("closed") != std::string::npos);
  });
}

TEST_CASE("a path is copied when the operation is made, not when it is awaited") {
  runs_clean([](loop& loop) -> task<> {
    const temporary_folder folder;
    folder.make("a", "four");
    auto status = fs::stat(loop, std::string(folder / "a"));
    const fs::file_status found = co_await std::move(status);
    CHECK(found.size == 4);
  });
}

TEST_CASE("a read that a thread has begun is awaited, whatever is cancelled meanwhile") {
  runs_clean([](loop& loop) -> task<> {
    co_await offload(loop, [] {});  // there are threads now
    const pipe_descriptors ends = make_pipe();
    fs::file out = fs::file::adopt(ends.write);
    fs::file in = fs::file::adopt(ends.read);
    std::array<std::byte, 4> buffer{};
    const auto late = [&]() -> task<> {
      co_await sleep_for(60ms);
      out.write(bytes_of("abcd"));
    };
    const auto reads = [&]() -> task<> {
      // It takes longer than it may, but then it is there.
      const std::size_t count = co_await with_timeout(30ms, in.read(loop, buffer));
      CHECK(count == 4);
    };
    co_await when_all(late(), reads());
  });
}

TEST_CASE("what changes in a folder is a stream of events") {
  runs_clean([](loop& loop) -> task<> {
    const temporary_folder folder;
    fs_event watcher{loop};
    watcher.start(folder.path());
    folder.make("a");
    co_await sleep_for(1ms);
    folder.make("b");
    std::string names;
    while (names.find('b') == std::string::npos) {
      const fs_change change = co_await watcher.next();
      names += change.filename;
    }
    CHECK(names.find('a') == 0);
    watcher.stop();
    const std::string stopped = co_await misuse_of_awaited([](fs_event& on) -> task<> {
      for (;;) static_cast<void>(co_await on.next());  // those that are kept first
    }(watcher));
    CHECK(stopped.find("start()") != std::string::npos);
  });
}

TEST_CASE("of changes that nobody asks for 4,096 are kept, and one more says that there were others") {
  runs_clean([](loop& loop) -> task<> {
    const temporary_folder folder;
    fs_event watcher{loop};
    watcher.start(folder.path());
    const std::string file = folder / "a";
    for (int i = 0; i < 2500; ++i) {
      ::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
      ::unlink(file.c_str());
    }
    for (int turns = 0; turns < 5; ++turns) co_await sleep_for(1ms);
    std::size_t kept = 0;
    fs_change change;
    do {
      change = co_await watcher.next();
      ++kept;
    } while (std::string_view(change.filename) == "a");
    CHECK(kept == 4097);
    CHECK(change.filename.empty());
    CHECK((change.renamed && change.changed));
    folder.make("b");  // and it goes on
    change = co_await watcher.next();
    CHECK(change.filename == "b");
  });
}

TEST_CASE("names are looked up, and bytes are random") {
  runs_clean([](loop& loop) -> task<> {
    const std::vector<address_info> found =
        co_await getaddrinfo(loop, "127.0.0.1", "80", {.numeric_node = true});
    CHECK(found.at(0).address == address::ip4("127.0.0.1", 80));
    const std::error_code none = co_await code_of(getaddrinfo(loop, "no name", {}, {.numeric_node = true}));
    CHECK(none == errc::eai_noname);
    const name_info name = co_await getnameinfo(loop, address::ip4("127.0.0.1", 80), {.numeric_host = true});
    CHECK(name.host == "127.0.0.1");
    std::array<std::byte, 64> bytes{};
    co_await uv::random(loop, bytes);
    CHECK(bytes != std::array<std::byte, 64>());
  });
}

TEST_CASE("work on the thread pool comes back with its value or its own exception") {
  runs_clean([](loop& loop) -> task<> {
    const std::thread::id here = std::this_thread::get_id();
    const std::thread::id there = co_await offload(loop, [] { return std::this_thread::get_id(); });
    CHECK(here != there);
    std::string said;
    try {
      co_await offload(loop, [] { throw std::runtime_error("no luck"); });
    } catch (const std::runtime_error& thrown) {
      said = thrown.what();
    }
    CHECK(said == "no luck");
    int kept = 0;
    int& same = co_await offload(loop, [&kept]() -> int& { return kept; });
    CHECK(&same == &kept);
    const std::unique_ptr<int> moved = co_await offload(loop, [] { return std::make_unique<int>(7); });
    CHECK(*moved == 7);
  });
}

TEST_CASE("an operation that is made for a loop, and awaited when that is gone, is misuse") {
  std::optional<loop> gone(std::in_place);
  auto status = fs::stat(*gone, ".");
  auto work = offload(*gone, [] {});
  gone.reset();
  runs_clean([&](loop&) -> task<> {
    const std::string first = co_await misuse_of_awaited(discard(std::move(status)));
    CHECK(first.find("the loop is closed") != std::string::npos);
    const std::string second =
        co_await misuse_of_awaited([](auto late) -> task<> { co_await std::move(late); }(std::move(work)));
    CHECK(second.find("the loop is closed") != std::string::npos);
  });
  loop another;
  runs_clean([&](loop&) -> task<> {
    const std::string said = co_await misuse_of_awaited(discard(fs::stat(another, ".")));
    CHECK(said.find("another loop") != std::string::npos);
  });
}

}  // namespace gauntlet::uv::test
