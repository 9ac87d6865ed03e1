#pragma once
/// Reading without waiting: bytes are fed as they come, in slices of any size, and what they bring comes out
/// as events, by callbacks or one by one:
///
///   png::push_decoder push{{.on_header = [](const png::push_decoder&) { return png::transforms{}; },
///                           .on_row = [&](const png::row_event& row) { show(row.y, row.pixels); }}};
///   while (socket >> slice) push.feed(slice);
///   push.finish();
///
///   png::push_decoder push;
///   push.feed(slice);
///   while (auto event = push.next()) ...
///
/// The pixels and the errors are those of png::decoder. Callbacks run when libpng has returned: they may
/// throw, pause, or destroy the push_decoder. Use each object from one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <span>

#include "gauntlet/png/error.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/native.hpp"
#include "gauntlet/png/options.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/png/warning.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

class push_decoder;
namespace detail {
class pusher;
}

/// A row as it is now. Of an interlaced image each row comes in several passes, better each time: pixels that
/// no pass has brought yet show their neighbour, as png::display::blocks does.
struct row_event {
  std::uint32_t y = 0;
  int pass = 0;                         ///< 0 to 6; 0 where there is only one
  std::span<const std::byte> pixels{};  ///< valid until the callback returns, or the next call
};

/// Each may be empty.
struct push_callbacks {
  /// The header and what stands before the image are known: answers how the rows are wanted.
  std::function<transforms(const push_decoder&)> on_header{};
  std::function<void(const row_event&)> on_row{};
  /// The end of the file; metadata is complete.
  std::function<void(const push_decoder&)> on_end{};
};

struct push_event {
  enum class kind : std::uint8_t { header, row, end };
  kind what = kind::header;
  row_event row{};  ///< of kind::row
};

class push_decoder {
 public:
  /// Events are to be asked for, with next().
  explicit push_decoder(const decoder_options& options = {},
                        std::source_location where = std::source_location::current());
  /// Events come to callbacks, while feed(), resume() and finish() run.
  explicit push_decoder(push_callbacks callbacks, const decoder_options& options = {},
                        std::source_location where = std::source_location::current());

  push_decoder(push_decoder&& other) noexcept;
  push_decoder& operator=(push_decoder&& other) noexcept;
  ~push_decoder();

  /// Takes all of bytes, and copies what it cannot use yet. Bytes behind the end of the file are ignored.
  /// Throws png::error for bad data, and what a callback throws; after the latter the object is as after
  /// pause(), and the event that was being told does not come again. Misuse in a callback, or after finish().
  void feed(std::span<const std::byte> bytes, std::source_location where = std::source_location::current());
  /// There are no more bytes. Throws errc::truncated (or empty) if that is too early: with callbacks at once
  /// (misuse while paused), else from next() when all events are told.
  void finish(std::source_location where = std::source_location::current());

  /// The next event; none until more bytes are fed. Misuse where there are callbacks.
  std::optional<push_event> next(std::source_location where = std::source_location::current());
  /// How rows are wanted: after the event of the header, before the next call to next(). Without, as they are
  /// in the file.
  void start(const transforms& transforms, std::source_location where = std::source_location::current());

  /// No more callbacks until resume(). Bytes that are fed meanwhile are kept.
  void pause(std::source_location where = std::source_location::current());
  void resume(std::source_location where = std::source_location::current());
  bool paused(std::source_location where = std::source_location::current()) const;
  /// The whole file was read.
  bool done(std::source_location where = std::source_location::current()) const;

  /// Of the file once its header was told, of the rows after transforms; before, misuse.
  const png::header& header(std::source_location where = std::source_location::current()) const;
  const color_table& colors(std::source_location where = std::source_location::current()) const;
  const png::metadata& metadata(std::source_location where = std::source_location::current()) const;
  std::span<const warning> warnings(std::source_location where = std::source_location::current()) const;
  /// Bytes of the file used so far: at the end, where in the stream the file ends.
  std::uint64_t bytes_read(std::source_location where = std::source_location::current()) const;

  /// As of decoder; not from a callback.
  native_handles native(std::source_location where = std::source_location::current()) const;
  template <detail::raw_work Work>
  void protect(Work&& work, std::source_location where = std::source_location::current()) {
    detail::protect(work, [&](detail::raw_call call, void* user) { protect_raw(call, user, where); });
  }

 private:
  void protect_raw(detail::raw_call call, void* user, std::source_location where);

  std::shared_ptr<detail::pusher> pusher_;  // shared with a call that runs: a callback may destroy this
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
