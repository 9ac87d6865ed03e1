#include "watchdog.hpp"

#include <cstdio>
#include <exception>
#include <sstream>
#include <vector>

#include "gauntlet/error.hpp"
#include "telling.hpp"

namespace gauntlet {

std::ostream& operator<<(std::ostream& out, const loop_held& held) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(held.lasted).count();
  out << "the loop was held for " << milliseconds << " ms by ";
  if (held.task.empty())
    out << "what ran in or after ";
  else
    out << held.task << ", after ";
  out << held.by;
  if (held.where.line() != 0) out << ", from " << detail::place_of(held.where);
  if (held.until.line() != 0) out << ", until " << detail::place_of(held.until);
  return out;
}

namespace detail {
namespace {

template <class Told>
void write(const char* intro, const Told& told) {
  std::ostringstream text;
  text << told;
  std::fprintf(stderr, "gauntlet: %s%s\n", intro, text.str().c_str());
}

}  // namespace

bool watchdog::set(watchdog_options options) noexcept {
  options_ = std::move(options);
  told_until_ = clock::time_point::min();
  armed_ = false;
  if (!watches_pending()) {
    context_.watch_at(std::nullopt);
    return true;
  }
  const operation* const oldest = context_.oldest_operation();
  return oldest != nullptr ? wake_for(*oldest) : context_.watch_at(std::nullopt);
}

void watchdog::check_pending() noexcept {
  armed_ = false;
  if (!watches_pending()) return;
  const clock::time_point now = context_.now();
  std::vector<pending_operation> late;  // first all are found: who is told may end some
  const operation* next = nullptr;
  try {
    for (const operation* const waits : context_.operations()) {
      if (waits->since() <= told_until_) continue;
      if (due(*waits) > now) {
        next = waits;
        break;
      }
      late.push_back(waits->describe(now));
    }
  } catch (...) {
    late.clear();  // there is no memory to tell it
  }
  told_until_ = now - options_.pending_longer_than;
  if (next != nullptr) wake_for(*next);
  for (const pending_operation& waits : late) {
    if (!watches_pending()) return;  // who was told has had enough
    tell(options_.on_pending, "in flight for long: ", waits);
  }
}

template <class Told>
void watchdog::tell(callback<void(const Told&)>& report, const char* intro, const Told& told) noexcept try {
  if (report)
    report.call_replaceable(told);
  else
    write(intro, told);
} catch (...) {
  context_.suppress(std::current_exception(), "watchdog");
}

}  // namespace detail

// ---- execution_context

void execution_context::watch(watchdog_options options, std::source_location where) {
  if (!on_this_thread()) refuse_thread("watch", where);
  if (!watchdog_memory_) watchdog_memory_ = std::make_unique<detail::watchdog>(*this);
  const bool able = watchdog_memory_->set(std::move(options));
  watchdog_ = able && watchdog_memory_->wanted() ? watchdog_memory_.get() : nullptr;
  if (!able)
    throw misuse("watch", "this loop has no timer for pending_longer_than: watch held_longer_than alone",
                 where);
}

bool execution_context::watch_at(std::optional<clock::time_point>) noexcept { return false; }

void execution_context::check_pending() noexcept {
  const entered here(*this);
  if (watchdog_ != nullptr) watchdog_->check_pending();
}

execution_context::holding::holding(detail::watchdog& watchdog, const detail::operation& ended) noexcept {
  try {
    watchdog.task_ = ended.task_name();
  } catch (...) {
    watchdog.task_.clear();  // there is no memory for it
  }
  begin(watchdog, ended.kind(), ended.where(), true);
}

void execution_context::holding::begin(detail::watchdog& watchdog, const char* kind,
                                       const std::source_location& where, bool resumed) noexcept {
  watchdog.until_ = {};
  held_.emplace(hold{.watchdog = watchdog,
                     .kind = kind,
                     .where = where,
                     .began = clock::now(),
                     .measured_before = watchdog.measured_,
                     .resumed = resumed});
}

void execution_context::holding::end() noexcept {
  detail::watchdog& watchdog = held_->watchdog;
  const std::chrono::nanoseconds took = clock::now() - held_->began;
  const std::chrono::nanoseconds own = took - (watchdog.measured_ - held_->measured_before);
  watchdog.measured_ = held_->measured_before + took;
  if (!watchdog.watches_held() || own <= watchdog.options_.held_longer_than) return;
  loop_held told{.lasted = own, .by = held_->kind, .where = held_->where};
  if (held_->resumed) {
    told.task.swap(watchdog.task_);
    told.until = watchdog.until_;
  }
  watchdog.tell(watchdog.options_.on_held, "", told);
}

}  // namespace gauntlet
