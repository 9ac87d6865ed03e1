#include "gauntlet/uv/loop_pool.hpp"

#include <fcntl.h>
#include <uv.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "descriptor_guard.hpp"
#include "gauntlet/event.hpp"
#include "gauntlet/scope.hpp"
#include "thread_pool.hpp"

namespace gauntlet::uv {
namespace detail {

struct loop_pool_state {
  struct worker {
    explicit worker(const std::source_location& where) : own(loop_options(), where) {}

    loop own;
    // From here on: of its thread.
    std::optional<event> all_ended;
    scope* tasks = nullptr;  // while the program runs
  };

  loop_pool_state(std::size_t threads, const std::source_location& where) {
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back(where);
  }

  void work(std::size_t index) noexcept;
  task<void> run_one(worker& one, std::size_t index);
  void program_ended();
  void failed(std::exception_ptr failure) noexcept;
  void stop_all();
  /// On their threads; one that has ended already is not told in the next run.
  template <class Work>
  void for_each_of_this_run(Work work) {
    for (worker& one : workers)
      one.own.post([this, &one, work, number = runs_so_far.load()] {
        if (number == runs_so_far) work(one);
      });
  }
  worker& at(std::size_t index, const char* operation, const std::source_location& where) {
    if (index >= workers.size())
      throw misuse(operation, "there is no loop of that index: it must be below size()", where);
    return workers[index];
  }

  std::deque<worker> workers;  // which stay where they are
  loop_pool::program each;
  std::atomic<bool> runs{false};
  std::atomic<std::size_t> runs_so_far{0};
  std::atomic<std::size_t> programs{0};
  std::mutex mutex;
  std::exception_ptr first_failure;  // under mutex
};

void loop_pool_state::work(std::size_t index) noexcept {
  worker& one = workers[index];
  try {
    one.own.bind_to_this_thread();
    const loop::work_guard open = one.own.keep_alive();  // others post
    gauntlet::run(one.own, run_one(one, index));
  } catch (...) {
    failed(std::current_exception());
  }
  one.all_ended.reset();
}

task<void> loop_pool_state::run_one(worker& one, std::size_t index) {
  one.all_ended.emplace("the programs of the other loops");
  const auto body = [&](scope& tasks) -> task<void> {
    one.tasks = &tasks;
    struct at_end {
      worker& one;
      ~at_end() { one.tasks = nullptr; }
    } const end{one};
    std::exception_ptr failure;
    try {
      co_await each(one.own, index);
    } catch (...) {
      failure = std::current_exception();
    }
    program_ended();
    if (failure) std::rethrow_exception(failure);
    co_await one.all_ended->wait();  // they may have work for this one
  };
  co_await with_scope(body);
}

void loop_pool_state::program_ended() {
  if (--programs != 0) return;
  for_each_of_this_run([](worker& one) {
    if (one.all_ended) one.all_ended->set();
  });
}

void loop_pool_state::failed(std::exception_ptr failure) noexcept {
  {
    const std::scoped_lock lock(mutex);
    if (!first_failure) first_failure = std::move(failure);
  }
  try {
    stop_all();
  } catch (...) {
    std::fprintf(stderr, "gauntlet: there is no memory to end the loops of a loop_pool\n");
    std::abort();
  }
}

void loop_pool_state::stop_all() {
  for_each_of_this_run([](worker& one) {
    if (one.tasks != nullptr) one.tasks->request_stop();
  });
}

}  // namespace detail

loop_pool::loop_pool(std::size_t threads, std::source_location where)
    : state_(std::make_unique<detail::loop_pool_state>(
          threads != 0 ? threads : static_cast<std::size_t>(uv_available_parallelism()), where)) {}

loop_pool::~loop_pool() {
  if (!state_->runs) return;
  std::fprintf(stderr,
               "gauntlet: a loop_pool is destroyed while it runs: request_stop(), and let run() return\n");
  std::abort();
}

std::size_t loop_pool::size() const noexcept { return state_->workers.size(); }

void loop_pool::run(program each, std::source_location where) {
  if (!each)
    throw misuse("loop_pool::run", "there is nothing to run: give it a function that makes tasks", where);
  detail::loop_pool_state& state = *state_;
  if (state.runs.exchange(true))
    throw misuse("loop_pool::run", "it runs already: wait until that has returned", where);
  ++state.runs_so_far;
  state.each = std::move(each);
  state.programs = size();
  state.first_failure = nullptr;
  std::vector<std::thread> threads;
  try {
    const detail::signals_blocked here;
    threads.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) threads.emplace_back([&state, i] { state.work(i); });
  } catch (...) {  // no thread, or no memory for one
    state.programs -= size() - threads.size();
    state.failed(std::current_exception());
  }
  for (std::thread& thread : threads) thread.join();
  for (detail::loop_pool_state::worker& one : state.workers) one.own.bind_to_this_thread();
  state.each = nullptr;
  state.runs = false;
  if (state.first_failure) std::rethrow_exception(std::exchange(state.first_failure, nullptr));
}

void loop_pool::request_stop() {
  if (state_->runs) state_->stop_all();
}

void loop_pool::post(std::size_t index, callback<void(loop&)> work, std::source_location where) {
  if (!work) throw misuse("loop_pool::post", "there is nothing to run: give it a callable", where);
  detail::loop_pool_state::worker& one = state_->at(index, "loop_pool::post", where);
  one.own.post([&one, work = std::move(work)]() mutable { work(one.own); }, where);
}

void loop_pool::spawn(std::size_t index, callback<task<void>(loop&)> make, std::source_location where) {
  if (!make)
    throw misuse("loop_pool::spawn", "there is nothing to run: give it a function that makes a task", where);
  detail::loop_pool_state::worker& one = state_->at(index, "loop_pool::spawn", where);
  auto start = [&one, where, make = std::move(make)]() mutable {
    if (one.tasks == nullptr) return;  // it is ending
    one.tasks->spawn([&one, make = std::move(make)]() mutable { return make(one.own); }, where);
  };
  one.own.post(std::move(start), where);
}

namespace {

task<void> take_over(loop& on, detail::descriptor_guard& socket, callback<task<void>(tcp)>& handle,
                     const std::source_location& where) {
  tcp peer{on, where};
  peer.open(socket.get(), where);
  static_cast<void>(socket.release());
  co_await handle(std::move(peer));
}

}  // namespace

void loop_pool::hand_over(std::size_t index, tcp peer, callback<task<void>(tcp)> handle,
                          std::source_location where) {
  constexpr const char* operation = "loop_pool::hand_over";
  if (!handle)
    throw misuse(operation, "there is nothing to run: give it a function that makes a task", where);
  if (peer.write_queue_size(where) != 0)
    throw misuse(operation, "bytes wait to be written, which would be lost: await their end first", where);
  detail::descriptor_guard socket(::fcntl(peer.fileno(where), F_DUPFD_CLOEXEC, 0));
  if (socket.get() < 0) throw error(-errno, operation, "tcp", where);
  peer.close({}, where);
  spawn(
      index,
      [socket = std::move(socket), handle = std::move(handle), where](loop& on) mutable {
        return take_over(on, socket, handle, where);
      },
      where);
}

}  // namespace gauntlet::uv
