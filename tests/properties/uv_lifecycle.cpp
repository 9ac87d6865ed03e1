// Handles of all kinds, used in any order, against a model that knows no more than the documentation: which
// of them are closing, whose callbacks may still be called, and how often a close is told.

#include "../uv/kinds.hpp"
#include "property.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace gauntlet::uv::test {
namespace {

/// A specimen of any kind.
struct subject {
  subject() = default;
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;
  virtual ~subject() = default;
  virtual bool can_stop() const = 0;
  virtual bool can_restart() const = 0;
  /// False: it was refused, as with all of these.
  virtual bool start(callback<void()> called) = 0;
  virtual bool stop() = 0;
  virtual bool close(callback<void()> told) = 0;
  virtual bool is_closing() const = 0;
  virtual void move_around() = 0;
};

template <class Work>
bool accepted(Work&& work) {
  try {
    work();
    return true;
  } catch (const misuse&) {
    return false;
  }
}

template <class Specimen>
struct subject_of final : subject {
  explicit subject_of(loop& loop) : specimen(loop) {}
  bool can_stop() const override { return Specimen::can_stop; }
  bool can_restart() const override { return Specimen::can_restart; }
  bool start(callback<void()> called) override {
    if constexpr (std::is_same_v<Specimen, async_specimen>) {
      if (is_closing()) return specimen.subject->send();
    }
    return accepted([&] { specimen.start(std::move(called)); });
  }
  bool stop() override {
    return accepted([&] {
      if constexpr (Specimen::can_stop) specimen.stop();
    });
  }
  bool close(callback<void()> told) override {
    return accepted([&] { specimen.subject->close(std::move(told)); });
  }
  bool is_closing() const override { return specimen.subject->is_closing(); }
  void move_around() override {
    auto elsewhere = std::move(*specimen.subject);
    auto further = std::move(elsewhere);
    *specimen.subject = std::move(further);
  }

  Specimen specimen;
};

template <class... Specimens>
std::unique_ptr<subject> make_any(kinds<Specimens...>, loop& loop, std::size_t kind) {
  using maker = std::unique_ptr<subject> (*)(uv::loop&);
  static constexpr std::array<maker, sizeof...(Specimens)> makers{
      [](uv::loop& on) -> std::unique_ptr<subject> {
        return std::make_unique<subject_of<Specimens>>(on);
      }...};
  return makers[kind % makers.size()](loop);
}

/// Of one owner, as long as it lives, and of what its callbacks remember of it.
struct life {
  bool may_be_called = false;
  bool told_closed = false;
  int starts = 0;
  int called = 0;  // the start whose callback came last

  bool waits() const { return may_be_called && called != starts; }
};

struct thrown_by_property {};

class world {
 public:
  static constexpr std::size_t slots = 4;
  enum class action {
    create,
    start,
    stop,
    close,
    drop,
    move,
    turn,
    wait,
    start_dropping,
    start_closing,
    start_creating,
    start_throwing,
    close_dropping,
    post,
    work,
    drop_work,
    start_ending,  // from here on it is the loop's end
    close_loop,
    end_loop,
    count
  };

  void act(action what, std::size_t slot, std::size_t other) {
    switch (what) {
      case action::create:
        return create(slot, other);
      case action::start:
        return start(slot, [] {});
      case action::stop:
        return stop(slot);
      case action::close:
        return close(slot, [] {});
      case action::drop:
        return drop(slot);
      case action::move:
        return move(slot);
      case action::turn:
        return turn();
      case action::wait:
        return wait();
      case action::start_dropping:
        return start(slot, [this, other] { drop(other % slots); });
      case action::start_closing:
        return start(slot, [this, other] { close(other % slots, [] {}); });
      case action::start_creating:
        return start(slot, [this, slot, other] { create((slot + 1) % slots, other); });
      case action::start_throwing:
        return start(slot, [this] {
          ++thrown_;
          throw thrown_by_property();
        });
      case action::start_ending:
        return start(slot, [this] { end_loop(); });
      case action::close_dropping:
        return close(slot, [this, other] { drop(other % slots); });
      case action::post:
        return post(other % slots);
      case action::work:
        return work();
      case action::drop_work:
        return works_.clear();
      case action::close_loop:
        return close_loop();
      case action::end_loop:
        return end_loop();
      case action::count:
        return;
    }
  }

