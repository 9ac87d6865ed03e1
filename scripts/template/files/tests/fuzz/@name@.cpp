// @name@: versions of the library, read from any text (to do: a function of its that takes what strangers send)
#include <algorithm>
#include <gauntlet/@name@.hpp>
#include <gauntlet/error.hpp>
#include <string>

#include "target.hpp"

namespace gauntlet::fuzz {
namespace {

void run(std::span<const std::byte> input) {
  const std::span<const std::byte> rest = input.subspan(std::min(gauntlet_fuzz_choice_bytes, input.size()));
  std::string text;
  for (const std::byte b : rest) text += static_cast<char>(b);
  try {
    const @name@::version found = @name@::parse_version(text);
    require(@name@::is_at_least(found, found), "a version is not at least itself");
  } catch (const misuse& refused) {
    require(!refused.operation().empty(), "a refusal that does not say what was refused");
  }
}

}  // namespace
}  // namespace gauntlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gauntlet::fuzz::run(std::as_bytes(std::span(data, size)));
  return 0;
}
