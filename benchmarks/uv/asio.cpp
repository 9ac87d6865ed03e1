// The same work on standalone Asio, by its callbacks: what its users would write. It has no stat of a file.
#include <array>
#include <asio.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "contender.h"

using asio::ip::tcp;

namespace {

constexpr std::size_t read_size = 65536;

tcp::endpoint loopback(int port) {
  return {asio::ip::address_v4::loopback(), static_cast<asio::ip::port_type>(port)};
}

/// The exceptions end here: the interface is C.
template <class Work>
int guarded(Work work) noexcept try {
  return work() ? 1 : 0;
} catch (const std::exception&) {
  return 0;
}

/// A loop that asks the kernel on each turn, as libuv's does: without a timer or a socket, Asio's never does.
class polling_context : public asio::io_context {
 public:
  using asio::io_context::io_context;

 private:
  asio::steady_timer timer_{*this};
};

// ---- echo server ----

struct buffer {
  std::array<char, read_size> bytes;
};

/// Idle connections hold no buffer: they wait until there is something to read.
class echo_server {
 public:
  echo_server(asio::io_context& context, long wanted)
      : context_{context}, acceptor_{context, loopback(0)}, wanted_{wanted} {
    accept();
  }

  int port() const { return acceptor_.local_endpoint().port(); }
  long echoed() const { return echoed_; }

 private:
  class connection {
   public:
    connection(echo_server& server, tcp::socket socket) : server_{server}, socket_{std::move(socket)} {
      socket_.non_blocking(true);
    }

    void read() {
      socket_.async_wait(tcp::socket::wait_read, [this](asio::error_code error) {
        if (error) return;
        buffer_ = server_.take();
        const std::size_t size = socket_.read_some(asio::buffer(buffer_->bytes), error);
        if (!error) write(size);
      });
    }

   private:
    void write(std::size_t size) {
      asio::async_write(socket_, asio::buffer(buffer_->bytes, size),
                        [this](asio::error_code error, std::size_t) {
                          server_.give_back(std::move(buffer_));
                          if (error) return;
                          server_.count();
                          read();
                        });
    }

    echo_server& server_;
    tcp::socket socket_;
    std::unique_ptr<buffer> buffer_{};
  };

  void accept() {
    acceptor_.async_accept([this](asio::error_code error, tcp::socket socket) {
      if (error) return;
      connections_.push_back(std::make_unique<connection>(*this, std::move(socket)));
      connections_.back()->read();
      accept();
    });
  }

  void count() {
    if (++echoed_ == wanted_) context_.stop();
  }

  std::unique_ptr<buffer> take() {
    if (spare_.empty()) return std::unique_ptr<buffer>(new buffer);
    std::unique_ptr<buffer> taken = std::move(spare_.back());
    spare_.pop_back();
    return taken;
  }

  void give_back(std::unique_ptr<buffer> one) { spare_.push_back(std::move(one)); }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<connection>> connections_{};
  std::vector<std::unique_ptr<buffer>> spare_{};
  long wanted_;
  long echoed_ = 0;
};

int serve(const job* job, observer* observer) noexcept {
  return guarded([&] {
    asio::io_context context{1};
    echo_server server{context, job->count};
    observer->begin(observer);
    observer->listening(observer, server.port());
    context.run();
    observer->end(observer);
    return server.echoed() == job->count;
  });
}

// ---- ping_pongs and echo ----

constexpr std::string_view ping = "PING\n";

class pinger {
 public:
  pinger(asio::io_context& context, const job& job, observer& observer)
      : context_{context}, socket_{context}, wanted_{job.count}, observer_{observer} {}

  void connect(int port) {
    socket_.async_connect(loopback(port), [this](asio::error_code error) {
      if (error) return stop();
      observer_.begin(&observer_);
      write();
      read();
    });
  }

  long pongs() const { return pongs_; }

 private:
  void stop() { context_.stop(); }

  void write() {
    asio::async_write(socket_, asio::buffer(ping), [this](asio::error_code error, std::size_t) {
      if (error) stop();
    });
  }

  void read() {
    socket_.async_read_some(asio::buffer(*data_), [this](asio::error_code error, std::size_t size) {
      if (error) return stop();
      for (std::size_t i = 0; i < size; ++i) match((*data_)[i]);
      if (pongs_ < wanted_) read();
    });
  }

  void match(char byte) {
    if (byte != ping[matched_]) return stop();
    if (++matched_ < ping.size()) return;
    matched_ = 0;
    if (++pongs_ < wanted_) return write();
    observer_.end(&observer_);
    stop();
  }

