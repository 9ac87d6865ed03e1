// thumbnail_server: a service that makes thumbnails of PNG files. See README.md, and --help.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <future>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "metrics.hpp"
#include "options.hpp"
#include "server.hpp"

namespace uv = gauntlet::uv;
using gauntlet::task;

namespace {

/// Sockets are descriptors. Where there are none left libuv closes what comes, and no idle connection could
/// give way: so each loop takes no more than there are descriptors for.
void fit_to_descriptors(server_options& options) {
  const std::size_t others = 24 + 16 * options.threads;
  constexpr std::size_t refused_at_a_time = 80;  // with some to spare
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const std::size_t each = (limit.rlim_cur - std::min<std::size_t>(others, limit.rlim_cur)) / options.threads;
  const std::size_t possible = std::max<std::size_t>(each, refused_at_a_time + 1) - refused_at_a_time;
  if (possible >= options.limits.max_connections) return;
  options.limits.max_connections = possible;
  std::fprintf(stderr, "thumbnail_server: %zu connections at a time: the system allows %zu descriptors\n",
               possible * options.threads, static_cast<std::size_t>(limit.rlim_cur));
}

/// libuv starts its pool with the first work, and then looks how large it is to be.
void set_workers(std::size_t count) {
  if (count == 0) count = uv::os::available_parallelism();
  uv::os::setenv("UV_THREADPOOL_SIZE", std::to_string(count));
}

/// Only one thread shall be told of signals: libuv's handler, on another one, would read what the loop writes
/// (see uv::signal). New threads begin with what the one that starts them blocks.
void mask_signals(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(how, &signals, nullptr);
}

/// A server on each loop of a pool, on the same port.
class servers {
 public:
  explicit servers(const server_options& options)
      : options_(options), pool_(options.threads), all_(pool_.size()) {}

  void run() {
    pool_.run([this](uv::loop& loop, std::size_t index) {
      return index == 0 ? first(loop) : another(loop, index);
    });
  }

 private:
  uv::tcp_listener listen(uv::loop& loop, const uv::address& at) const {
    uv::tcp_listener listener(loop, at, {.reuse_port = pool_.size() > 1});
    listener.listen(511);
    return listener;
  }

  /// The first loop finds the port, and is told of signals for all.
  task<> first(uv::loop& loop) {
    try {
      co_await serve_first(loop);
    } catch (...) {
      if (!address_is_known_) address_.set_exception(std::current_exception());
      throw;
    }
  }

  task<> serve_first(uv::loop& loop) {
    server here(loop, listen(loop, uv::address::ip(options_.host, options_.port)), options_.limits, counts_);
    address_is_known_ = true;
    address_.set_value(here.address());
    std::printf("listening on http://%s\n", here.address().to_string().c_str());
    std::fflush(stdout);
    all_[0] = &here;
    co_await uv::offload(loop, [] {});  // the pool's threads are started
    const auto until_all_have_ended = [&](gauntlet::scope& beside) -> task<> {
      beside.spawn(gauntlet::named("signals", listen_to_signals(loop)));
      co_await here.run();
      all_[0] = nullptr;
      one_has_ended();
      co_await all_have_ended_.wait();
      beside.request_stop();
    };
    co_await gauntlet::with_scope(until_all_have_ended);
  }

  task<> another(uv::loop& loop, std::size_t index) {
    server here(loop, listen(loop, known_address_.get()), options_.limits, counts_);
    all_[index] = &here;
    if (ending_) here.stop();
    co_await here.run();
    all_[index] = nullptr;
    one_has_ended();
  }

  void one_has_ended() {
    if (--running_ == 0) pool_.post(0, [this](uv::loop&) { all_have_ended_.set(); });
  }

  task<> listen_to_signals(uv::loop& loop) {
    uv::signal interrupt{loop};
    uv::signal terminate{loop};
    uv::signal user{loop};
    interrupt.start(SIGINT);
    terminate.start(SIGTERM);
    user.start(SIGUSR1);
    mask_signals(SIG_UNBLOCK);
    const auto dumps = [&]() -> task<> {
      for (;;) {
        co_await user.next();
        dump_all();
      }
    };
    const auto ends = [&]() -> task<> {
      co_await gauntlet::when_any(interrupt.next(), terminate.next());
      stop_all();
      co_await gauntlet::when_any(interrupt.next(), terminate.next());
      pool_.request_stop();  // a second one: at once
    };
    co_await gauntlet::when_all(dumps(), ends());
  }

  void stop_all() {
    ending_ = true;  // for loops that have not begun
    for (std::size_t i = 0; i < pool_.size(); ++i)
      pool_.post(i, [this, i](uv::loop&) {
        if (all_[i] != nullptr) all_[i]->stop();
      });
  }

  void dump_all() {
    for (std::size_t i = 0; i < pool_.size(); ++i)
      pool_.post(i, [](uv::loop& loop) {
        std::ostringstream text;  // in one piece, beside those of the others
        loop.dump(text);
        std::fputs(text.str().c_str(), stderr);
      });
  }

  const server_options& options_;
  metrics counts_;
  uv::loop_pool pool_;
  std::vector<server*> all_;  // each used by the thread of its loop only
  std::promise<uv::address> address_;
  std::shared_future<uv::address> known_address_{address_.get_future()};
  bool address_is_known_ = false;
  std::atomic<bool> ending_{false};
  std::atomic<std::size_t> running_{pool_.size()};
  gauntlet::event all_have_ended_{"the end of all servers"};  // of the first loop
};

}  // namespace

int main(int count, char** arguments) try {
  const std::span<const char* const> words(arguments, static_cast<std::size_t>(count));
  server_options options = parse_options(words.subspan(1));
  if (options.help) {
    std::fputs(usage().c_str(), stdout);
    return 0;
  }
  fit_to_descriptors(options);
  mask_signals(SIG_BLOCK);
  set_workers(options.workers);
  servers(options).run();
} catch (const bad_option& problem) {
  std::fprintf(stderr, "thumbnail_server: %s\n%s", problem.what(), usage().c_str());
  return 2;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "thumbnail_server: %s\n", problem.what());
  return 1;
}
