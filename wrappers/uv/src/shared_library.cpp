#include "gauntlet/uv/shared_library.hpp"

#include <uv.h>

#include <string>
#include <utility>

#include "text.hpp"

namespace gauntlet::uv {

struct shared_library::state {
  state() = default;
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  // Also frees the text of an error, and does no more where nothing is loaded.
  ~state() { uv_dlclose(&library); }

  uv_lib_t library{};
};

std::unique_ptr<shared_library::state> shared_library::load(const char* path, std::source_location where) {
  auto loaded = std::make_unique<state>();
  if (uv_dlopen(path, &loaded->library) != 0)
    throw error(UV_UNKNOWN, "shared_library", path == nullptr ? "self" : path, where,
                uv_dlerror(&loaded->library));
  return loaded;
}

shared_library::shared_library(std::unique_ptr<state> loaded) noexcept : state_(std::move(loaded)) {}

shared_library::shared_library(std::string_view path, std::source_location where) {
  if (path.empty())
    throw misuse("shared_library", "the path is empty; give one, or use shared_library::self()", where);
  state_ = load(detail::c_text(path, "shared_library", "path", where).c_str(), where);
}

shared_library shared_library::self(std::source_location where) {
  return shared_library(load(nullptr, where));
}

shared_library::shared_library(shared_library&&) noexcept = default;
shared_library& shared_library::operator=(shared_library&&) noexcept = default;
shared_library::~shared_library() = default;

void* shared_library::native() const noexcept { return state_ ? &state_->library : nullptr; }

void* shared_library::address_of(std::string_view name, std::source_location where) const {
  if (!state_)
    throw misuse("shared_library::symbol", "this object was moved from; use the one it went to", where);
  const std::string text = detail::c_text(name, "shared_library::symbol", "name", where);

  // uv_dlsym keeps the text of an error in the uv_lib_t, which several threads would free at once: each call
  // has one of its own. Without a handle, uv_dlclose frees its text and nothing else.
  state asked;
  asked.library.handle = state_->library.handle;
  void* found = nullptr;
  const int status = uv_dlsym(&asked.library, text.c_str(), &found);
  asked.library.handle = nullptr;
  if (status != 0) throw error(UV_UNKNOWN, "shared_library::symbol", name, where, uv_dlerror(&asked.library));
  // A symbol may be there and have no address (a weak one). libuv takes that for success.
  if (found == nullptr) throw error(UV_UNKNOWN, "shared_library::symbol", name, where, "its address is null");
  return found;
}

}  // namespace gauntlet::uv
