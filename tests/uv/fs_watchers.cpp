// fs_event and fs_poll on real files.
#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "fs_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

TEST_CASE("fs_event_watch_dir: what comes, changes and goes is told by name") {
  const temporary_folder folder;
  loop loop;
  fs_event event{loop};
  std::vector<std::string> told;
  event.start(folder.path(), [&](const fs_change& change) {
    told.push_back(change.filename + (change.renamed ? " renamed" : "") + (change.changed ? " changed" : ""));
    if (told.size() == 1) folder.make("file", "contents");
    if (told.back() == "file changed"sv && std::filesystem::exists(folder / "file"))
      fs::unlink(folder / "file");
    if (told.size() > 1 && told.back() == "file renamed"sv && !std::filesystem::exists(folder / "file"))
      event.close();
  });
  CHECK(event.is_active());
  CHECK(event.getpath() == folder.path());
  folder.make("file");
  run_to_the_end(loop);
  REQUIRE(told.size() >= 3);
  CHECK(told.front() == "file renamed"sv);
  CHECK(told.back() == "file renamed"sv);
  CHECK(std::ranges::find(told, "file changed"sv) != told.end());
}

TEST_CASE("fs_event_watch_file, fs_event_getpath") {
  const temporary_folder folder;
  const std::string path = folder.make("file");
  loop loop;
  fs_event event{loop};
  event.start(path, fs_event_flags::none, [&](outcome<fs_change> told) {
    const fs_change change = std::move(told).value();
    CHECK(change.filename == "file");
    CHECK(change.changed);
    CHECK_FALSE(change.renamed);
    event.stop();
    CHECK_FALSE(event.is_active());
  });
  CHECK(event.getpath() == path);
  fs::open(path, fs::open_flags::write_only).write(bytes_of("x"));
  loop.run();  // one that is stopped keeps nothing running
  CHECK(misuse_of([&] { event.getpath(); }).find("start it first") != std::string::npos);
  // And again, with another path.
  bool again = false;
  event.start(folder.path(), [&] {
    again = true;
    event.close();
  });
  CHECK(misuse_of([&] { event.start(path, [] {}); }).find("stop it first") != std::string::npos);
  folder.make("another");
  run_to_the_end(loop);
  CHECK(again);
}

TEST_CASE("fs_event_no_callback_after_close, fs_event_start_and_close, fs_event_immediate_close") {
  const temporary_folder folder;
  loop loop;
  fs_event first{loop};
  fs_event second{loop};
  first.start(folder.path(), [] { FAIL("closed"); });
  second.start(folder.path(), [] { FAIL("closed"); });
  folder.make("file");
  first.close();
  {
    const fs_event dropped = std::move(second);
  }
  {
    const fs_event never_started{loop};
  }
  run_to_the_end(loop);
}

TEST_CASE("fs_event_close_in_callback: one of several on the same folder closes all, itself too") {
  const temporary_folder folder;
  loop loop;
  int calls = 0;
  std::vector<std::unique_ptr<fs_event>> events;
  for (int i = 0; i < 3; ++i) {
    events.push_back(std::make_unique<fs_event>(loop));
    events.back()->start(folder.path(), [&] {
      ++calls;
      events.clear();
    });
  }
  folder.make("file");
  folder.make("file2");
  run_to_the_end(loop);
  CHECK(calls == 1);
}

TEST_CASE("a watch of what is not there, and a loop that ends with a watch") {
  const temporary_folder folder;
  auto loop = std::make_unique<uv::loop>();
  fs_event event{*loop};
  try {
    event.start(folder / "none", [] {});
    FAIL("it is not there");
  } catch (const error& failure) {
    CHECK(failure.name() == "ENOENT");
    CHECK(failure.subject() == folder / "none");
  }
  CHECK(misuse_of([&] { event.start(std::string_view("a\0b", 3), [] {}); }).find("NUL") != std::string::npos);
  event.start(folder.path(), [] { FAIL("the loop is gone"); });
  CHECK(loop->pending().front().kind == "fs_event");
  CHECK(loop->pending().front().object == folder.path());
  folder.make("file");
  loop.reset();
  CHECK(event.is_closing());
}

