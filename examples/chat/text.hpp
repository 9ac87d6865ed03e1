#pragma once
// What may be sent to the terminals of others.

#include <string_view>

namespace chat {

/// UTF-8 without control characters.
bool is_plain_text(std::string_view bytes) noexcept;
/// 1 to 20 ASCII letters, digits, '-' and '_'.
bool is_name(std::string_view bytes) noexcept;

}  // namespace chat