  /// Nothing, or what was not as the model has it.
  std::string check() {
    for (std::size_t i = 0; i < slots; ++i) {
      const slot_state& slot = slots_[i];
      if (slot.owner && slot.owner->is_closing() != (slot.closing || gone_ || loop_closed_))
        wrong("slot " + std::to_string(i) + " is_closing");
    }
    return wrong_;
  }

  /// The end: everything is told, or nothing any more.
  std::string finish() {
    if (loop_ && !loop_closed_) close_loop();
    for (const auto& closing : closings_)
      if (!closing->told_closed && !ended_silently_) wrong("a close was not told");
    loop_.reset();
    for (slot_state& slot : slots_) slot = {};
    works_.clear();
    if (caught_ > thrown_) wrong("an exception came twice");
    if (!ended_silently_ && caught_ != thrown_) wrong("an exception was lost");
    return wrong_;
  }

 private:
  struct slot_state {
    std::unique_ptr<subject> owner;
    std::shared_ptr<life> lives;
    bool closing = false;
    bool runs = false;
  };

  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  bool open() const { return !gone_ && !loop_closed_ && !closing_; }

  void create(std::size_t slot, std::size_t kind) {
    if (!loop_) return;
    drop(slot);
    std::unique_ptr<subject> made;
    const bool could = accepted([&] { made = make_any(all_kinds(), *loop_, kind); });
    if (could != open()) wrong("create");
    slots_[slot].owner = std::move(made);
    slots_[slot].lives = std::make_shared<life>();
  }
  template <class Work>
  void start(std::size_t slot, Work&& called) {
    slot_state& one = slots_[slot];
    if (!one.owner) return;
    if (one.runs && !one.owner->can_restart()) return;
    const bool may = open() && !one.closing;
    const bool could = one.owner->start([this, lives = one.lives, starts = one.lives->starts + 1,
                                         called = std::forward<Work>(called)]() mutable {
      if (!lives->may_be_called) wrong("a callback came that was not to come");
      if (lives->starts != starts) wrong("a callback came in another one's place");
      lives->called = starts;
      called();
    });
    if (could != may) wrong("start");
    if (!may) return;
    one.runs = true;
    one.lives->may_be_called = true;
    ++one.lives->starts;
  }
  void stop(std::size_t slot) {
    slot_state& one = slots_[slot];
    if (!one.owner || !one.owner->can_stop()) return;
    const bool may = open() && !one.closing;
    if (one.owner->stop() != may) wrong("stop");
    if (!may) return;
    one.runs = false;
    one.lives->may_be_called = false;
  }
  template <class Work>
  void close(std::size_t slot, Work&& then) {
    slot_state& one = slots_[slot];
    if (!one.owner) return;
    const bool may = open() && !one.closing;
    const bool could = one.owner->close([this, lives = one.lives, then = std::forward<Work>(then)]() mutable {
      if (lives->told_closed) wrong("a close was told twice");
      lives->told_closed = true;
      then();
    });
    if (could != may) wrong("close");
    if (!may) return;
    one.closing = true;
    one.lives->may_be_called = false;
    closings_.push_back(one.lives);
  }
  void drop(std::size_t slot) {
    slot_state& one = slots_[slot];
    if (one.lives) one.lives->may_be_called = false;
    const slot_state dropped = std::exchange(one, {});
  }
  void move(std::size_t slot) {
    if (slots_[slot].owner) slots_[slot].owner->move_around();
  }
  void turn() {
    if (!loop_ || in_loop_) return;
    in_loop_ = true;
    const bool could = accepted([&] {
      try {
        loop_->run(run_mode::nowait);
      } catch (const thrown_by_property&) {
        ++caught_;
      }
    });
    in_loop_ = false;
    gone_ = !loop_;
    if (!could && !loop_closed_) wrong("run");
  }
  /// What was started is called at last.
  void wait() {
    if (in_loop_) return;
    const auto waits = [](const slot_state& slot) { return slot.lives && slot.lives->waits(); };
    const auto done = [&] { return !loop_ || loop_closed_ || std::ranges::none_of(slots_, waits); };
    if (!repeat_until([&] { turn(); }, done)) wrong("a callback did not come");
  }
  void post(std::size_t slot) {
    if (!loop_) return;
    const bool could = loop_->post([this, slot] { drop(slot); });
    if (could != !loop_closed_) wrong("post");
  }
  void work() {
    if (!loop_) return;
    const bool could = accepted([&] { works_.push_back(queue_work(*loop_, [] {})); });
    if (could != open()) wrong("queue_work");
  }
  void close_loop() {
    if (!loop_ || in_loop_) return;
    in_loop_ = closing_ = true;
    if (!loop_closed_)
      for (slot_state& slot : slots_)
        if (slot.lives) slot.lives->may_be_called = slot.lives->may_be_called && !slot.closing;
    // A loop that may be destroyed in a close callback: what throws is lost with it.
    try {
      loop_->close();
    } catch (const thrown_by_property&) {
      ++caught_;
    }
    if (loop_) caught_ += static_cast<int>(loop_->take_exceptions().size());
    in_loop_ = closing_ = false;
    gone_ = !loop_;
    loop_closed_ = true;
    for (slot_state& slot : slots_) slot.closing = true;
  }
  void end_loop() {
    if (!loop_) return;
    if (!loop_closed_) ended_silently_ = true;
    loop_.reset();
    if (in_loop_) return;  // it ends when the turn does, whose other callbacks are called
    gone_ = true;
    for (slot_state& slot : slots_)
      if (slot.lives) slot.lives->may_be_called = false;
  }

