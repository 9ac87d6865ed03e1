#pragma once
/// What goes with the bytes of a message: where it is from or to, and control data.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <span>
#include <type_traits>
#include <vector>

#include "gauntlet/address.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/uring/buffer_ring.hpp"
#include "gauntlet/uring/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// Of cmsg(3). The bytes are those of what it was read from.
struct control_message {
  int level = 0;
  int type = 0;
  std::span<const std::byte> bytes{};

  /// As the type that cmsg(3) or the protocol's page names; throws misuse where the size is another one.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  T as(std::source_location where = std::source_location::current()) const {
    if (bytes.size() != sizeof(T))
      throw misuse("control_message::as", "it is of another size than this type: look at level and type",
                   where);
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};

/// What control data, as recvmsg(2) left it, consists of. A message that says it is longer than the data is
/// the end of it.
std::vector<control_message> control_messages(std::span<const std::byte> data);

/// Control data to send, or room for some to be received. It must live, and stay untouched, until the
/// operation has been awaited.
class control_data {
 public:
  /// Of all messages with their headers, in bytes; what does not fit is cut off, and received::flags says so.
  explicit control_data(std::size_t capacity = 256);
  control_data(control_data&& other) noexcept;
  control_data& operator=(control_data&& other) noexcept;
  /// Closes the descriptors that were received and not taken.
  ~control_data();

  /// To be sent. Throws misuse if it does not fit.
  void add(int level, int type, std::span<const std::byte> bytes,
           std::source_location where = std::source_location::current());
  /// Descriptors to be sent over a Unix socket (SCM_RIGHTS), which stay the caller's.
  void add_descriptors(std::span<const int> descriptors,
                       std::source_location where = std::source_location::current());

  std::vector<control_message> messages() const { return control_messages(data()); }
  /// The descriptors that came with it, which are the caller's from now on.
  std::vector<int> take_descriptors();
  std::span<const std::byte> data() const noexcept { return std::span(memory_).first(size_); }
  std::size_t capacity() const noexcept { return memory_.size(); }
  /// To be used again.
  void clear() noexcept;

 private:
  std::vector<std::byte> memory_;  // aligned for any type, as operator new has it
  std::size_t size_ = 0;
  bool received_ = false;

 public:
  /// For the operations: the bytes that the kernel reads or writes.
  std::byte* memory() noexcept { return memory_.data(); }
  /// So much has been received.
  void received(std::size_t size) noexcept;
};

/// Of recvmsg(2) and sendmsg(2).
enum class message_flags : std::uint32_t {
  none = 0,
  out_of_band = 0x1,        ///< MSG_OOB
  peek = 0x2,               ///< MSG_PEEK
  dont_route = 0x4,         ///< MSG_DONTROUTE
  control_truncated = 0x8,  ///< MSG_CTRUNC, of what was received
  truncated = 0x20,         ///< MSG_TRUNC, of what was received
  dont_wait = 0x40,         ///< MSG_DONTWAIT
  end_of_record = 0x80,     ///< MSG_EOR
  wait_all = 0x100,         ///< MSG_WAITALL
  more = 0x8000,            ///< MSG_MORE
};
constexpr message_flags operator|(message_flags left, message_flags right) noexcept {
  return static_cast<message_flags>(static_cast<std::uint32_t>(left) | static_cast<std::uint32_t>(right));
}
constexpr message_flags operator&(message_flags left, message_flags right) noexcept {
  return static_cast<message_flags>(static_cast<std::uint32_t>(left) & static_cast<std::uint32_t>(right));
}

/// What recvmsg and recvfrom answer.
struct received {
  std::size_t size = 0;
  address from{};  ///< none, where the protocol has none
  message_flags flags = message_flags::none;

  bool truncated() const noexcept { return (flags & message_flags::truncated) != message_flags::none; }
};

/// Of a multishot: a message in a buffer of a buffer_ring.
struct received_message {
  provided_buffer buffer{};            ///< holds what the spans show
  std::span<const std::byte> bytes{};  ///< the message itself, or as much as there was room for
  address from{};
  std::span<const std::byte> control_data{};  ///< see control_messages(); descriptors in it are the caller's
  message_flags flags = message_flags::none;

  bool truncated() const noexcept { return (flags & message_flags::truncated) != message_flags::none; }
};

namespace detail {

/// struct iovec, as far as one sees from here.
struct piece {
  const void* base = nullptr;
  std::size_t size = 0;
};

/// struct msghdr and what it points to.
class kept_message {
 public:
  kept_message() noexcept = default;
  explicit kept_message(std::span<const std::byte> bytes) noexcept
      : few_{piece{bytes.data(), bytes.size()}} {}
  template <class Byte>
  explicit kept_message(std::span<const std::span<Byte>> spans) : count_(spans.size()) {
    if (count_ > few_.size()) many_.resize(count_);
    piece* into = pieces();
    for (const std::span<Byte>& each : spans) *into++ = {each.data(), each.size()};
  }
  kept_message(kept_message&&) noexcept = default;

  void to(const address& peer) noexcept { peer_ = peer; }
  void with(control_data* control, bool sent) noexcept {
    control_ = control;
    sent_ = sent;
  }
  /// Where a received one is from is to be told.
  void asks_where_from() noexcept { asks_where_from_ = true; }

  void bind(operands& into) noexcept;
  /// Of one that is to be sent whole.
  bool advance(operands& left, std::int32_t& res) noexcept;
  void ended(completion told) noexcept;
  std::size_t sent() const noexcept { return done_; }
  received received_now(std::size_t size, const std::source_location& where) const;
  static void written(const operands& on, std::int32_t res) noexcept;
  /// Of one whose bytes were thrown away.
  static void head_written(const operands& on, std::int32_t res) noexcept;
  static void lend_to_write(const operands& on, lend& lent);
  static void lend_to_read(const operands& on, lend& lent);

 private:
  piece* pieces() noexcept { return many_.empty() ? few_.data() : many_.data(); }
  void write_header() noexcept;

  std::array<piece, 4> few_{};
  std::vector<piece> many_;
  std::size_t count_ = 1;
  std::size_t first_ = 0;  // that has not been sent
  std::size_t done_ = 0;
  address peer_;  // to which it goes
  control_data* control_ = nullptr;
  bool sent_ = false;
  bool asks_where_from_ = false;
  unwritten_bytes<128> name_;                      // sockaddr_storage, of where it is from
  alignas(8) std::array<std::byte, 56> header_{};  // struct msghdr
};

}  // namespace detail
}  // namespace gauntlet::uring

#pragma GCC visibility pop
