#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squeeze {

// By zlib, and back; `size` is that of the text.
std::string pack(std::string_view text);
std::string unpack(std::string_view packed, std::size_t size);

}  // namespace squeeze
