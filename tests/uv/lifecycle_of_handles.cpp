#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "asserting_thread.hpp"
#include "kinds.hpp"
#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// What every handle has, refused with this reason.
template <class Handle>
void refuses_everything(Handle& handle, const char* because) {
  CHECK(says(misuse_of([&] { handle.close(); }), because));
  CHECK(says(misuse_of([&] { static_cast<void>(handle.is_active()); }), because));
  CHECK(says(misuse_of([&] { handle.ref(); }), because));
  CHECK(says(misuse_of([&] { handle.unref(); }), because));
  CHECK(says(misuse_of([&] { static_cast<void>(handle.has_ref()); }), because));
  CHECK(says(misuse_of([&] { static_cast<void>(handle.native()); }), because));
}

template <class Specimen>
void refuses_to_start_and_stop(Specimen& specimen, const char* because) {
  if constexpr (std::is_same_v<Specimen, async_specimen>)
    CHECK_FALSE(specimen.subject->send());
  else
    CHECK(says(misuse_of([&] { specimen.start([] {}); }), because));
  if constexpr (Specimen::can_stop) CHECK(says(misuse_of([&] { specimen.stop(); }), because));
}

std::size_t pending_of(loop& loop, const char* kind) {
  std::size_t count = 0;
  for (const pending_operation& operation : loop.pending())
    count += operation.is_handle && operation.kind == kind;
  return count;
}

TEST_CASE("open: started, called, stopped, started again, closing, closed") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    Specimen specimen(loop);
    CHECK_FALSE(specimen.subject->is_closing());
    CHECK(pending_of(loop, Specimen::name) >= 1);
    int calls = 0;
    specimen.start([&] { ++calls; });
    CHECK(turn_until(loop, [&] { return calls > 0; }));
    if constexpr (Specimen::can_stop) {
      specimen.stop();
      CHECK_FALSE(specimen.subject->is_active());
      specimen.stop();  // twice is nothing
      const int before = calls;
      for (int turns = 0; turns < 3; ++turns) loop.run(run_mode::nowait);
      CHECK(calls == before);
      specimen.start([&] { calls = 1000; });
      CHECK(specimen.subject->is_active());
    }
    bool closed = false;
    specimen.subject->close([&] { closed = true; });
    CHECK(specimen.subject->is_closing());
    refuses_everything(*specimen.subject, "the handle is closed: make a new one");
    refuses_to_start_and_stop(specimen, "the handle is closed");
    CHECK_FALSE(closed);
    const int before = calls;
    CHECK(turn_until(loop, [&] { return closed; }));
    CHECK(calls == before);
    CHECK(specimen.subject->is_closing());
    refuses_everything(*specimen.subject, "the handle is closed: make a new one");
    refuses_to_start_and_stop(specimen, "the handle is closed");
    loop.close();
  });
}

enum class state { open, active, closing, closed };
constexpr state all_states[] = {state::open, state::active, state::closing, state::closed};

template <class Specimen>
void bring_to(state wanted, uv::loop& loop, Specimen& specimen, bool& called) {
  if (wanted == state::open) return;
  specimen.start([&] { called = true; });
  if (wanted == state::active) return;
  bool closed = false;
  if (wanted == state::closing) {
    specimen.subject->close();
    return;
  }
  specimen.subject->close([&] { closed = true; });
  REQUIRE(turn_until(loop, [&] { return closed; }));
}

TEST_CASE("the owner may end in every state, and nothing is called any more") {
  all_kinds::for_each([]<class Specimen> {
    for (const state from : all_states) {
      INFO("state " << static_cast<int>(from));
      loop loop;
      Specimen specimen(loop);
      bool called = false;
      bring_to(from, loop, specimen, called);
      called = false;
      const std::size_t before = pending_of(loop, Specimen::name);
      specimen.subject.reset();
      const std::size_t left = before - (from == state::closed ? 0 : 1);
      CHECK(turn_until(loop, [&] { return pending_of(loop, Specimen::name) == left; }));
      for (int turns = 0; turns < 3; ++turns) loop.run(run_mode::nowait);
      CHECK_FALSE(called);
      CHECK(pending_of(loop, Specimen::name) == left);
      loop.close();
    }
  });
}

