#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

process_options shell(std::string script) {
  return {.file = "/bin/sh", .args = {"sh", "-c", std::move(script)}};
}

/// What a child writes to one of its descriptors, until nobody has it open any more.
class collector {
 public:
  explicit collector(loop& loop) : ends_(socket_pair(loop)) {
    ends_.first.read_start([this](outcome<std::span<std::byte>> bytes) {
      if (bytes) text_ += text_of(bytes.value());
      // An error is the end of a child that was killed with something left to read.
      if (!bytes || bytes.value().empty()) ends_.first.close();
    });
  }
  const stream& childs() const { return ends_.second; }
  /// The child has it now.
  void given() { ends_.second.close(); }
  stream& own() { return ends_.first; }
  const std::string& text() const { return text_; }

 private:
  std::pair<tcp, tcp> ends_;
  std::string text_;
};

/// Its output, and how it ended.
struct finished {
  std::string out;
  exit_status how;
};
finished run(process_options options, int descriptor = 1) {
  loop loop;
  collector output{loop};
  options.stdio.resize(static_cast<std::size_t>(descriptor) + 1);
  options.stdio.back() = stdio_container::inherit_stream(output.childs());
  std::optional<exit_status> how;
  process child{loop, options, [&](exit_status status) {
                  CHECK_FALSE(how);
                  how = status;
                  child.close();
                }};
  output.given();
  CHECK_FALSE(how);
  run_to_the_end(loop);
  REQUIRE(how);
  return {output.text(), *how};
}

/// Neither a child nor a zombie is left of a process.
bool is_gone(int pid) { return waitpid(pid, nullptr, WNOHANG) == -1 && errno == ECHILD; }

error failure_of(loop& loop, const process_options& options) {
  try {
    process child{loop, options, [](exit_status) { FAIL("there is no child"); }};
  } catch (const error& failure) {
    return failure;
  }
  FAIL("it was spawned");
  throw std::logic_error("unreachable");
}

TEST_CASE("spawn_exit_code") {
  const finished child = run(shell("echo out; exit 7"));
  CHECK(child.how.code == 7);
  CHECK(child.how.term_signal == 0);
  CHECK(child.out == "out\n");
}

