#pragma once
/// A shared library that is loaded while the program runs, and what it offers by name.
///
///   uv::shared_library plugin{"./plugin.so"};
///   int (*const add)(int, int) = plugin.symbol<int(int, int)>("add");

#include <memory>
#include <source_location>
#include <string_view>
#include <type_traits>

#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// Movable; unloaded when it is destroyed, if no one else has loaded it too. Whatever came from it, functions
/// and objects, must not be used after that. One object may be asked by several threads at once.
///
/// Errors have what uv_dlerror says behind the code, which is errc::unknown: the system tells no more.
class shared_library {
 public:
  /// A path, or a name that the system looks for in its own places. One that is empty, or with a NUL inside,
  /// is misuse. What the library runs when it is loaded runs now. (uv_dlopen)
  explicit shared_library(std::string_view path,
                          std::source_location where = std::source_location::current());
  /// The program itself with all that is loaded. (uv_dlopen)
  static shared_library self(std::source_location where = std::source_location::current());

  shared_library(shared_library&&) noexcept;
  shared_library& operator=(shared_library&&) noexcept;
  /// (uv_dlclose)
  ~shared_library();

  /// A pointer to what has this name, as a T: a function type or the type of an object. It is never nullptr.
  /// Whether it really is one no one checks, and C++ names are mangled: say extern "C" over there. A name
  /// that is not there is an error; use attempt where that is to be expected. (uv_dlsym, uv_dlerror)
  template <class T>
  T* symbol(std::string_view name, std::source_location where = std::source_location::current()) const {
    static_assert(std::is_function_v<T> || std::is_object_v<T>, "T is the type of a function or an object");
    // SAFETY: that the library has a T of this name is the caller's word. Where there is dlsym, pointers to
    // functions and to objects are alike.
    return reinterpret_cast<T*>(address_of(name, where));
  }

  /// A uv_lib_t*, for libuv's functions; nullptr if it was moved from.
  void* native() const noexcept;

 private:
  struct state;
  explicit shared_library(std::unique_ptr<state> loaded) noexcept;
  static std::unique_ptr<state> load(const char* path, std::source_location where);
  void* address_of(std::string_view name, std::source_location where) const;

  std::unique_ptr<state> state_;
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
