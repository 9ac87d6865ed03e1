// Memory that a ring is lent by operations, chains and sends without a copy, started, cancelled, closed and
// destroyed in any order, against a model of lends: each is the kernel's from its start to its last
// completion, and nobody's but the caller's before and after.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/support/foreign.hpp"
#include "../uring/support.hpp"
#include "uring_lend_model.hpp"
#include "uring_model.hpp"
#include "uring_streams.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

constexpr std::size_t slots = 6;
constexpr std::size_t slot_size = 8;

enum class command : std::uint8_t {
  read,
  read_again,
  write,
  write_again,
  read_owned,
  write_owned,
  send,
  send_owned,
  link,
  hard_link,
  cancel,
  cancel_on,
  drain,
  make_room,
  turn,
  turn_again,
  rarely,
  count
};

class world : lend_model {
 public:
  explicit world(const ring_options& options) : own_(options) {
    for (auto& slot : memory_) slot = std::make_unique<std::array<std::byte, slot_size>>();
    streams_[0].emplace(*own_, false);
    streams_[1].emplace(*own_, true);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() { end_ring(); }

  /// What stands between two turns is submitted together.
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

  /// However it ends, nothing is in flight, and nothing lent.
  const std::string& finish(bool ring_goes_first) {
    if (ring_goes_first)
      end_ring();
    else
      end_operations();
    for (const auto& each : all_) {
      verdict_.demand(each->ended, "an operation was not told how it ended");
      verdict_.demand(each->freed == (each->owns != 0 ? 1 : 0), "a buffer was not freed, or twice");
    }
    look();
    for (const auto& each : streams_) look_for_lost_bytes(*each);
    return verdict_.sentence();
  }

 private:
  // ---- commands

  static bool is_turn(const step& step) {
    const auto what = static_cast<command>(step.what);
    return what == command::turn || what == command::turn_again;
  }

  void act(const step& step) {
    const std::size_t size = 1 + step.other / 8 % slot_size;
    const std::size_t on = step.other % 2;
    switch (static_cast<command>(step.what)) {
      case command::read:
      case command::read_again:
        return start_one(does::reads, on, slot(step.one, size));
      case command::write:
      case command::write_again:
        return start_one(does::writes, on, slot(step.one, size));
      case command::read_owned:
        return start_owned(does::reads, on, size);
      case command::write_owned:
        return start_owned(does::writes, on, size);
      case command::send:
        return start_one(does::sends, 0, slot(step.one, size));
      case command::send_owned:
        return start_owned(does::sends, 0, size);
      case command::link:
      case command::hard_link:
        return start_chain(step);
      case command::cancel:
        return cancel(step.one);
      case command::cancel_on:
        return cancel_on(*streams_[on], step.one % 2 == 0);
      case command::drain:
        return start_one(does::drains, 0, {});
      case command::make_room:
        return make_room(step.one % 2 == 0);
      case command::rarely:
        return act_rarely(step);
      case command::turn:
      case command::turn_again:
      case command::count:
        return;
    }
  }
  void act_rarely(const step& step) {
    const std::size_t on = step.other % 2;
    const bool writer = step.other / 2 % 2 == 0;
    switch (step.one % 16) {
      case 0:
        return cancel_all();
      case 1:
        return drop(*streams_[on], writer);
      case 2:
        return close(on, writer);
      case 3:
        if (connection_) connection_->close_peer();
        return;
      case 4:
        return drop_sender();
      default:
        return;
    }
  }

  /// Of those that chains use, or of the others.
  std::span<std::byte> slot(std::size_t which, std::size_t size, bool of_chain = false) {
    return std::span(*memory_[which % slots + (of_chain ? slots : 0)]).first(size);
  }

  void start_one(does what, std::size_t on, std::span<std::byte> memory) {
    operation made;
    made.parts.push_back({.what = what, .on = on, .of_writer = what != does::reads, .memory = memory});
    start(std::move(made));
  }
  void start_owned(does what, std::size_t on, std::size_t size) {
    operation made{.owns = size};
    made.parts.push_back({.what = what, .on = on, .of_writer = what != does::reads});
    start(std::move(made));
  }
  void start_chain(const step& step) {
    operation made{.hard = step.what == static_cast<int>(command::hard_link)};
    constexpr std::array kinds{does::reads, does::writes, does::fails, does::writes};
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t drawn = step.other >> (3 * i);
      const does what = kinds[drawn % kinds.size()];
      const std::span<std::byte> memory = slot(step.one + i, 1 + step.one / 8 % 4 + drawn % 4, true);
      made.parts.push_back(
          {.what = what, .on = drawn / 4 % 2, .of_writer = what != does::reads, .memory = memory});
    }
    start(std::move(made));
  }

