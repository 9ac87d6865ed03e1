// Buffers of a ring, filled by streams and single reads, held, given back in any order and destroyed with
// what they belong to, against a model of them: which are the kernel's, and what is in the others.

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../core/support/foreign.hpp"
#include "../uring/support.hpp"
#include "uring_model.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

constexpr std::uint32_t buffers = 4;
constexpr std::uint32_t buffer_size = 8;

/// A Unix socket of the ring's, and its peer, who sends bytes that count up.
struct incoming {
  explicit incoming(ring& on) {
    std::array<int, 2> ends{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    number = ends[0];
    peer = ends[1];
    from.emplace(on, number);
  }
  incoming(const incoming&) = delete;
  incoming& operator=(const incoming&) = delete;
  ~incoming() { end(); }

  static std::byte byte_at(std::size_t place) { return static_cast<std::byte>(place % 251); }
  void send(std::size_t size) {
    if (peer < 0) return;
    std::vector<std::byte> bytes;
    while (bytes.size() < size) bytes.push_back(byte_at(sent++));
    REQUIRE(::send(peer, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(size));
  }
  void end() {
    if (peer >= 0) ::close(std::exchange(peer, -1));
  }
  /// Something is there, or the end is.
  bool is_ready() const {
    int count = 0;
    return ioctl(number, FIONREAD, &count) == 0 && (count != 0 || peer < 0);
  }

  int number = -1;
  int peer = -1;
  std::optional<socket> from{};
  std::optional<multishot<provided_buffer>> stream{};
  std::size_t sent = 0;
  std::size_t heard = 0;
  scope* waiter = nullptr;
  bool leaves = false;   // who waits was asked to
  bool stopped = false;  // what is in flight was cancelled
  bool lossy = false;    // what had come for a stream that has gone was given back unread
};

/// One that the kernel has no more.
struct held_buffer {
  provided_buffer buffer;
  std::vector<std::byte> bytes;
};

enum class buffer_command : std::uint8_t {
  send,
  send_again,
  next,
  next_again,
  next_once_more,
  read_one,
  read_one_again,
  leave,
  give_back,
  give_back_again,
  give_all_back,
  cancel,
  drop_stream,
  turn,
  turn_again,
  rarely,
  count
};

class buffer_world {
 public:
  explicit buffer_world(bool defers)
      : own_(ring_options{.single_issuer = defers, .defer_taskrun = defers}),
        group_(std::in_place, *own_, buffer_ring_options{.count = buffers, .size = buffer_size}) {
    for (std::optional<incoming>& each : incoming_) each.emplace(*own_);
  }
  buffer_world(const buffer_world&) = delete;
  buffer_world& operator=(const buffer_world&) = delete;
  ~buffer_world() { end_ring(); }

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

  /// In any order.
  const std::string& finish(std::size_t order) {
    orphans_ = true;
    std::array<int, 4> parts{0, 1, 2, 3};
    for (; order != 0; --order) std::ranges::next_permutation(parts);
    for (const int part : parts) {
      end_part(part);
      look_at_held();
    }
    held_.clear();  // what came while the ring closed keeps the group, too
    verdict_.demand(lent_ranges() == 0, "a buffer stays lent");
    look_whether_all_are_told();
    return verdict_.sentence();
  }

 private:
  static bool is_turn(const step& step) {
    const auto what = static_cast<buffer_command>(step.what);
    return what == buffer_command::turn || what == buffer_command::turn_again;
  }

  // ---- commands

  void act(const step& step) {
    incoming& on = *incoming_[step.one % streams];
    incoming& single = *incoming_[streams];
    switch (static_cast<buffer_command>(step.what)) {
      case buffer_command::send:
      case buffer_command::send_again:
        return incoming_[step.one % incoming_.size()]->send(1 + step.other % 12);
      case buffer_command::next:
      case buffer_command::next_again:
      case buffer_command::next_once_more:
        return frames_.push_back(hear_next(on));
      case buffer_command::read_one:
      case buffer_command::read_one_again:
        if (single.waiter == nullptr) frames_.push_back(hear_one(single));
        return;
      case buffer_command::leave:
        return leave(*incoming_[step.one % incoming_.size()]);
      case buffer_command::give_back:
      case buffer_command::give_back_again:
        return give_back(step.one);
      case buffer_command::give_all_back:
        while (!held_.empty()) give_back(step.one);
        return;
      case buffer_command::cancel:
        return cancel(*incoming_[step.one % incoming_.size()]);
      case buffer_command::drop_stream:
        if (step.other % 2 == 0) drop_stream(on);
        return;
      case buffer_command::rarely:
        if (step.other % 8 == 0) incoming_[step.one % incoming_.size()]->end();
        return;
      case buffer_command::turn:
      case buffer_command::turn_again:
      case buffer_command::count:
        return;
    }
  }
  void give_back(std::size_t which) {
    if (held_.empty()) return;
    const auto chosen = held_.begin() + static_cast<std::ptrdiff_t>(which % held_.size());
    provided_buffer buffer = std::move(chosen->buffer);
    held_.erase(chosen);
    verdict_.demand(buffer.give_back() && !buffer.give_back(),
                    "a buffer is given back once, to a ring that runs");
  }
  static void leave(incoming& on) {
    if (on.waiter == nullptr) return;
    on.leaves = true;
    on.waiter->request_stop();
  }
  void cancel(incoming& on) {
    on.stopped = true;
    own_->cancel_all_on(*on.from);
  }
  void drop_stream(incoming& on) {
    if (!on.stream) return;
    on.leaves = on.lossy = orphans_ = true;
    on.stream.reset();
  }

  // ---- who waits

  foreign hear_next(incoming& on) {
    if (!on.stream) {
      on.stream.emplace(on.from->recv_multishot(*group_));
      on.stopped = false;
    }
    co_await with_scope([this, &on](scope& self) -> task<> {
      if (on.waiter != nullptr) co_return co_await hear_too(on);
      on.waiter = &self;
      on.leaves = false;
      co_await hear(on, on.stream->next());
    });
  }
  foreign hear_one(incoming& on) {
    co_await with_scope([this, &on](scope& self) -> task<> {
      on.waiter = &self;
      on.leaves = on.stopped = false;
      co_await hear(on, on.from->read_some(*group_));
    });
  }
  template <class Operation>
  task<> hear(incoming& on, Operation operation) {
    try {
      provided_buffer got = co_await operation;
      on.waiter = nullptr;
      keep(on, std::move(got));
    } catch (const gauntlet::error& failed) {
      on.waiter = nullptr;
      const bool canceled = failed.code() == std::errc::operation_canceled && (on.leaves || on.stopped);
      const bool none_left = failed.code() == std::errc::no_buffer_space && &on == &*incoming_[streams];
      verdict_.demand(canceled || (none_left && has_run_out()),
                      std::string("next() has failed: ") + failed.what());
    }
  }
  task<> hear_too(incoming& on) {
    try {
      const provided_buffer got = co_await on.stream->next();
      verdict_.demand(false, "two wait for the next");
    } catch (const misuse&) {
    }
  }
  void keep(incoming& on, provided_buffer got) {
    if (got.empty()) {
      const bool ended = on.peer < 0 && (on.heard == on.sent || on.lossy);
      return verdict_.demand(ended, "the end of a stream came too early");
    }
    if (on.lossy) skip_to(on, got.bytes().front());
    for (const std::byte each : got.bytes())
      verdict_.demand(on.heard < on.sent && each == incoming::byte_at(on.heard++),
                      "bytes came that were not sent, or twice");
    std::vector<std::byte> bytes(got.bytes().begin(), got.bytes().end());
    held_.push_back({.buffer = std::move(got), .bytes = std::move(bytes)});
  }
  static void skip_to(incoming& on, std::byte first) {
    on.lossy = false;
    while (on.heard < on.sent && incoming::byte_at(on.heard) != first) ++on.heard;
  }
  /// Or had: by the time that it is told some may have come back.
  bool has_run_out() const { return orphans_ || had_taken_ || group_->available() == 0; }

  // ---- what it is, and is to be

  void settle() {
    const auto settled = [this] {
      look();
      const bool all_told =
          std::ranges::none_of(incoming_, [this](const auto& each) { return must_hear(*each); });
      return all_told && (some_are_kept() || group_->available() + held_.size() == buffers);
    };
    verdict_.demand(turn_until(*own_, settled), "who waits was not told, or a buffer was lost");
    orphans_ = false;
  }
  /// By a stream, for who asks next.
  bool some_are_kept() const {
    return std::ranges::any_of(incoming_,
                               [](const auto& each) { return each->stream && each->waiter == nullptr; });
  }
  bool must_hear(const incoming& on) const {
    return on.waiter != nullptr && (on.leaves || (on.is_ready() && group_->available() != 0));
  }
  void look() {
    look_at_held();
    const std::uint32_t available = group_->available();
    had_taken_ = had_taken_ || available != buffers;
    verdict_.demand(available + held_.size() <= buffers, "a buffer is held and available");
    verdict_.demand(!lends_are_tracked || lent_ranges() + held_.size() == buffers,
                    "a buffer is lent that should not be, or is not");
    verdict_.demand(own_->metrics().stale == 0, "a completion came to nobody");
  }
  /// The kernel writes to none of them.
  void look_at_held() {
    for (const held_buffer& each : held_) {
      verdict_.demand(lent_as(each.buffer.bytes()) == lent::no, "a buffer is lent that is held");
      verdict_.demand(std::ranges::equal(each.buffer.bytes(), each.bytes),
                      "a buffer was written to that is held");
    }
  }

  // ---- the end

  void end_part(int part) {
    for (std::optional<incoming>& each : incoming_) each->leaves = each->stopped = true;
    switch (part) {
      case 0:
        end_ring();
        return look_whether_all_are_told();
      case 1:
        for (std::optional<incoming>& each : incoming_) each->stream.reset();
        return;
      case 2:
        return held_.clear();
      default:
        return group_.reset();
    }
  }
  /// Also who had nothing in flight, but waited for a buffer.
  void look_whether_all_are_told() {
    for (const foreign& each : frames_) verdict_.demand(each.done(), "who waits was not told");
  }
  void end_ring() {
    for (std::optional<incoming>& each : incoming_) each->leaves = each->stopped = true;
    own_.reset();
  }

  static constexpr std::size_t streams = 2;
  std::optional<ring> own_;
  std::optional<buffer_ring> group_;
  std::array<std::optional<incoming>, streams + 1> incoming_;  // of the last, single reads
  std::vector<held_buffer> held_;
  std::vector<foreign> frames_;
  verdict verdict_;
  bool had_taken_ = false;  // the kernel, at some time, one of the buffers
  bool orphans_ = false;    // streams have gone, and what they had may still come
};

TEST_CASE("a buffer of a ring is the kernel's or is held, and what is in it came once") {
  require_io_uring();
  gauntlet::test::check_property(
      [](bool defers) {
        buffer_world in(defers);
        in.perform(*any_steps(static_cast<std::size_t>(buffer_command::count)));
        const std::string wrong = in.finish(*rc::gen::inRange<std::size_t>(0, 24));
        if (!wrong.empty()) RC_FAIL(wrong);
      },
      cases(500));
}

}  // namespace
}  // namespace gauntlet::uring::test
