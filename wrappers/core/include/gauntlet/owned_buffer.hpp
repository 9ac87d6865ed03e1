#pragma once
/// Bytes that an operation in flight owns: moved in with the call, handed back with its result.

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <ranges>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "gauntlet/error.hpp"
#include "gauntlet/lend.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {
namespace detail {

/// A container that has its elements to itself and gives them away when it is moved from.
template <class T>
concept owning_container =
    std::ranges::contiguous_range<T> && std::ranges::sized_range<T> && !std::ranges::borrowed_range<T> &&
    std::is_nothrow_move_constructible_v<T> && std::is_trivially_copyable_v<std::ranges::range_value_t<T>> &&
    !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<T>>>;

}  // namespace detail

/// Empty, or some bytes: a container's that was moved in, allocated here, or ones that live until the program
/// ends. Moved, never copied.
class owned_buffer {
 public:
  owned_buffer() noexcept = default;

  /// Not filled: what has not been written yet must not be read.
  explicit owned_buffer(std::size_t size) : owned_buffer(allocated{size}) {}

  /// std::vector, std::string and what is like them, of any trivially copyable element.
  template <detail::owning_container Container>
  owned_buffer(Container container) {
    emplace<Container>(std::move(container));
  }

  /// The same, at an address that is a multiple of alignment, a power of two.
  static owned_buffer aligned(std::size_t size, std::size_t alignment) {
    owned_buffer buffer;
    buffer.emplace<aligned_bytes>(aligned_bytes(size, alignment));
    return buffer;
  }

  /// Not owned: bytes that are neither changed nor freed before the program ends (a literal, a table).
  static owned_buffer of_static(std::span<const std::byte> bytes) noexcept {
    owned_buffer buffer;
    buffer.emplace<constant>(constant{bytes});
    return buffer;
  }

  owned_buffer(owned_buffer&& other) noexcept { take_from(other); }
  owned_buffer& operator=(owned_buffer&& other) noexcept {
    if (this != &other) {
      reset();
      take_from(other);
    }
    return *this;
  }
  ~owned_buffer() { reset(); }

  std::size_t size() const noexcept { return bytes().size(); }
  bool empty() const noexcept { return size() == 0; }

  std::span<const std::byte> bytes() const noexcept {
    return operations_ == nullptr ? std::span<const std::byte>() : operations_->bytes(storage_);
  }
  /// To write to; throws misuse where the bytes are of_static.
  std::span<std::byte> writable(std::source_location where = std::source_location::current()) {
    if (operations_ == nullptr) return {};
    if (!operations_->writable)
      throw misuse("owned_buffer::writable", "these bytes are constant: copy them into a buffer of your own",
                   where);
    const std::span<const std::byte> held = operations_->bytes(storage_);
    // SAFETY: writable says that the bytes belong to a container that is not const.
    return {const_cast<std::byte*>(held.data()), held.size()};
  }

  /// The container that was moved in, back again; throws misuse if it was of another type.
  template <detail::owning_container Container>
  Container take(std::source_location where = std::source_location::current()) {
    if (operations_ != &operations_of<Container>)
      throw misuse("owned_buffer::take",
                   "the buffer holds no container of this type: name the one that was moved in", where);
    // SAFETY: operations_ was chosen together with the container in storage_.
    Container container = std::move(*std::launder(reinterpret_cast<Container*>(storage_)));
    reset();
    return container;
  }

 private:
  struct constant {
    std::span<const std::byte> bytes;
  };
  struct allocated {
    explicit allocated(std::size_t count)
        : data(std::make_unique_for_overwrite<std::byte[]>(count)), size(count) {}
    std::unique_ptr<std::byte[]> data;
    std::size_t size;
  };
  struct aligned_delete {
    std::align_val_t alignment;
    void operator()(std::byte* bytes) const noexcept { ::operator delete[](bytes, alignment); }
  };
  struct aligned_bytes {
    aligned_bytes(std::size_t count, std::size_t alignment)
        : data(static_cast<std::byte*>(::operator new[](count, std::align_val_t(alignment))),
               {std::align_val_t(alignment)}),
          size(count) {}
    std::unique_ptr<std::byte[], aligned_delete> data;
    std::size_t size;
  };
  struct operations {
    std::span<const std::byte> (*bytes)(const std::byte*) noexcept;
    void (*move)(std::byte* from, std::byte* to) noexcept;  // nullptr: its bytes are copied
    void (*destroy)(std::byte*) noexcept;                   // nullptr: there is nothing to do
    bool writable;
  };

  explicit owned_buffer(allocated bytes) { emplace<allocated>(std::move(bytes)); }

  // SAFETY (all below): operations_ was chosen together with what is in storage_.
  template <class Held>
  static std::span<const std::byte> bytes_of(const std::byte* storage) noexcept {
    const Held& held = *std::launder(reinterpret_cast<const Held*>(storage));
    if constexpr (std::is_same_v<Held, constant>)
      return held.bytes;
    else if constexpr (std::is_same_v<Held, allocated> || std::is_same_v<Held, aligned_bytes>)
      return {held.data.get(), held.size};
    else
      return std::as_bytes(std::span(std::ranges::data(held), std::ranges::size(held)));
  }
  template <class Held>
  static void move_to(std::byte* from, std::byte* to) noexcept {
    Held& held = *std::launder(reinterpret_cast<Held*>(from));
    ::new (static_cast<void*>(to)) Held(std::move(held));
    held.~Held();
  }
  template <class Held>
  static void destroy(std::byte* storage) noexcept {
    std::launder(reinterpret_cast<Held*>(storage))->~Held();
  }
  template <class Held>
  static constexpr operations operations_of{
      &bytes_of<Held>, std::is_trivially_copyable_v<Held> ? nullptr : &move_to<Held>,
      std::is_trivially_destructible_v<Held> ? nullptr : &destroy<Held>, !std::is_same_v<Held, constant>};

  template <class Held>
  void emplace(Held held) noexcept {
    static_assert(sizeof(Held) <= sizeof storage_ && alignof(Held) <= alignof(void*),
                  "this container is too large to be held in place: move its bytes into a std::vector");
    ::new (static_cast<void*>(storage_)) Held(std::move(held));
    operations_ = &operations_of<Held>;
  }
  void take_from(owned_buffer& other) noexcept {
    if (other.operations_ == nullptr) return;
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_->move == nullptr)
      std::memcpy(storage_, other.storage_, sizeof storage_);
    else
      operations_->move(other.storage_, storage_);
  }
  void reset() noexcept {
    if constexpr (lends_are_tracked) {
      if (operations_ != nullptr && operations_->writable)
        detail::refuse_if_lent(operations_->bytes(storage_), "owned_buffer");
    }
    const operations* const old = std::exchange(operations_, nullptr);
    if (old != nullptr && old->destroy != nullptr) old->destroy(storage_);
  }

  alignas(void*) std::byte storage_[4 * sizeof(void*)] = {};
  const operations* operations_ = nullptr;
};

}  // namespace gauntlet

#pragma GCC visibility pop
