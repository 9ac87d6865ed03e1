#include "inherited.hpp"

#include <pthread.h>

#include <mutex>
#include <new>

namespace gauntlet::uring::detail {
namespace {

struct listeners {
  std::mutex mutex{};
  gauntlet::detail::intrusive_list<fork_listener, fork_tag> list{};
};

/// Never destroyed: a ring may outlive the globals.
listeners& all() {
  alignas(listeners) static std::byte memory[sizeof(listeners)];
  static listeners& made = *new (memory) listeners;
  return made;
}

void before_fork() { all().mutex.lock(); }
void after_fork() { all().mutex.unlock(); }
void after_fork_in_child() {
  all().list.for_each([](fork_listener& each) { each.in_child(); });
  after_fork();
}

void watch_forks() {
  static const int status = pthread_atfork(before_fork, after_fork, after_fork_in_child);
  if (status != 0) throw std::bad_alloc();
}

}  // namespace

fork_listener::fork_listener() {
  watch_forks();
  const std::scoped_lock lock(all().mutex);
  all().list.push_back(*this);
}

fork_listener::~fork_listener() {
  const std::scoped_lock lock(all().mutex);
  unlink();
}

}  // namespace gauntlet::uring::detail