TEST_CASE("the owner may be moved in every state") {
  all_kinds::for_each([]<class Specimen> {
    using handle_type = typename Specimen::handle_type;
    for (const state from : all_states) {
      INFO("state " << static_cast<int>(from));
      loop loop;
      Specimen specimen(loop);
      bool called = false;
      bring_to(from, loop, specimen, called);

      handle_type first = std::move(*specimen.subject);
      CHECK(specimen.subject->is_closing());
      refuses_everything(*specimen.subject, "the handle was moved from: use the one it was moved to");
      handle_type second = std::move(first);
      handle_type nothing = std::move(first);  // a second time from the same
      handle_type* const alias = &second;
      second = std::move(*alias);
      *specimen.subject = std::move(second);
      refuses_everything(nothing, "moved from");
      CHECK(specimen.subject->is_closing() == (from == state::closing || from == state::closed));
      called = false;
      if (from == state::active) CHECK(turn_until(loop, [&] { return called; }));
      loop.close();
    }
  });
}

TEST_CASE("a handle that is assigned to closes what it owned") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    Specimen one(loop);
    Specimen two(loop);
    bool one_called = false;
    bool two_called = false;
    one.start([&] { one_called = true; });
    two.start([&] { two_called = true; });
    *one.subject = std::move(*two.subject);
    CHECK(turn_until(loop, [&] { return two_called; }));
    CHECK_FALSE(one_called);
    loop.close();
  });
}

TEST_CASE("the loop may end first, in every state, and the handle says so") {
  all_kinds::for_each([]<class Specimen> {
    for (const state from : all_states) {
      INFO("state " << static_cast<int>(from));
      std::optional<loop> loop(std::in_place);
      Specimen specimen(*loop);
      bool called = false;
      bring_to(from, *loop, specimen, called);
      called = false;
      loop.reset();
      CHECK_FALSE(called);
      CHECK(specimen.subject->is_closing());
      refuses_everything(*specimen.subject, "the handle was closed together with its loop");
      refuses_to_start_and_stop(specimen, "the handle was closed together with its loop");
      auto moved = std::move(*specimen.subject);
      CHECK(moved.is_closing());
    }
  });
}

TEST_CASE("the owner may end inside its own callback, another's, and its close callback") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    std::optional<Specimen> own(std::in_place, loop);
    bool own_called = false;
    own->start([&] {
      own_called = true;
      own->subject.reset();
    });
    CHECK(turn_until(loop, [&] { return own_called; }));

    std::optional<Specimen> other(std::in_place, loop);
    int other_calls = 0;
    other->start([&] { ++other_calls; });
    idle idle{loop};
    idle.start([&] { other.reset(); });
    loop.run(run_mode::nowait);
    const int before = other_calls;
    for (int turns = 0; turns < 3; ++turns) loop.run(run_mode::nowait);
    CHECK(other_calls == before);

    std::optional<Specimen> closing(std::in_place, loop);
    bool closed = false;
    closing->subject->close([&] {
      closed = true;
      closing->subject.reset();
    });
    CHECK(turn_until(loop, [&] { return closed; }));
    loop.close();
  });
}

TEST_CASE("close inside the own callback; a close callback makes new handles") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    Specimen first(loop);
    std::optional<Specimen> second;
    int calls = 0;
    bool second_called = false;
    first.start([&] {
      ++calls;
      first.subject->close([&] {
        second.emplace(loop);
        second->start([&] { second_called = true; });
      });
    });
    CHECK(turn_until(loop, [&] { return second_called; }));
    CHECK(calls == 1);
    loop.close();
  });
}

TEST_CASE("when the loop closes nothing can be made any more, which the callback that tries is told") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    Specimen specimen(loop);
    std::string said;
    specimen.subject->close([&] { said = misuse_of([&] { Specimen late(loop); }); });
    loop.close();
    CHECK(says(said, "the loop is closed: nothing can be started on it any more"));
  });
}

TEST_CASE("a callback may replace itself") {
  all_kinds::for_each([]<class Specimen> {
    if constexpr (Specimen::can_restart) {
      loop loop;
      Specimen specimen(loop);
      auto witness = std::make_shared<int>(0);
      bool second = false;
      specimen.start([&, witness] {
        specimen.start([&] { second = true; });
        ++*witness;  // its captures live as long as it runs
      });
      CHECK(turn_until(loop, [&] { return second; }));
      CHECK(*witness == 1);
      CHECK(witness.use_count() == 1);
      loop.close();
    }
  });
}

