#include "gauntlet/detail/waitable.hpp"

#include "gauntlet/detail/resume.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/event.hpp"
#include "gauntlet/mutex.hpp"
#include "gauntlet/semaphore.hpp"
#include "telling.hpp"

namespace gauntlet {
namespace detail {

bool waitable::on_its_thread() const noexcept {
  const void* const here = this_thread();
  const void* owner = thread_.load(std::memory_order_relaxed);
  if (owner == here) return true;
  return owner == nullptr && thread_.compare_exchange_strong(owner, here, std::memory_order_relaxed);
}

void waitable::require_thread(const char* operation, const std::source_location& where) const {
  if (on_its_thread()) return;
  throw misuse(operation,
               "called on another thread than the one that used it first: post to that one's loop, and call "
               "it there",
               where);
}

void waitable::require_thread_or_end(const char* operation) const noexcept {
  if (on_its_thread()) return;
  end_program(std::string(operation).append(
      " on another thread than that of its tasks: post to their loop, and let it go there"));
}

std::exception_ptr waitable::destroyed(const operation& waiting) noexcept try {
  return std::make_exception_ptr(misuse(
      waiting.kind(), "it was destroyed while a task waited: let it outlive its tasks", waiting.where()));
} catch (...) {
  return std::current_exception();
}

std::exception_ptr waitable::closed(const operation& waiting) noexcept try {
  return std::make_exception_ptr(error(std::make_error_code(std::errc::broken_pipe), waiting.kind(),
                                       waiting.object(), "the channel is closed", waiting.where()));
} catch (...) {
  return std::current_exception();
}

}  // namespace detail

// ---- event

event::~event() {
  const detail::resume_scope together;
  while (!waiting_.empty()) {
    wait_operation& next = waiting_.pop_front();
    next.complete_failed(destroyed(next));
  }
}

void event::set(std::source_location where) {
  require_thread("event::set", where);
  set_ = true;
  const detail::resume_scope together;
  while (!waiting_.empty()) waiting_.pop_front().complete();
}

void event::reset(std::source_location where) {
  require_thread("event::reset", where);
  set_ = false;
}

void event::wait_operation::start() {
  event_.require_thread(kind(), where());
  if (event_.set_)
    complete();
  else
    event_.waiting_.push_back(*this);
}

// ---- mutex

mutex::~mutex() {
  if (!locked_) return;
  detail::end_program(
      detail::with_object("the mutex", std::string(name()))
          .append(" is destroyed while it is locked: let it outlive all that lock it. It was locked at ")
          .append(detail::place_of(locked_at_)));
}

std::optional<mutex::guard> mutex::try_lock(std::source_location where) {
  require_thread("mutex::try_lock", where);
  if (locked_) return std::nullopt;
  locked_ = true;
  locked_at_ = where;
  return guard(*this);
}

void mutex::unlock() noexcept {
  require_thread_or_end("a mutex is unlocked");
  if (waiting_.empty()) {
    locked_ = false;
    return;
  }
  lock_operation& next = waiting_.pop_front();
  locked_at_ = next.where();
  next.owns_ = true;
  next.complete();
}

void mutex::lock_operation::start() {
  mutex_.require_thread(kind(), where());
  if (mutex_.locked_) {
    mutex_.waiting_.push_back(*this);
    return;
  }
  mutex_.locked_ = owns_ = true;
  mutex_.locked_at_ = where();
  complete();
}

std::string mutex::lock_operation::object() const {
  std::string text = waiter::object();
  if (completed()) return text;  // then the mutex may be gone
  if (!text.empty()) text += ", ";
  return text.append("locked at ").append(detail::place_of(mutex_.locked_at_));
}

// ---- semaphore

semaphore::~semaphore() {
  if (out_ != 0)
    detail::end_program(
        detail::with_object("the semaphore", std::string(name()))
            .append(" is destroyed while ")
            .append(detail::counted(out_, "permit"))
            .append(" of it are out: let it outlive all that acquire them, or consume() those "
                    "that are not to come back"));
  const detail::resume_scope together;
  while (!waiting_.empty()) {
    acquire_operation& next = waiting_.pop_front();
    next.complete_failed(destroyed(next));
  }
}

std::optional<semaphore::permit> semaphore::try_acquire(std::source_location where) {
  require_thread("semaphore::try_acquire", where);
  if (available_ == 0) return std::nullopt;
  --available_;
  ++out_;
  return permit(*this);
}

void semaphore::release(std::size_t count, std::source_location where) {
  require_thread("semaphore::release", where);
  available_ += count;
  hand_out();
}

void semaphore::give_back() noexcept {
  require_thread_or_end("a permit is given back");
  --out_;
  ++available_;
  hand_out();
}

void semaphore::hand_out() noexcept {
  const detail::resume_scope together;
  while (available_ != 0 && !waiting_.empty()) {
    --available_;
    ++out_;
    acquire_operation& next = waiting_.pop_front();
    next.owns_ = true;
    next.complete();
  }
}

void semaphore::acquire_operation::start() {
  semaphore_.require_thread(kind(), where());
  if (semaphore_.available_ == 0) {
    semaphore_.waiting_.push_back(*this);
    return;
  }
  --semaphore_.available_;
  ++semaphore_.out_;
  owns_ = true;
  complete();
}

}  // namespace gauntlet
