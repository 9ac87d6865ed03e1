#pragma once
// A multishot operation: the pinned block that its completions come to. Its owner may go while it is in
// flight; the kernel keeps it until its last completion.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "buffer_group.hpp"
#include "descriptor_block.hpp"
#include "gauntlet/uring/multishot.hpp"

namespace gauntlet::uring::detail {

/// What a completion brings, and so what is to be done with one that nobody takes.
enum class shot_result : std::uint8_t { descriptor, buffer, message, events };

class shot_block : public submitted, public gauntlet::detail::list_node<struct hungry_tag> {
 public:
  shot_block(descriptor_block& on, const opcode& code, const operands& with, shot_result brings,
             buffer_group* buffers, std::source_location where);

  /// Of what it works on, for what its completions become.
  ring_core& core() const noexcept { return ring(); }
  buffer_group& buffers() const noexcept { return *buffers_->get(); }

  /// Of a Unix socket, whose end not every Linux 6.18 tells a multishot when it came before the last bytes were
  /// taken: next() looks for itself, and has the kernel end the multishot. What has come until then is handed
  /// out before the end is.
  void look_for_end() noexcept { looks_for_end_ = true; }

  void reference() noexcept { ++references_; }
  void unreference() noexcept;
  void owner_gone() noexcept;

  /// The next one, now or later.
  void next(shot_wait& waits);
  void forget(shot_wait& waits) noexcept;
  /// Of what was told and not taken.
  void dispose(completion told) noexcept;
  /// A buffer is there again.
  void fed() noexcept;
  /// None is to be waited for any more.
  void starve() noexcept { end(-ECANCELED); }
  bool reads_from(const descriptor_block& asked) const noexcept { return &*on_ == &asked; }

  /// Of events: which are told from the next time on that it begins.
  void watch_for(poll_events events) noexcept { change_flags(static_cast<int>(events)); }
  bool is_armed() const noexcept { return armed_; }
  /// It ends, and begins anew where somebody waits.
  void begin_again() noexcept;

  void unawaited(std::vector<pending_operation>& all,
                 std::chrono::steady_clock::time_point now) const override {
    if (armed_ && waiting_ == nullptr) all.push_back(describe(now));
  }

  bool is_orphan() const noexcept override { return orphaned_; }

 protected:
  ~shot_block() override = default;

 private:
  /// A descriptor that nobody has taken.
  virtual void close_one(std::int32_t number) noexcept;

  // So that who takes nothing does not take everything from others: descriptors, or the buffers of a group.
  static constexpr std::size_t most_descriptors_kept = 64;
  static constexpr std::size_t most_buffers_kept = 16;

  void completed(std::int32_t res, std::uint32_t flags) noexcept override;
  void abort() noexcept override;

  void arm();
  void arm_for_who_waits() noexcept;
  void stop() noexcept;
  void keep(completion told) noexcept;
  void end(std::int32_t res) noexcept;
  void hand_out(completion told) noexcept;
  bool is_end(completion told) const noexcept;
  /// What the kernel will not tell: 0, the stream has ended, or a negative errno.
  std::optional<std::int32_t> untold_end() const noexcept;

  descriptor_reference on_;
  std::optional<buffer_group_use> buffers_;
  shot_result brings_;
  std::deque<completion> kept_;  // that nobody has taken
  shot_wait* waiting_ = nullptr;
  std::size_t references_ = 1;
  bool armed_ = false;
  bool stopping_ = false;               // while armed: it was asked to end
  bool pausing_ = false;                // for want of who takes what comes
  std::optional<std::int32_t> ending_;  // how, as there will be nothing more
  bool at_end_ = false;                 // of the stream
  bool orphaned_ = false;
  bool looks_for_end_ = false;
  bool drained_ = false;  // the kernel said that there was no more
};

/// The value that a completion becomes.
provided_buffer buffer_of(shot_block& block, completion told);

}  // namespace gauntlet::uring::detail
