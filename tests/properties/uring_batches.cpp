// Batches whose places are begun, held back, cancelled and destroyed in any order, against a model of them:
// which places are free, whose memory the kernel has, and what next() tells.

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/support/foreign.hpp"
#include "../uring/pipes.hpp"
#include "../uring/support.hpp"
#include "uring_model.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

constexpr std::size_t places = 5;
constexpr std::size_t bytes_each = 8;

enum class batch_does : std::uint8_t { nops, reads, writes, fails };

/// A place in use.
struct used_place {
  batch_does what{};
  std::size_t number = 0;  // in the order in which they began
  std::span<std::byte> memory{};
  bool asked = false;              // to end early
  std::vector<std::byte> bytes{};  // to be written

  lent lends() const {
    if (what == batch_does::nops) return lent::no;
    return what == batch_does::writes ? lent::for_reading : lent::for_writing;
  }
  bool is_lent() const { return lent_as(memory) != lent::no; }
};

enum class batch_command : std::uint8_t {
  nop,
  read,
  read_again,
  write,
  write_again,
  fail,
  next,
  next_again,
  leave,
  cancel,
  cancel_on,
  drain,
  stop_drain,
  turn,
  turn_again,
  drop,
  count
};

class batch_world {
 public:
  explicit batch_world(std::uint32_t entries)
      : own_(ring_options{.entries = entries}), pipe_(std::in_place, *own_) {
    begin_anew();
  }
  batch_world(const batch_world&) = delete;
  batch_world& operator=(const batch_world&) = delete;
  ~batch_world() { own_.reset(); }

  void perform(const std::vector<step>& plan) {
    auto next = plan.begin();
    const auto some = [&] {
      for (; next != plan.end() && !is_turn(*next); ++next) {
        act(*next);
        look();
      }
    };
    while (next != plan.end() && verdict_.sentence().empty()) {
      own_->post(some);
      settle();
      if (next != plan.end()) ++next;
    }
  }

  const std::string& finish(bool ring_goes_first) {
    may_be_left_ = true;
    ask([](const used_place&) { return true; });
    if (ring_goes_first) {
      own_.reset();
    } else {
      all_.reset();
      stop(drain_);
      const auto ended = [this] { return own_->pending().empty(); };
      verdict_.demand(turn_until(*own_, ended), "a batch that has gone stays in flight");
      verdict_.demand(own_->metrics().stale == 0, "a completion came to nobody");
      verdict_.demand(own_->close().empty(), "something was in flight at the end");
    }
    verdict_.demand(lent_ranges() == 0, "memory stays lent");
    for (const foreign& each : frames_) verdict_.demand(each.done(), "who waits was not told");
    return verdict_.sentence();
  }

 private:
  static bool is_turn(const step& step) {
    const auto what = static_cast<batch_command>(step.what);
    return what == batch_command::turn || what == batch_command::turn_again;
  }

  void act(const step& step) {
    const std::size_t place = step.one % places;
    switch (static_cast<batch_command>(step.what)) {
      case batch_command::nop:
        return begin(batch_does::nops, place, 0);
      case batch_command::read:
      case batch_command::read_again:
        return begin(batch_does::reads, place, bytes_each);
      case batch_command::write:
      case batch_command::write_again:
        return begin(batch_does::writes, place, 1 + step.other % bytes_each);
      case batch_command::fail:
        return begin(batch_does::fails, place, bytes_each);
      case batch_command::next:
      case batch_command::next_again:
        return frames_.push_back(wait());
      case batch_command::leave:
        may_be_left_ = true;
        return stop(waiter_);
      case batch_command::cancel:
        ask([](const used_place&) { return true; });
        return all_->cancel();
      case batch_command::cancel_on:
        return cancel_on(step.one % 2 == 0);
      case batch_command::drain:
        return start_drain();
      case batch_command::stop_drain:
        return stop(drain_);
      case batch_command::drop:
        if (step.other % 4 == 0) begin_anew();
        return;
      case batch_command::turn:
      case batch_command::turn_again:
      case batch_command::count:
        return;
    }
  }

  /// What was before goes, whatever it has in flight.
  void begin_anew() {
    may_be_left_ = true;
    orphans_ += lent_by_model();
    for (std::optional<used_place>& each : used_) each.reset();
    all_.emplace(*own_, places, bytes_each);
    for (std::size_t i = 0; i < places; ++i) memory_[i] = all_->bytes(i);
    may_be_left_ = waiter_ != nullptr;
  }

