#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <vector>

#include "no_descriptors.hpp"
#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

/// No descriptor can be opened while it lives, but for `spare` ones.
class no_descriptors {
 public:
  explicit no_descriptors(int spare) {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    // All below the limit are taken, whatever holes there were.
    rlimit low = before_;
    low.rlim_cur = 64;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
    for (int fill = open("/dev/null", O_RDONLY | O_CLOEXEC); fill != -1;
         fill = open("/dev/null", O_RDONLY | O_CLOEXEC))
      filled_.push_back(fill);
    REQUIRE(errno == EMFILE);
    give_back(spare);
  }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;
  ~no_descriptors() {
    give_back(static_cast<int>(filled_.size()));
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  void give_back(int count) {
    for (; count > 0; --count) {
      REQUIRE_FALSE(filled_.empty());
      CHECK(close(filled_.back()) == 0);
      filled_.pop_back();
    }
  }

 private:
  rlimit before_{};
  std::vector<int> filled_;
};

TEST_CASE("where no descriptor is left, whatever needs one says so and leaves nothing behind") {
  skip_where_the_tool_needs_descriptors();
  skip_where_the_tool_opens_all_the_same();
  loop loop;
  tcp_listener listener{loop, any_port()};
  const address server = listener.local_address();
  int served = 0;
  listener.listen([&](tcp peer) {
    ++served;
    peer.close();
  });
  // How each thing that needs a descriptor ends.
  const auto try_all = [&] {
    std::vector<std::error_code> answers;
    answers.push_back(error_of([] { uv::loop another; }));
    answers.push_back(error_of([&] { tcp early(loop, address_family::ip4); }));
    answers.push_back(error_of([&] { tcp_listener another(loop, any_port()); }));
    answers.push_back(error_of([&] { static_cast<void>(socket_pair(loop)); }));
    answers.push_back(error_of([&] { process child(loop, {.file = "true"}); }));
    tcp unconnected{loop};
    answers.push_back(error_of([&] {
      unconnected.connect(server, [&](outcome<> ended) {
        if (!ended) answers.push_back(ended.error()->code());
      });
    }));
    for (int turn = 0; turn < 3; ++turn) loop.run(run_mode::nowait);
    return answers;
  };
  // Until only the listener is left.
  const auto settle = [&] {
    while (loop.pending().size() > 1) loop.run(run_mode::once);
  };

  // With descriptors nothing fails. (UndefinedBehaviorSanitizer needs some too, to look at a type for the
  // first time.)
  for (const std::error_code& answer : try_all()) CHECK(answer == std::error_code());
  CHECK(error_of([&] { poll nothing(loop, -1); }) == std::errc::bad_file_descriptor);
  settle();
  CHECK(served == 1);

  std::vector<std::error_code> answers;
  {
    const no_descriptors none(0);
    answers = try_all();
  }
  std::erase(answers, std::error_code());  // of the call whose callback has told, where it was that
  CHECK(answers.size() == 6);
  for (const std::error_code& answer : answers) CHECK(answer == std::errc::too_many_files_open);
  settle();
  CHECK(served == 1);

  for (const std::error_code& answer : try_all()) CHECK(answer == std::error_code());
  settle();
  CHECK(served == 2);
  listener.close();
  run_to_the_end(loop);
}

/// A client that libuv knows nothing of: connected by the system alone, before anybody accepts it.
class raw_client {
 public:
  explicit raw_client(const address& server) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(socket_ >= 0);
    REQUIRE(connect(socket_, server.native(), static_cast<socklen_t>(server.size())) == 0);
  }
  raw_client(raw_client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  raw_client& operator=(raw_client&&) = delete;
  ~raw_client() {
    if (socket_ != -1) close(socket_);
  }
  /// The server has let it go: what can be read is the end, or a reset. (A bound of seconds where it has
  /// not.)
  bool was_closed() const {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    REQUIRE(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    char byte = 0;
    const ssize_t count = recv(socket_, &byte, 1, 0);
    return count == 0 || (count == -1 && errno == ECONNRESET);
  }

 private:
  int socket_ = -1;
};

TEST_CASE("a listener without descriptors lets connections go, hangs nobody, and works again afterwards") {
  skip_where_the_tool_needs_descriptors();
  constexpr int clients = 8;
  loop loop;
  tcp_listener listener{loop, any_port()};
  const address server = listener.local_address();
  std::vector<tcp> accepted;
  std::vector<std::error_code> refused;
  listener.listen([&](outcome<tcp> peer) {
    if (peer)
      accepted.push_back(std::move(peer).value());
    else
      refused.push_back(peer.error()->code());
  });
  const auto accept_one = [&] {
    const raw_client one{server};
    while (accepted.empty()) loop.run(run_mode::once);
    CHECK(accepted.size() == 1);
    accepted.clear();
  };
  accept_one();
  {
    std::vector<raw_client> waiting;
    for (int i = 0; i < clients; ++i) waiting.emplace_back(server);
    const no_descriptors none(2);
    // Two find a descriptor. libuv has kept one in reserve, by which it takes the others and closes them.
    timer watchdog{loop};
    bool too_long = false;
    watchdog.start(std::chrono::seconds(20), [&] { too_long = true; });
    while (accepted.size() < 2 && !too_long) loop.run(run_mode::once);
    for (int turn = 0; turn < 2 * clients; ++turn) loop.run(run_mode::nowait);
    CHECK_FALSE(too_long);
    CHECK(accepted.size() == 2);
    for (const std::error_code& code : refused) CHECK(code == std::errc::too_many_files_open);
    for (std::size_t i = 2; i < waiting.size(); ++i) CHECK(waiting[i].was_closed());
  }
  accepted.clear();
  accept_one();
  listener.close();
  run_to_the_end(loop);
}

TEST_CASE("a listener that has not even a descriptor in reserve goes on when there are some again") {
  skip_where_the_tool_needs_descriptors();
  skip_where_the_tool_opens_all_the_same();
  loop loop;
  const int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bound >= 0);
  const address local = any_port();
  REQUIRE(bind(bound, local.native(), static_cast<socklen_t>(local.size())) == 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(client >= 0);

  std::optional<no_descriptors> none(0);
  tcp_listener listener{loop, bound};  // the loop's first stream, for which libuv finds no reserve
  std::vector<tcp> accepted;
  int refused = 0;
  listener.listen([&](outcome<tcp> peer) {
    if (peer) {
      accepted.push_back(std::move(peer).value());
      return;
    }
    CHECK(peer.error()->code() == std::errc::too_many_files_open);
    // libuv 1.44 asks again at once, for as long as there is none.
    if (++refused == 3) none->give_back(2);
  });
  const address server = listener.local_address();
  REQUIRE(connect(client, server.native(), static_cast<socklen_t>(server.size())) == 0);
  for (int turn = 0; turn < 4; ++turn) loop.run(run_mode::nowait);
  if (refused == 0) none->give_back(2);  // 1.50 tells nobody, and tries again in each turn
  while (accepted.empty()) loop.run(run_mode::once);
  none.reset();
  CHECK(accepted.size() == 1);
  accepted.front().close();
  listener.close();
  run_to_the_end(loop);
  CHECK(close(client) == 0);
}

}  // namespace
}  // namespace gauntlet::uv::test
