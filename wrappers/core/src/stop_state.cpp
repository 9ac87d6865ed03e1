#include "gauntlet/detail/stop_state.hpp"

#include "gauntlet/detail/operation.hpp"
#include "gauntlet/detail/resume.hpp"

namespace gauntlet::detail {

stop_state::~stop_state() {
  callbacks_.for_each([](stop_callback& below) {
    if (below.as_operation() == nullptr) static_cast<stop_state&>(below).parent_ = nullptr;
  });
}

void stop_state::attach(stop_state* parent) noexcept {
  parent_ = parent;
  if (parent == nullptr) return;
  parent->add(*this);
  if (parent->requested_) on_stop();
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
  intrusive_list<stop_callback, wait_tag> to_ask;
  to_ask.take_all(callbacks_);
  while (!to_ask.empty()) {
    stop_callback& next = to_ask.pop_front();
    add(next);  // it waits until it has ended
    next.on_stop();
  }
}

stop_token stop_state::token() {
  if (!flag_) {
    flag_.emplace();
    if (requested_) flag_->request_stop();
  }
  return flag_->get_token();
}

const operation* stop_state::oldest_operation() const noexcept {
  const operation* found = nullptr;
  for_each_operation([&](const operation& waits) {
    if (found == nullptr || waits.began_before(*found)) found = &waits;
  });
  return found;
}

}  // namespace gauntlet::detail
