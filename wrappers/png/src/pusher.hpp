#pragma once
/// The pinned block behind push_decoder. libpng is given small slices, and what each brings is queued: so
/// user code never runs inside libpng, and can throw, pause or destroy as it likes. (libpng's own pause,
/// called from its row callback, corrupts its count of bytes.) Slices are as small as it takes for the queue
/// to stay small, whatever they bring.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "gauntlet/lend.hpp"
#include "gauntlet/png/push_decoder.hpp"
#include "input.hpp"

namespace gauntlet::png::detail {

class pusher final : public input {
 public:
  pusher(std::optional<push_callbacks> callbacks, const decoder_options& options, std::source_location where);

  /// Null: there is none any more, and no callback is called again.
  void set_owner(const push_decoder* owner) noexcept { owner_ = owner; }

  void feed(std::span<const std::byte> bytes, std::source_location where);
  void finish(std::source_location where);
  std::optional<push_event> next(std::source_location where);
  void start(const transforms& transforms, std::source_location where);
  void pause() noexcept { paused_ = true; }
  void resume(std::source_location where);

  bool paused() const noexcept { return paused_; }
  bool done() const noexcept { return told_end_; }
  bool knows_header() const noexcept { return knows_header_; }

 private:
  static int on_row(void* self, const unsigned char* row, std::uint32_t number, int pass) noexcept;

  void queue_row(const unsigned char* row, std::uint32_t y, int pass);
  void queue_progress(std::source_location where);
  std::optional<push_event> pop(std::source_location where);
  void take_back_row(std::source_location where);
  void start_if_due(std::source_location where);

  /// Gives libpng a slice; answers how many bytes of it were used. What went wrong is kept until all that
  /// came before is told.
  std::size_t process(std::span<const std::byte> bytes, std::source_location where);
  void process_kept(std::source_location where);
  std::size_t slice_size() const noexcept;
  void require_no_failure(std::source_location where);
  void require_outside_callback(const char* operation, std::source_location where) const;
  bool wants_bytes() const noexcept;

  bool may_tell() const noexcept { return !paused_ && owner_ != nullptr; }
  void run(std::span<const std::byte> bytes, std::source_location where);
  /// A slice of what was kept, or else of bytes, which then begins behind it; false: there is nothing more.
  bool process_some(std::span<const std::byte>& bytes, std::source_location where);
  void tell(const push_event& event, std::source_location where);
  void tell_all(std::source_location where);
  void keep(std::span<const std::byte> bytes);

  struct queued {
    push_event::kind what;
    std::uint32_t y;
    int pass;
  };

  std::optional<push_callbacks> callbacks_;
  const push_decoder* owner_ = nullptr;
  std::vector<queued> queue_;
  std::size_t told_ = 0;         // of queue_
  std::vector<std::byte> rows_;  // the pixels of queue_'s rows, one after the other
  std::size_t rows_told_ = 0;    // bytes
  std::vector<std::byte> kept_;  // fed, but not yet used
  std::size_t kept_used_ = 0;
  /// Nobody's any more, until the next slice.
  [[no_unique_address]] lend told_row_;
  std::optional<image> canvas_;   // interlaced: where passes come together
  std::size_t pass_ = 0;          // of the last row, where there are several
  std::size_t growth_ = 1;        // by which transforms make a row larger
  int status_ = GAUNTLET_PNG_OK;  // of the last slice
  bool knows_header_ = false;
  bool started_ = false;
  bool queued_end_ = false;
  bool told_end_ = false;
  bool finished_ = false;
  bool paused_ = false;
  bool telling_ = false;
};

}  // namespace gauntlet::png::detail
