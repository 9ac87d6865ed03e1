#include "gauntlet/uv/loop.hpp"

#include <ostream>

#include "loop_core.hpp"

namespace gauntlet::uv {
namespace {

using detail::loop_core;

loop_core& require_loop(loop_core* core, const char* operation, const std::source_location& where) {
  if (core == nullptr) throw misuse(operation, "the loop was moved from: use the one it was moved to", where);
  return *core;
}

loop_core& on_thread(loop_core* core, const char* operation, const std::source_location& where) {
  loop_core& found = require_loop(core, operation, where);
  found.require_thread(operation, where);
  return found;
}

loop_core& open_loop(loop_core* core, const char* operation, const std::source_location& where) {
  loop_core& found = on_thread(core, operation, where);
  if (found.closed()) throw misuse(operation, "the loop is closed: make a new one", where);
  return found;
}

}  // namespace

loop::loop(loop_options options, std::source_location where)
    : core_(new loop_core(std::move(options), where)) {}

loop& loop::operator=(loop&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->owner_gone();
    core_ = std::exchange(other.core_, nullptr);
  }
  return *this;
}

loop::~loop() {
  if (core_ != nullptr) core_->owner_gone();
}

bool loop::run(run_mode mode, std::source_location where) {
  return open_loop(core_, "loop::run", where).run(mode, where);
}

void loop::stop(std::source_location where) { require_loop(core_, "loop::stop", where).stop(); }

bool loop::post(callback<void()> work, std::source_location where) {
  if (!work) throw misuse("loop::post", "there is nothing to run: give it a callable", where);
  return require_loop(core_, "loop::post", where).post(work);
}

std::vector<pending_operation> loop::close(std::source_location where) {
  loop_core& core = on_thread(core_, "loop::close", where);
  return core.close_now(where);
}

std::vector<std::exception_ptr> loop::take_exceptions(std::source_location where) {
  return on_thread(core_, "loop::take_exceptions", where).take_exceptions();
}

std::vector<pending_operation> loop::pending(std::source_location where) const {
  return on_thread(core_, "loop::pending", where).pending();
}

void loop::dump(std::ostream& out, std::source_location where) const {
  const loop_core& core = on_thread(core_, "loop::dump", where);
  core.dump_all(out);
}

bool loop::alive(std::source_location where) const {
  return uv_loop_alive(open_loop(core_, "loop::alive", where).uv()) != 0;
}

std::chrono::milliseconds loop::now(std::source_location where) const {
  return std::chrono::milliseconds(uv_now(open_loop(core_, "loop::now", where).uv()));
}

void loop::update_time(std::source_location where) {
  uv_update_time(open_loop(core_, "loop::update_time", where).uv());
}

int loop::backend_fd(std::source_location where) const {
  return uv_backend_fd(open_loop(core_, "loop::backend_fd", where).uv());
}

std::chrono::milliseconds loop::backend_timeout(std::source_location where) const {
  return std::chrono::milliseconds(uv_backend_timeout(open_loop(core_, "loop::backend_timeout", where).uv()));
}

void loop::fork(std::source_location where) {
  const int status = uv_loop_fork(open_loop(core_, "loop::fork", where).uv());
  if (status < 0) throw error(status, "loop::fork", "loop", where);
}

std::chrono::nanoseconds loop::metrics_idle_time(std::source_location where) const {
  return std::chrono::nanoseconds(
      uv_metrics_idle_time(open_loop(core_, "loop::metrics_idle_time", where).uv()));
}

loop_metrics loop::metrics_info(std::source_location where) const {
  uv_loop_t* const raw = open_loop(core_, "loop::metrics_info", where).uv();
#if UV_VERSION_HEX >= ((1 << 16) | (45 << 8))
  uv_metrics_t metrics{};
  if (const int status = uv_metrics_info(raw, &metrics); status < 0)
    throw error(status, "loop::metrics_info", "loop", where);
  return {
      .loop_count = metrics.loop_count, .events = metrics.events, .events_waiting = metrics.events_waiting};
#else
  static_cast<void>(raw);
  throw error(UV_ENOSYS, "loop::metrics_info", "loop", where, "libuv has it since 1.45");
#endif
}

void loop::bind_to_this_thread(std::source_location where) {
  loop_core& core = require_loop(core_, "loop::bind_to_this_thread", where);
  if (core.running())
    throw misuse("loop::bind_to_this_thread", "the loop runs: wait until run() has returned", where);
  core.bind_to_this_thread();
}

uv_loop_s* loop::native(std::source_location where) const {
  return open_loop(core_, "loop::native", where).uv();
}

execution_context& loop::context(std::source_location where) const {
  return require_loop(core_, "loop::context", where);
}

// ---- work_guard

loop::work_guard loop::keep_alive(std::source_location where) {
  return work_guard(open_loop(core_, "loop::keep_alive", where));
}

loop::work_guard::work_guard(detail::loop_core& core) noexcept : core_(&core) {
  core.reference();
  core.guard_added();
}

loop::work_guard& loop::work_guard::operator=(work_guard&& other) noexcept {
  if (this != &other) {
    reset();
    core_ = std::exchange(other.core_, nullptr);
  }
  return *this;
}

void loop::work_guard::reset() noexcept {
  detail::loop_core* const core = std::exchange(core_, nullptr);
  if (core == nullptr) return;
  core->guard_removed();
  core->unreference();
}

// ---- pending

std::ostream& operator<<(std::ostream& out, const pending_operation& operation) {
  if (operation.awaited)
    return out << gauntlet::pending_operation{.kind = operation.kind,
                                              .object = operation.object,
                                              .age = operation.age,
                                              .where = operation.where,
                                              .chain = operation.chain};
  out << operation.kind;
  if (!operation.object.empty()) out << ' ' << operation.object;
  out << (operation.closing ? ", closing" : operation.active ? ", active" : ", inactive");
  if (!operation.referenced) out << ", unreferenced";
  if (!operation.owned && operation.is_handle) out << ", without owner";
  return out << ", for " << operation.age.count() << " ms, from " << operation.where.file_name() << ':'
             << operation.where.line();
}

}  // namespace gauntlet::uv
