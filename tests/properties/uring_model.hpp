#pragma once
// What the models of io_uring have in common: how memory is lent, turns that do not wait, and commands.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gauntlet/lend.hpp>
#include <gauntlet/memory_checker.hpp>
#include <gauntlet/uring.hpp>
#include <ostream>
#include <source_location>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "property.hpp"

namespace gauntlet::uring::test {

enum class lent : std::uint8_t { no, for_reading, for_writing };

/// As the registry has it, which refuses what overlaps.
inline lent lent_as(std::span<std::byte> memory) {
  const auto is_refused = [](auto&& ask) {
    lend asked("a model", std::source_location::current(), borrower::thread);
    try {
      ask(asked);
      return false;
    } catch (const misuse&) {
      return true;
    }
  };
  if (!is_refused([&](lend& asked) { asked.for_writing(memory); })) return lent::no;
  // The rest of what is lent for reading may hold nothing.
  return is_refused([&](lend& asked) { asked.for_reading(memory.first(1)); }) ? lent::for_writing
                                                                              : lent::for_reading;
}

/// How many ranges of memory are lent, to whomever.
inline std::size_t lent_ranges() {
#ifdef GAUNTLET_LENDS
  return gauntlet::detail::lent_now().size();
#else
  return 0;
#endif
}

/// Submits, and handles what has come.
inline void turn(ring& own) {
  own.post([&own] { own.post([] {}); });  // who has something to do does not wait
  own.context().turn();
}

/// One turn at least, and until what must come by itself has come. False: it does not.
template <class Condition>
bool turn_until(ring& own, Condition done) {
  constexpr int soon = 100;
  constexpr int never = 1000;
  for (int tried = 0; tried < never; ++tried) {
    turn(own);
    if (done()) return true;
    if (tried > soon) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

/// Under Valgrind a case takes fifty times as long.
inline int cases(int many) { return runs_under_valgrind() ? many / 10 : many; }

/// The first sentence that does not hold.
class verdict {
 public:
  void demand(bool holds, const std::string& sentence) {
    if (!holds && sentence_.empty()) sentence_ = sentence;
  }
  const std::string& sentence() const noexcept { return sentence_; }

 private:
  std::string sentence_;
};

/// A command: which, and what it is drawn from.
struct step {
  int what = 0;
  std::size_t one = 0;
  std::size_t other = 0;
};
inline std::ostream& operator<<(std::ostream& out, const step& step) {
  return out << step.what << " of " << step.one << ", " << step.other;
}

/// Any commands from the beginning: rapidcheck's own would prefer the first few.
inline rc::Gen<std::vector<step>> any_steps(std::size_t commands) {
  const auto below = [](auto limit) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<decltype(limit)>(0, limit));
  };
  return rc::gen::container<std::vector<step>>(rc::gen::construct<step>(
      below(static_cast<int>(commands)), below(std::size_t{1024}), below(std::size_t{1024})));
}

}  // namespace gauntlet::uring::test
