// The wrapper as its users call it.
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <filesystem>
#include <gauntlet/uv.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "contender.h"
#include "tasks.h"

namespace uv = gauntlet::uv;

namespace {

uv::address loopback(int port) { return uv::address::ip4("127.0.0.1", static_cast<std::uint16_t>(port)); }

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The exceptions end here: the interface is C.
template <class Work>
int guarded(Work work) noexcept try {
  return work() ? 1 : 0;
} catch (const std::exception&) {
  return 0;
}

// ---- echo server ----

/// Reads into the loop's buffer, and writes from buffers that come back and are used again.
class echo_server {
 public:
  echo_server(uv::loop& loop, long wanted) : loop_{loop}, listener_{loop, loopback(0)}, wanted_{wanted} {
    listener_.listen([this](uv::tcp peer) { serve(std::move(peer)); });
  }

  int port() const { return listener_.local_address().port(); }
  long echoed() const { return echoed_; }

 private:
  using bytes = std::vector<std::byte>;

  void serve(uv::tcp accepted) {
    uv::tcp& peer = peers_.emplace_back(std::move(accepted));
    peer.read_start([this, &peer](std::span<std::byte> data) {
      if (data.empty())
        peer.close();
      else
        peer.write(copy(data), [this](uv::outcome<> ended, gauntlet::owned_buffer back) {
          spare_.push_back(back.take<bytes>());
          if (ended && ++echoed_ == wanted_) loop_.stop();
        });
    });
  }

  bytes copy(std::span<const std::byte> data) {
    if (spare_.empty()) return {data.begin(), data.end()};
    bytes taken = std::move(spare_.back());
    spare_.pop_back();
    taken.assign(data.begin(), data.end());
    return taken;
  }

  uv::loop& loop_;
  uv::tcp_listener listener_;
  std::deque<uv::tcp> peers_{};
  std::vector<bytes> spare_{};
  long wanted_;
  long echoed_ = 0;
};

int serve(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    echo_server server{loop, job->count};
    observer->begin(observer);
    observer->listening(observer, server.port());
    loop.run();
    observer->end(observer);
    return server.echoed() == job->count;
  });
}

// ---- ping_pongs and echo ----

constexpr std::string_view ping = "PING\n";

class pinger {
 public:
  pinger(uv::loop& loop, const job& job, observer& observer)
      : loop_{loop}, tcp_{loop}, wanted_{job.count}, observer_{observer} {}

  void connect(int port) {
    tcp_.connect(loopback(port), [this] {
      tcp_.read_start([this](std::span<std::byte> data) { read(data); });
      observer_.begin(&observer_);
      write();
    });
  }

  long pongs() const { return pongs_; }

 private:
  void write() { tcp_.write(gauntlet::owned_buffer::of_static(bytes_of(ping))); }

  void read(std::span<const std::byte> data) {
    if (data.empty()) loop_.stop();
    for (const std::byte byte : data) match(static_cast<char>(byte));
  }

  void match(char byte) {
    if (byte != ping[matched_]) return loop_.stop();
    if (++matched_ < ping.size()) return;
    matched_ = 0;
    if (++pongs_ < wanted_) return write();
    observer_.end(&observer_);
    loop_.stop();
  }

  uv::loop& loop_;
  uv::tcp tcp_;
  long wanted_;
  observer& observer_;
  std::size_t matched_ = 0;
  long pongs_ = 0;
};

int play(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    std::optional<echo_server> server;
    if (job->port == 0) server.emplace(loop, -1);
    pinger client{loop, *job, *observer};
    client.connect(server ? server->port() : job->port);
    loop.run();
    return client.pongs() == job->count;
  });
}

// ---- tcp_write_batch ----

class batch {
 public:
  batch(uv::loop& loop, const job& job, observer& observer)
      : tcp_{loop}, wanted_{job.count}, observer_{observer} {}

  void connect(int port) {
    tcp_.connect(loopback(port), [this] {
      observer_.begin(&observer_);
      for (long i = 0; i < wanted_; ++i)
        tcp_.write(gauntlet::owned_buffer::of_static(bytes_of("Hello, world.")), [this] { ++written_; });
      tcp_.shutdown([this] {
        observer_.end(&observer_);
        tcp_.close();
      });
    });
  }

  long written() const { return written_; }

 private:
  uv::tcp tcp_;
  long wanted_;
  observer& observer_;
  long written_ = 0;
};