  std::unique_ptr<loop> loop_ = std::make_unique<loop>();
  std::array<slot_state, slots> slots_;
  std::vector<request> works_;
  std::vector<std::shared_ptr<life>> closings_;
  std::string wrong_;
  int thrown_ = 0;
  int caught_ = 0;
  bool in_loop_ = false;
  bool closing_ = false;
  bool gone_ = false;
  bool loop_closed_ = false;
  bool ended_silently_ = false;
};

struct step {
  int what = 0;
  std::size_t slot = 0;
  std::size_t other = 0;
};
std::ostream& operator<<(std::ostream& out, const step& step) {
  return out << step.what << " of " << step.slot << ", " << step.other;
}

/// Long ones, of any action with any kind from the beginning: rapidcheck's own would prefer the first few.
rc::Gen<std::vector<step>> any_steps() {
  const auto below = [](int limit) { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, limit)); };
  return rc::gen::scale(4.0,
                        rc::gen::container<std::vector<step>>(rc::gen::construct<step>(
                            below(static_cast<int>(world::action::count)), below(world::slots), below(256))));
}

TEST_CASE("handles of all kinds, made, started, stopped, closed, moved and dropped in any order") {
  start_pool_without_signals();
  gauntlet::test::check_property([] {
    world world;
    for (const step& step : *any_steps()) {
      // The ends of the loop are rare: what comes after them says little.
      auto action = static_cast<world::action>(step.what);
      if (action >= world::action::start_ending && step.other % 16 != 0) action = world::action::create;
      world.act(action, step.slot, step.other);
      const std::string wrong = world.check();
      if (!wrong.empty()) RC_FAIL(wrong);
    }
    const std::string wrong = world.finish();
    if (!wrong.empty()) RC_FAIL(wrong);
  });
}

}  // namespace
}  // namespace gauntlet::uv::test
