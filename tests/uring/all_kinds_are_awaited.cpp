// Timeouts, descriptors, futexes, children, commands, and what has no function of its own.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "needs.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// Skips where the kernel, or the liburing that this was compiled with, lacks it.
template <class Make>
void require(ring& on, Make make) {
  std::error_code failed;
  gauntlet::run(on, [&]() -> task<> { failed = co_await code_of(make()); }());
  if (failed == std::errc::function_not_supported)
    SKIP("the liburing that this was compiled with is too old");
}

TEST_CASE("timeouts of every clock expire, relative and absolute") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    for (const clock_kind clock : {clock_kind::monotonic, clock_kind::boot, clock_kind::real}) {
      const timeout_end ended = co_await timeout(own, 1ms, {.clock = clock});
      CHECK(ended == timeout_end::expired);
    }
    const auto before = std::chrono::steady_clock::now();
    const timeout_end steady = co_await timeout_at(own, before + 2ms);
    CHECK(steady == timeout_end::expired);
    CHECK(std::chrono::steady_clock::now() >= before + 2ms);
    const auto day = std::chrono::system_clock::now();
    const timeout_end real = co_await timeout_at(own, day + 2ms);
    CHECK(real == timeout_end::expired);
    const timeout_end past = co_await timeout_at(own, day - 1h);
    CHECK(past == timeout_end::expired);
    const timeout_end none = co_await timeout(own, -1ns);
    CHECK(none == timeout_end::expired);
  });
}

TEST_CASE("a timeout ends when so many operations have completed") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    timeout_end ended = timeout_end::expired;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { ended = co_await timeout(own, 1h, {.completions = 2}); });
      all.spawn([&]() -> task<> { co_await own.nop(); });
      all.spawn([&]() -> task<> { co_await own.nop(); });
      co_return;
    });
    CHECK(ended == timeout_end::counted);
  });
}

TEST_CASE("a timer is given another time, and removed") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    timer one{own};
    const bool early = co_await one.update(1ms);
    CHECK_FALSE(early);
    std::vector<timeout_end> ends;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { ends.push_back(co_await one.wait_for(1h)); });
      const bool updated = co_await one.update(1ms);
      CHECK(updated);
    });
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { ends.push_back(co_await one.wait_for(1h)); });
      const bool removed = co_await one.remove();
      CHECK(removed);
    });
    CHECK(ends == std::vector{timeout_end::expired, timeout_end::removed});
    const bool late = co_await one.remove();
    CHECK_FALSE(late);
  });
}

TEST_CASE("a timer that was moved from says so") {
  require_io_uring();
  ring own;
  timer first{own};
  timer one = std::move(first);
  // NOLINTBEGIN(bugprone-use-after-move): what is looked at
  CHECK(misuse_of([&] { return first.wait_for(1ms); }).contains("it was moved from"));
  CHECK(misuse_of([&] { return first.update(1ms); }).contains("it was moved from"));
  CHECK(misuse_of([&] { return first.remove(); }).contains("it was moved from"));
  // NOLINTEND(bugprone-use-after-move)
  run_to_the_end(own, [&]() -> task<> {
    const timeout_end ended = co_await one.wait_for(1ms);
    CHECK(ended == timeout_end::expired);
  });
}

TEST_CASE("two tasks cannot wait for one timer") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    timer one{own};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { static_cast<void>(co_await one.wait_for(1h)); });
      const auto waits_too = [&]() -> task<> { static_cast<void>(co_await one.wait_for(1h)); };
      const std::string refused = co_await misuse_in(waits_too);
      CHECK(refused.contains("another task waits for this timer"));
      all.request_stop();
    });
  });
}

TEST_CASE("descriptors are waited for until they are as asked, or broken") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    const poll_events writable = co_await ends.out.poll(poll_events::writable);
    CHECK(writable == poll_events::writable);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const poll_events readable = co_await ends.in.poll(poll_events::readable | poll_events::priority);
        CHECK(readable == poll_events::readable);
      });
      all.spawn([&]() -> task<> {
        const poll_events readable = co_await poll(own, ends.in.native(), poll_events::readable);
        CHECK(readable == poll_events::readable);
      });
      co_await ends.out.write_some(bytes_of("x"));
    });
    co_await ends.in.close();
    const poll_events broken = co_await ends.out.poll(poll_events::none);
    CHECK((broken & poll_events::broken) == poll_events::broken);
    const std::error_code ended_1 = co_await code_of(poll(own, 99999, poll_events::readable));
    CHECK(ended_1 == std::errc::bad_file_descriptor);
  });
}

