#include "gauntlet/uring/multishot.hpp"

#include <gauntlet/shim/uring.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gauntlet/memory_checker.hpp"
#include "ring_core.hpp"
#include "shot_block.hpp"

namespace gauntlet::uring {
namespace detail {

// ---- next()

shot_wait::shot_wait(shot_block& on, std::source_location where) noexcept
    : operation(on.kind(), where), block_(&on) {
  on.reference();
}

shot_wait::~shot_wait() {
  if (block_ == nullptr) return;
  if (has_told_) block_->dispose(told_);
  block_->unreference();
}

std::string shot_wait::object() const { return block_->object(); }

void shot_wait::start() {
  block_->core().require_open(kind(), where());
  if (context() != nullptr && context() != &block_->core())
    throw misuse(kind(), "its ring is another loop than the one that the task runs on", where());
  block_->next(*this);
}

void shot_wait::cancel() noexcept {
  block_->forget(*this);
  complete_canceled();
}

void shot_wait::got(completion told) noexcept {
  told_ = told;
  has_told_ = true;
  complete();
}

completion shot_wait::take() {
  finish();
  has_told_ = false;
  if (told_.res == -ECANCELED) throw_canceled();
  if (told_.res < 0) throw error(told_.res, kind(), object(), where());
  return told_;
}

void shot_wait::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }

void shot_owner::reset() noexcept {
  if (shot_block* const owned = std::exchange(owned_, nullptr)) owned->owner_gone();
}

shot_block& shot_owner::get(const std::source_location& where) const {
  if (owned_ == nullptr)
    throw misuse("multishot::next", "it was moved from: use the one it was moved to", where);
  return *owned_;
}

// ---- block

shot_block::shot_block(descriptor_block& on, const opcode& code, const operands& with, shot_result brings,
                       buffer_group* buffers, std::source_location where)
    : submitted(on, code, with, where), on_(on), brings_(brings) {
  works_with_none();  // until it is armed: what nobody has begun keeps no descriptor open
  if (buffers != nullptr) buffers_.emplace(*buffers);
}

void shot_block::unreference() noexcept {
  if (--references_ == 0) delete this;
}

void shot_block::owner_gone() noexcept {
  if (!core().on_this_thread() && !core().closed()) {
    try {
      callback<void()> there([this] { owner_gone(); });
      if (core().post(there)) return;
    } catch (...) {  // NOLINT(bugprone-empty-catch): it ends with the ring, and what it keeps with it
      return;
    }
  }
  orphaned_ = true;
  if (shot_wait* const waits = std::exchange(waiting_, nullptr)) waits->got({.res = -ECANCELED});
  for (const completion& told : std::exchange(kept_, {})) dispose(told);
  // SAFETY: stop() may let go of the kernel's reference; the owner's own is counted until the next line.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
  if (armed_) stop();
  unreference();
}

void shot_block::next(shot_wait& waits) {
  if (waiting_ != nullptr)
    throw misuse(kind(), "another task waits for the next one already: one at a time", waits.where());
  if (!kept_.empty()) {
    const completion first = kept_.front();
    kept_.pop_front();
    return waits.got(first);
  }
  if (at_end_) return waits.got({});
  const bool was_armed = armed_;
  if (!was_armed) {
    if (on_->closing()) throw misuse(kind(), "the descriptor is closed: begin before close()", waits.where());
    arm();
  }
  waiting_ = &waits;
  if (!was_armed || !looks_for_end_ || !drained_ || stopping_) return;
  ending_ = untold_end();
  if (ending_) stop();
}

std::optional<std::int32_t> shot_block::untold_end() const noexcept {
  char next_byte = 0;
  const ssize_t left = ::recv(on().fd, &next_byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (left == 0) return 0;
  if (left > 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
  return -errno;  // which is not told again
}

void shot_block::forget(shot_wait& waits) noexcept {
  if (waiting_ == &waits) waiting_ = nullptr;
}

void shot_block::arm() {
  works_with(*on_);
  try {
    submit();
  } catch (...) {
    works_with_none();
    throw;
  }
  armed_ = true;
  stopping_ = pausing_ = false;
  ending_.reset();
  reference();  // the kernel's
}

void shot_block::arm_for_who_waits() noexcept {
  if (waiting_ == nullptr || armed_) return;
  try {
    if (on_->closing() || !core().is_open()) return end(-ECANCELED);
    arm();
  } catch (const error& refused) {
    end(refused.res());
  } catch (...) {
    end(-ENOMEM);
  }
}

void shot_block::fed() noexcept { arm_for_who_waits(); }

void shot_block::begin_again() noexcept {
  if (!armed_ || stopping_) return;
  pausing_ = true;
  stop();
}

void shot_block::stop() noexcept {
  if (std::exchange(stopping_, true)) return;
  if (!core().cancel(static_cast<submitted&>(*this))) return;
  completed(-ECANCELED, 0);  // it had not begun
}

void shot_block::abort() noexcept {
  ending_.reset();
  stopping_ = pausing_ = false;  // it is asked again, as often as the ring likes
  stop();
}

/// An empty message is one; an empty buffer is the end of what is read.
bool shot_block::is_end(completion told) const noexcept {
  return brings_ == shot_result::buffer && told.res == 0;
}

void shot_block::completed(std::int32_t res, std::uint32_t flags) noexcept {
  completion told{.res = res, .flags = flags};
  mark_order_after(on());
  constexpr std::uint32_t nonempty = 1U << 2;  // IORING_CQE_F_SOCK_NONEMPTY
  drained_ = (told.flags & nonempty) == 0;
  const bool last = !told.more();
  const bool paused = last && pausing_ && told.res == -ECANCELED;
  if (last && ending_ && told.res == -ECANCELED) told.res = *ending_;
  if (last) {
    armed_ = pausing_ = false;
    works_with_none();
  }
  if (buffers_ && told.has_buffer()) buffers().arrived();
  if (told.res < 0 && told.has_buffer()) {
    dispose(told);  // it was taken for what then failed
    told.flags &= ~1U;
  }
  if (orphaned_ || at_end_) {
    dispose(told);
  } else if (paused) {
    arm_for_who_waits();
  } else if (told.res == -ENOBUFS && buffers_) {
    if (buffers().refill() != 0 || !core().is_open())
      arm_for_who_waits();
    else
      buffers().add_hungry(*this);
  } else if (is_end(told)) {
    dispose(told);  // of a buffer that was taken for nothing
    at_end_ = true;
    if (waiting_ != nullptr) hand_out({});
  } else if (waiting_ != nullptr) {
    hand_out(told);
  } else {
    keep(told);
  }
  if (last) unreference();
}

void shot_block::hand_out(completion told) noexcept { std::exchange(waiting_, nullptr)->got(told); }

void shot_block::end(std::int32_t res) noexcept {
  if (waiting_ != nullptr) hand_out({.res = res});
}

void shot_block::keep(completion told) noexcept {
  if (brings_ == shot_result::events && told.res > 0 && !kept_.empty() && kept_.back().res > 0) {
    kept_.back().res |= told.res;
    return;
  }
  try {
    kept_.push_back(told);
  } catch (...) {
    dispose(told);
    if (armed_) stop();
    return;
  }
  const std::size_t most = brings_ == shot_result::descriptor ? most_descriptors_kept : most_buffers_kept;
  if (kept_.size() >= most) begin_again();
}

void shot_block::close_one(std::int32_t number) noexcept { ::close(number); }

void shot_block::dispose(completion told) noexcept {
  switch (brings_) {
    case shot_result::descriptor:
      if (told.res >= 0) close_one(told.res);
      break;
    case shot_result::buffer:
    case shot_result::message:
      if (told.has_buffer()) buffers().take(told.buffer(), 0);
      break;
    case shot_result::events:
      break;
  }
}

provided_buffer buffer_of(shot_block& block, completion told) {
  if (!told.has_buffer()) return {};
  return block.buffers().take(told.buffer(), static_cast<std::size_t>(told.res));
}

namespace {

constexpr opcode poll_code{
    .kind = "poll_multishot",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_poll_multishot(ring, entry, on.fd, static_cast<unsigned>(on.flags));
    }};
constexpr opcode update_code{
    .kind = "poll_stream::update",
    .queue =
        [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
          return gauntlet_uring_queue_poll_update(ring, entry, on.offset, 0, static_cast<unsigned>(on.flags),
                                                  IORING_POLL_UPDATE_EVENTS | IORING_POLL_ADD_MULTI);
        },
    .expected = -ENOENT};  // it has come to its end meanwhile, and begins with the new ones
constexpr opcode read_code{
    .kind = "read_multishot",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_read_multishot(ring, entry, on.fd, 0, UINT64_MAX, on.buffer_group);
    }};

}  // namespace

// ---- update()

poll_update::poll_update(shot_block& of, poll_events events, std::source_location where)
    : submitted(of.core(), update_code, {.flags = static_cast<int>(events)}, where),
      block_(&of),
      events_(events) {
  of.reference();
  listen_for_end();
}
// NOLINTBEGIN(bugprone-use-after-move): only the base class is moved
poll_update::poll_update(poll_update&& other) noexcept
    : submitted(std::move(other)), block_(std::exchange(other.block_, nullptr)), events_(other.events_) {}
// NOLINTEND(bugprone-use-after-move)
poll_update::~poll_update() {
  leave();
  if (block_ != nullptr) block_->unreference();
}

void poll_update::start() {
  require_startable();
  block_->watch_for(events_);
  if (block_->is_armed()) return submit();
  complete();
}

void poll_update::bind(operands& into) noexcept { into.offset = ring().user_data_of(*block_); }

/// The kernel is about to tell what has come, and changes nothing then.
void poll_update::ended(completion told) noexcept {
  if (told.res == -EALREADY) block_->begin_again();
}

void poll_update::await_resume() {
  if (res() != -EALREADY) finish();
}

}  // namespace detail

poll_stream poll_multishot(const descriptor& on, poll_events events, std::source_location where) {
  using namespace detail;
  return {*new shot_block(descriptor_access::use(on, poll_code.kind, where), poll_code,
                          {.flags = static_cast<int>(events)}, shot_result::events, nullptr, where),
          [](shot_block&, completion told) { return static_cast<poll_events>(told.res); }};
}

multishot<provided_buffer> read_multishot(const descriptor& on, const buffer_ring& buffers,
                                          std::source_location where) {
  using namespace detail;
  buffer_group& group = buffer_group::of(buffers, read_code.kind, where);
  return {*new shot_block(descriptor_access::use(on, read_code.kind, where), read_code,
                          {.buffer_group = group.number()}, shot_result::buffer, &group, where),
          buffer_of};
}

}  // namespace gauntlet::uring