  void begin(batch_does what, std::size_t place, std::size_t size) {
    const bool free = !used_[place];
    used_place made{.what = what, .number = ++begun_, .memory = memory_[place].first(size)};
    if (free && what == batch_does::writes) fill(made);
    try {
      begin_one(made, place);
      verdict_.demand(free, "a place in use was used again");
      used_[place] = std::move(made);
    } catch (const misuse&) {
      verdict_.demand(!free, "a free place was refused");
    }
  }
  void begin_one(const used_place& made, std::size_t place) {
    switch (made.what) {
      case batch_does::nops:
        return all_->nop(place);
      case batch_does::reads:
        return all_->read(place, pipe_->in);
      case batch_does::writes:
        return all_->write(place, pipe_->out, made.memory.size());
      case batch_does::fails:  // it can only be written to
        return all_->read(place, pipe_->out);
    }
  }
  void fill(used_place& made) {
    for (std::byte& each : made.memory) each = static_cast<std::byte>(++last_byte_ % 128);
    made.bytes.assign(made.memory.begin(), made.memory.end());
    for (const std::byte each : made.bytes) ++expected_[std::to_integer<std::size_t>(each)];
  }
  void take(std::span<const std::byte> bytes) {
    for (const std::byte each : bytes)
      verdict_.demand(--expected_[std::to_integer<std::size_t>(each)] >= 0,
                      "bytes were read that had not been written, or twice");
  }

  template <class Which>
  std::size_t ask(Which which) {
    std::size_t asked = 0;
    for (std::optional<used_place>& each : used_) {
      if (!each || !which(*each)) continue;
      each->asked = true;
      ++asked;
    }
    return asked;
  }
  void cancel_on(bool writer) {
    const std::size_t asked = ask(
        [&](const used_place& each) { return each.is_lent() && (each.what != batch_does::reads) == writer; });
    const std::size_t told = own_->cancel_all_on(writer ? pipe_->out : pipe_->in);
    // And what has been in flight when its batch went.
    verdict_.demand((told >= asked && told <= asked + orphans_) || !lends_are_tracked,
                    "others were cancelled than those on a descriptor");
  }

  // ---- who waits

  foreign wait() {
    co_await with_scope([this](scope& self) -> task<> {
      if (waiter_ != nullptr) co_return co_await wait_too();
      waiter_ = &self;
      may_be_left_ = false;
      try {
        const auto told = co_await all_->next();
        waiter_ = nullptr;
        hear(told);
      } catch (const gauntlet::error& failed) {
        waiter_ = nullptr;
        verdict_.demand(failed.code() == std::errc::operation_canceled && may_be_left_,
                        "who waits for the next was cancelled");
      }
    });
  }
  task<> wait_too() {
    try {
      static_cast<void>(co_await all_->next());
      verdict_.demand(false, "two wait for the next");
    } catch (const misuse&) {
    }
  }
  void hear(std::span<const batch_end> told) {
    for (const batch_end& each : told) {
      std::optional<used_place>& ended = used_[each.place];
      verdict_.demand(ended.has_value(), "the end of a place was told twice");
      if (ended) judge(*ended, each);
      ended.reset();
    }
  }
  void judge(const used_place& ended, const batch_end& told) {
    const bool some = told.res > 0 && told.res <= static_cast<std::int32_t>(ended.memory.size());
    const std::size_t size = some ? static_cast<std::size_t>(told.res) : 0;
    const std::string what = std::to_string(told.res);
    if (ended.what == batch_does::writes) take(std::span(ended.bytes).subspan(size));
    if (told.res == -ECANCELED) return verdict_.demand(ended.asked, "nobody has asked to cancel it");
    switch (ended.what) {
      case batch_does::nops:
        return verdict_.demand(told.res == 0, "a nop has ended with " + what);
      case batch_does::reads:
        verdict_.demand(some, "a read has ended with " + what);
        return take(ended.memory.first(size));
      case batch_does::writes:
        return verdict_.demand(some, "a write has ended with " + what);
      case batch_does::fails:
        return verdict_.demand(told.res == -EBADF, "what was to fail has ended with " + what);
    }
  }

