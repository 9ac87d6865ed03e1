#include "gauntlet/uv/poll.hpp"

#include <fcntl.h>

#include "handle_block.hpp"

namespace gauntlet::uv {
namespace {

constexpr int known_events = UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED;
static_assert(static_cast<int>(poll_events::readable) == UV_READABLE);
static_assert(static_cast<int>(poll_events::writable) == UV_WRITABLE);
static_assert(static_cast<int>(poll_events::disconnect) == UV_DISCONNECT);
static_assert(static_cast<int>(poll_events::prioritized) == UV_PRIORITIZED);

class poll_block final : public detail::waited_block {
 public:
  poll_block(detail::loop_core& loop, std::source_location where) noexcept
      : waited_block(loop, where, poll) {}
  const char* kind() const noexcept override { return "poll"; }

  template <auto Init>
  static poll_block& open(const uv::loop& owner, int descriptor, const std::source_location& where) {
    poll_block& made = detail::open_handle<poll_block>(
        owner, "poll", where,
        [descriptor](uv_loop_t* raw, poll_block& block) { return Init(raw, &block.poll, descriptor); });
    made.descriptor = descriptor;
    return made;
  }

  static void on_ready(uv_poll_t* poll, int status, int events) noexcept {
    auto& self = detail::block_of<poll_block>(poll);
    if (status == 0) {
      self.tell(self.ready, static_cast<poll_events>(events & known_events));
      return;
    }
    self.loop().call([&] {
      const error failure(status, "poll::start", "descriptor " + std::to_string(self.descriptor),
                          self.where());
      self.tell(self.ready, failure);
    });
  }

  static void begin_ready(detail::waited_block& on, detail::next_operation<poll_events>& next) {
    // SAFETY: only a poll gives these rules.
    auto& self = static_cast<poll_block&>(on);
    if (uv_is_active(self.uv()) != 0)
      throw misuse(next.kind(), "a callback is told what is ready: call stop() first", next.where());
    self.watch(static_cast<poll_events>(next.argument()), on_ready_for_wait, next.kind(), next.where());
    next.wait();
  }
  static void stop_ready(detail::waited_block& on) noexcept {
    // SAFETY: as above.
    auto& self = static_cast<poll_block&>(on);
    if (!self.closing()) uv_poll_stop(&self.poll);  // else libuv has stopped, and asserts that nobody asks
  }
  static void on_ready_for_wait(uv_poll_t* poll, int status, int events) noexcept {
    auto& self = detail::block_of<poll_block>(poll);
    uv_poll_stop(poll);
    if (!self.is_waited_for()) return;
    // SAFETY: only ready() waits for a poll.
    auto& next = static_cast<detail::next_operation<poll_events>&>(self.waits().front());
    if (status < 0) return next.end(status);
    next.give(static_cast<poll_events>(events & known_events));
  }
  void watch(poll_events events, uv_poll_cb told, const char* operation, const std::source_location& where) {
    const int wanted = static_cast<int>(events);
    if (wanted == 0) throw misuse(operation, "there is no event to wait for: call stop() instead", where);
    if ((wanted & ~known_events) != 0)
      throw misuse(operation, "this is no set of poll_events: join them with |", where);
    // libuv would find out in its next turn, and abort.
    detail::check(fcntl(descriptor, F_GETFD) == -1 ? UV_EBADF : 0, *this, operation, where);
    detail::check(uv_poll_start(&poll, wanted, told), *this, operation, where);
    begin(where);
  }

  uv_poll_t poll{};
  int descriptor = -1;
  callback<void(outcome<poll_events>)> ready;

 private:
  void release_callbacks() noexcept override { ready = {}; }
};

poll_block& use_poll(detail::handle_block* block, const char* operation, const std::source_location& where) {
  return detail::use<poll_block>(block, operation, where);
}

}  // namespace

poll::poll(uv::loop& loop, int descriptor, std::source_location where)
    : handle(poll_block::open<uv_poll_init>(loop, descriptor, where)) {}

poll poll::of_socket(uv::loop& loop, int socket, std::source_location where) {
  return poll(poll_block::open<uv_poll_init_socket>(loop, socket, where));
}

detail::next_operation<poll_events> poll::ready(poll_events events, std::source_location where) {
  static constexpr detail::next_rules<poll_events> rules{
      .kind = "poll::ready", .begin = poll_block::begin_ready, .stop = poll_block::stop_ready};
  return {use_poll(block_, "poll::ready", where), rules, where, static_cast<int>(events)};
}

void poll::start_polling(poll_events events, callback<void(outcome<poll_events>)> ready,
                         const std::source_location& where) {
  poll_block& used = use_poll(block_, "poll::start", where);
  if (used.is_waited_for()) throw misuse("poll::start", "a task waits for it: cancel it first", where);
  used.watch(events, poll_block::on_ready, "poll::start", where);
  used.ready = std::move(ready);
}

void poll::stop(std::source_location where) {
  poll_block& used = use_poll(block_, "poll::stop", where);
  if (used.is_waited_for()) throw misuse("poll::stop", "a task waits for it: cancel it first", where);
  uv_poll_stop(&used.poll);
}

}  // namespace gauntlet::uv
