#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "push_support.hpp"

namespace gauntlet::png::test {
namespace {

bytes file_of(bool interlaced) { return small_file({color_type::rgb, 8}, interlaced); }

// ---- one by one

TEST_CASE("pushed, events come in the order header, rows, end, each once") {
  const bytes file = file_of(false);
  push_decoder push;
  CHECK_FALSE(push.next().has_value());
  push.feed(file);
  std::string events;
  while (const auto event = push.next()) {
    events += event->what == push_event::kind::header ? 'h'
              : event->what == push_event::kind::row  ? 'r'
                                                      : 'e';
    CHECK(push.done() == (events.back() == 'e'));
  }
  CHECK(events == "hrrrre");
  push.finish();
  CHECK_FALSE(push.next().has_value());
  CHECK(push.bytes_read() == file.size());
}

TEST_CASE("pushed, rows come as soon as their bytes are there") {
  const bytes file = encode(make_picture({color_type::rgb, 8}, 100, 100), {.level = 0});
  const reading half = ask_file(cut(file, file.size() / 2));
  CHECK(half.code == errc::truncated);
  CHECK(half.events.size() > 40);
}

TEST_CASE("pushed, transforms are set between the header and the next event, and once") {
  const std::string early = "wait for its event";
  const std::string late = "transforms come before them, and once";
  push_decoder push;
  CHECK(refusal_of([&] { push.start({}); }).contains(early));
  CHECK(refusal_of([&] { push.header(); }).contains(early));
  CHECK(refusal_of([&] { push.colors(); }).contains(early));
  CHECK(refusal_of([&] { push.metadata(); }).contains(early));
  push.feed(file_of(false));
  CHECK(refusal_of([&] { push.start({}); }).contains(early));
  REQUIRE(push.next()->what == push_event::kind::header);
  push.start({.flags = transform::add_alpha});
  CHECK(refusal_of([&] { push.start({}); }).contains(late));
  CHECK(push.header().row_bytes == 20);
  CHECK(push.next()->row.pixels.size() == 20);
  CHECK(refusal_of([&] { push.start({}); }).contains(late));
}

TEST_CASE("pushed, rows without a start are as in the file") {
  push_decoder push;
  push.feed(file_of(false));
  CHECK(push.next()->what == push_event::kind::header);
  CHECK(push.next()->row.pixels.size() == 15);
  CHECK(refusal_of([&] { push.start({}); }).contains("once"));
}

TEST_CASE("pushed, transforms that are refused can be set again, or left out") {
  const transforms both{.flags = transform::strip_16 | transform::scale_16};
  for (const bool again : {true, false}) {
    push_decoder push;
    push.feed(file_of(false));
    push.next();
    CHECK(refusal_of([&] { push.start(both); }).contains("choose one"));
    if (again) push.start({.flags = transform::bgr});
    int rows = 0;
    while (const auto event = push.next()) rows += event->what == push_event::kind::row;
    CHECK(rows == 4);
  }
}

TEST_CASE("pushed, transforms of a callback that are refused come out of feed, and rows are as in the file") {
  listener heard({.flags = transform::strip_16 | transform::scale_16});
  push_decoder push{heard.callbacks()};
  CHECK(refusal_of([&] { push.feed(file_of(true)); }).contains("choose one"));
  push.resume();
  push.finish();
  CHECK(same_bytes(heard.heard().pixels, decode(file_of(true)).pixels()));
}

TEST_CASE("pushed, where there are callbacks, next is refused") {
  push_decoder push{push_callbacks{}};
  CHECK(refusal_of([&] { push.next(); }).contains("events go to the callbacks"));
  push.feed(file_of(true));
  push.finish();
  CHECK(push.done());
}

// ---- the end

TEST_CASE("pushed, nothing is fed behind finish") {
  push_decoder asked;
  push_decoder told{push_callbacks{}};
  for (push_decoder* push : {&asked, &told}) {
    push->feed(file_of(false));
    push->finish();
    CHECK(
        refusal_of([&] { push->feed(file_of(false)); }).contains("finish() has said that there is no more"));
  }
}

TEST_CASE("pushed, finish before the end is an error: at once with callbacks, else behind the last event") {
  const bytes file = cut(file_of(false), file_of(false).size() - 3);
  push_decoder told{push_callbacks{}};
  told.feed(file);
  CHECK(thrown_by<error>([&] { return told.finish(), 0; }).code() == errc::truncated);
  push_decoder empty{push_callbacks{}};
  CHECK(thrown_by<error>([&] { return empty.finish(), 0; }).code() == errc::empty);
  push_decoder asked;
  asked.feed(file);
  asked.finish();
  for (int i = 0; i < 5; ++i) CHECK(asked.next().has_value());
  CHECK(thrown_by<error>([&] { return asked.next(); }).code() == errc::truncated);
  CHECK_FALSE(asked.done());
}

TEST_CASE("pushed, finish is refused while callbacks are paused") {
  push_decoder push{push_callbacks{}};
  push.pause();
  push.feed(file_of(false));
  CHECK(refusal_of([&] { push.finish(); }).contains("resume() it first"));
  CHECK(push.paused());
  push.resume();
  push.finish();
  CHECK(push.done());
}

TEST_CASE("pushed, bytes behind the end are ignored, and it is known where the file ended") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    const bytes more = joined({file, file, to_bytes("and more")});
    for (const reading& pushed : {push_file(more, whole()), push_file(more, bytewise()),
                                  ask_file(more, random_slices(1, 9)), ask_file(more, whole())}) {
      check_same(pushed, pull_file(file));
      CHECK(pushed.bytes_read == file.size());
    }
  }
}