  void start_drain() {
    if (drain_ != nullptr) return;
    drain_number_ = ++begun_;
    frames_.push_back(hold_back());
  }
  foreign hold_back() {
    co_await with_scope([this](scope& self) -> task<> {
      drain_ = &self;
      try {
        co_await own_->nop().with({.drain = true});
      } catch (const gauntlet::error&) {
      }
      drain_ = nullptr;
    });
  }
  static void stop(scope* of) {
    if (of != nullptr) of->request_stop();
  }

  // ---- what it is to be

  bool is_held(const used_place& asked) const { return drain_ != nullptr && drain_number_ < asked.number; }
  bool waits(const used_place& asked) const {
    if (asked.asked) return false;
    int waiting = 0;
    const bool empty = ioctl(pipe_->in.native(), FIONREAD, &waiting) == 0 && waiting == 0;
    return is_held(asked) || (asked.what == batch_does::reads && empty && asked.is_lent());
  }
  std::size_t lent_by_model() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(used_, [](const auto& each) { return each && each->is_lent(); }));
  }

  // ---- what it is

  void settle() {
    const auto settled = [this] {
      look();
      return is_settled();
    };
    verdict_.demand(turn_until(*own_, settled), "a place waits for nothing, and does not end");
    orphans_ = 0;
  }
  /// All has ended that has nothing to wait for.
  bool is_settled() const {
    if (!lends_are_tracked) return true;
    const auto waiting = static_cast<std::size_t>(
        std::ranges::count_if(used_, [this](const auto& each) { return each && waits(*each); }));
    const bool drained = drain_ == nullptr || is_drain_held();
    return all_->in_flight() == waiting && lent_ranges() == lent_by_model() && drained;
  }
  bool is_drain_held() const {
    return std::ranges::any_of(
        used_, [this](const auto& each) { return each && each->number < drain_number_ && waits(*each); });
  }

  void look() {
    const auto used = static_cast<std::size_t>(std::ranges::count_if(used_, &is_used));
    const std::size_t flies = all_->in_flight();
    verdict_.demand(flies <= used, "more is in flight than was begun");
    verdict_.demand(waiter_ == nullptr || (flies == used && used != 0),
                    "who waits for the next was not told");
    for (std::size_t i = 0; i < places; ++i) look_at(i);
    const std::size_t lent = lent_ranges();
    verdict_.demand(lent >= lent_by_model() && lent <= lent_by_model() + orphans_, "memory stays lent");
  }
  static bool is_used(const std::optional<used_place>& place) { return place.has_value(); }
  void look_at(std::size_t place) {
    const std::optional<used_place>& used = used_[place];
    try {
      static_cast<void>(all_->bytes(place));
      verdict_.demand(!used, "the memory of a place in use was handed out");
    } catch (const misuse&) {
      verdict_.demand(used.has_value(), "the memory of a free place was refused");
    }
    const lent now = lent_as(memory_[place]);
    verdict_.demand(now == lent::no || (used && now == used->lends()), "memory is lent that should not be");
  }

  std::optional<ring> own_;
  std::optional<pipe_of> pipe_;
  std::optional<batch> all_;
  std::array<std::span<std::byte>, places> memory_;
  std::array<std::optional<used_place>, places> used_;
  std::array<int, 256> expected_{};
  std::vector<foreign> frames_;
  verdict verdict_;
  scope* waiter_ = nullptr;
  scope* drain_ = nullptr;
  std::size_t drain_number_ = 0;
  std::size_t begun_ = 0;
  std::size_t orphans_ = 0;  // lends of batches that have gone, if they are not over
  bool may_be_left_ = false;
  int last_byte_ = 0;
};

TEST_CASE(
    "a batch tells of each of its places once, and has their memory until the kernel has done with it") {
  require_io_uring();
  if (!lends_are_tracked)
    SKIP("what the kernel has of a place is asked of lends, which are not tracked here");
  gauntlet::test::check_property(
      [](bool small, bool ring_goes_first) {
        batch_world in(small ? 4 : 32);
        in.perform(*any_steps(static_cast<std::size_t>(batch_command::count)));
        const std::string wrong = in.finish(ring_goes_first);
        if (!wrong.empty()) RC_FAIL(wrong);
      },
      cases(500));
}

}  // namespace
}  // namespace gauntlet::uring::test
