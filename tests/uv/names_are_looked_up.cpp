#include <netinet/in.h>
#include <uv.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

constexpr address_hints numeric{
    .socket_type = socket_type::stream, .numeric_node = true, .numeric_service = true};

/// Keeps every thread of libuv's pool busy until it goes: what is queued meanwhile has not begun.
class busy_pool {
 public:
  explicit busy_pool(loop& loop) {
    for (int i = 0; i < threads; ++i)
      queue_work(loop, [this] {
        std::unique_lock lock(mutex_);
        ++busy_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return released_; });
      });
    std::unique_lock lock(mutex_);
    // The slow ones (names) may take half of the threads only, but any work takes all.
    changed_.wait(lock, [this] { return busy_ == threads; });
  }
  ~busy_pool() { release(); }
  void release() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr int threads = 4;  // UV_THREADPOOL_SIZE is not set

  std::mutex mutex_;
  std::condition_variable changed_;
  int busy_ = 0;
  bool released_ = false;
};

TEST_CASE("getaddrinfo_basic") {
  loop loop;
  std::vector<address_info> found;
  const request asked = getaddrinfo(loop, "127.0.0.1", "80", numeric,
                                    [&](std::vector<address_info> all) { found = std::move(all); });
  CHECK_FALSE(asked.done());
  CHECK(loop.pending().front().object == "127.0.0.1");
  run_to_the_end(loop);
  CHECK(asked.done());
  REQUIRE(found.size() == 1);
  CHECK(found[0].address == address::ip4("127.0.0.1", 80));
  CHECK(found[0].socket_type == socket_type::stream);
  CHECK(found[0].protocol == IPPROTO_TCP);
}

TEST_CASE("getaddrinfo_basic_sync") {
  loop loop;
  const std::vector<address_info> all = getaddrinfo_now(loop, "::1", {}, {.numeric_node = true});
  REQUIRE(all.size() == 3);  // for streams, for datagrams, raw
  CHECK(std::ranges::all_of(all,
                            [](const address_info& info) { return info.address == address::ip6("::1", 0); }));
  CHECK(all[0].socket_type == socket_type::stream);
  CHECK(all[1].socket_type == socket_type::datagram);
  CHECK(all[2].socket_type == socket_type::raw);
  const std::vector<address_info> any = getaddrinfo_now(
      loop, {}, "7", {.family = address_family::ip4, .socket_type = socket_type::datagram, .passive = true});
  REQUIRE(any.size() == 1);
  CHECK(any[0].address == address::ip4("0.0.0.0", 7));
  const std::vector<address_info> mapped = getaddrinfo_now(loop, "127.0.0.1", {},
                                                           {.family = address_family::ip6,
                                                            .socket_type = socket_type::stream,
                                                            .canonical_name = true,
                                                            .v4_mapped = true});
  REQUIRE(mapped.size() == 1);
  CHECK(mapped[0].address.host() == "::ffff:127.0.0.1");
  CHECK_FALSE(mapped[0].canonical_name.empty());
  run_to_the_end(loop);
}

TEST_CASE("getaddrinfo_fail") {
  loop loop;
  std::error_code told;
  getaddrinfo(loop, "no address", {}, numeric, [&](const outcome<std::vector<address_info>>& found) {
    REQUIRE(found.error() != nullptr);
    told = found.error()->code();
    CHECK(found.error()->subject() == "no address");
  });
  loop.run();
  CHECK(told == errc::eai_noname);
  getaddrinfo(loop, "127.0.0.1", "no port", numeric, [](std::vector<address_info>) {});
  CHECK(error_of([&] { loop.run(); }) != std::error_code());  // nobody asked for it
  run_to_the_end(loop);
}

TEST_CASE("getaddrinfo_fail_sync, and what cannot be a name") {
  loop loop;
  CHECK(error_of([&] { getaddrinfo_now(loop, "no address", {}, numeric); }) == errc::eai_noname);
  const auto refused = [&](std::string_view node, std::string_view service, address_hints hints = {}) {
    const std::string now = misuse_of([&] { getaddrinfo_now(loop, node, service, hints); });
    CHECK(misuse_of([&] { getaddrinfo(loop, node, service, hints, [] {}); }) != "");
    return now;
  };
  CHECK(refused({}, {}).find("nothing to look up") != std::string::npos);
  CHECK(refused(std::string_view("a\0b", 3), {}).find("the node has a NUL at byte 1") != std::string::npos);
  CHECK(refused("a", std::string_view("\0", 1)).find("the service has a NUL") != std::string::npos);
  CHECK(refused("a", {}, {.family = address_family::local}) != "");
  CHECK(refused("a", {}, {.socket_type = socket_type::other}) != "");
  // Older ones would look up another name: what they cut off.
  for (const std::string& name : {std::string(256, 'a'), std::string(300, 'a')})
    CHECK(error_of([&] { getaddrinfo_now(loop, name, {}, numeric); }) == std::errc::invalid_argument);
  CHECK(error_of([&] { getaddrinfo_now(loop, std::string(255, 'a'), {}, numeric); }) == errc::eai_noname);
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "\xc3\xbc.";
  CHECK(error_of([&] { getaddrinfo_now(loop, accents, {}, numeric); }) == std::errc::invalid_argument);
  run_to_the_end(loop);
}

