#include "gauntlet/timeout.hpp"

#include <cstdio>
#include <utility>

namespace gauntlet::detail {

std::string deadline::text() const {
  if (!relative_) return "until a point in time";
  const double seconds = std::chrono::duration<double>(at_.time_since_epoch()).count();
  char text[64];
  if (seconds < 1)
    std::snprintf(text, sizeof text, "%.6g ms", seconds * 1000);
  else
    std::snprintf(text, sizeof text, "%.6g s", seconds);
  return text;
}

void sleep_operation::start() {
  execution_context* const loop = context();
  if (loop == nullptr)
    throw misuse(kind(), "there is no loop here whose timer could end it: run it in a task, by run()",
                 where());
  loop->arm(*this, until_.from(loop->now()));
}

void sleep_operation::cancel() noexcept {
  disarm();
  complete_canceled();
}

chain_link* time_limit::begin(chain_link* awaiting) {
  if (link_.role != nullptr)
    throw misuse(name_, "it is awaited for the second time: call the function again for another one", where_);
  if (awaiting != nullptr) link_.inherit(*awaiting);
  if (link_.context == nullptr) link_.adopt_current_context();
  if (link_.context == nullptr)
    throw misuse(name_, "there is no loop here whose timer could end it: run it in a task, by run()", where_);
  link_.role = name_;
  link_.where = where_;
  outer_ = std::exchange(link_.stop, &stop_);
  stop_.attach(outer_);
  link_.context->arm(*this, until_.from(link_.context->now()));
  return &link_;
}

void time_limit::expired() noexcept {
  expired_ = true;
  try {
    if (const operation* const waits = stop_.oldest_operation()) {
      waited_for_ = waits->kind();
      if (const std::string object = waits->object(); !object.empty()) waited_for_.append(" ").append(object);
    }
  } catch (...) {
    waited_for_.clear();  // there was no memory for it
  }
  stop_.request_stop();
}

void time_limit::explain() const {
  if (!expired_ || (outer_ != nullptr && outer_->requested())) return;
  throw error(std::make_error_code(std::errc::timed_out), name_,
              waited_for_.empty() ? std::string_view("task") : std::string_view(waited_for_),
              "it was given " + until_.text(), where_);
}

}  // namespace gauntlet::detail
