#include "contenders.hpp"

#include <array>

std::span<const named_contender> contenders() noexcept {
  static constexpr std::array all{
      named_contender{"raw", &raw_contender}, named_contender{"raw again", &raw_contender},
      named_contender{"wrapper", &wrapper_contender}, named_contender{"libuv", &uv_contender},
      named_contender{"asio", &asio_contender}};
  return all;
}