int tcp_write_batch(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    batch writes{loop, *job, *observer};
    writes.connect(job->port);
    loop.run();
    return writes.written() == job->count;
  });
}

// ---- million_timers ----

int million_timers(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    std::vector<uv::timer> timers;
    timers.reserve(static_cast<std::size_t>(job->count));
    long fired = 0;
    long closed = 0;
    observer->begin(observer);
    for (long i = 0; i < job->count; ++i)
      timers.emplace_back(loop).start(std::chrono::milliseconds{1 + i / 1000}, [&fired] { ++fired; });
    loop.run();
    for (uv::timer& timer : timers) {
      timer.close([&closed] { ++closed; });
      const uv::timer gone = std::move(timer);  // its memory goes with the close callback
    }
    loop.run();
    observer->end(observer);
    return fired == job->count && closed == job->count;
  });
}

// ---- async_pummel ----

class pummel {
 public:
  pummel(const job& job, observer& observer) : job_{job}, observer_{observer} {}

  bool run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < job_.width; ++i)
      threads.emplace_back([this] {
        while (!stopped_.load(std::memory_order_relaxed)) async_.send();
      });
    observer_.begin(&observer_);
    if (job_.width == 0) async_.send();
    loop_.run();
    for (std::thread& thread : threads) thread.join();
    return callbacks_ >= job_.count;
  }

 private:
  void woken() {
    if (++callbacks_ == job_.count) {
      observer_.end(&observer_);
      stopped_ = true;
      loop_.stop();
    } else if (job_.width == 0) {
      async_.send();
    }
  }

  const job& job_;
  observer& observer_;
  uv::loop loop_;
  std::atomic<bool> stopped_ = false;
  long callbacks_ = 0;
  uv::async async_{loop_, [this] { woken(); }};
};

int async_pummel(const job* job, observer* observer) noexcept {
  return guarded([&] { return pummel{*job, *observer}.run(); });
}

// ---- loop_count ----

int loop_count(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    uv::idle idle{loop};
    long left = job->count;
    idle.start([&idle, &left] {
      if (--left == 0) idle.stop();
    });
    observer->begin(observer);
    loop.run();
    observer->end(observer);
    return left == 0;
  });
}

// ---- queue_work ----

class worker {
 public:
  worker(uv::loop& loop, long count) : loop_{loop}, left_{count} {}

  void ask(unsigned& result) {
    if (left_ == 0) return;
    --left_;
    uv::queue_work(
        loop_, [&result] { result = result * 214013 + 2531011; },
        [this, &result] {
          ++done_;
          ask(result);
        });
  }

  long done() const { return done_; }

 private:
  uv::loop& loop_;
  long left_;
  long done_ = 0;
};

int queue_work(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    worker works{loop, job->count};
    std::vector<unsigned> results(static_cast<std::size_t>(job->width));
    observer->begin(observer);
    for (unsigned& result : results) works.ask(result);
    loop.run();
    observer->end(observer);
    return works.done() == job->count;
  });
}

// ---- fs_stat ----

class stater {
 public:
  stater(uv::loop& loop, long count) : loop_{loop}, left_{count} {}

  void ask() {
    if (left_ == 0) return;
    --left_;
    uv::fs::stat(loop_, ".", [this](const uv::fs::file_status& found) {
      folders_ += found.type == std::filesystem::file_type::directory ? 1 : 0;
      ask();
    });
  }

  long folders() const { return folders_; }

 private:
  uv::loop& loop_;
  long left_;
  long folders_ = 0;
};

int fs_stat(const job* job, observer* observer) noexcept {
  return guarded([&] {
    uv::loop loop;
    stater stats{loop, job->count};
    observer->begin(observer);
    for (int i = 0; i < job->width; ++i) stats.ask();
    loop.run();
    observer->end(observer);
    return stats.folders() == job->count;
  });
}

}  // namespace

extern "C" const contender wrapper_contender = {.name = "wrapper",
                                                .ping_pongs = play,
                                                .echo = play,
                                                .tasks_ping_pongs = play_by_tasks,
                                                .tasks_echo = play_by_tasks,
                                                .tcp_write_batch = tcp_write_batch,
                                                .million_timers = million_timers,
                                                .async_pummel = async_pummel,
                                                .loop_count = loop_count,
                                                .queue_work = queue_work,
                                                .fs_stat = fs_stat,
                                                .serve = serve,
                                                .tasks_serve = serve_by_tasks};