  void start(operation&& made) {
    if (made.is(does::sends) && !connection_) connection_.emplace(*own_);
    if (!std::ranges::all_of(made.parts, [this](const part& each) { return is_there(each); })) return;
    made.may_start = may_start(made);
    // Nobody would refuse it; or it takes its buffer with it.
    if (!made.may_start && (!lends_are_tracked || made.owns != 0)) return;
    if (made.is_chain() && shares_memory(made)) return;
    if (made.may_start)
      for (part& each : made.parts) prepare(each);
    made.number = all_.size();
    operation& added = *all_.emplace_back(std::make_unique<operation>(std::move(made)));
    live_.push_back(&added);
    frames_.push_back(run(added));
    verdict_.demand(added.may_start || added.refused, "what was lent, or is closed, was begun with");
  }

  bool is_there(const part& asked) const {
    if (asked.what == does::drains) return true;
    if (asked.what == does::sends) return connection_->sender.has_value();
    const stream& on = *streams_[asked.on];
    return (asked.of_writer ? on.out : on.in).has_value();
  }
  bool is_open(const part& asked) const {
    if (asked.what == does::drains || asked.what == does::sends || asked.what == does::closes) return true;
    const stream& on = *streams_[asked.on];
    return asked.of_writer ? on.is_written() : on.is_read();
  }
  /// Not where two would write, or one write and another read.
  bool may_start(const operation& made) const {
    return std::ranges::all_of(made.parts, [this](const part& each) {
      const lent now = lent_by_model(each.memory);
      return is_open(each) && now != lent::for_writing &&
             (now == lent::no || each.lends() == lent::for_reading);
    });
  }
  /// It could not be seen then when a chain is done with a part, nor what that has read.
  bool shares_memory(const operation& chain) const {
    return chain.may_start && std::ranges::any_of(live_, [&](const operation* each) {
             return std::ranges::any_of(each->parts, [&](const part& one) {
               return std::ranges::any_of(
                   chain.parts, [&](const part& own) { return own.memory.data() == one.memory.data(); });
             });
           });
  }
  /// Bytes that nobody reads at the moment are made new.
  void prepare(part& made) {
    if (made.lends() != lent::for_reading) return;
    if (lent_by_model(made.memory) == lent::no)
      for (std::byte& each : made.memory) each = static_cast<std::byte>(++last_byte_ % 128);
    made.bytes.assign(made.memory.begin(), made.memory.end());
    if (made.what != does::writes) return;
    for (const std::byte each : made.bytes) ++streams_[made.on]->expected(each);
  }

  void cancel(std::size_t which) {
    if (live_.empty()) return;
    operation& chosen = *live_[which % live_.size()];
    for (part& each : chosen.parts) each.asked = true;
    chosen.control->request_stop();
  }
  void cancel_on(stream& on, bool writer) {
    if (!(writer ? on.is_written() : on.is_read())) return;
    const bool chained = is_any_chained();
    const std::size_t asked = ask_on(on, writer);
    const std::size_t told = own_->cancel_all_on(writer ? *on.out : *on.in);
    // A chain that the kernel has not seen goes as a whole, with the first that is asked.
    const bool all = told == asked || (chained && told < asked && told != 0);
    verdict_.demand(all || !lends_are_tracked, "others were cancelled than those on a descriptor");
  }
  void cancel_all() {
    const std::size_t asked = ask([](const part& each) { return each.what != does::closes; });
    const auto closing = static_cast<std::size_t>(std::ranges::count(in_flight(), does::closes, &part::what));
    const std::size_t told = own_->cancel_all();
    verdict_.demand((told >= asked && told <= asked + closing) || !lends_are_tracked,
                    "others were cancelled than are in flight");
  }
  void drop(stream& on, bool writer) {
    ask_on(on, writer);
    (writer ? on.out : on.in).reset();
  }
  void drop_sender() {
    if (!connection_) return;
    ask([](const part& each) { return each.what == does::sends; });
    connection_->sender.reset();
  }
  void close(std::size_t on, bool writer) {
    if (!(writer ? streams_[on]->is_written() : streams_[on]->is_read())) return;
    ask_on(*streams_[on], writer);
    operation made;
    made.parts.push_back({.what = does::closes, .on = on, .of_writer = writer});
    start(std::move(made));
  }
  void make_room(bool of_connection) {
    if (of_connection && connection_) return connection_->drain();
    if (!streams_[1]->is_read()) return;
    std::vector<std::byte> taken(4096);
    const ssize_t size = ::read(streams_[1]->number, taken.data(), taken.size());
    taken.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    take(*streams_[1], taken);
  }

