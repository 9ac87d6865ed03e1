#include "gauntlet/uring/ring.hpp"

#include <ostream>

#include "common_queues.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace {

using detail::operands;
using detail::ring_core;

ring_core& require_ring(ring_core* core, const char* operation, const std::source_location& where) {
  if (core == nullptr) throw misuse(operation, "the ring was moved from: use the one it was moved to", where);
  return *core;
}

ring_core& on_thread(ring_core* core, const char* operation, const std::source_location& where) {
  ring_core& found = require_ring(core, operation, where);
  found.require_thread(operation, where);
  return found;
}

constexpr detail::opcode nop_code{
    .kind = "ring::nop", .queue = detail::queue_nop, .queue_plainly = detail::plainly<detail::queue_nop>};

}  // namespace

ring::ring(ring_options options, std::source_location where) : core_(new ring_core(options, where)) {}

ring& ring::operator=(ring&& other) noexcept {
  ring taken(std::move(other));
  std::swap(core_, taken.core_);
  return *this;
}

ring::~ring() {
  if (core_ != nullptr) core_->owner_gone();
}

detail::ring_operation<void> ring::nop(std::source_location where) {
  return {ring_core::of(*this, "ring::nop", where), nop_code, {}, detail::no_value, where};
}

bool ring::post(callback<void()> work, std::source_location where) {
  if (!work) throw misuse("ring::post", "there is nothing to run: give it a callable", where);
  return require_ring(core_, "ring::post", where).post(work);
}

std::vector<pending_operation> ring::close(std::source_location where) {
  return on_thread(core_, "ring::close", where).close_now(where);
}

std::vector<pending_operation> ring::pending(std::source_location where) const {
  return on_thread(core_, "ring::pending", where).everything_pending(true);
}

void ring::dump(std::ostream& out, std::source_location where) const {
  const ring_core& core = on_thread(core_, "ring::dump", where);
  core.dump(out);
  for (const pending_operation& left : core.unawaited(true)) out << left << '\n';
}

ring_metrics ring::metrics(std::source_location where) const {
  return on_thread(core_, "ring::metrics", where).metrics();
}

void ring::bind_to_this_thread(std::source_location where) {
  require_ring(core_, "ring::bind_to_this_thread", where).rebind(where);
}

execution_context& ring::context(std::source_location where) const {
  return require_ring(core_, "ring::context", where);
}

io_uring* ring::native(std::source_location where) const {
  return ring_core::of(*this, "ring::native", where).native();
}

// ---- work_guard

ring::work_guard ring::keep_alive(std::source_location where) {
  return work_guard(ring_core::of(*this, "ring::keep_alive", where));
}

ring::work_guard::work_guard(ring_core& core) noexcept : core_(&core) {
  core.reference();
  core.guard_added();
}

ring::work_guard& ring::work_guard::operator=(work_guard&& other) noexcept {
  work_guard taken(std::move(other));
  std::swap(core_, taken.core_);
  return *this;
}

void ring::work_guard::reset() noexcept {
  ring_core* const core = std::exchange(core_, nullptr);
  if (core == nullptr) return;
  core->guard_removed();
  core->unreference();
}

}  // namespace gauntlet::uring
