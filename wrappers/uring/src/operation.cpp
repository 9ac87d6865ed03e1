#include "gauntlet/uring/operation.hpp"

#include <cerrno>
#include <system_error>

#include "descriptor_block.hpp"
#include "explain.hpp"
#include "gauntlet/detail/suspension.hpp"
#include "gauntlet/memory_checker.hpp"
#include "gauntlet/uring/link.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

namespace {

/// What the kernel says to itself when a system call is interrupted, and lets through of splice and tee.
constexpr bool is_restart(std::int32_t res) noexcept { return res <= -512 && res >= -516; }

}  // namespace

void ring_use::let_go() noexcept { (**this).unreference(); }

std::string submitted::object() const {
  std::string said = subject();
  return said.empty() && operands_.fd >= 0 ? name_of(operands_.fd, is_fixed()) : said;
}

inline bool submitted::is_usable() const noexcept {
  const ring_core& core = *ring_;
  return context() == &core && core.is_open();  // suspend() has looked at the thread
}

void submitted::require_usable() const {
  if (!is_usable()) [[unlikely]]
    refuse_unless_usable();
}

void submitted::refuse_unless_usable() const {
  ring_core& core = *ring_;
  core.require_open(kind(), where());
  if (context() != nullptr && context() != &core)
    throw misuse(kind(), "its ring is another loop than the one that the task runs on", where());
}

void submitted::require_completed(const char* asked) const {
  if (!operation::completed())
    throw misuse(asked, std::string(kind()) + " has not come to its end: await it first", where());
}

namespace {

/// Not what the system call itself says: the kernel does not know the operation, or not of this object.
bool is_unknown(std::int32_t res) noexcept { return res == -EINVAL || res == -EOPNOTSUPP || res == -ENOSYS; }

}  // namespace

bool submitted::suspend_submitted(std::coroutine_handle<> coroutine, gauntlet::detail::chain_link* link,
                                  bool binds) {
  return suspend_as(coroutine, link, [this, binds] {
    look_whether_startable();
    if (binds) bind(operands_);
    submit_bound();
  });
}

void submitted::submit() {
  bind(operands_);
  submit_bound();
}

inline void submitted::submit_bound() {
  try {
    (*ring_).start(*this);
  } catch (const error& refused) {
    if (!done_instead(refused)) throw;
  }
}

bool submitted::done_instead(const error& refused) {
  if (!has_system_call() || refused.code() != std::errc::function_not_supported) return false;
  result_.res = opcode_->instead(operands_);
  descriptor_.reset();
  complete();
  return true;
}

void submitted::refuse_closed() const {
  throw misuse(kind(), "the descriptor is closed: begin before close()", where());
}

[[gnu::always_inline]] inline void submitted::look_whether_startable() const {
  if (!is_usable()) [[unlikely]]
    refuse_unless_usable();
  if (const descriptor_block* const on = descriptor_.get(); on != nullptr && on->closing()) [[unlikely]]
    refuse_closed();
}

void submitted::require_startable() const { look_whether_startable(); }

void submitted::start() {
  require_startable();
  submit();
}

void submitted::cancel() noexcept {
  special_ |= stopped;
  if ((*ring_).cancel(*this)) withdrawn();
}

void submitted::withdrawn() noexcept {
  result_.res = -ECANCELED;
  if (is(hears_end)) ended(result_);
  descriptor_.reset();
  end(true);
}

void submitted::abort() noexcept { submitted::cancel(); }

void submitted::disconnect() noexcept {
  if (const descriptor_block* const on = descriptor_.get()) (*ring_).disconnect(*on);
}

void submitted::unawaited(std::vector<pending_operation>& all,
                          std::chrono::steady_clock::time_point now) const {
  if (context() == nullptr && !is(linked)) all.push_back(describe(now));
}

bool submitted::works_on(const descriptor_block& asked) const noexcept {
  return descriptor_.get() == &asked || works_on_too(asked);
}

std::size_t submitted::queue_held() noexcept { return (*ring_).queue_held(*this); }

std::int32_t submitted::what_failure_means() const noexcept {
  if (is_restart(result_.res)) return -EINTR;
  return has_system_call() && is_unknown(result_.res) ? opcode_->instead(operands_) : result_.res;
}

void submitted::completed(std::int32_t res, std::uint32_t flags) noexcept {
  const completion told{.res = res, .flags = flags};
  if (is(static_cast<std::uint8_t>(~followed)) || told.more() || told.notification()) [[unlikely]]
    return completed_specially(told);
  result_ = told;
  if (special_ != 0) [[unlikely]]
    settle();
  else
    settle_plain();
  descriptor_.reset();
  complete_here();
}

void submitted::completed_specially(completion told) noexcept {
  if (told.notification())
    notified_ = static_cast<std::uint32_t>(told.res);
  else
    result_ = told;
  if (told.more()) return;  // the memory is still the kernel's
  settle();
  if (is(in_parts) && goes_on()) return;
  if (is(hears_end)) ended(result_);
  descriptor_.reset();
  // What a thread of the kernel's worked on is interrupted.
  end(is(stopped) && (result_.res == -ECANCELED || result_.res == -EINTR));
}

void submitted::end(bool canceled) noexcept {
  if (is(linked)) {
    if (canceled) result_.res = -ECANCELED;
    return chain_->part_ended();
  }
  if (canceled) [[unlikely]]
    note_canceled();
  complete_here();
}

/// Whether it was submitted once more.
bool submitted::goes_on() noexcept {
  if (result_.res < 0 || !advance(operands_, result_.res)) return false;
  if (is(stopped)) {
    result_.res = -ECANCELED;
    return false;
  }
  flags_ &= static_cast<std::uint8_t>(~(soft_link | hard_link));  // those of its chain have gone on
  special_ |= rest;
  try {
    (*ring_).start_rest(*this);
    return true;
  } catch (const std::system_error& refused) {
    result_.res = -refused.code().value();
  } catch (...) {
    result_.res = -ENOMEM;
  }
  return false;
}

void submitted::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }
void submitted::throw_error() const {
  throw error(result_.res, kind(), object(), where(),
              why_refused(*opcode_, operands_, result_.res, (*ring_).polls_for_completions()));
}

}  // namespace gauntlet::uring::detail
