// What has a system call of its own takes it where the kernel cannot, and nowhere else: the linker puts these
// functions in front of the system's (CMakeLists.txt).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "needs.hpp"
#include "sockets_support.hpp"
#include "support.hpp"

namespace {

int calls = 0;

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {
int __real_bind(int, const sockaddr*, socklen_t);
int __real_listen(int, int);
int __real_setsockopt(int, int, int, const void*, socklen_t);
int __real_getsockopt(int, int, int, void*, socklen_t*);

int __wrap_bind(int number, const sockaddr* name, socklen_t size) {
  ++calls;
  return __real_bind(number, name, size);
}
int __wrap_listen(int number, int backlog) {
  ++calls;
  return __real_listen(number, backlog);
}
int __wrap_setsockopt(int number, int level, int name, const void* value, socklen_t size) {
  ++calls;
  return __real_setsockopt(number, level, name, value, size);
}
int __wrap_getsockopt(int number, int level, int name, void* value, socklen_t* size) {
  ++calls;
  return __real_getsockopt(number, level, name, value, size);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace gauntlet::uring::test {
namespace {

/// What one operation does: entries that the kernel takes, and calls of the system's.
struct ways {
  std::uint64_t submitted = 0;
  int called = 0;
  bool operator==(const ways&) const = default;
};
constexpr ways by_the_ring{.submitted = 1, .called = 0};
constexpr ways by_the_call{.submitted = 0, .called = 1};
constexpr ways by_both{.submitted = 1, .called = 1};

template <class Operation>
task<ways> way_of(ring& own, Operation operation) {
  co_await own.nop();  // what the ring needs for itself is under way
  const std::uint64_t before = own.metrics().submitted;
  calls = 0;
  co_await std::move(operation);
  co_return ways{.submitted = own.metrics().submitted - before, .called = calls};
}

TEST_CASE("bind and listen go by the ring") {
  require_io_uring();
  require_prepared("io_uring_prep_bind");
  require_operation(operation_code::bind);
  require_operation(operation_code::listen);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket made{own, address_family::ip4};
    const ways bound = co_await way_of(own, made.bind(any_port()));
    CHECK(bound == by_the_ring);
    CHECK(made.local_address().port() != 0);
    const ways listens = co_await way_of(own, made.listen(8));
    CHECK(listens == by_the_ring);
    int accepts = 0;
    socklen_t size = sizeof accepts;
    REQUIRE(getsockopt(made.native(), SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0);
    CHECK(accepts == 1);
  });
}

TEST_CASE("options of sockets go by the ring") {
  require_io_uring();
  require_prepared("io_uring_prep_cmd_sock");
  require_linux(6, 7, "SOCKET_URING_OP_SETSOCKOPT");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket made{own, address_family::ip4};
    const ways set = co_await way_of(own, made.set_option(SOL_SOCKET, SO_KEEPALIVE, 1));
    CHECK(set == by_the_ring);
    const ways asked = co_await way_of(own, made.option<int>(SOL_SOCKET, SO_KEEPALIVE));
    CHECK(asked == by_the_ring);
    // Those of TCP the kernel sets, and does not tell.
    const ways set_of_tcp = co_await way_of(own, made.set_option(IPPROTO_TCP, TCP_NODELAY, 1));
    CHECK(set_of_tcp == by_the_ring);
    const ways asked_of_tcp = co_await way_of(own, made.option<int>(IPPROTO_TCP, TCP_NODELAY));
    CHECK(asked_of_tcp == by_both);
  });
}

TEST_CASE("what this build's liburing cannot prepare goes by the system's calls") {
  require_io_uring();
  if (has_liburing(5)) SKIP("the liburing of this build has all that is asked");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket made{own, address_family::ip4};
    const ways bound = co_await way_of(own, made.bind(any_port()));
    CHECK(bound == by_the_call);
    const ways listens = co_await way_of(own, made.listen(8));
    CHECK(listens == by_the_call);
    const ways set = co_await way_of(own, made.set_option(SOL_SOCKET, SO_KEEPALIVE, 1));
    CHECK(set == by_the_call);
    const ways asked = co_await way_of(own, made.option<int>(SOL_SOCKET, SO_KEEPALIVE));
    CHECK(asked == by_the_call);
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