/// Makes the file larger again and again, so that whoever looks at it must see that some time.
class growing_file {
 public:
  growing_file(loop& loop, std::string path) : timer_(loop), path_(std::move(path)) {
    timer_.start(0ms, 1ms, [this] { std::ofstream(path_, std::ios::app) << 'x'; });
  }
  void stop() { timer_.close(); }

 private:
  timer timer_;
  std::string path_;
};

TEST_CASE("fs_poll: a file that is not there, comes, and grows") {
  const temporary_folder folder;
  const std::string path = folder / "file";
  loop loop;
  fs_poll poll{loop};
  std::optional<growing_file> growing;
  std::vector<std::string> told;
  poll.start(path, 1ms, [&](outcome<fs_poll_change> change) {
    if (change.error() != nullptr) {
      told.push_back(change.error()->name());
      CHECK(change.error()->subject() == path);
      CHECK_FALSE(growing);
      growing.emplace(loop, path);
      return;
    }
    const auto& [previous, current] = change.value();
    told.emplace_back(previous.size == 0 ? "came" : "grew");
    CHECK(current.size > previous.size);
    CHECK(current.type == fs::file_type::regular);
    if (told.size() < 3) return;
    growing->stop();
    poll.close();
  });
  run_to_the_end(loop);
  CHECK(told == std::vector<std::string>{"ENOENT", "came", "grew"});
}

TEST_CASE("fs_poll_getpath") {
  const temporary_folder folder;
  loop loop;
  fs_poll poll{loop};
  CHECK(misuse_of([&] { poll.getpath(); }).find("start it first") != std::string::npos);
  poll.start(folder.path(), 100ms, [] {});
  CHECK(poll.getpath() == folder.path());
  const std::string long_path = folder / std::string(1000, 'x');
  poll.stop();
  poll.start(long_path, 100ms, [](const outcome<fs_poll_change>&) {});
  CHECK(poll.getpath() == long_path);
  CHECK(misuse_of([&] { poll.start(long_path, 100ms, [] {}); }).find("stop it first") != std::string::npos);
  poll.close();
  CHECK(misuse_of([&] { poll.start(long_path, 100ms, [] {}); }).find("closed") != std::string::npos);
  CHECK(misuse_of([&] { fs_poll(loop).start(long_path, -1ms, [] {}); }).find("interval") !=
        std::string::npos);
  run_to_the_end(loop);
}

TEST_CASE("fs_poll may be started again while its last look is in flight") {
  const temporary_folder folder;
  const std::string path = folder.make("file");
  loop loop;
  fs_poll poll{loop};
  poll.unref();
  bool first_called = false;
  int calls = 0;
  {
    busy_pool busy;
    poll.start(path, 1ms, [&] { first_called = true; });
    poll.stop();
    poll.start(path, 1ms, [&] { first_called = true; });
    poll.stop();
    poll.start(path, 1ms, [&] { ++calls; });
  }
  CHECK_FALSE(poll.has_ref());
  growing_file growing{loop, path};
  while (calls < 5) loop.run(run_mode::once);
  // And from its own callback.
  poll.stop();
  int restarted = 0;
  callback<void()> restart = [&] {
    if (++restarted == 5) return growing.stop();
    poll.stop();
    poll.start(path, 1ms, [&] { restart(); });
  };
  poll.start(path, 1ms, [&] { restart(); });
  while (restarted < 5) loop.run(run_mode::once);
  poll.close();
  run_to_the_end(loop);
  CHECK_FALSE(first_called);
}

TEST_CASE("fs_poll_close_request: closed or destroyed with a look in flight") {
  const temporary_folder folder;
  auto loop = std::make_unique<uv::loop>();
  auto witness = std::make_shared<int>();
  fs_poll outlives{*loop};
  {
    busy_pool busy;
    fs_poll closed{*loop};
    fs_poll dropped{*loop};
    closed.start(folder.path(), 1ms, [witness] {});
    dropped.start(folder.path(), 1ms, [witness] {});
    outlives.start(folder.path(), 1ms, [witness] {});
    closed.close();
  }
  loop->run(run_mode::nowait);
  loop.reset();
  CHECK(witness.use_count() == 1);
  CHECK(outlives.is_closing());
}

}  // namespace
}  // namespace gauntlet::uv::test
