#pragma once
/// libpng's own structs, for what only they can do.

#include <type_traits>
#include <utility>

#include "gauntlet/callback_boundary.hpp"

#pragma GCC visibility push(default)

struct png_struct_def;
struct png_info_def;

namespace gauntlet::png {

/// Valid as long as the object that answered it. A call of libpng that fails outside protect() ends the
/// program, with libpng's message.
struct native_handles {
  png_struct_def* png = nullptr;
  png_info_def* info = nullptr;
};

namespace detail {

using raw_call = void (*)(png_struct_def*, png_info_def*, void*);

/// A libpng error jumps over the frames of `work`, and no destructor runs.
template <class Work>
concept raw_work = std::is_invocable_v<Work&, png_struct_def*, png_info_def*> &&
    std::is_trivially_destructible_v<std::decay_t<Work>>;

/// Runs work through guard(raw_call, void*), and what it throws past the C frames.
template <class Work, class Guard>
void protect(Work& work, Guard&& guard) {
  struct context {
    Work* work;
    callback_boundary* boundary;
  };
  callback_boundary boundary;
  context both{&work, &boundary};
  const raw_call call = [](png_struct_def* png, png_info_def* info, void* user) {
    // SAFETY: guard hands back the pointer below, which outlives its call.
    const context& given = *static_cast<const context*>(user);
    given.boundary->run([&] { (*given.work)(png, info); });
  };
  std::forward<Guard>(guard)(call, &both);
  boundary.rethrow();
}

}  // namespace detail
}  // namespace gauntlet::png

#pragma GCC visibility pop