TEST_CASE("spawn_fails") {
  loop loop;
  CHECK(failure_of(loop, {.file = "/does/not/exist"}).code() == std::errc::no_such_file_or_directory);
  CHECK(failure_of(loop, {.file = "/dev/null"}).code() == std::errc::permission_denied);
  process_options nowhere = shell("true");
  nowhere.cwd = "/does/not/exist";
  CHECK(failure_of(loop, nowhere).code() == std::errc::no_such_file_or_directory);
  process_options unopened = shell("true");
  unopened.stdio = {stdio_container::inherit_fd(19'999)};
  CHECK(failure_of(loop, unopened).code() == std::errc::bad_file_descriptor);
  const error failure = failure_of(loop, {.file = "no-such-program-anywhere"});
  CHECK(std::string(failure.operation()) == "process");
  CHECK(std::string(failure.what()).find("no-such-program-anywhere") != std::string::npos);
  // libuv keeps what failed until it is closed, which the loop does now.
  CHECK(loop.pending().size() == 5);
  run_to_the_end(loop);
  // Another one, which ends with its loop at once.
  uv::loop short_lived;
  CHECK(failure_of(short_lived, {.file = "/does/not/exist"}).code() == std::errc::no_such_file_or_directory);
}

TEST_CASE("spawn_empty_env") {
  setenv("GAUNTLET_PARENTS", "here", 1);
  process_options options{.file = "/usr/bin/env"};
  CHECK(run({.file = "/usr/bin/env"}).out.find("GAUNTLET_PARENTS=here\n") != std::string::npos);
  options.env.emplace();
  CHECK(run(options).out.empty());
  options.env = {"A=1", "B=two words"};
  CHECK(run(options).out == "A=1\nB=two words\n");
}

TEST_CASE("arguments and the working directory come as they were given, in memory of the call's own") {
  process_options options = shell("printf '<%s>' \"$0\" \"$@\"; pwd");
  for (const char* const more : {"zero", "", "two words", "ünï"}) options.args.emplace_back(more);
  options.cwd = "/usr";
  CHECK(run(options).out == "<zero><><two words><ünï>/usr\n");
  // By name, through PATH, and with the file as its name.
  CHECK(run({.file = "sh", .args = {"name", "-c", "echo $0"}}).out == "name\n");
  CHECK(run({.file = "true"}).how.code == 0);
}

TEST_CASE("spawn_stdout") {
  loop loop;
  collector out{loop};
  collector err{loop};
  process_options options = shell("echo to out; echo to err >&2");
  options.stdio = {stdio_container::ignore(), stdio_container::inherit_stream(out.childs()),
                   stdio_container::inherit_stream(err.childs())};
  process child{loop, options, [&](exit_status) { child.close(); }};
  out.given();
  err.given();
  run_to_the_end(loop);
  CHECK(out.text() == "to out\n");
  CHECK(err.text() == "to err\n");
}

TEST_CASE("spawn_stdin") {
  loop loop;
  collector both{loop};
  process_options options{.file = "/bin/cat"};
  options.stdio = {stdio_container::inherit_stream(both.childs()),
                   stdio_container::inherit_stream(both.childs())};
  exit_status how{.code = -1};
  process child{loop, options, [&](exit_status status) {
                  how = status;
                  child.close();
                }};
  both.given();
  both.own().write(buffer_of("through the child"), [&] { both.own().shutdown(no_callback()); });
  run_to_the_end(loop);
  CHECK(both.text() == "through the child");
  CHECK(how.code == 0);
}

TEST_CASE("pipes that are created with the process carry both ways") {
  loop loop;
  pipe in{loop};
  pipe out{loop};
  pipe both{loop};
  std::string seen;
  std::string seen_on_both;
  process_options options = shell("cat; cat <&3 >&3");
  options.stdio = {stdio_container::create_pipe(in, pipe_end::readable),
                   stdio_container::create_pipe(out, pipe_end::writable | pipe_end::overlapped),
                   {},
                   stdio_container::create_pipe(both, pipe_end::read_write)};
  process child{loop, options, [&](exit_status status) {
                  CHECK(status.code == 0);
                  child.close();
                }};
  CHECK(in.is_writable());
  CHECK_FALSE(in.is_readable());
  CHECK(out.is_readable());
  CHECK_FALSE(out.is_writable());
  in.write(buffer_of("one way"), [&] { in.close(); });
  both.write(buffer_of("both ways"), [&] { both.shutdown(no_callback()); });
  const auto collect = [](pipe& from, std::string& into) {
    from.read_start([&](std::span<std::byte> bytes) {
      into += text_of(bytes);
      if (bytes.empty()) from.close();
    });
  };
  collect(out, seen);
  collect(both, seen_on_both);
  run_to_the_end(loop);
  CHECK(seen == "one way");
  CHECK(seen_on_both == "both ways");
}

TEST_CASE("a pipe is created once, on its loop, and a failed spawn leaves it to its owner") {
  loop loop;
  pipe own{loop};
  const auto refused = [&](std::vector<stdio_container> stdio) {
    return misuse_of([&] { process child{loop, {.file = "true", .stdio = std::move(stdio)}}; });
  };
  const auto created = [](pipe& given) { return stdio_container::create_pipe(given, pipe_end::readable); };
  CHECK(refused({created(own), created(own)}).find("in use") != std::string::npos);
  uv::loop foreign;
  pipe foreigner{foreign};
  CHECK(refused({created(foreigner)}).find("another loop") != std::string::npos);

  CHECK(failure_of(loop, {.file = "/does/not/exist", .stdio = {created(own)}}).code() ==
        std::errc::no_such_file_or_directory);
  CHECK(refused({created(own)}).find("in use") != std::string::npos);  // open towards nobody, as documented

  // What comes after it in the list is wrong: its descriptors are gone, and it may be used again.
  pipe second{loop};
  const auto limit = stdio_container::inherit_fd(19'999);
  CHECK(failure_of(loop, {.file = "true", .stdio = {created(second), limit}}).code() ==
        std::errc::bad_file_descriptor);
  own.close();
  second.close();
  CHECK(refused({created(own)}).find("closed") != std::string::npos);
  run_to_the_end(loop);
}

TEST_CASE("spawn_stdio_greater_than_3") {
  CHECK(run(shell("echo fourth >&3"), 3).out == "fourth\n");
  CHECK(run(shell("echo many >&9"), 9).out ==
        "many\n");  // more than libuv has room for without an allocation
}

TEST_CASE("spawn_ignored_stdio") {
  // 0, 1 and 2 are /dev/null, not closed and not ours; 3 is closed, unless who started this program left one
  // open.
  disable_stdio_inheritance();
  const finished child = run(shell("readlink /proc/self/fd/0 >&4; echo lost; echo lost >&2; (echo x >&3) "
                                   "2>/dev/null || echo no 3 >&4"),
                             4);
  CHECK(child.out == "/dev/null\nno 3\n");
  CHECK(child.how.code == 0);
}

TEST_CASE("spawn_fs_open") {
  // A descriptor of a file, which stays the caller's; the others are not the child's.
  const std::string folder = (std::filesystem::temp_directory_path() / "gauntlet-XXXXXX").string();
  std::string path = folder;
  REQUIRE(mkdtemp(path.data()) != nullptr);
  const std::string name = path + "/out";
  const int file = open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  {
    loop loop;
    process_options options = shell("echo into the file");
    options.stdio = {{}, stdio_container::inherit_fd(file)};
    process child{loop, options, [&](exit_status status) {
                    CHECK(status.code == 0);
                    child.close();
                  }};
    run_to_the_end(loop);
  }
  char content[64] = {};
  CHECK(pread(file, content, sizeof content - 1, 0) == 14);
  CHECK(std::string(content) == "into the file\n");
  CHECK(close(file) == 0);
  std::filesystem::remove_all(path);
}

TEST_CASE("spawn_inherit_streams") {
  // Two directions, two streams, and the child's copies end with the child while the parent's go on.
  loop loop;
  auto [in, in_of_child] = socket_pair(loop);
  auto [out, out_of_child] = socket_pair(loop);
  std::string seen;
  process_options options = shell("read line; echo \"got $line\"");
  options.stdio = {stdio_container::inherit_stream(in_of_child),
                   stdio_container::inherit_stream(out_of_child)};
  process child{loop, options, [&](exit_status) {
                  child.close();
                  out_of_child.write(buffer_of("and the parent's"), [&] { out_of_child.close(); });
                }};
  in.write(buffer_of("a line\n"));
  out.read_start([&](std::span<std::byte> bytes) {
    seen += text_of(bytes);
    if (!bytes.empty()) return;
    out.close();
    in.close();
    in_of_child.close();
  });
  run_to_the_end(loop);
  CHECK(seen == "got a line\nand the parent's");
}

/// A process of ours with just this number, where the system lets one choose it (root, most often).
std::optional<pid_t> stranger_with(pid_t number) {
  for (int attempt = 0; attempt < 100; ++attempt) {  // others may be faster
    const int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    if (last == -1) return {};
    const std::string before = std::to_string(number - 1);
    const bool chosen = write(last, before.data(), before.size()) == static_cast<ssize_t>(before.size());
    CHECK(close(last) == 0);
    if (!chosen) return {};
    const pid_t made = fork();
    REQUIRE(made != -1);
    if (made == 0) {
      alarm(120);
      pause();
      _exit(0);
    }
    if (made == number) return made;
    REQUIRE(::kill(made, SIGKILL) == 0);
    REQUIRE(waitpid(made, nullptr, 0) == made);
  }
  return {};
}

TEST_CASE("spawn_and_kill") {
  loop loop;
  std::optional<exit_status> how;
  process child{loop, {.file = "sleep", .args = {"sleep", "3600"}}, [&](exit_status status) {
                  how = status;
                  // It is collected: the number may be another's by now.
                  CHECK(thrown_by<error>([&] { child.kill(0); }).find("process::kill: no such process") !=
                        std::string::npos);
                }};
  const int pid = child.pid();
  CHECK(pid > 0);
  child.kill(0);
  CHECK(loop.pending().at(0).object == "process " + std::to_string(pid));
  child.kill(SIGTERM);
  CHECK_FALSE(loop.run());
  REQUIRE(how);
  CHECK(how->code == 0);
  CHECK(how->term_signal == SIGTERM);
  CHECK(child.pid() == pid);
  CHECK(is_gone(pid));
  // And if it is another's, that one lives on.
  if (const std::optional<pid_t> stranger = stranger_with(pid)) {
    CHECK(thrown_by<error>([&] { child.kill(SIGKILL); }).find("no such process") != std::string::npos);
    CHECK(::kill(*stranger, SIGUSR1) == 0);
    int ended = 0;
    CHECK(waitpid(*stranger, &ended, 0) == *stranger);
    CHECK(WTERMSIG(ended) == SIGUSR1);
  }
  child.close();
  run_to_the_end(loop);
}

TEST_CASE("spawn_and_kill_with_std") {
  loop loop;
  collector both{loop};
  process_options options{.file = "/bin/cat"};
  options.stdio = {stdio_container::inherit_stream(both.childs()),
                   stdio_container::inherit_stream(both.childs())};
  process child{loop, options, [&](exit_status status) {
                  CHECK(status.term_signal == SIGKILL);
                  child.close();
                }};
  both.given();
  both.own().write(buffer_of("some bytes"), [&](outcome<>) { child.kill(SIGKILL); });
  run_to_the_end(loop);
}

TEST_CASE("spawn_and_ping") {
  loop loop;
  auto [own, childs] = socket_pair(loop);
  process_options options{.file = "/bin/cat"};
  options.stdio = {stdio_container::inherit_stream(childs), stdio_container::inherit_stream(childs)};
  int pongs = 0;
  process child{loop, options, [&](exit_status status) {
                  CHECK(status.term_signal == SIGTERM);
                  child.close();
                }};
  childs.close();
  own.read_start([&](std::span<std::byte> bytes) {
    if (bytes.empty()) {
      own.close();
      return;
    }
    CHECK(text_of(bytes) == "PING");
    if (++pongs == 20)
      child.kill(SIGTERM);
    else
      own.write(buffer_of("PING"));
  });
  own.write(buffer_of("PING"));
  run_to_the_end(loop);
  CHECK(pongs == 20);
}

TEST_CASE("spawn_detached") {
  loop loop;
  collector output{loop};
  process_options options = shell("cat");
  options.stdio = {stdio_container::inherit_stream(output.childs())};
  options.detached = true;
  bool ended = false;
  process child{loop, options, [&](exit_status) { ended = true; }};
  output.given();
  const int pid = child.pid();
  CHECK(getsid(pid) == pid);
  CHECK(getsid(pid) != getsid(0));
  child.unref();
  output.own().unref();
  CHECK_FALSE(loop.run());  // nobody waits for it
  CHECK_FALSE(ended);
  child.kill(0);
  child.ref();
  output.own().shutdown(no_callback());
  CHECK_FALSE(loop.run());
  CHECK(ended);
  CHECK(is_gone(pid));
  child.close();
  run_to_the_end(loop);
}

TEST_CASE("spawn_closed_process_io") {
  // The child has ended, and with it its end: writing says so, and nothing else happens.
  loop loop;
  auto [own, childs] = socket_pair(loop);
  process_options options = shell("exit 0");
  options.stdio = {stdio_container::inherit_stream(childs)};
  std::optional<std::error_code> said;
  process child{loop, options, [&](exit_status) {
                  child.close();
                  own.write(buffer_of("too late"), [&](outcome<> ended) {
                    REQUIRE_FALSE(ended);
                    said = ended.error()->code();
                    own.close();
                  });
                }};
  childs.close();
  run_to_the_end(loop);
  CHECK(said == std::errc::broken_pipe);
}

TEST_CASE("a process may be let go of in any order, and leaves no zombie") {
  auto witness = std::make_shared<int>(0);
  int pid = 0;
  SECTION("in its own callback") {
    loop loop;
    std::unique_ptr<process> child;
    child = std::make_unique<process>(loop, shell("exit 3"), [&, witness](exit_status status) {
      CHECK(status.code == 3);
      child.reset();
    });
    pid = child->pid();
    run_to_the_end(loop);
  }
  SECTION("moved, and then in the callback") {
    loop loop;
    std::optional<process> last;
    process child{loop, shell("exit 3"), [&, witness](exit_status) { last.reset(); }};
    pid = child.pid();
    last.emplace(std::move(child));
    CHECK(misuse_of([&] { child.kill(0); }).find("moved from") != std::string::npos);
    run_to_the_end(loop);
  }
  SECTION("while it runs") {
    loop loop;
    auto [own, childs] = socket_pair(loop);
    process_options options{.file = "/bin/cat"};
    options.stdio = {stdio_container::inherit_stream(childs)};
    {
      process child{loop, options, [witness](exit_status) { FAIL("nobody waits for it"); }};
      pid = child.pid();
    }
    childs.close();
    loop.run(run_mode::nowait);
    CHECK(waitpid(pid, nullptr, WNOHANG) == 0);  // it runs
    CHECK(loop.pending().back().kind == "orphan");
    own.close();
    CHECK_FALSE(loop.run());  // does not wait for it
    // This does: another child's end may come first, so the loop turns until this one is gone.
    auto guard = loop.keep_alive();
    while (!loop.pending().empty()) loop.run(run_mode::once);
    guard.reset();
    run_to_the_end(loop);
  }
  SECTION("after it ended, before the loop knows") {
    loop loop;
    {
      process child{loop, shell("exit 0"), [witness](exit_status) { FAIL("nobody waits for it"); }};
      pid = child.pid();
      siginfo_t info{};
      REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    }
    CHECK(is_gone(pid));
    run_to_the_end(loop);
  }
  SECTION("after the loop") {
    auto loop = std::make_unique<uv::loop>();
    process child{*loop, shell("exit 0"), [witness](exit_status) { FAIL("the loop is gone"); }};
    pid = child.pid();
    siginfo_t info{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    loop.reset();
    CHECK(misuse_of([&] { child.kill(0); }).find("closed together with its loop") != std::string::npos);
  }
  SECTION("the loop in the callback") {
    auto loop = std::make_unique<uv::loop>();
    process child{*loop, shell("exit 0"), [&, witness](exit_status) { loop.reset(); }};
    pid = child.pid();
    loop->run();
  }
  SECTION("the loop, while one runs that was let go of") {
    auto [reader, writer] = [] {
      std::array<int, 2> both{};
      REQUIRE(pipe2(both.data(), O_CLOEXEC) == 0);
      return both;
    }();
    {
      loop loop;
      process_options options{.file = "/bin/cat"};
      options.stdio = {stdio_container::inherit_fd(reader)};
      process child{loop, options, [witness](exit_status) { FAIL("nobody waits for it"); }};
      pid = child.pid();
    }
    // Documented: it is not the loop's any more.
    CHECK(close(reader) == 0);
    CHECK(close(writer) == 0);
    CHECK(waitpid(pid, nullptr, 0) == pid);
  }
  SECTION("when the callback throws") {
    loop loop;
    process child{loop, shell("exit 0"), [witness](exit_status) { throw std::runtime_error("on exit"); }};
    pid = child.pid();
    CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "on exit");
    child.close();
    run_to_the_end(loop);
  }
  CHECK(is_gone(pid));
  CHECK(witness.use_count() == 1);
}

TEST_CASE(
    "of children that ended at once, one's callback may close or drop the others, which are not called "
    "then") {
  loop loop;
  int calls = 0;
  std::array<std::optional<process>, 3> children;
  const bool by_close = GENERATE(true, false);
  for (auto& child : children)
    child.emplace(loop, shell("exit 0"), [&](exit_status) {
      ++calls;
      for (auto& other : children) {
        if (&other == &child) continue;
        if (by_close)
          other->close();
        else
          other.reset();
      }
    });
  for (auto& child : children) {
    siginfo_t info{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(child->pid()), &info, WEXITED | WNOWAIT) == 0);
  }
  CHECK_FALSE(loop.run());
  CHECK(calls == 1);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // all are collected
  static_cast<void>(loop.close());
}

TEST_CASE("what a process is asked for is checked before anything is done") {
  loop loop;
  const auto refused = [&](process_options options) {
    const std::size_t before = loop.pending().size();
    std::string said = misuse_of([&] { process child{loop, options}; });
    CHECK(loop.pending().size() == before);
    return said;
  };
  CHECK(refused({}).find("no file") != std::string::npos);
  CHECK(refused({.file = std::string("a\0b", 3)}).find("the file has a NUL at byte 1") != std::string::npos);
  CHECK(refused({.file = "true", .args = {"true", std::string("\0", 1)}}).find("the argument has a NUL") !=
        std::string::npos);
  CHECK(refused({.file = "true", .env = {{std::string("A=\0", 3)}}}).find("the variable has a NUL") !=
        std::string::npos);
  CHECK(refused({.file = "true", .cwd = std::string("/\0", 2)}).find("the working directory has a NUL") !=
        std::string::npos);
  CHECK(refused({.file = "true", .stdio = {stdio_container::inherit_fd(-5)}}).find("negative") !=
        std::string::npos);
  tcp fresh{loop};
  CHECK(refused({.file = "true", .stdio = {stdio_container::inherit_stream(fresh)}}).find("not open") !=
        std::string::npos);
  CHECK(refused({.file = "true", .stdio = {stdio_container::create_pipe(fresh, pipe_end::readable)}})
            .find("only a uv::pipe") != std::string::npos);
  CHECK(refused({.file = "true", .stdio = {stdio_container::create_pipe(fresh, pipe_end::overlapped)}})
            .find("neither readable nor writable") != std::string::npos);
  tcp moved = std::move(fresh);
  CHECK(refused({.file = "true", .stdio = {stdio_container::inherit_stream(fresh)}}).find("moved from") !=
        std::string::npos);
  moved.close();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
