#pragma once
/// What every wrapper throws: gauntlet::error when something outside the program went wrong, gauntlet::misuse
/// when the calling code did. `attempt` turns the first into a value.

#include <concepts>
#include <expected>
#include <functional>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#pragma GCC visibility push(default)

namespace gauntlet {

/// A C library, the system or the data has failed. Copying never throws; the strings live as long as any
/// copy.
class error : public std::system_error {
 public:
  /// operation: what was being done ("read rows"). subject: to what ("in.png"). detail: what is known beyond
  /// the code's own message; may be empty. where: the place in the caller's code.
  error(std::error_code code, std::string_view operation, std::string_view subject, std::string_view detail,
        std::source_location where);
  // Copies only: a move would leave an error behind whose strings are gone.
  error(const error&) noexcept = default;
  error& operator=(const error&) noexcept = default;

  const char* what() const noexcept override;
  const std::string& operation() const noexcept;
  const std::string& subject() const noexcept;
  const std::source_location& where() const noexcept;

 private:
  struct facts;
  std::shared_ptr<const facts> facts_;
};

/// The calling code has made a mistake: a moved-from object, a call out of order, an argument that cannot be.
/// The message says what to do instead.
class misuse : public std::logic_error {
 public:
  misuse(std::string_view operation, std::string_view advice, std::source_location where);
  misuse(const misuse&) noexcept = default;  // copies only, as above
  misuse& operator=(const misuse&) noexcept = default;

  const std::string& operation() const noexcept { return *operation_; }
  const std::source_location& where() const noexcept { return where_; }

 private:
  std::shared_ptr<const std::string> operation_;  // shared, so that copying never throws
  std::source_location where_;
};

/// Runs `work` and hands back its result, or the Error it threw; any other exception passes through. Name a
/// wrapper's own error to keep its facts: `attempt<png::error>([&] { ... })`.
template <std::derived_from<error> Error = error, std::invocable Work>
auto attempt(Work&& work) -> std::expected<std::invoke_result_t<Work>, Error> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
      std::invoke(std::forward<Work>(work));
      return {};
    } else {
      return std::invoke(std::forward<Work>(work));
    }
  } catch (const Error& failure) {
    return std::unexpected(failure);
  }
}

}  // namespace gauntlet

#pragma GCC visibility pop