TEST_CASE("pushed, after an error every call is refused") {
  bytes file = encode(make_picture({color_type::rgb, 8}, 9, 9), {.level = 0});
  file[chunks_of(file)[1].end - 1] ^= std::byte{1};
  listener heard;
  push_decoder told{heard.callbacks()};
  CHECK(thrown_by<error>([&] { return told.feed(file), 0; }).code() == errc::corrupted);
  CHECK(heard.heard().events == "hrrrrrrrrr");  // before the error
  push_decoder asked;
  asked.feed(file);
  for (int i = 0; i < 10; ++i) CHECK(asked.next().has_value());
  CHECK(thrown_by<error>([&] { return asked.next(); }).code() == errc::corrupted);
  const std::string advice = "failed before; make a new one";
  for (push_decoder* push : {&told, &asked}) {
    CHECK(refusal_of([&] { push->feed(file); }).contains(advice));
    CHECK(refusal_of([&] { push->finish(); }).contains(advice));
    CHECK(refusal_of([&] { push->resume(); }).contains(advice));
    CHECK(refusal_of([&] { push->next(); }).contains(advice));
    CHECK(refusal_of([&] { push->metadata(); }).contains(advice));
    CHECK(refusal_of([&] { push->protect([](auto*, auto*) {}); }).contains(advice));
  }
}

TEST_CASE("pushed, a decoder that was moved from says so") {
  push_decoder first;
  push_decoder second = std::move(first);
  // NOLINTBEGIN(bugprone-use-after-move)
  const std::string advice = "use the one it went to";
  CHECK(refusal_of([&] { first.feed({}); }).contains(advice));
  CHECK(refusal_of([&] { first.finish(); }).contains(advice));
  CHECK(refusal_of([&] { first.next(); }).contains(advice));
  CHECK(refusal_of([&] { first.start({}); }).contains(advice));
  CHECK(refusal_of([&] { first.pause(); }).contains(advice));
  CHECK(refusal_of([&] { first.resume(); }).contains(advice));
  CHECK(refusal_of([&] { first.paused(); }).contains(advice));
  CHECK(refusal_of([&] { first.done(); }).contains(advice));
  CHECK(refusal_of([&] { first.header(); }).contains(advice));
  CHECK(refusal_of([&] { first.warnings(); }).contains(advice));
  CHECK(refusal_of([&] { first.bytes_read(); }).contains(advice));
  CHECK(refusal_of([&] { first.native(); }).contains(advice));
  // NOLINTEND(bugprone-use-after-move)
  second.feed(file_of(true));
  CHECK(second.next().has_value());
}

// ---- callbacks that do what they like, at each event

// Calls act when event k is told, before it is taken down; counts from 1.
struct acting {
  listener heard;
  int left;
  std::function<void()> act;

  void count() {
    if (--left == 0) act();
  }
  push_callbacks callbacks() {
    return {.on_header =
                [this](const push_decoder& push) {
                  const transforms wanted = heard.header(push);
                  count();
                  return wanted;
                },
            .on_row =
                [this](const row_event& event) {
                  heard.row(event);
                  count();
                },
            .on_end =
                [this](const push_decoder& push) {
                  heard.end(push);
                  count();
                }};
  }
};

std::size_t events_of(const bytes& file) { return push_file(file).events.size(); }

// Feeds the file with an act at event k, for each k, whole and in slices.
template <class Test>
void at_each_event(Test test) {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    const auto events = static_cast<int>(events_of(file));
    for (int k = 1; k <= events; ++k)
      for (const slices& sizes : {whole(), bytewise(), random_slices(1, 40)}) {
        INFO("event " << k << " of " << events);
        test(file, k, sizes);
      }
  }
}

TEST_CASE("pushed, a pause at any event holds the rest back until resume") {
  at_each_event([](const bytes& file, int k, const slices& sizes) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    push_decoder push{acting.callbacks()};
    acting.act = [&] { push.pause(); };
    feed_in_slices(push, file, sizes);
    CHECK(push.paused());
    CHECK(static_cast<int>(acting.heard.heard().events.size()) == k);
    push.resume();
    push.finish();
    CHECK_FALSE(push.paused());
    CHECK(acting.heard.heard().events == push_file(file).events);
    CHECK(same_bytes(acting.heard.heard().told, push_file(file).told));
  });
}

