// The fork server of main.cpp, asked as `scripts/gauntlet test` asks it: hidden test cases here, run by a
// second process of this very program.
#include "fork_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;

namespace {

struct closes_file {
  void operator()(FILE* file) const { std::fclose(file); }
};

constexpr int server_end = 9;

// What the lane starts its tests with.
#ifdef GAUNTLET_TEST_LAUNCHER
constexpr const char* launcher = GAUNTLET_TEST_LAUNCHER;
#else
constexpr const char* launcher = "";
#endif

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream words{text};
  return {std::istream_iterator<std::string>{words}, {}};
}

// A process of this program that serves forks until this object goes.
class server {
 public:
  server() {
    std::array<int, 2> ends{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    control_ = ends[0];
    start(ends[1]);
    close(ends[1]);
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server() {
    close(control_);
    waitpid(process_, nullptr, 0);
  }

  // What all its processes have printed.
  std::string output() const {
    std::string text;
    std::rewind(output_.get());
    for (int c = 0; (c = std::fgetc(output_.get())) != EOF;) text += static_cast<char>(c);
    return text;
  }

  // The status of a test case, as waitpid gives it.
  int run(const std::string& test_case) const {
    const std::string line = test_case + '\n';
    REQUIRE(write(control_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    std::string answer;
    for (char c = 0; read(control_, &c, 1) == 1 && c != '\n';) answer += c;
    REQUIRE_FALSE(answer.empty());
    return std::stoi(answer);
  }

 private:
  void start(int control) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, control, server_end);
    posix_spawn_file_actions_adddup2(&actions, fileno(output_.get()), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(output_.get()), STDERR_FILENO);
    std::vector<std::string> words = words_of(launcher);
    words.insert(words.end(), {std::filesystem::read_symlink("/proc/self/exe"), "--fork-server",
                               std::to_string(server_end)});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failed =
        posix_spawnp(&process_, arguments.front(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    REQUIRE(failed == 0);
  }

  std::unique_ptr<FILE, closes_file> output_{std::tmpfile()};
  int control_ = -1;
  pid_t process_ = -1;
};

bool was_here = false;

}  // namespace

TEST_CASE("hidden: changes its process", "[.]") {
  CHECK_FALSE(was_here);
  was_here = true;
}

TEST_CASE("hidden: cannot talk for its server", "[.]") { CHECK(fcntl(server_end, F_GETFD) == -1); }

TEST_CASE("hidden: fails", "[.]") { FAIL("as it is to"); }

TEST_CASE("hidden: is killed", "[.]") { raise(SIGKILL); }

TEST_CASE("hidden: leaves a descriptor open", "[.]") {
  REQUIRE(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
}

TEST_CASE("hidden: loses memory", "[.]") {
  int* volatile lost = new int{1};  // volatile, or the compiler would leave it out
  CHECK(lost != nullptr);
  lost = nullptr;
}

TEST_CASE("hidden: has a comma, and [brackets]", "[.]") { SUCCEED(); }

TEST_CASE("each test case of a fork server has a process of its own") {
  const server forks;
  CHECK(forks.run("hidden: changes its process") == 0);
  CHECK(forks.run("hidden: changes its process") == 0);
  CHECK(forks.run("hidden: cannot talk for its server") == 0);
}

TEST_CASE("a fork server tells how each test case ended, and goes on") {
  const server forks;
  const int failed = forks.run("hidden: fails");
  CHECK((WIFEXITED(failed) && WEXITSTATUS(failed) != 0));
  CHECK_THAT(forks.output(),
             ContainsSubstring("as it is to") && ContainsSubstring("test cases: 1 | 1 failed"));
  const int leaked = forks.run("hidden: leaves a descriptor open");
  CHECK((WIFEXITED(leaked) && WEXITSTATUS(leaked) == 1));
  const int killed = forks.run("hidden: is killed");
  CHECK((WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL));
  const int unknown = forks.run("no such test case");
  CHECK((WIFEXITED(unknown) && WEXITSTATUS(unknown) != 0));
  CHECK(forks.run("hidden: has a comma\\, and \\[brackets]") == 0);
}

// The lane's canaries are no test cases; this shows that its tool sees into forks as well.
#ifdef GAUNTLET_TEST_LAUNCHER
TEST_CASE("what a launcher finds in a test case of a fork server fails it") {
  const server forks;
  const int lost = forks.run("hidden: loses memory");
  CHECK((WIFEXITED(lost) && WEXITSTATUS(lost) == 99));
  CHECK_THAT(forks.output(), ContainsSubstring("definitely lost"));
  CHECK(forks.run("hidden: changes its process") == 0);
}
#endif
