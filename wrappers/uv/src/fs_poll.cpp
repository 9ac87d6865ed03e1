#include "gauntlet/uv/fs_poll.hpp"

#include "fs_request.hpp"
#include "handle_block.hpp"
#include "text.hpp"
#include "thread_pool.hpp"

namespace gauntlet::uv {
namespace {

class fs_poll_block final : public detail::handle_block {
 public:
  fs_poll_block(detail::loop_core& loop, std::source_location where) noexcept
      : handle_block(loop, where, poll) {}
  const char* kind() const noexcept override { return "fs_poll"; }

  static int init(uv_loop_t* raw, fs_poll_block& block) noexcept { return uv_fs_poll_init(raw, &block.poll); }

  static void on_change(uv_fs_poll_t* poll, int status, const uv_stat_t* previous,
                        const uv_stat_t* current) noexcept {
    auto& self = detail::block_of<fs_poll_block>(poll);
    self.loop().call([&] {
      if (status < 0) {
        self.tell(self.changed, error(status, "fs_poll::start", self.path, self.where()));
        return;
      }
      self.tell(self.changed, fs_poll_change{.previous = detail::to_file_status(*previous),
                                             .current = detail::to_file_status(*current)});
    });
  }

  uv_fs_poll_t poll{};
  bool was_started = false;
  std::string path;
  callback<void(outcome<fs_poll_change>)> changed;

 private:
  using handle_block::describe;
  void describe(pending_operation& into) const override {
    handle_block::describe(into);
    into.object = path;
  }
  void release_callbacks() noexcept override { changed = {}; }
};

fs_poll_block& use_fs_poll(detail::handle_block* block, const char* operation,
                           const std::source_location& where) {
  return detail::use<fs_poll_block>(block, operation, where);
}

/// Another one in the place of this, which is closed.
///
/// A handle of libuv's that is started again while its last look at the file is still in flight takes that
/// for one of the new look, and keeps two timers, on one of which an assertion of its own fails.
fs_poll_block& replace(fs_poll_block& old, const char* operation, const std::source_location& where) {
  auto& made = detail::open_handle<fs_poll_block>(old.loop(), operation, where, fs_poll_block::init);
  if (uv_has_ref(old.uv()) == 0) uv_unref(made.uv());
  old.owner_gone();
  return made;
}

}  // namespace

fs_poll::fs_poll(uv::loop& loop, std::source_location where)
    : handle(detail::open_handle<fs_poll_block>(loop, "fs_poll", where, fs_poll_block::init)) {}

void fs_poll::begin(fs::path_ref path, std::chrono::milliseconds interval,
                    callback<void(outcome<fs_poll_change>)> changed, const std::source_location& where) {
  constexpr const char* operation = "fs_poll::start";
  fs_poll_block* block = &use_fs_poll(block_, operation, where);
  std::string watched = detail::c_text(path.text(), operation, "path", where);
  if (!changed) throw misuse(operation, "there is nothing to call: give it a callable", where);
  if (interval.count() < 0 || interval.count() > UINT_MAX)
    throw misuse(operation, "the interval must be 0 to 4294967295 milliseconds", where);
  if (uv_is_active(block->uv()) != 0) throw misuse(operation, "it watches already: stop it first", where);
  if (block->was_started) {
    block = &replace(*block, operation, where);
    block_ = block;
  }
  const detail::thread_pool_use here;
  detail::check(uv_fs_poll_start(&block->poll, fs_poll_block::on_change, watched.c_str(),
                                 static_cast<unsigned>(interval.count())),
                operation, watched, where);
  block->was_started = true;
  block->path = std::move(watched);
  block->changed = std::move(changed);
  block->begin(where);
}

void fs_poll::stop(std::source_location where) {
  uv_fs_poll_stop(&use_fs_poll(block_, "fs_poll::stop", where).poll);
}

std::string fs_poll::getpath(std::source_location where) const {
  constexpr const char* operation = "fs_poll::getpath";
  fs_poll_block& block = use_fs_poll(block_, operation, where);
  if (uv_is_active(block.uv()) == 0) throw misuse(operation, "it watches nothing: start it first", where);
  return detail::whole_text(
      [&](char* text, std::size_t* size) { return uv_fs_poll_getpath(&block.poll, text, size); }, operation,
      block.path, where);
}

}  // namespace gauntlet::uv
