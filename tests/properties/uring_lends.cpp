// Buffers that rings are lent, in any order of starting, completing, cancelling, closing and dropping,
// against a model of lends: each is the kernel's from its start to its last completion, and then comes back,
// once.

#include "../uring/pipes.hpp"
#include "../uring/support.hpp"
#include "property.hpp"

#include <sys/ioctl.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gauntlet::uring::test {
namespace {

struct lend {
  bool started = false;
  int freed = 0;
  int handed_back = 0;
  bool ended = false;
  scope* control = nullptr;
};

/// A container that tells when it is destroyed, and spoils what it held.
class told_bytes {
 public:
  told_bytes(std::size_t size, lend& of) : bytes_(new std::byte[size]()), size_(size), of_(&of) {}
  told_bytes(told_bytes&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        of_(std::exchange(other.of_, nullptr)) {}
  told_bytes& operator=(told_bytes&&) = delete;
  ~told_bytes() {
    if (of_ == nullptr) return;
    ++of_->freed;
    std::memset(bytes_.get(), 0xee, size_);
  }
  std::byte* data() noexcept { return bytes_.get(); }
  const std::byte* data() const noexcept { return bytes_.get(); }
  std::byte* begin() noexcept { return data(); }
  std::byte* end() noexcept { return data() + size_; }
  const std::byte* begin() const noexcept { return data(); }
  const std::byte* end() const noexcept { return data() + size_; }
  std::size_t size() const noexcept { return size_; }
  const lend* of() const noexcept { return of_; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
  lend* of_;
};

struct world {
  explicit world(std::uint32_t entries) : own(ring_options{.entries = entries}) {}

  ring own;
  std::array<std::optional<pipe_of>, 2> pipes{};
  std::vector<std::unique_ptr<lend>> lends{};
  std::size_t written = 0;
  std::size_t got = 0;
  bool closed_any = false;
  std::vector<std::string> wrong{};

  pipe_of& pipe(std::size_t which) {
    if (!pipes[which]) pipes[which].emplace(own);
    return *pipes[which];
  }
  void demand(bool holds, const char* sentence) {
    if (!holds) wrong.emplace_back(sentence);
  }
  /// What is with the kernel is alive, and as much of it as the ring says.
  void look() {
    std::size_t lent = 0;
    for (const auto& each : lends) {
      if (!each->started || each->ended) continue;
      if (each->freed == 0) ++lent;
    }
    std::size_t told = 0;
    for (const pending_operation& each : own.pending())
      if (each.kind.starts_with("file::")) ++told;
    demand(lent >= told, "an operation is in flight whose buffer is gone");
  }
};

task<> transfers(world& in, file& on, bool reads, std::size_t size, lend& of) {
  co_await with_scope([&](scope& self) -> task<> {
    of.control = &self;
    owned_buffer lent(told_bytes(size, of));
    of.started = true;
    try {
      transfer done;
      if (reads)
        done = co_await on.read_some(std::move(lent));
      else
        done = co_await on.write_some(std::move(lent));
      (reads ? in.got : in.written) += done.size;
      const told_bytes back = done.buffer.take<told_bytes>();
      in.demand(back.of() == &of, "another buffer came back");
      in.demand(of.freed == 0, "a buffer came back that was freed");
      ++of.handed_back;
    } catch (const gauntlet::error&) {
    } catch (const misuse&) {
    }
    of.ended = true;
    of.control = nullptr;
  });
  of.ended = true;
  of.control = nullptr;
}

task<> perform(world& in, const std::vector<std::uint8_t>& plan) {
  co_await with_scope([&](scope& all) -> task<> {
    for (std::size_t at = 0; at + 1 < plan.size(); at += 2) {
      const std::uint8_t rest = plan[at + 1];
      pipe_of& ends = in.pipe(rest % 2);
      switch (plan[at] % 9) {
        case 0:
        case 1:
        case 2: {
          lend& made = *in.lends.emplace_back(std::make_unique<lend>());
          all.spawn(transfers(in, ends.in, true, 1U + rest % 16U, made));
          break;
        }
        case 3:
        case 4: {
          lend& made = *in.lends.emplace_back(std::make_unique<lend>());
          all.spawn(transfers(in, ends.out, false, 1U + rest % 8U, made));
          break;
        }
        case 5:
          if (!in.lends.empty())
            if (scope* const control = in.lends[rest % in.lends.size()]->control) control->request_stop();
          break;
        case 6:
          if (rest % 8 == 0)
            in.own.cancel_all();
          else
            in.own.cancel_all_on(ends.in);
          break;
        case 7:
          if (rest % 4 != 0) break;
          in.closed_any = true;
          // The operations hold the descriptor; the file that they were started by may go.
          in.pipes[rest % 2].reset();
          break;
        default:
          co_await in.own.nop();
      }
      in.look();
    }
    for (std::optional<pipe_of>& each : in.pipes)
      if (each) in.own.cancel_all_on(each->in);
  });
}

TEST_CASE("rings hand back each buffer once, and no sooner than the kernel is done with it") {
  require_io_uring();
  std::signal(SIGPIPE, SIG_IGN);  // pipes are written to whose other end is closed
  gauntlet::test::check_property([](const std::vector<std::uint8_t>& plan, bool small) {
    world in(small ? 2 : 32);
    gauntlet::run(in.own, perform(in, plan));
    for (const auto& each : in.lends) {
      if (each->started) in.demand(each->freed == 1, "a buffer was not freed, or twice");
      in.demand(each->handed_back <= 1, "a buffer came back twice");
    }
    if (!in.closed_any) {
      std::size_t left = 0;
      for (std::optional<pipe_of>& pipe : in.pipes) {
        int waiting = 0;
        if (pipe && ioctl(pipe->in.native(), FIONREAD, &waiting) == 0)
          left += static_cast<std::size_t>(waiting);
      }
      in.demand(in.written == in.got + left, "bytes were lost, or came twice");
    }
    in.demand(in.own.metrics().stale == 0, "a completion came to nobody");
    in.demand(in.own.close().empty(), "something was in flight at the end");
    for (const std::string& each : in.wrong) RC_FAIL(each);
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
