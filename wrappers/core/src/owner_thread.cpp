#include "gauntlet/detail/owner_thread.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "gauntlet/error.hpp"

namespace gauntlet::detail {
namespace {

int this_thread_id() noexcept { return static_cast<int>(syscall(SYS_gettid)); }

std::array<char, 16> this_thread_name() noexcept {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name;
}

std::string named(int id, const std::array<char, 16>& name) {
  return "thread " + std::to_string(id) + " (" + name.data() + ')';
}

}  // namespace

void owner_thread::bind() noexcept {
  const std::scoped_lock lock(mutex_);
  thread_ = this_thread();
  id_ = this_thread_id();
  name_ = this_thread_name();
}

void owner_thread::refuse(const char* operation, const char* what, const std::source_location& where) const {
  std::string advice = "called on " + named(this_thread_id(), this_thread_name()) + ", but the ";
  {
    const std::scoped_lock lock(mutex_);
    advice.append(what).append(" belongs to ").append(named(id_, name_));
  }
  advice.append(": call it there, by ").append(what).append(".post() for example");
  throw misuse(operation, advice, where);
}

}  // namespace gauntlet::detail