TEST_CASE("an epoll instance is told on the ring what to wait for") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const file epoll(own, epoll_create1(EPOLL_CLOEXEC));
    pipe_of ends(own);
    co_await epoll_ctl(own, epoll.native(), epoll_action::add, ends.in.native(), EPOLLIN, 42);
    co_await ends.out.write_some(bytes_of("x"));
    std::array<epoll_event, 2> events{};
    CHECK(epoll_wait(epoll.native(), events.data(), 2, 0) == 1);
    CHECK(events[0].data.u64 == 42);
    co_await epoll_ctl(own, epoll.native(), epoll_action::remove, ends.in.native());
    const std::error_code twice =
        co_await code_of(epoll_ctl(own, epoll.native(), epoll_action::remove, ends.in.native()));
    CHECK(twice == std::errc::no_such_file_or_directory);
  });
}

TEST_CASE("a futex is waited for by a task and woken by a thread, and the other way round") {
  require_io_uring();
  ring own;
  futex_word word = 0;
  require(own, [&] { return futex_wake(own, word, 0); });
  run_to_the_end(own, [&]() -> task<> {
    const futex_end other = co_await futex_wait(own, word, 7);
    CHECK(other == futex_end::changed);
    std::size_t woken = 0;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const futex_end ended = co_await futex_wait(own, word, 0);
        CHECK(ended == futex_end::woken);
      });
      while (woken == 0) woken = co_await futex_wake(own, word, 1);
    });
    CHECK(woken == 1);

    futex_word second = 0;
    const std::array words{awaited_word{&word, 0}, awaited_word{&second, 0}};
    std::optional<std::size_t> which;
    woken = 0;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { which = co_await futex_wait_any(own, words); });
      while (woken == 0) woken = co_await futex_wake(own, second, 1);
    });
    CHECK(which == 1);
    second = 3;
    const std::optional<std::size_t> none = co_await futex_wait_any(own, words);
    CHECK_FALSE(none);
    const std::error_code ended_2 = co_await code_of(with_timeout(1ms, futex_wait(own, word, 0)));
    CHECK(ended_2 == std::errc::timed_out);
    CHECK(misuse_of([&] { return futex_wait_any(own, {}); }).contains("it waits for 1 to 128 words"));
  });
}

pid_t child_that(auto work) {
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) {
    work();
    _exit(3);
  }
  return child;
}

TEST_CASE("children are waited for, with how they ended") {
  require_io_uring();
  ring own;
  require(own, [&] { return wait_for_child(own, children::one, 1); });
  run_to_the_end(own, [&]() -> task<> {
    const pid_t exits = child_that([] {});
    const child_status ended = co_await wait_for_child(own, children::one, exits);
    CHECK(ended.pid == exits);
    CHECK(ended.how == child_status::change::exited);
    CHECK(ended.status == 3);
    const pid_t dies = child_that([] { pause(); });
    const std::error_code ended_3 =
        co_await code_of(with_timeout(1ms, wait_for_child(own, children::one, dies)));
    CHECK(ended_3 == std::errc::timed_out);
    kill(dies, SIGKILL);
    const child_status killed = co_await wait_for_child(own, children::one, dies);
    CHECK(killed.how == child_status::change::killed);
    CHECK(killed.status == SIGKILL);
    const std::error_code ended_4 = co_await code_of(wait_for_child(own, children::one, dies));
    CHECK(ended_4 == std::errc::no_child_process);
  });
}

