#include "gauntlet/uv/fs_event.hpp"

#include <deque>

#include "handle_block.hpp"
#include "text.hpp"

namespace gauntlet::uv {
namespace {

static_assert(static_cast<int>(fs_event_flags::watch_entry) == UV_FS_EVENT_WATCH_ENTRY &&
              static_cast<int>(fs_event_flags::stat) == UV_FS_EVENT_STAT &&
              static_cast<int>(fs_event_flags::recursive) == UV_FS_EVENT_RECURSIVE);

class fs_event_block final : public detail::waited_block {
 public:
  fs_event_block(detail::loop_core& loop, std::source_location where) noexcept
      : waited_block(loop, where, event) {}
  const char* kind() const noexcept override { return "fs_event"; }

  static constexpr std::size_t most_kept = 4096;

  static void begin_next(detail::waited_block& on, detail::next_operation<fs_change>& next) {
    // SAFETY: only an fs_event gives these rules.
    auto& self = static_cast<fs_event_block&>(on);
    if (self.kept.empty()) {
      if (!self.keeps || uv_is_active(self.uv()) == 0)
        throw misuse(next.kind(), "nothing is kept for it: call start() without a callback first",
                     next.where());
      return next.wait();
    }
    fs_change first = std::move(self.kept.front());
    self.kept.pop_front();
    next.give(std::move(first));
  }
  static void on_change_for_wait(uv_fs_event_t* event, const char* filename, int events,
                                 int status) noexcept {
    auto& self = detail::block_of<fs_event_block>(event);
    try {
      self.tell_next(status, {.filename = filename == nullptr ? "" : filename,
                              .renamed = (events & UV_RENAME) != 0,
                              .changed = (events & UV_CHANGE) != 0});
    } catch (...) {
      self.loop().keep(std::current_exception());  // there was no memory for it
    }
  }
  void tell_next(int status, fs_change change) {
    if (is_waited_for()) {
      // SAFETY: only next() waits for an fs_event.
      auto& waiting = static_cast<detail::next_operation<fs_change>&>(waits().front());
      if (status < 0) return waiting.end(status);
      return waiting.give(std::move(change));
    }
    if (status < 0 || kept.size() > most_kept) return;
    if (kept.size() == most_kept) change = {.renamed = true, .changed = true};
    kept.push_back(std::move(change));
  }

  static void on_change(uv_fs_event_t* event, const char* filename, int events, int status) noexcept {
    auto& self = detail::block_of<fs_event_block>(event);
    self.loop().call([&] {
      if (status < 0) {
        self.tell(self.changed, error(status, "fs_event::start", self.path, self.where()));
        return;
      }
      self.tell(self.changed, fs_change{.filename = filename == nullptr ? "" : filename,
                                        .renamed = (events & UV_RENAME) != 0,
                                        .changed = (events & UV_CHANGE) != 0});
    });
  }

  uv_fs_event_t event{};
  std::string path;
  callback<void(outcome<fs_change>)> changed;
  bool keeps = false;  // for next()
  std::deque<fs_change> kept;

 private:
  using handle_block::describe;
  void describe(pending_operation& into) const override {
    handle_block::describe(into);
    into.object = path;
  }
  void release_callbacks() noexcept override { changed = {}; }
};

fs_event_block& use_fs_event(detail::handle_block* block, const char* operation,
                             const std::source_location& where) {
  return detail::use<fs_event_block>(block, operation, where);
}

}  // namespace

fs_event::fs_event(uv::loop& loop, std::source_location where)
    : handle(detail::open_handle<fs_event_block>(
          loop, "fs_event", where,
          [](uv_loop_t* raw, fs_event_block& block) { return uv_fs_event_init(raw, &block.event); })) {}

void fs_event::begin(fs::path_ref path, fs_event_flags flags, callback<void(outcome<fs_change>)> changed,
                     const std::source_location& where) {
  constexpr const char* operation = "fs_event::start";
  fs_event_block& block = use_fs_event(block_, operation, where);
  std::string watched = detail::c_text(path.text(), operation, "path", where);
  if (uv_is_active(block.uv()) != 0) throw misuse(operation, "it watches already: stop it first", where);
  const bool keeps = !changed;
  detail::check(
      uv_fs_event_start(&block.event, keeps ? fs_event_block::on_change_for_wait : fs_event_block::on_change,
                        watched.c_str(), static_cast<unsigned>(flags)),
      operation, watched, where);
  block.keeps = keeps;
  block.kept.clear();
  block.path = std::move(watched);
  block.changed = std::move(changed);
  block.begin(where);
}

void fs_event::begin_told(fs::path_ref path, fs_event_flags flags, callback<void(outcome<fs_change>)> changed,
                          const std::source_location& where) {
  use_fs_event(block_, "fs_event::start", where);
  detail::require_callable(changed, "fs_event::start", where);
  begin(path, flags, std::move(changed), where);
}

void fs_event::start(fs::path_ref path, fs_event_flags flags, std::source_location where) {
  begin(path, flags, {}, where);
}

detail::next_operation<fs_change> fs_event::next(std::source_location where) {
  static constexpr detail::next_rules<fs_change> rules{.kind = "fs_event::next",
                                                       .begin = fs_event_block::begin_next};
  return {use_fs_event(block_, "fs_event::next", where), rules, where};
}

void fs_event::stop(std::source_location where) {
  fs_event_block& used = use_fs_event(block_, "fs_event::stop", where);
  if (used.is_waited_for()) throw misuse("fs_event::stop", "a task waits for it: cancel it first", where);
  uv_fs_event_stop(&used.event);
}

std::string fs_event::getpath(std::source_location where) const {
  constexpr const char* operation = "fs_event::getpath";
  fs_event_block& block = use_fs_event(block_, operation, where);
  if (uv_is_active(block.uv()) == 0) throw misuse(operation, "it watches nothing: start it first", where);
  return detail::whole_text(
      [&](char* text, std::size_t* size) { return uv_fs_event_getpath(&block.event, text, size); }, operation,
      block.path, where);
}

}  // namespace gauntlet::uv
