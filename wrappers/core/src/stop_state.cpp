#include "gauntlet/detail/stop_state.hpp"

#include "gauntlet/detail/resume.hpp"

namespace gauntlet::detail {

void stop_state::attach(stop_state* parent) noexcept {
  if (parent == nullptr) return;
  if (parent->requested_)
    on_stop();
  else
    parent->add(*this);
}

void stop_state::request_stop() noexcept {
  if (requested_) return;
  const resume_scope together;
  on_stop();
}

void stop_state::on_stop() noexcept {
  if (requested_) return;
  requested_ = true;
  if (flag_) flag_->request_stop();
  while (!callbacks_.empty()) callbacks_.pop_front().on_stop();
}

stop_token stop_state::token() {
  if (!flag_) {
    flag_.emplace();
    if (requested_) flag_->request_stop();
  }
  return flag_->get_token();
}

const operation* stop_state::first_operation() const noexcept {
  const operation* found = nullptr;
  callbacks_.for_each([&](const stop_callback& callback) {
    if (found == nullptr) found = callback.first_operation();
  });
  return found;
}

}  // namespace gauntlet::detail