  asio::io_context& context_;
  tcp::socket socket_;
  long wanted_;
  observer& observer_;
  std::size_t matched_ = 0;
  long pongs_ = 0;
  std::unique_ptr<std::array<char, read_size>> data_{new std::array<char, read_size>};
};

int play(const job* job, observer* observer) noexcept {
  return guarded([&] {
    asio::io_context context{1};
    std::optional<echo_server> server;
    if (job->port == 0) server.emplace(context, -1);
    pinger client{context, *job, *observer};
    client.connect(server ? server->port() : job->port);
    context.run();
    return client.pongs() == job->count;
  });
}

// ---- the same by coroutines ----

using bytes = std::unique_ptr<std::array<char, read_size>>;

/// left: how many echoes end the context; none if it is negative.
asio::awaitable<void> echo_to(tcp::socket peer, long& left) {
  const bytes data(new std::array<char, read_size>);
  for (;;) {
    asio::error_code error;
    const std::size_t size =
        co_await peer.async_read_some(asio::buffer(*data), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    co_await asio::async_write(peer, asio::buffer(data->data(), size), asio::use_awaitable);
    if (--left == 0) static_cast<asio::io_context&>(peer.get_executor().context()).stop();
  }
}

asio::awaitable<void> serve_one(tcp::acceptor& acceptor) {
  long left = -1;
  co_await echo_to(co_await acceptor.async_accept(asio::use_awaitable), left);
}

asio::awaitable<void> play_with(tcp::endpoint where, const job& job, observer& observer, long& pongs) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(where, asio::use_awaitable);
  const bytes data(new std::array<char, read_size>);
  std::size_t matched = 0;
  observer.begin(&observer);
  co_await asio::async_write(socket, asio::buffer(ping), asio::use_awaitable);
  while (pongs < job.count) {
    const std::size_t size = co_await socket.async_read_some(asio::buffer(*data), asio::use_awaitable);
    for (std::size_t i = 0; i < size; ++i) {
      if ((*data)[i] != ping[matched]) co_return;
      if (++matched < ping.size()) continue;
      matched = 0;
      if (++pongs < job.count) co_await asio::async_write(socket, asio::buffer(ping), asio::use_awaitable);
    }
  }
  observer.end(&observer);
}

int play_by_coroutines(const job* job, observer* observer) noexcept {
  return guarded([&] {
    asio::io_context context{1};
    std::optional<tcp::acceptor> acceptor;
    tcp::endpoint where = loopback(job->port);
    if (job->port == 0) {
      acceptor.emplace(context, loopback(0));
      where = acceptor->local_endpoint();
      asio::co_spawn(context, serve_one(*acceptor), asio::detached);
    }
    long pongs = 0;
    asio::co_spawn(context, play_with(where, *job, *observer, pongs), asio::detached);
    context.run();
    return pongs == job->count;
  });
}

asio::awaitable<void> serve_all(tcp::acceptor& acceptor, long& left) {
  for (;;) {
    tcp::socket peer = co_await acceptor.async_accept(asio::use_awaitable);
    const auto executor = peer.get_executor();
    asio::co_spawn(executor, echo_to(std::move(peer), left), asio::detached);
  }
}

int serve_by_coroutines(const job* job, observer* observer) noexcept {
  return guarded([&] {
    long left = job->count;
    asio::io_context context{1};
    tcp::acceptor acceptor{context, loopback(0)};
    asio::co_spawn(context, serve_all(acceptor, left), asio::detached);
    observer->begin(observer);
    observer->listening(observer, acceptor.local_endpoint().port());
    context.run();
    observer->end(observer);
    return left == 0;
  });
}

// ---- tcp_write_batch ----

/// One write is in flight on a socket at a time, as Asio demands; those that are asked for meanwhile wait in
/// a row.
class batch {
 public:
  batch(asio::io_context& context, const job& job, observer& observer)
      : socket_{context}, wanted_{job.count}, observer_{observer} {}

  void connect(int port) {
    socket_.async_connect(loopback(port), [this](asio::error_code error) {
      if (error) return;
      observer_.begin(&observer_);
      write();
    });
  }

  long written() const { return written_; }

 private:
  void write() {
    static constexpr std::string_view greeting = "Hello, world.";
    asio::async_write(socket_, asio::buffer(greeting), [this](asio::error_code error, std::size_t) {
      if (error) return;
      if (++written_ < wanted_) return write();
      socket_.shutdown(tcp::socket::shutdown_send);
      observer_.end(&observer_);
    });
  }

