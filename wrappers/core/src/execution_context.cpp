#include "gauntlet/execution_context.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>
#include <utility>

#include "gauntlet/detail/resume.hpp"
#include "telling.hpp"
#include "watchdog.hpp"

namespace gauntlet {
namespace {

constexpr std::size_t most_suppressed = 64;

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

std::ostream& operator<<(std::ostream& out, const awaiting_task& task) {
  out << (task.name.empty() ? "a task" : task.name);
  if (task.where.line() != 0) out << ", at " << detail::place_of(task.where);
  if (task.started.line() != 0) out << ", started at " << detail::place_of(task.started);
  return out;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const pending_operation& operation) {
  using std::chrono::milliseconds;
  out << operation.kind;
  if (!operation.object.empty()) out << ' ' << operation.object;
  out << ", for " << std::chrono::duration_cast<milliseconds>(operation.age).count() << " ms, from "
      << detail::place_of(operation.where);
  for (const awaiting_task& task : operation.chain) out << "\n  awaited by " << task;
  return out;
}

[[gnu::tls_model("initial-exec")]] thread_local constinit execution_context* detail::current_context =
    nullptr;

execution_context::execution_context() noexcept = default;
execution_context::~execution_context() {
  const detail::operation* const waits = oldest_operation();
  if (waits == nullptr) return;
  std::ostringstream told;
  told << waits->describe(clock::now());
  detail::end_program(
      "a loop is destroyed while somebody waits in it. Let run() come to its end before, or cancel what "
      "waits "
      "and turn the loop until it has ended. It is " +
      told.str());
}

std::vector<pending_operation> execution_context::pending() const {
  std::vector<pending_operation> all;
  const clock::time_point at = now();
  for (const detail::operation* const waits : operations()) all.push_back(waits->describe(at));
  return all;
}

std::vector<const detail::operation*> execution_context::operations() const {
  std::vector<const detail::operation*> all;
  for_each_operation([&](const detail::operation& waits) { all.push_back(&waits); });
  std::ranges::sort(all, [](const auto* one, const auto* other) { return one->began_before(*other); });
  return all;
}

const detail::operation* execution_context::oldest_operation() const noexcept {
  const detail::operation* found = nullptr;
  for_each_operation([&](const detail::operation& waits) {
    if (found == nullptr || waits.began_before(*found)) found = &waits;
  });
  return found;
}

void execution_context::dump(std::ostream& out) const {
  for (const pending_operation& operation : pending()) out << operation << '\n';
  for (const suppressed_error& suppressed : suppressed_)
    out << "suppressed: " << (suppressed.task.empty() ? "a task" : suppressed.task) << ": "
        << suppressed.message << '\n';
}

std::vector<suppressed_error> execution_context::take_suppressed_errors() {
  return std::exchange(suppressed_, {});
}

void execution_context::suppress(std::exception_ptr error, std::string_view task) noexcept {
  if (suppressed_.size() >= most_suppressed) return;
  try {
    std::string message = message_of(error);
    suppressed_.push_back(
        {.error = std::move(error), .message = std::move(message), .task = std::string(task)});
  } catch (...) {  // NOLINT(bugprone-empty-catch): what came first is on its way
    // There is no memory to keep it.
  }
}

void execution_context::timers_changed() noexcept {
  const std::optional<clock::time_point> next = timers_.next();
  const bool sooner = next && (!told_to_wake_at_ || *next < *told_to_wake_at_);
  if (!sooner && (next || !told_to_wake_at_)) return;
  told_to_wake_at_ = next;
  wake_at(next);
}

void execution_context::expire_timers() noexcept {
  const entered here(*this);
  told_to_wake_at_.reset();
  timers_.expire(now());
}

void execution_context::resume_ready() noexcept { const detail::resume_scope now; }

void detail::chain_link::adopt_current_context() noexcept {
  context = current_context;
  if (context == nullptr) return;
  if (stop == nullptr)
    stop = &context->waiting_;
  else if (stop_state* const root = stop->loose_root())
    root->attach(&context->waiting_);  // what runs below it was begun outside of any loop
}

}  // namespace gauntlet
