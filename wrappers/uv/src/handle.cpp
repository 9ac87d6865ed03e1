#include "gauntlet/uv/handle.hpp"

#include "gauntlet/lend.hpp"
#include "handle_block.hpp"

namespace gauntlet::uv {
namespace detail {

void handle_block::closed(uv_handle_t* handle) noexcept {
  auto& self = block_of<handle_block>(handle);
  if (self.on_closed_)
    self.loop().call([&] {
      callback<void()> told = std::move(self.on_closed_);
      told();
    });
  self.release_callbacks();
  self.end_waits();
  self.let_go(by_libuv);
}

void waited_block::end_waits() noexcept {
  if (waits_.empty()) return;
  const gauntlet::detail::resume_scope together;
  while (!waits_.empty()) waits_.pop_front().ended(UV_ECANCELED);
}

void waited_block::remove_use() noexcept {
  loop().require_thread_or_end(kind());
  if (--uses_ == 0) let_go(by_operation);
}

handle_use::handle_use(waited_block& used) noexcept : used_(&used) { used.add_use(); }
handle_use::~handle_use() {
  if (used_ != nullptr) used_->remove_use();
}

std::string handle_operation::object() const {
  std::string told = on().kind();
  const pending_operation handle = on().describe();
  if (!handle.object.empty()) told.append(" ").append(handle.object);
  return told;
}

void handle_operation::require_usable() const {
  const waited_block& used = on();
  if (!used.loop().on_this_thread() || used.closing()) refuse_use(&used, kind(), where());
  if (context() != nullptr && context() != &used.loop())
    throw misuse(kind(), "the handle belongs to another loop than the one that the task runs on", where());
}

void handle_operation::throw_error(int status) const { throw error(status, kind(), object(), where()); }
void handle_operation::throw_canceled() const { throw_error(UV_ECANCELED); }

void handle_wait::wait() { on().waits().push_back(*this); }
void handle_wait::stop_waiting() noexcept {
  if constexpr (lends_are_tracked) before_end();  // of these, nobody has anything else to do there
  static_cast<gauntlet::detail::list_node<handle_wait_tag>&>(*this).unlink();
}
void handle_wait::require_alone() const {
  if (on().is_waited_for()) throw misuse(kind(), "another task waits for it already: one at a time", where());
}

void handle_block::describe(pending_operation& into) const {
  into.is_handle = true;
  into.active = uv_is_active(uv()) != 0;
  into.referenced = uv_has_ref(uv()) != 0;
  into.closing = closing();
  uv_os_fd_t descriptor = -1;
  if (!closing() && uv_fileno(uv(), &descriptor) == 0)
    into.object = "descriptor " + std::to_string(descriptor);
}

void refuse_use(const handle_block* block, const char* operation, const std::source_location& where) {
  if (block == nullptr)
    throw misuse(operation, "the handle was moved from: use the one it was moved to", where);
  block->loop().require_thread(operation, where);
  throw misuse(operation,
               block->loop().closing()
                   ? "the handle was closed together with its loop: make a new loop and a new handle"
                   : "the handle is closed: make a new one",
               where);
}

}  // namespace detail

using detail::handle_block;
using detail::use;

handle& handle::operator=(handle&& other) noexcept {
  if (this != &other) {
    if (block_ != nullptr) block_->owner_gone();
    block_ = std::exchange(other.block_, nullptr);
  }
  return *this;
}

handle::~handle() {
  if (block_ != nullptr) block_->owner_gone();
}

void handle::close(callback<void()> on_closed, std::source_location where) {
  use<handle_block>(block_, "handle::close", where).close(std::move(on_closed));
}

bool handle::is_closing(std::source_location where) const {
  if (block_ == nullptr) return true;
  block_->loop().require_thread("handle::is_closing", where);
  return block_->closing();
}

bool handle::is_active(std::source_location where) const {
  return uv_is_active(use<handle_block>(block_, "handle::is_active", where).uv()) != 0;
}

void handle::ref(std::source_location where) { uv_ref(use<handle_block>(block_, "handle::ref", where).uv()); }
void handle::unref(std::source_location where) {
  uv_unref(use<handle_block>(block_, "handle::unref", where).uv());
}
bool handle::has_ref(std::source_location where) const {
  return uv_has_ref(use<handle_block>(block_, "handle::has_ref", where).uv()) != 0;
}

uv_handle_s* handle::native(std::source_location where) const {
  return use<handle_block>(block_, "handle::native", where).uv();
}

}  // namespace gauntlet::uv
