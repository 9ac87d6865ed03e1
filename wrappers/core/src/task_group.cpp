#include "gauntlet/detail/task_group.hpp"

#include <sstream>
#include <system_error>
#include <utility>

#include "gauntlet/detail/resume.hpp"
#include "telling.hpp"

namespace gauntlet::detail {
namespace {

bool is_cancellation(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::system_error& known) {
    return known.code() == std::errc::operation_canceled;
  } catch (...) {
    return false;
  }
}

std::string dump_of(const execution_context& context) {
  std::ostringstream out;
  context.dump(out);
  std::string text = out.str();
  if (text.empty()) return "nothing that this loop knows of";
  text.pop_back();
  return text;
}

[[noreturn]] void never_ends(const execution_context& context) {
  end_program(
      "a task was cancelled and has not ended, and nothing can wake it: what cannot be cancelled must be in "
      "flight on the loop. It waits for " +
      dump_of(context));
}

std::exception_ptr deadlock(const execution_context& context, const std::source_location& where) noexcept
    try {
  return std::make_exception_ptr(
      error(std::make_error_code(std::errc::resource_deadlock_would_occur), "run", "task",
            "nothing is in flight that could wake it. It waits for:\n" + dump_of(context), where));
} catch (...) {
  return std::current_exception();  // there is no memory to tell it
}

}  // namespace

void promise_base::end_in_group(std::coroutine_handle<> ended, promise_base& promise) noexcept {
  task_group& group = *promise.group_;
  const std::exception_ptr failure = std::move(promise.failure_);
  const std::string name = std::move(promise.name);
  ended.destroy();
  group.child_ended(failure, name);
}

task_group::~task_group() {
  if (running_ == 0) return;
  std::ostringstream told;
  if (const operation* const waits = stop_.oldest_operation())
    told << ". It waits for " << waits->describe(execution_context::clock::now());
  end_program(
      "a coroutine is destroyed while " + counted(running_, "task") +
      " that it has started still run in its frame. Cancel the task that holds the scope, and await it" +
      told.str());
}

void task_group::start(task<void> child, const std::source_location& where) {
  promise_base& promise = child.require("spawn", where);
  if (owner_.context != nullptr && !owner_.context->on_this_thread())
    owner_.context->refuse_thread("spawn", where);
  promise.inherit(owner_);
  promise.stop = &stop_;
  if (promise.context == nullptr) promise.adopt_current_context();
  promise.started = where;
  promise.be_started(*this);
  ++running_;
  const resume_scope together;
  this_resumer.run(std::exchange(child.coroutine_, nullptr));
}

void task_group::child_ended(std::exception_ptr failure, std::string_view task) noexcept {
  const resume_scope together;
  if (failure) failed(std::move(failure), task);
  if (--running_ != 0) return;
  while (!joining_.empty()) joining_.pop_front().complete();
}

void task_group::failed(std::exception_ptr failure, std::string_view task) noexcept {
  if (failure == first_) {  // join() has thrown it, and nobody has caught it
    first_was_thrown_ = false;
    return;
  }
  if (stop_.requested() && is_cancellation(failure)) {
    if (!canceled_) canceled_ = std::move(failure);
    return;
  }
  if (!first_ || first_was_thrown_) {
    first_ = std::move(failure);
    first_was_thrown_ = false;
    stop_.request_stop();
  } else if (owner_.context != nullptr) {
    owner_.context->suppress(std::move(failure), task);
  }
}

void task_group::rethrow(bool owner_ended) {
  if (first_ && !(first_was_thrown_ && owner_ended)) {
    first_was_thrown_ = true;
    std::rethrow_exception(first_);
  }
  if (canceled_ && outer_ != nullptr && outer_->requested()) std::rethrow_exception(canceled_);
}

// ---- join

join_operation::join_operation(task_group& group, const char* kind, std::source_location where) noexcept
    : operation(kind, where), group_(group) {
  start_when_stopped();
}

std::string join_operation::object() const {
  return std::string("of ").append(counted(group_.running_, "task"));
}

void join_operation::start() {
  if (group_.running_ == 0)
    complete();
  else
    group_.joining_.push_back(*this);
}

void join_operation::cancel() noexcept {
  if (group_.stop_.requested()) return;  // they end, and then this
  static_cast<list_node<waiter_tag>&>(*this).unlink();
  complete_canceled();
}

// ---- run

/// While it lives, run() runs tasks on the loop.
class running_tasks {
 public:
  running_tasks(execution_context& context, const std::source_location& where)
      : context_(context), outer_(context.begin_tasks(where)) {}
  running_tasks(const running_tasks&) = delete;
  running_tasks& operator=(const running_tasks&) = delete;
  ~running_tasks() { context_.end_tasks(outer_); }

 private:
  execution_context& context_;
  bool outer_;
};

/// As all that waits was cancelled, its tasks are awaited.
void run_to_the_end(execution_context& context, task<void> work, const std::source_location& where) {
  if (execution_context::current() == &context)
    throw misuse("run", "called inside a task or a callback of the same loop: co_await the task instead",
                 where);
  if (!context.on_this_thread()) context.refuse_thread("run", where);
  const resumes_apart apart;
  const running_tasks running(context, where);
  const execution_context::entered here(context);
  chain_link root;
  root.adopt_current_context();
  root.internal = true;
  task_group all(root);
  std::exception_ptr thrown;
  const auto give_up = [&](std::exception_ptr reason) {
    if (!thrown) thrown = std::move(reason);
    all.stop().request_stop();
  };
  {
    const execution_context::holding first(context, "run", where);
    all.start(std::move(work), {});
  }
  while (all.running() != 0) {
    try {
      if (context.turn() || all.running() == 0) continue;
    } catch (...) {
      give_up(std::current_exception());
      continue;
    }
    if (all.stop().requested()) never_ends(context);
    give_up(deadlock(context, where));
  }
  if (!thrown) return all.rethrow(true);
  if (all.first_error()) context.suppress(all.first_error(), "");
  std::rethrow_exception(thrown);
}

}  // namespace gauntlet::detail