TEST_CASE("getaddrinfo_concurrent") {
  loop loop;
  std::vector<bool> found(10);
  for (std::size_t i = 0; i < found.size(); ++i)
    getaddrinfo(loop, "127.0.0.1", std::to_string(i), numeric,
                [&, i](const std::vector<address_info>& all) { found[i] = all.at(0).address.port() == i; });
  run_to_the_end(loop);
  CHECK(std::ranges::all_of(found, [](bool right) { return right; }));
}

TEST_CASE("getnameinfo_basic_ip4") {
  loop loop;
  name_info found;
  getnameinfo(loop, address::ip4("127.0.0.1", 80), {.numeric_host = true, .numeric_service = true},
              [&](name_info info) { found = std::move(info); });
  CHECK(loop.pending().front().object == "127.0.0.1:80");
  run_to_the_end(loop);
  CHECK(found.host == "127.0.0.1");
  CHECK(found.service == "80");
}

TEST_CASE("getnameinfo_basic_ip4_sync, and what has no name") {
  loop loop;
  const name_info found = getnameinfo_now(loop, address::ip4("127.0.0.1", 80), {.numeric_host = true});
  CHECK(found.host == "127.0.0.1");
  CHECK_FALSE(found.service.empty());
  CHECK_FALSE(
      getnameinfo_now(loop, address::ip4("127.0.0.1", 80), {.datagram = true, .no_fqdn = true}).host.empty());
  CHECK(misuse_of([&] { getnameinfo_now(loop, address::unix_path("/a")); }).find("IPv4 and IPv6") !=
        std::string::npos);
  CHECK(misuse_of([&] { getnameinfo(loop, address(), {}, [](const name_info&) {}); }) != "");
  CHECK(error_of([&] {
          getnameinfo_now(loop, address::ip4("127.0.0.1", 1), {.numeric_host = true, .name_required = true});
        }) == errc::eai_noname);
  run_to_the_end(loop);
}

TEST_CASE("getnameinfo_basic_ip6") {
  loop loop;
  std::string host;
  getnameinfo(loop, address::ip6("::1", 80), {.numeric_host = true, .numeric_service = true},
              [&](const name_info& info) { host = info.host; });
  getnameinfo(loop, address::ip6("::1", 1), {.numeric_host = true, .name_required = true},
              [&](const outcome<name_info>& none) { CHECK(none.error()->code() == errc::eai_noname); });
  run_to_the_end(loop);
  CHECK(host == "::1");
}

TEST_CASE("threadpool_cancel_getaddrinfo, _getnameinfo and _random") {
  loop loop;
  busy_pool pool{loop};
  std::vector<std::error_code> told;
  const auto tell = [&](const auto& ended) {
    REQUIRE(ended.error() != nullptr);
    told.push_back(ended.error()->code());
  };
  std::vector<request> requests;
  requests.push_back(getaddrinfo(loop, "127.0.0.1", {}, numeric, tell));
  requests.push_back(getnameinfo(loop, any_port(), {}, tell));
  requests.push_back(random(loop, 16, tell));
  requests.push_back(getaddrinfo(loop, "127.0.0.1", {}, numeric,
                                 [](std::vector<address_info>) { FAIL("it was cancelled"); }));
  for (request& each : requests) CHECK(each.cancel());
  pool.release();
  run_to_the_end(loop);
  REQUIRE(told.size() == 3);
  for (const std::error_code& code : told) CHECK(code == std::errc::operation_canceled);
}

TEST_CASE("requests for names and bytes are let go of, and the loop ends around them") {
  std::optional<loop> loop;
  loop.emplace();
  int ends = 0;
  // The owners are dropped at once; the requests end all the same.
  getaddrinfo(*loop, "127.0.0.1", {}, numeric, [&] { ++ends; });
  getnameinfo(*loop, any_port(), {.numeric_host = true}, [&] { ++ends; });
  random(*loop, 16, [&] { ++ends; });
  loop->run();
  CHECK(ends == 3);
  // Some are done, some run, some have not begun, and all of their memory goes.
  for (int i = 0; i < 20; ++i) {
    getaddrinfo(*loop, "127.0.0.1", {}, numeric, [&] { ++ends; });
    getnameinfo(*loop, any_port(), {.numeric_host = true}, [&] { ++ends; });
    random(*loop, 16, [&] { ++ends; });
  }
  loop.reset();
  CHECK(ends == 3);
}

TEST_CASE("what the callbacks of names and bytes throw comes out of run") {
  loop loop;
  getaddrinfo(loop, "127.0.0.1", {}, numeric, [] { throw std::runtime_error("found"); });
  getnameinfo(loop, any_port(), {.numeric_host = true},
              [](const name_info&) { throw std::runtime_error("found"); });
  random(loop, 16, [](const outcome<owned_buffer>&) { throw std::runtime_error("found"); });
  for (int i = 0; i < 3; ++i) CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "found");
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