  // ---- operations

  foreign run(operation& of) {
    co_await with_scope([this, &of](scope& self) -> task<> {
      of.control = &self;
      try {
        if (of.is_chain())
          co_await run_chain(of);
        else
          co_await run_one(of);
      } catch (const misuse&) {
        of.refused = true;
      }
      of.control = nullptr;
    });
    of.ended = true;
    for (part& each : of.parts) each.returned = true;
    verdict_.demand(of.refused != of.may_start, "an operation was refused");
    if (!of.refused) judge(of);
    std::erase(live_, &of);
  }

  task<> run_one(operation& of) {
    part& one = of.parts.front();
    try {
      if (of.owns != 0) {
        one.res = co_await transfer_owned(of);
      } else if (one.what == does::drains) {
        co_await own_->nop().with({.drain = true});
      } else if (one.what == does::closes) {
        co_await end_of(one).close();
      } else if (one.what == does::sends) {
        const sent done = co_await connection_->sender->send_zc(one.memory);
        one.res = as_res(done.size);
      } else {
        one.res = as_res(co_await transfer_of(one));
      }
    } catch (const error& failed) {
      one.res = failed.res();
    }
    if (of.owns == 0) note_read(one);
  }
  task<> run_chain(operation& of) {
    std::vector<part>& parts = of.parts;
    auto first = transfer_of(parts[0]);
    auto second = transfer_of(parts[1]);
    auto third = transfer_of(parts[2]);
    auto chain = of.hard ? uring::hard_link(std::move(first), std::move(second), std::move(third))
                         : uring::link(std::move(first), std::move(second), std::move(third));
    try {
      const auto ended = co_await chain;
      parts[0].res = res_of(std::get<0>(ended));
      parts[1].res = res_of(std::get<1>(ended));
      parts[2].res = res_of(std::get<2>(ended));
    } catch (const error& failed) {
      for (part& each : parts) each.res = failed.res();
    }
    for (part& each : parts) note_read(each);
  }
  task<std::int32_t> transfer_owned(operation& of) {
    part& one = of.parts.front();
    told_bytes mine(of.owns, of.freed);
    part prepared = one;
    prepared.memory = {mine.data(), mine.size()};
    prepare(prepared);
    one = std::move(prepared);
    owned_buffer moved_in(std::move(mine));
    transfer done;
    if (one.what == does::sends) {
      sent told = co_await connection_->sender->send_zc(std::move(moved_in));
      done = {.size = told.size, .buffer = std::move(told.buffer)};
    } else if (one.what == does::reads) {
      done = co_await end_of(one).read_some(std::move(moved_in));
    } else {
      done = co_await end_of(one).write_some(std::move(moved_in));
    }
    one.res = as_res(done.size);
    note_read(one);
    verdict_.demand(done.buffer.bytes().data() == one.memory.data(), "another buffer came back");
    verdict_.demand(of.freed == 0, "a buffer came back that was freed");
    co_return one.res;
  }
  /// What fails reads where it can only write.
  detail::ring_operation<std::size_t> transfer_of(const part& of) {
    file& on = end_of(of);
    return of.what == does::writes ? on.write_some(of.memory) : on.read_some(of.memory);
  }
  file& end_of(const part& on) { return on.of_writer ? *streams_[on.on]->out : *streams_[on.on]->in; }
  static std::int32_t res_of(outcome<std::size_t> ended) {
    return ended ? as_res(ended.value()) : ended.error()->res();
  }
  static void note_read(part& ended) {
    if (ended.what != does::reads || ended.res <= 0) return;
    const std::span<std::byte> read = ended.memory.first(static_cast<std::size_t>(ended.res));
    ended.bytes.assign(read.begin(), read.end());
  }

