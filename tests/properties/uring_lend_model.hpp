#pragma once
// Operations, and which memory each has, as the documentation has it.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <gauntlet/coroutines.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "uring_model.hpp"
#include "uring_streams.hpp"

namespace gauntlet::uring::test {

enum class does : std::uint8_t { reads, writes, fails, sends, drains, closes };

/// An operation by itself, or one of a chain.
struct part {
  does what{};
  std::size_t on = 0;      // which stream
  bool of_writer = false;  // which end of it
  std::span<std::byte> memory{};
  bool asked = false;              // to end early
  bool returned = false;           // the memory is the caller's
  std::vector<std::byte> bytes{};  // that were to be written, or were read
  std::int32_t res = 0;

  lent lends() const {
    if (memory.empty()) return lent::no;
    return what == does::reads || what == does::fails ? lent::for_writing : lent::for_reading;
  }
  bool is_whole() const { return res == static_cast<std::int32_t>(memory.size()); }
};

struct operation {
  std::vector<part> parts{};
  std::size_t number = 0;  // in the order in which they began
  bool hard = false;
  std::size_t owns = 0;  // so many bytes, that were moved in
  bool may_start = true;
  bool refused = false;
  bool ended = false;
  int freed = 0;
  scope* control = nullptr;

  bool is(does what) const { return parts.front().what == what; }
  bool is_chain() const { return parts.size() > 1; }
  bool asked() const { return std::ranges::any_of(parts, &part::asked); }
  /// The one that the others wait for.
  const part& current() const { return *std::ranges::find(parts, false, &part::returned); }
};
inline std::int32_t as_res(std::size_t size) { return static_cast<std::int32_t>(size); }

/// What is in flight, and what may come of it.
class lend_model {
 protected:
  lend_model() = default;
  ~lend_model() = default;

  // ---- what it is to be

  std::vector<part*> in_flight() const {
    std::vector<part*> all;
    for (operation* const each : live_)
      for (part& one : each->parts)
        if (!one.returned) all.push_back(&one);
    return all;
  }
  bool uses(const part& asked, const stream& on, bool writer) const {
    return asked.what != does::sends && asked.what != does::drains && &*streams_[asked.on] == &on &&
           asked.of_writer == writer;
  }
  bool is_used(const stream& on, bool writer, const part* but = nullptr) const {
    return std::ranges::any_of(in_flight(),
                               [&](const part* each) { return each != but && uses(*each, on, writer); });
  }
  lent lent_by_model(std::span<const std::byte> memory) const {
    lent how = lent::no;
    for (const part* const each : in_flight())
      if (!memory.empty() && each->memory.data() == memory.data()) how = std::max(how, each->lends());
    return how;
  }
  bool is_held(const operation& asked) const {
    return std::ranges::any_of(
        live_, [&](const operation* each) { return each->number < asked.number && each->is(does::drains); });
  }
  bool has_older(const operation& asked) const {
    return std::ranges::any_of(
        live_, [&](const operation* each) { return each->number < asked.number && !each->is(does::closes); });
  }
  bool no_drain_waits() const {
    return std::ranges::none_of(live_, [](const operation* each) { return each->is(does::drains); });
  }
  bool is_any_chained() const { return std::ranges::any_of(live_, &operation::is_chain); }

  /// Nothing is left that it could wait for.
  bool must_end(const operation& asked) const {
    if (asked.is_chain() && !lends_are_tracked) return false;
    const part& now = asked.current();
    const stream& on = *streams_[now.on];
    if (now.what == does::sends) return !connection_->is_held_back() && !is_held(asked);
    if (now.asked && now.what != does::closes) return true;  // those cannot be cancelled
    if (is_held(asked)) return false;
    const bool unread = !on.is_read() && !is_used(on, false, &now);
    const bool unwritten = !on.is_written() && !is_used(on, true, &now);
    switch (now.what) {
      case does::reads:
        return unwritten || (on.is_read() && on.waiting() != 0);
      case does::writes:
        return unread || !on.narrow || (on.is_read() && on.waiting() == 0);
      case does::closes:
        return (now.of_writer ? unwritten : unread) && no_drain_waits();
      case does::drains:
        return live_.front() == &asked;
      case does::fails:
      case does::sends:
        return true;
    }
    return false;
  }
  /// Answers how many they are.
  template <class Which>
  std::size_t ask(Which which) {
    std::size_t asked = 0;
    for (part* const each : in_flight()) {
      if (!which(*each)) continue;
      each->asked = true;
      ++asked;
    }
    return asked;
  }
  std::size_t ask_on(const stream& on, bool writer) {
    return ask([&](const part& each) { return uses(each, on, writer); });
  }

  // ---- how it has ended

  void judge(const operation& of) {
    bool broken = false;
    for (const part& each : of.parts) {
      verdict_.demand(!is_held(of) || of.asked(), "what was to wait for a drain has passed it");
      if (each.res == -ECANCELED) {
        verdict_.demand((of.asked() && each.what != does::closes) || broken, "nobody has asked to cancel it");
        take_back(each, 0);
      } else {
        verdict_.demand(!broken, "what stands behind a failure was begun");
        judge_result(of, each);
      }
      broken = broken || (!of.hard && !each.is_whole());
    }
  }
  void judge_result(const operation& of, const part& ended) {
    stream& on = *streams_[ended.on];
    const bool some = ended.res > 0 && ended.res <= as_res(ended.memory.size());
    const std::string what = std::to_string(ended.res);
    switch (ended.what) {
      case does::reads:
        verdict_.demand(some || (ended.res == 0 && !on.is_written()), "a read has ended with " + what);
        return take(on, ended.bytes);
      case does::writes:
        verdict_.demand(some || (ended.res == -EPIPE && !on.is_read()), "a write has ended with " + what);
        return take_back(ended, some ? static_cast<std::size_t>(ended.res) : 0);
      case does::fails:
        return verdict_.demand(ended.res == -EBADF, "what was to fail has ended with " + what);
      case does::sends:
        verdict_.demand(ended.is_whole() || (ended.res < 0 && connection_->is_closed()),
                        "a send has ended with " + what);
        return verdict_.demand(!connection_->is_held_back(), "a send has ended that the peer has not taken");
      case does::drains:
        return verdict_.demand(ended.res == 0 && !has_older(of), "a drain has not waited");
      case does::closes:
        return verdict_.demand(ended.res == 0, "a close has ended with " + what);
    }
  }
  void take(stream& from, std::span<const std::byte> bytes) {
    for (const std::byte each : bytes)
      verdict_.demand(--from.expected(each) >= 0, "bytes were read that had not been written, or twice");
  }
  /// What was not written after all.
  void take_back(const part& ended, std::size_t written) {
    if (ended.what == does::writes) take(*streams_[ended.on], std::span(ended.bytes).subspan(written));
  }
  void look_for_lost_bytes(const stream& in) {
    if (!in.is_read()) return;
    int left = 0;
    for (const int each : in.counts) left += each;
    verdict_.demand(in.waiting() == left, "bytes were lost");
  }

  std::array<std::optional<stream>, 2> streams_{};
  std::optional<unread_connection> connection_{};
  std::vector<operation*> live_{};  // those that have not ended, oldest first
  verdict verdict_{};
};

}  // namespace gauntlet::uring::test
