#pragma once
// What libuv hands out as an array with a count.

#include <uv.h>

#include <cstddef>
#include <span>
#include <string>

namespace gauntlet::uv::detail {

// Free(items, count) runs also where making C++ values of the items throws.
template <class Item, void (*Free)(Item*, int)>
class c_array {
 public:
  c_array() = default;
  c_array(const c_array&) = delete;
  c_array& operator=(const c_array&) = delete;
  ~c_array() {
    if (items_ != nullptr) Free(items_, count_);
  }

  // fill(Item** items, int* count) answers a status; if that is an error there is nothing to free.
  template <class Fill>
  int fill_with(Fill fill) noexcept {
    Item* items = nullptr;
    int count = 0;
    const int status = fill(&items, &count);
    if (status < 0) return status;
    items_ = items;
    count_ = count;
    return status;
  }

  std::span<const Item> items() const noexcept {
    return items_ == nullptr || count_ <= 0 ? std::span<const Item>()
                                            : std::span<const Item>(items_, static_cast<std::size_t>(count_));
  }

 private:
  Item* items_ = nullptr;
  int count_ = 0;
};

// libuv leaves a string out where it has no memory left, or nothing to say.
inline std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

}  // namespace gauntlet::uv::detail