/// A signal that does nothing by itself on this thread.
class blocked {
 public:
  explicit blocked(int number) {
    sigemptyset(&signals_);
    sigaddset(&signals_, number);
    REQUIRE(pthread_sigmask(SIG_BLOCK, &signals_, &before_) == 0);
  }
  blocked(const blocked&) = delete;
  blocked& operator=(const blocked&) = delete;
  ~blocked() {
    const timespec at_once{};
    while (sigtimedwait(&signals_, nullptr, &at_once) > 0) continue;  // which nobody has read
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  const sigset_t* signals() const { return &signals_; }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

TEST_CASE("a signal is read as what it is, who has sent it and with which value") {
  require_io_uring();
  const blocked here(SIGUSR2);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file from(own, signalfd(-1, here.signals(), SFD_CLOEXEC));
    std::array<signalfd_siginfo, 2> told{};
    const auto read_one = [&](signalfd_siginfo& into) -> task<> {
      const std::size_t size = co_await from.read_some(std::as_writable_bytes(std::span(&into, 1)));
      CHECK(size == sizeof into);
    };
    const auto send_queued = [&]() -> task<> {
      co_await own.nop();  // the read waits
      REQUIRE(sigqueue(getpid(), SIGUSR2, {.sival_int = 42}) == 0);
    };
    co_await when_all(read_one(told[0]), send_queued());
    CHECK(told[0].ssi_signo == std::uint32_t{SIGUSR2});
    CHECK(told[0].ssi_code == SI_QUEUE);
    CHECK(told[0].ssi_pid == static_cast<std::uint32_t>(getpid()));
    CHECK(told[0].ssi_uid == getuid());
    CHECK(told[0].ssi_int == 42);
    REQUIRE(kill(getpid(), SIGUSR2) == 0);
    co_await read_one(told[1]);  // it has come already
    CHECK(told[1].ssi_signo == std::uint32_t{SIGUSR2});
    CHECK(told[1].ssi_code == SI_USER);
    CHECK(told[1].ssi_pid == static_cast<std::uint32_t>(getpid()));
  });
}

TEST_CASE("a nop answers what it is told to") {
  require_io_uring();
  ring own;
  std::error_code old;
  gauntlet::run(own, [&]() -> task<> { old = co_await code_of(own.nop_with(1)); }());
  if (old == std::errc::invalid_argument) SKIP("IORING_NOP_INJECT_RESULT is there since Linux 6.10");
  run_to_the_end(own, [&]() -> task<> {
    const std::int32_t answer = co_await own.nop_with(42);
    CHECK(answer == 42);
    const std::error_code ended_5 = co_await code_of(own.nop_with(-EIO));
    CHECK(ended_5 == std::errc::io_error);
  });
}

TEST_CASE("a command reaches the socket behind the descriptor") {
  require_io_uring();
  require_linux(6, 7, "SOCKET_URING_OP_SIOCINQ");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket one{own, address_family::ip4, socket_type::datagram};
    socket other{own, address_family::ip4, socket_type::datagram};
    co_await other.bind(address::ip4("127.0.0.1", 0));
    co_await one.sendto(bytes_of("hello"), other.local_address());
    co_await other.poll(poll_events::readable);
    file same(own, dup(other.native()));
    int by_system = 0;
    REQUIRE(ioctl(same.native(), FIONREAD, &by_system) == 0);
    const std::int32_t queued = co_await same.command(0);  // SOCKET_URING_OP_SIOCINQ
    CHECK(by_system == 5);
    CHECK(queued == by_system);
    const std::error_code unknown = co_await code_of(same.command(9999));
    CHECK(unknown == std::errc::operation_not_supported);
  });
}

TEST_CASE("any operation is submitted as it stands, and an unknown one says what does not know it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    const std::string_view text = "raw";
    const raw_result written = co_await own.submit_raw({.code = operation_code::write,
                                                        .fd = ends.out.native(),
                                                        .address = text.data(),
                                                        .length = 3,
                                                        .offset = current_position});
    CHECK(written.res == 3);
    std::string said;
    try {
      co_await own.submit_raw({.code = operation_code{200}});
    } catch (const error& failure) {
      said = failure.what();
    }
    CAPTURE(said);
    CHECK(said.find("does not know operation 200") != std::string::npos);
    if (supports(operation_code::nop128)) co_return;
    try {
      co_await own.submit_raw({.code = operation_code::nop128});
    } catch (const error& failure) {
      said = failure.what();
    }
    CHECK(said.find("does not know IORING_OP_NOP128, which is there since 6.19") != std::string::npos);
  });
}

TEST_CASE("operations have names, and the kernel is asked which it has") {
  CHECK(name_of(operation_code::futex_waitv) == "IORING_OP_FUTEX_WAITV");
  CHECK(since(operation_code::read) == "5.6");
  CHECK(name_of(operation_code{200}).empty());
  require_io_uring();
  CHECK(supports(operation_code::nop));
  CHECK_FALSE(supports(operation_code{255}));
}

}  // namespace
}  // namespace gauntlet::uring::test
