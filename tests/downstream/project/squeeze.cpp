#include "squeeze.hpp"

#include <zlib.h>

#include <memory>
#include <stdexcept>

namespace squeeze {
namespace {

// What zlib reads is not const everywhere, and never a char.
Bytef* bytes(char* text) { return reinterpret_cast<Bytef*>(text); }

void check(int status, const char* what) {
  if (status != Z_OK) throw std::runtime_error(what);
}

}  // namespace

std::string pack(std::string_view text) {
  const auto copy = std::make_unique_for_overwrite<char[]>(text.size());
  text.copy(copy.get(), text.size());
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  check(compress(bytes(packed.data()), &size, bytes(copy.get()), text.size()),
        "this does not become smaller");
  packed.resize(size);
  return packed;
}

std::string unpack(std::string_view packed, std::size_t size) {
  std::string copy(packed);
  std::string text(size, '\0');
  uLongf written = size;
  check(uncompress(bytes(text.data()), &written, bytes(copy.data()), copy.size()), "this was not packed");
  text.resize(written);
  return text;
}

}  // namespace squeeze
