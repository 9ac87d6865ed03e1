#include "gauntlet/uring/message.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "gauntlet/memory_checker.hpp"

namespace gauntlet::uring {
namespace {

// The kernel reads an iovec and a msghdr where a piece and the bytes of a header stand.
static_assert(sizeof(detail::piece) == sizeof(iovec) &&
              offsetof(detail::piece, base) == offsetof(iovec, iov_base) &&
              offsetof(detail::piece, size) == offsetof(iovec, iov_len));
static_assert(sizeof(msghdr) == 56 && sizeof(sockaddr_storage) == 128);
static_assert(static_cast<int>(message_flags::control_truncated) == MSG_CTRUNC &&
              static_cast<int>(message_flags::truncated) == MSG_TRUNC &&
              static_cast<int>(message_flags::wait_all) == MSG_WAITALL &&
              static_cast<int>(message_flags::peek) == MSG_PEEK &&
              static_cast<int>(message_flags::more) == MSG_MORE);

}  // namespace

// ---- control data

std::vector<control_message> control_messages(std::span<const std::byte> data) {
  std::vector<control_message> all;
  for (std::size_t at = 0; data.size() - at >= sizeof(cmsghdr);) {
    cmsghdr head;
    std::memcpy(&head, data.data() + at, sizeof head);
    if (head.cmsg_len < CMSG_LEN(0) || head.cmsg_len > data.size() - at) break;
    all.push_back({.level = head.cmsg_level,
                   .type = head.cmsg_type,
                   .bytes = data.subspan(at + CMSG_LEN(0), head.cmsg_len - CMSG_LEN(0))});
    at += std::min<std::size_t>(CMSG_ALIGN(head.cmsg_len), data.size() - at);
  }
  return all;
}

control_data::control_data(std::size_t capacity) : memory_(capacity) {}

control_data::control_data(control_data&& other) noexcept
    : memory_(std::move(other.memory_)),
      size_(std::exchange(other.size_, 0)),
      received_(std::exchange(other.received_, false)) {}

control_data& control_data::operator=(control_data&& other) noexcept {
  control_data taken(std::move(other));
  std::swap(memory_, taken.memory_);
  std::swap(size_, taken.size_);
  std::swap(received_, taken.received_);
  return *this;
}

control_data::~control_data() { clear(); }

void control_data::clear() noexcept {
  try {
    for (const int descriptor : take_descriptors()) ::close(descriptor);
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory to say which they are
  }
  size_ = 0;
  received_ = false;
}

void control_data::add(int level, int type, std::span<const std::byte> bytes, std::source_location where) {
  if (received_) clear();
  const std::size_t space = CMSG_SPACE(bytes.size());
  if (space > memory_.size() - size_)
    throw misuse("control_data::add", "it does not fit: make one with a larger capacity", where);
  std::fill_n(memory_.begin() + static_cast<std::ptrdiff_t>(size_), space, std::byte{});
  cmsghdr head{};
  head.cmsg_len = CMSG_LEN(bytes.size());
  head.cmsg_level = level;
  head.cmsg_type = type;
  std::memcpy(memory_.data() + size_, &head, sizeof head);
  if (!bytes.empty()) std::memcpy(memory_.data() + size_ + CMSG_LEN(0), bytes.data(), bytes.size());
  size_ += space;
}

void control_data::add_descriptors(std::span<const int> descriptors, std::source_location where) {
  add(SOL_SOCKET, SCM_RIGHTS, std::as_bytes(descriptors), where);
}

std::vector<int> control_data::take_descriptors() {
  std::vector<int> all;
  if (!received_) return all;
  for (const control_message& each : messages()) {
    if (each.level != SOL_SOCKET || each.type != SCM_RIGHTS) continue;
    const std::size_t before = all.size();
    all.resize(before + each.bytes.size() / sizeof(int));
    std::memcpy(all.data() + before, each.bytes.data(), (all.size() - before) * sizeof(int));
  }
  received_ = false;
  return all;
}

void control_data::received(std::size_t size) noexcept {
  size_ = std::min(size, memory_.size());
  received_ = true;
}

// ---- message

namespace detail {

void kept_message::write_header() noexcept {
  msghdr header{};
  if (asks_where_from_) {
    header.msg_name = name_.data();
    header.msg_namelen = static_cast<socklen_t>(name_.size());
  } else if (peer_) {
    header.msg_name = const_cast<sockaddr*>(peer_.native());
    header.msg_namelen = static_cast<socklen_t>(peer_.size());
  }
  header.msg_iov = reinterpret_cast<iovec*>(pieces() + first_);
  header.msg_iovlen = count_ - first_;
  if (control_ != nullptr && done_ == 0) {
    header.msg_control = control_->memory();
    header.msg_controllen = sent_ ? control_->data().size() : control_->capacity();
  }
  std::memcpy(header_.data(), &header, sizeof header);
}

void kept_message::bind(operands& into) noexcept {
  if (control_ != nullptr && !sent_) control_->clear();
  write_header();
  into.address = header_.data();
}

bool kept_message::advance(operands&, std::int32_t& res) noexcept {
  auto taken = static_cast<std::size_t>(res);
  done_ += taken;
  for (; first_ != count_ && taken >= pieces()[first_].size; ++first_) taken -= pieces()[first_].size;
  if (first_ == count_ || res == 0) return false;
  piece& part = pieces()[first_];
  part = {static_cast<const std::byte*>(part.base) + taken, part.size - taken};
  write_header();
  return true;
}

void kept_message::head_written(const operands& on, std::int32_t) noexcept {
  mark_written(on.address, sizeof(msghdr));
  msghdr header;
  std::memcpy(&header, on.address, sizeof header);
  mark_written(header.msg_name, std::min<std::size_t>(header.msg_namelen, sizeof(sockaddr_storage)));
  mark_written(header.msg_control, header.msg_controllen);
}

void kept_message::written(const operands& on, std::int32_t res) noexcept {
  head_written(on, res);
  msghdr header;
  std::memcpy(&header, on.address, sizeof header);
  auto left = static_cast<std::size_t>(res);
  for (std::size_t i = 0; i < header.msg_iovlen && left != 0; ++i) {
    const std::size_t size = std::min(left, header.msg_iov[i].iov_len);
    check_allocated(header.msg_iov[i].iov_base, size);
    mark_written(header.msg_iov[i].iov_base, size);
    left -= size;
  }
}

namespace {

/// The pieces of the message whose header is there.
template <class Tell>
void for_each_piece(const operands& on, Tell tell) {
  msghdr header;
  std::memcpy(&header, on.address, sizeof header);
  for (std::size_t i = 0; i < header.msg_iovlen; ++i)
    tell(std::span(static_cast<std::byte*>(header.msg_iov[i].iov_base), header.msg_iov[i].iov_len));
}

}  // namespace

void kept_message::lend_to_write(const operands& on, lend& lent) {
  for_each_piece(on, [&](std::span<std::byte> piece) { lent.for_writing(piece); });
}
void kept_message::lend_to_read(const operands& on, lend& lent) {
  for_each_piece(on, [&](std::span<const std::byte> piece) { lent.for_reading(piece); });
}

void kept_message::ended(completion told) noexcept {
  if (control_ == nullptr || sent_ || told.res < 0) return;
  msghdr header;
  std::memcpy(&header, header_.data(), sizeof header);
  control_->received(header.msg_controllen);
}

received kept_message::received_now(std::size_t size, const std::source_location& where) const {
  msghdr header;
  std::memcpy(&header, header_.data(), sizeof header);
  received told{.size = size, .flags = static_cast<message_flags>(header.msg_flags)};
  if (asks_where_from_ && header.msg_namelen != 0)
    told.from =
        address::from_native(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen, where);
  return told;
}

}  // namespace detail
}  // namespace gauntlet::uring