  tcp::socket socket_;
  long wanted_;
  observer& observer_;
  long written_ = 0;
};

int tcp_write_batch(const job* job, observer* observer) noexcept {
  return guarded([&] {
    asio::io_context context{1};
    batch writes{context, *job, *observer};
    writes.connect(job->port);
    context.run();
    return writes.written() == job->count;
  });
}

// ---- million_timers ----

int million_timers(const job* job, observer* observer) noexcept {
  return guarded([&] {
    asio::io_context context{1};
    std::vector<asio::steady_timer> timers;
    timers.reserve(static_cast<std::size_t>(job->count));
    long fired = 0;
    observer->begin(observer);
    const auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < job->count; ++i) {
      timers.emplace_back(context, start + std::chrono::milliseconds{1 + i / 1000});
      timers.back().async_wait([&fired](asio::error_code error) { fired += error ? 0 : 1; });
    }
    context.run();
    timers.clear();
    observer->end(observer);
    return fired == job->count;
  });
}

// ---- async_pummel ----

/// Sends that meet one which has not been handled yet are one with it, as uv_async_send does it: a queue that
/// grows for as long as threads are faster than the loop would be other work.
class pummel {
 public:
  pummel(asio::io_context& context, const job& job, observer& observer)
      : context_{context}, work_{context}, job_{job}, observer_{observer} {}

  void send() {
    if (!pending_.exchange(true, std::memory_order_acq_rel)) asio::post(context_, [this] { handle(); });
  }

  void send_until_stopped() {
    while (!stopped_.load(std::memory_order_relaxed)) send();
  }

  void stop() { stopped_ = true; }
  long callbacks() const { return callbacks_; }

 private:
  void handle() {
    pending_.store(false, std::memory_order_release);
    if (++callbacks_ == job_.count) {
      observer_.end(&observer_);
      stop();
      context_.stop();
    } else if (job_.width == 0) {
      send();
    }
  }

  asio::io_context& context_;
  asio::io_context::work work_;
  const job& job_;
  observer& observer_;
  std::atomic<bool> pending_ = false;
  std::atomic<bool> stopped_ = false;
  long callbacks_ = 0;
};

int async_pummel(const job* job, observer* observer) noexcept {
  return guarded([&] {
    // No hint that there is one thread only: there are several that post.
    polling_context context;
    pummel shared{context, *job, *observer};
    std::vector<std::thread> threads;
    for (int i = 0; i < job->width; ++i) threads.emplace_back([&shared] { shared.send_until_stopped(); });
    observer->begin(observer);
    if (job->width == 0) shared.send();
    context.run();
    shared.stop();
    for (std::thread& thread : threads) thread.join();
    return shared.callbacks() >= job->count;
  });
}

// ---- loop_count ----

/// A turn of Asio's loop is a handler that posts the next one: it has no idle handles.
struct ticker {
  polling_context& context;
  long left;

  void tick() {
    asio::post(context, [this] {
      if (--left > 0) tick();
    });
  }
};

int loop_count(const job* job, observer* observer) noexcept {
  return guarded([&] {
    polling_context context{1};
    ticker ticks{context, job->count};
    ticks.tick();
    observer->begin(observer);
    context.run();
    observer->end(observer);
    return ticks.left == 0;
  });
}

// ---- queue_work ----

/// With as many threads as libuv's pool has.
class worker {
 public:
  worker(asio::io_context& context, long count)
      : context_{context}, work_{context}, left_{count}, count_{count} {}

  void ask(unsigned& result) {
    if (left_ == 0) return;
    --left_;
    asio::post(pool_, [this, &result] {
      result = result * 214013 + 2531011;
      asio::post(context_, [this, &result] {
        if (++done_ == count_) return context_.stop();
        ask(result);
      });
    });
  }

  void join() { pool_.join(); }
  long done() const { return done_; }

 private:
  asio::io_context& context_;
  asio::io_context::work work_;
  asio::thread_pool pool_{4};
  long left_;
  long count_;
  long done_ = 0;
};

int queue_work(const job* job, observer* observer) noexcept {
  return guarded([&] {
    asio::io_context context;
    worker works{context, job->count};
    std::vector<unsigned> results(static_cast<std::size_t>(job->width));
    observer->begin(observer);
    for (unsigned& result : results) works.ask(result);
    context.run();
    observer->end(observer);
    works.join();
    return works.done() == job->count;
  });
}

}  // namespace

extern "C" const contender asio_contender = {.name = "asio",
                                             .ping_pongs = play,
                                             .echo = play,
                                             .tasks_ping_pongs = play_by_coroutines,
                                             .tasks_echo = play_by_coroutines,
                                             .tcp_write_batch = tcp_write_batch,
                                             .million_timers = million_timers,
                                             .async_pummel = async_pummel,
                                             .loop_count = loop_count,
                                             .queue_work = queue_work,
                                             .fs_stat = nullptr,
                                             .serve = serve,
                                             .tasks_serve = serve_by_coroutines};
