#include "pusher.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gauntlet/error.hpp"
#include "set_transforms.hpp"

namespace gauntlet::png::detail {
namespace {

constexpr std::size_t largest_slice = 4096;
/// What a slice may bring into the queue, about.
constexpr std::size_t most_queued = std::size_t{4} << 20;
/// Deflate makes no more than so many bytes of one.
constexpr std::size_t most_inflated = 1032;
/// A pixel of an early pass stands for all those around it, and each of their rows is an event.
constexpr std::array<std::size_t, 7> pixels_told_by_pass{64, 64, 16, 16, 4, 4, 1};

/// Pushed, libpng looks for indices beyond the palette only in rows that it transforms. So a palette's rows,
/// if they are wanted as they are, get a transform that is for gray ones.
const transforms index_check{.flags = transform::invert_mono};

}  // namespace

pusher::pusher(std::optional<push_callbacks> callbacks, const decoder_options& options,
               std::source_location where)
    : input(options, "pushed data"), callbacks_(std::move(callbacks)) {
  gauntlet_png_callbacks raw{};
  raw.row = on_row;
  create(gauntlet_png_create_pusher, raw, where);
}

// ---- what libpng brings ----

int pusher::on_row(void* self, const unsigned char* row, std::uint32_t number, int pass) noexcept {
  // SAFETY: the shim hands back the pointer that create() gave it, an input's; the pusher is pinned and
  // outlives the handle.
  auto& me = static_cast<pusher&>(*static_cast<input*>(self));
  if (row == nullptr) return 0;  // this pass brings nothing to it
  return me.boundary().run([&] { me.queue_row(row, number, pass); }) ? 0 : -1;
}

/// SAFETY: row has header().row_bytes bytes, as libpng said before the first. It is joined with zeros, or
/// with the passes before: bits that no pixel uses are not libpng's to show.
void pusher::queue_row(const unsigned char* row, std::uint32_t y, int pass) {
  const std::size_t begin = rows_.size();
  rows_.resize(begin + header().row_bytes);
  const std::span<std::byte> told = std::span(rows_).subspan(begin);
  const std::span<std::byte> place = canvas_ ? canvas_->row(y) : told;
  auto* const out = reinterpret_cast<unsigned char*>(place.data());
  if (gauntlet_png_progressive_combine_row(get(), out, place.size(), row) != GAUNTLET_PNG_OK) return;
  if (canvas_) {
    std::ranges::copy(place, told.begin());
    pass_ = static_cast<std::size_t>(pass);
  }
  queue_.push_back({push_event::kind::row, y, pass});
}

/// Where libpng has stopped: behind the header, or the end.
void pusher::queue_progress(std::source_location where) {
  const gauntlet_png_progress progress = gauntlet_png_get_progress(get());
  if (progress == GAUNTLET_PNG_AT_START && !knows_header_) {
    header_was_read(where);
    knows_header_ = true;
    queue_.push_back({push_event::kind::header, 0, 0});
  }
  if (progress == GAUNTLET_PNG_AT_END && !queued_end_) {
    queued_end_ = true;
    end_was_read();
    queue_.push_back({push_event::kind::end, 0, 0});
  }
}

/// Who was told of a row may not look at it any more.
void pusher::take_back_row(std::source_location where) {
  if constexpr (lends_are_tracked) {
    if (told_ == 0 || queue_[told_ - 1].what != push_event::kind::row) return;
    told_row_ = lend("png::push_decoder, which told of a row,", where);
    told_row_.for_writing(std::span(rows_).subspan(rows_told_ - header().row_bytes, header().row_bytes));
  }
}

std::optional<push_event> pusher::pop(std::source_location where) {
  take_back_row(where);
  if (told_ == queue_.size()) {
    queue_.clear();
    told_ = 0;
    return std::nullopt;
  }
  const queued& next = queue_[told_++];
  push_event event{.what = next.what, .row = {}};
  if (next.what == push_event::kind::row) {
    const std::size_t size = header().row_bytes;
    event.row = {.y = next.y, .pass = next.pass, .pixels = std::span(rows_).subspan(rows_told_, size)};
    rows_told_ += size;
  }
  if (next.what == push_event::kind::end) told_end_ = true;
  return event;
}

void pusher::start(const transforms& transforms, std::source_location where) {
  const bool header_was_told = knows_header_ && told_ == queue_.size();
  if (started_ || !header_was_told)
    throw misuse("png::push_decoder::start",
                 started_ ? "the rows have been started; transforms come before them, and once"
                          : "the header is not known yet; wait for its event",
                 where);
  const std::size_t bytes_in_file = header().row_bytes;
  const bool untouched_palette = header().color == color_type::palette && !is_any(transforms);
  if (input::start(untouched_palette ? index_check : transforms, where) > 1)
    canvas_.emplace(header(), color_table{}, format::native, where);
  growth_ = (header().row_bytes + bytes_in_file - 1) / bytes_in_file;
  started_ = true;
}

/// Where nobody has said how the rows are wanted: libpng goes on only then.
void pusher::start_if_due(std::source_location where) {
  if (knows_header_ && !started_) start({}, where);
}

// ---- what libpng is given ----

bool pusher::wants_bytes() const noexcept { return status_ == GAUNTLET_PNG_OK && !queued_end_; }

std::size_t pusher::slice_size() const noexcept {
  const std::size_t told = canvas_ ? pixels_told_by_pass[pass_] : 1;
  return std::clamp(most_queued / (most_inflated * told * growth_), std::size_t{1}, largest_slice);
}

std::size_t pusher::process(std::span<const std::byte> bytes, std::source_location where) {
  check_stop(where);
  told_row_ = {};
  rows_.clear();  // all have been told
  rows_told_ = 0;
  const std::span<const std::byte> slice = bytes.first(std::min(bytes.size(), slice_size()));
  std::size_t taken = 0;
  // SAFETY: unsigned char may alias std::byte.
  status_ = gauntlet_png_process_data(get(), reinterpret_cast<const unsigned char*>(slice.data()),
                                      slice.size(), &taken);
  if (status_ == GAUNTLET_PNG_OK) queue_progress(where);
  return taken;
}

void pusher::require_no_failure(std::source_location where) { check(status_, "read pushed data", where); }

/// What was used is taken away when it is the larger part: to move the rest each time could take hours.
void pusher::keep(std::span<const std::byte> bytes) {
  if (kept_used_ > kept_.size() / 2) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(kept_used_));
    kept_used_ = 0;
  }
  if (wants_bytes()) kept_.insert(kept_.end(), bytes.begin(), bytes.end());
}