  // ---- what it is

  void settle() {
    const auto all_have_ended = [this] {
      if (connection_) connection_->read_on();
      look();
      return std::ranges::none_of(live_, [this](const operation* each) { return must_end(*each); });
    };
    verdict_.demand(turn_until(*own_, all_have_ended), "an operation waits for nothing, and does not end");
  }

  void look() {
    for (const auto& each : memory_) look_at(*each);
    for (const operation* const each : live_) {
      if (each->owns != 0) look_at(each->parts.front().memory);
      verdict_.demand(std::ranges::is_partitioned(each->parts, &part::returned),
                      "a part of a chain was returned before the one that it waits for");
      verdict_.demand(std::ranges::count(each->parts, false, &part::returned) != 0,
                      "a chain has ended and was not told");
    }
    if (!own_) return;
    const auto flies = std::ssize(live_);
    const auto told = std::ranges::count(own_->pending(), false, [](const pending_operation& each) {
      return each.kind.starts_with("scope") || each.kind.starts_with("with_scope");
    });
    verdict_.demand(told == flies,
                    "pending() tells of " + std::to_string(told) + " and not of " + std::to_string(flies));
    verdict_.demand(own_->metrics().stale == 0, "a completion came to nobody");
  }
  void look_at(std::span<std::byte> memory) {
    if (!lends_are_tracked) return;
    const lent now = lent_as(memory);
    if (now == lent_by_model(memory)) return;
    // How far a chain has come is known by this only.
    for (operation* const each : live_)
      for (part& one : each->parts)
        if (each->is_chain() && one.memory.data() == memory.data()) one.returned = true;
    verdict_.demand(now == lent_by_model(memory),
                    now == lent::no ? "memory came back too early" : "memory is lent that should not be");
  }

  // ---- the end

  void end_ring() {
    if (!own_) return;
    ask([](const part&) { return true; });
    if (connection_) connection_->close_peer();  // a ring that goes waits for what has been sent
    own_.reset();
  }
  void end_operations() {
    if (connection_) connection_->drain();
    cancel_all();
    const auto all_ended = [this] {
      if (connection_) connection_->read_on();
      return live_.empty();
    };
    verdict_.demand(turn_until(*own_, all_ended), "cancelled, an operation does not end");
    look_at_metrics();
    verdict_.demand(own_->close().empty(), "something was in flight at the end");
  }
  /// What was never submitted, as it was cancelled before, has no completion.
  void look_at_metrics() {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    for (const auto& of : all_) {
      if (of->refused) continue;
      for (const part& each : of->parts) {
        const bool sent_some = each.what == does::sends && each.res > 0;
        most += each.what == does::sends ? 2U : 1U;
        least += sent_some ? 2U : of->asked() && each.what != does::closes ? 0U : 1U;
      }
    }
    const std::uint64_t completed = own_->metrics().completed;
    verdict_.demand(least <= completed && completed <= most, "completions were lost, or came twice");
  }

  std::array<std::unique_ptr<std::array<std::byte, slot_size>>, 2 * slots> memory_;
  std::vector<std::unique_ptr<operation>> all_;
  std::vector<foreign> frames_;
  int last_byte_ = 0;
  std::optional<ring> own_;
};

TEST_CASE(
    "memory is the kernel's until it has done with it, and nobody's but the caller's before and after") {
  require_io_uring();
  if (!supports(operation_code::send_zc)) SKIP("this kernel sends nothing without a copy");
  std::signal(SIGPIPE, SIG_IGN);  // pipes are written to whose other end is closed
  gauntlet::test::check_property(
      [](bool small, bool defers, bool ring_goes_first) {
        world in({.entries = small ? 4U : 32U, .single_issuer = defers, .defer_taskrun = defers});
        in.perform(*any_steps(static_cast<std::size_t>(command::count)));
        const std::string wrong = in.finish(ring_goes_first);
        if (!wrong.empty()) RC_FAIL(wrong);
      },
      cases(300));
}

}  // namespace
}  // namespace gauntlet::uring::test