TEST_CASE("a callback may own its handle: it ends with close, or with the loop") {
  all_kinds::for_each([]<class Specimen> {
    for (const bool by_close : {true, false}) {
      auto witness = std::make_shared<int>(0);
      {
        loop loop;
        auto specimen = std::make_shared<Specimen>(loop);
        bool called = false;
        specimen->start([&called, specimen, witness] { called = true; });
        std::weak_ptr<Specimen> watch = specimen;
        Specimen& inside = *specimen;
        if (by_close) inside.subject->close();
        specimen.reset();
        CHECK_FALSE(watch.expired());
        CHECK(turn_until(loop, [&] { return called || watch.expired(); }));
        CHECK(called == !by_close);
        CHECK(watch.expired() == by_close);
      }
      CHECK(witness.use_count() == 1);
    }
  });
}

TEST_CASE("the loop may end inside a callback of each kind, and inside a close callback") {
  all_kinds::for_each([]<class Specimen> {
    auto loop = std::make_unique<uv::loop>();
    Specimen specimen(*loop);
    specimen.start([&] { loop.reset(); });
    CHECK(repeat_until([&] { CHECK_FALSE((loop->run(run_mode::nowait) && !loop)); }, [&] { return !loop; }));
    refuses_everything(*specimen.subject, "together with its loop");

    loop = std::make_unique<uv::loop>();
    Specimen closing(*loop);
    closing.subject->close([&] { loop.reset(); });
    while (loop) loop->run(run_mode::nowait);
    refuses_everything(*closing.subject, "together with its loop");

    loop = std::make_unique<uv::loop>();
    Specimen explicitly(*loop);
    explicitly.subject->close([&] { loop.reset(); });
    loop->close();
    CHECK(loop == nullptr);
  });
}

TEST_CASE("unwinding ends loop and handles, in both orders") {
  all_kinds::for_each([]<class Specimen> {
    CHECK(thrown_by<std::runtime_error>([] {
            loop loop;
            Specimen specimen(loop);
            specimen.start([] {});
            throw std::runtime_error("handle first");
          }) == "handle first");
    CHECK(thrown_by<std::runtime_error>([] {
            std::optional<Specimen> specimen;
            loop loop;
            specimen.emplace(loop);
            specimen->start([] {});
            throw std::runtime_error("loop first");
          }) == "loop first");
    CHECK(thrown_by<std::runtime_error>([] {
            std::optional<Specimen> specimen;
            loop loop;
            specimen.emplace(loop);
            specimen->start([] { throw std::runtime_error("through run"); });
            for (;;) loop.run(run_mode::nowait);
          }) == "through run");
  });
}

TEST_CASE("a foreign thread is told whose the handle is") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    Specimen specimen(loop);
    const signals_blocked meanwhile;
    gauntlet::test::on_another_thread([&] {
      refuses_everything(*specimen.subject, "but the loop belongs to thread ");
      if constexpr (!std::is_same_v<Specimen, async_specimen>)
        CHECK(says(misuse_of([&] { specimen.start([] {}); }), "but the loop belongs to thread "));
      if constexpr (Specimen::can_stop)
        CHECK(says(misuse_of([&] { specimen.stop(); }), "but the loop belongs to thread "));
      CHECK(says(misuse_of([&] { static_cast<void>(specimen.subject->is_closing()); }), "belongs to"));
      CHECK(says(misuse_of([&] { Specimen another(loop); }), "belongs to"));
    });
    loop.close();
  });
}

TEST_CASE("the owner may end on another thread: while the loop runs, before it ends, and after") {
  all_kinds::for_each([]<class Specimen> {
    auto loop = std::make_unique<uv::loop>();
    auto running = std::make_unique<Specimen>(*loop);
    auto before = std::make_unique<Specimen>(*loop);
    auto after = std::make_unique<Specimen>(*loop);
    running->start([] {});
    before->start([] {});
    after->start([] {});
    auto guard = loop->keep_alive();
    std::thread other = thread_without_signals([&] {
      running.reset();
      loop->post([&] { loop->stop(); });
    });
    loop->run();
    other.join();
    thread_without_signals([&] { before.reset(); }).join();
    guard.reset();
    loop.reset();
    thread_without_signals([&] { after.reset(); }).join();
  });
}

TEST_CASE("closing is told once, in order, also by the loop's close") {
  loop loop;
  std::string order;
  timer first{loop};
  timer second{loop};
  timer third{loop};
  third.start(1h, [] {});
  first.close([&] { order += '1'; });
  second.close([&] { order += '2'; });
  const auto open = loop.close();
  CHECK(order.size() == 2);
  CHECK(open.size() == 3);
}

}  // namespace
}  // namespace gauntlet::uv::test