void pusher::process_kept(std::source_location where) {
  kept_used_ += process(std::span<const std::byte>(kept_).subspan(kept_used_), where);
}

// ---- events one by one ----

std::optional<push_event> pusher::next(std::source_location where) {
  require_intact("png::push_decoder::next", where);
  if (callbacks_)
    throw misuse("png::push_decoder::next", "events go to the callbacks; make the decoder without any",
                 where);
  for (;;) {
    if (std::optional<push_event> event = pop(where)) return event;
    require_no_failure(where);
    start_if_due(where);
    if (!wants_bytes()) return std::nullopt;
    if (kept_used_ == kept_.size()) break;
    process_kept(where);
  }
  if (finished_) check(gauntlet_png_process_end(get()), "read pushed data", where);
  return std::nullopt;
}

// ---- callbacks ----

void pusher::require_outside_callback(const char* operation, std::source_location where) const {
  if (telling_)
    throw misuse(operation, "this runs in a callback of the same decoder; do it when feed() has returned",
                 where);
}

void pusher::feed(std::span<const std::byte> bytes, std::source_location where) {
  require_intact("png::push_decoder::feed", where);
  require_outside_callback("png::push_decoder::feed", where);
  if (finished_) throw misuse("png::push_decoder::feed", "finish() has said that there is no more", where);
  lend lent("png::push_decoder::feed", where);
  lent.for_reading(bytes);
  if (callbacks_ && !paused_)
    run(bytes, where);
  else
    keep(bytes);
}

/// What was kept comes first; what cannot be used yet, because a callback has paused, or thrown, is kept.
void pusher::run(std::span<const std::byte> bytes, std::source_location where) {
  try {
    tell_all(where);
    while (may_tell() && wants_bytes() && process_some(bytes, where)) tell_all(where);
  } catch (...) {
    paused_ = true;
    keep(bytes);
    throw;
  }
  keep(bytes);
}

bool pusher::process_some(std::span<const std::byte>& bytes, std::source_location where) {
  start_if_due(where);
  if (kept_used_ < kept_.size())
    process_kept(where);
  else if (!bytes.empty())
    bytes = bytes.subspan(process(bytes, where));
  else
    return false;
  return true;
}

void pusher::tell_all(std::source_location where) {
  while (may_tell()) {
    const std::optional<push_event> event = pop(where);
    if (!event) break;
    tell(*event, where);
  }
  if (may_tell()) require_no_failure(where);
}

void pusher::tell(const push_event& event, std::source_location where) {
  struct in_callback {
    bool& flag;
    explicit in_callback(bool& telling) : flag(telling) { flag = true; }
    in_callback(const in_callback&) = delete;
    in_callback& operator=(const in_callback&) = delete;
    ~in_callback() { flag = false; }
  };
  switch (event.what) {
    case push_event::kind::header: {
      transforms wanted;
      if (callbacks_->on_header) {
        const in_callback guard(telling_);
        wanted = callbacks_->on_header(*owner_);
      }
      if (owner_ != nullptr) start(wanted, where);
      return;
    }
    case push_event::kind::row:
      if (callbacks_->on_row) {
        const in_callback guard(telling_);
        callbacks_->on_row(event.row);
      }
      return;
    case push_event::kind::end:
      if (callbacks_->on_end) {
        const in_callback guard(telling_);
        callbacks_->on_end(*owner_);
      }
      return;
  }
}

void pusher::resume(std::source_location where) {
  require_intact("png::push_decoder::resume", where);
  paused_ = false;
  if (telling_ || !callbacks_) return;  // the loop below it goes on by itself
  run({}, where);
}

void pusher::finish(std::source_location where) {
  require_intact("png::push_decoder::finish", where);
  require_outside_callback("png::push_decoder::finish", where);
  if (paused_ && callbacks_)
    throw misuse("png::push_decoder::finish", "the decoder is paused; resume() it first", where);
  finished_ = true;
  if (!callbacks_) return;
  run({}, where);
  if (!may_tell()) return;
  check(gauntlet_png_process_end(get()), "read pushed data", where);
}

}  // namespace gauntlet::png::detail