TEST_CASE("pushed, a pause and a resume in the same callback change nothing") {
  at_each_event([](const bytes& file, int k, const slices& sizes) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    push_decoder push{acting.callbacks()};
    acting.act = [&] {
      push.pause();
      push.resume();
    };
    feed_in_slices(push, file, sizes);
    push.finish();
    CHECK(same_bytes(acting.heard.heard().told, push_file(file).told));
  });
}

TEST_CASE("pushed, what a callback throws comes out, and after resume the other events come once") {
  at_each_event([](const bytes& file, int k, const slices& sizes) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    push_decoder push{acting.callbacks()};
    const std::exception_ptr planned = std::make_exception_ptr(planned_failure());
    acting.act = [&] { std::rethrow_exception(planned); };
    std::span<const std::byte> rest = file;
    std::exception_ptr thrown;
    while (!rest.empty()) {
      const std::size_t size = std::min(sizes(), rest.size());
      const auto found = anything_thrown_by([&] { return push.feed(rest.first(size)), 0; });
      if (found) thrown = found;
      rest = rest.subspan(size);
    }
    CHECK(thrown == planned);
    CHECK(push.paused());
    CHECK(static_cast<int>(acting.heard.heard().events.size()) == k);
    push.resume();
    push.finish();
    CHECK(acting.heard.heard().events == push_file(file).events);
    CHECK(same_bytes(acting.heard.heard().told, push_file(file).told));
  });
}

TEST_CASE("pushed, a decoder may be destroyed by any event, and tells no more") {
  at_each_event([](const bytes& file, int k, const slices& sizes) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    auto push = std::make_unique<push_decoder>(acting.callbacks());
    acting.act = [&] { push.reset(); };
    std::span<const std::byte> rest = file;
    while (!rest.empty() && push) {
      const std::size_t size = std::min(sizes(), rest.size());
      push->feed(rest.first(size));
      rest = rest.subspan(size);
    }
    CHECK_FALSE(push);
    CHECK(static_cast<int>(acting.heard.heard().events.size()) == k);
  });
}

TEST_CASE("pushed, a decoder may be moved by any event, and goes on where it went") {
  at_each_event([](const bytes& file, int k, const slices& sizes) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    auto first = std::make_unique<push_decoder>(acting.callbacks());
    std::optional<push_decoder> second;
    acting.act = [&] {
      second.emplace(std::move(*first));
      first.reset();
    };
    std::span<const std::byte> rest = file;
    while (!rest.empty()) {
      const std::size_t size = std::min(sizes(), rest.size());
      (second ? *second : *first).feed(rest.first(size));
      rest = rest.subspan(size);
    }
    REQUIRE(second.has_value());
    second->finish();
    CHECK(acting.heard.heard().events == push_file(file).events);
    CHECK(same_bytes(acting.heard.heard().told, push_file(file).told));
  });
}

TEST_CASE("pushed, a decoder may be moved over by any event, and tells no more") {
  at_each_event([](const bytes& file, int k, const slices&) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    push_decoder push{acting.callbacks()};
    acting.act = [&] { push = push_decoder(); };
    push.feed(file);
    CHECK(static_cast<int>(acting.heard.heard().events.size()) == k);
    push.feed(file);
    CHECK(push.next()->what == push_event::kind::header);
  });
}

TEST_CASE("pushed, a callback that feeds or finishes its own decoder is refused, and nothing is lost") {
  at_each_event([](const bytes& file, int k, const slices& sizes) {
    acting acting{.heard = listener(), .left = k, .act = {}};
    push_decoder push{acting.callbacks()};
    int refused = 0;
    acting.act = [&] {
      refused += refusal_of([&] { push.feed(file); }).contains("do it when feed() has returned") ? 1 : 0;
      refused += refusal_of([&] { push.finish(); }).contains("do it when feed() has returned") ? 1 : 0;
    };
    feed_in_slices(push, file, sizes);
    push.finish();
    CHECK(refused == 2);
    CHECK(same_bytes(acting.heard.heard().told, push_file(file).told));
  });
}

// To copy all that is kept at each pause would take hours.
TEST_CASE("pushed, a pause at every event and a byte fed at every pause reach the end") {
  const bytes file = encode(make_picture({color_type::rgb, 8}, 10, 3000), {.level = 0});
  std::size_t events = 0;
  std::optional<push_decoder> push;
  push.emplace(push_callbacks{.on_header =
                                  [&](const push_decoder&) {
                                    push->pause();
                                    ++events;
                                    return transforms{};
                                  },
                              .on_row =
                                  [&](const row_event&) {
                                    push->pause();
                                    ++events;
                                  },
                              .on_end = [&](const push_decoder&) { ++events; }});
  const std::size_t head = file.size() - 1000;
  push->feed(cut(file, head));
  for (std::size_t at = head; at < file.size(); ++at) {
    push->feed(std::span(file).subspan(at, 1));
    push->resume();
  }
  while (push->paused()) push->resume();
  push->finish();
  CHECK(events == 3002);
}

}  // namespace
}  // namespace gauntlet::png::test
