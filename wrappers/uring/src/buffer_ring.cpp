#include "gauntlet/uring/buffer_ring.hpp"

#include <gauntlet/shim/uring.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <string>

#include "buffer_group.hpp"
#include "gauntlet/memory_checker.hpp"
#include "ring_core.hpp"
#include "shot_block.hpp"

namespace gauntlet::uring {
namespace detail {
namespace {

constexpr std::uint32_t most_buffers = 32768;

const buffer_ring_options& checked(const buffer_ring_options& options, const std::source_location& where) {
  if (!std::has_single_bit(options.count) || options.count > most_buffers)
    throw misuse("buffer_ring", "count must be a power of two, from 1 to 32768", where);
  if (options.size == 0 || options.size > INT32_MAX)
    throw misuse("buffer_ring", "the size of a buffer must be 1 byte to 2 GiB", where);
  return options;
}

std::size_t bytes_of(std::uint32_t count) noexcept { return count * sizeof(io_uring_buf); }

/// In pages of their own, as the kernel wants them; they are zero.
io_uring_buf_ring* map_entries(std::size_t size) {
  void* const pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return static_cast<io_uring_buf_ring*>(pages);
}

}  // namespace

buffer_group_use::buffer_group_use(buffer_group& used) noexcept : used_(&used) { used.reference(); }
buffer_group_use::~buffer_group_use() {
  if (used_ != nullptr) used_->unreference();
}

void unmap_entries::operator()(io_uring_buf_ring* entries) const noexcept { munmap(entries, size); }

buffer_group::buffer_group(ring_core& ring, const buffer_ring_options& options,
                           const std::source_location& where)
    : ring_(ring), count_(checked(options, where).count), size_(options.size), where_(where) {
  memory_ = std::make_unique_for_overwrite<std::byte[]>(std::size_t{count_} * size_);
  returned_.reserve(count_);
  if constexpr (lends_are_tracked) {
    lent_.resize(count_);
    for (std::uint32_t i = 0; i < count_; ++i) lend_to_kernel(static_cast<std::uint16_t>(i));
  }
  number_ = ring.take_buffer_group();
  try {
    if (options.by_submissions || !register_ring()) provide_all();
  } catch (...) {
    ring.release_buffer_group(number_);
    throw;
  }
  ring.add(*this);
}

bool buffer_group::register_ring() {
  entries_ = decltype(entries_)(map_entries(bytes_of(count_)), unmap_entries{bytes_of(count_)});
  io_uring_buf_reg registration{};
  registration.ring_addr = std::bit_cast<std::uintptr_t>(entries_.get());
  registration.ring_entries = count_;
  registration.bgid = number_;
  const int status = io_uring_register_buf_ring(ring().native(), &registration, 0);
  if (status == -EINVAL) return false;
  if (status < 0) throw error(status, "buffer_ring", "group " + std::to_string(number_), where_);
  registered_ = true;
  gauntlet_uring_buf_ring_init(entries_.get());
  for (std::uint32_t i = 0; i < count_; ++i) {
    const auto buffer = static_cast<std::uint16_t>(i);
    gauntlet_uring_buf_ring_add(entries_.get(), address_of(buffer), size_, buffer,
                                static_cast<int>(count_ - 1), static_cast<int>(i));
  }
  gauntlet_uring_buf_ring_advance(entries_.get(), static_cast<int>(count_));
  return true;
}

void buffer_group::provide_all() {
  waiting_.reserve(count_);
  if (const int status = ring().provide_buffers(address_of(0), size_, count_, number_, 0); status < 0)
    throw error(status, "buffer_ring", "group " + std::to_string(number_), where_);
}

void buffer_group::provide(std::uint16_t buffer) noexcept {
  waiting_.push_back(buffer);
  provide_waiting();
}

/// In the order in which they came back. What finds no room goes with the next one, or when a stream wants
/// it.
void buffer_group::provide_waiting() noexcept {
  const auto provided = std::ranges::find_if_not(waiting_, [this](std::uint16_t buffer) {
    return ring().provide_buffers(address_of(buffer), size_, 1, number_, buffer) == 0;
  });
  waiting_.erase(waiting_.begin(), provided);
}

/// A thread that is not the ring's is the last only where the ring takes nothing from others any more: then
/// it is closed, and with it the registration.
buffer_group::~buffer_group() {
  ring_core& core = *ring_;
  if (!core.on_this_thread() || core.closed()) return;
  // The number of those that are removed by a submission is used no more: the kernel may look at it later.
  if (!registered_) {
    core.remove_buffers(count_, number_);
    return;
  }
  io_uring_unregister_buf_ring(core.native(), number_);
  core.release_buffer_group(number_);
}

buffer_group& buffer_group::of(const buffer_ring& owner, const char* operation,
                               const std::source_location& where) {
  if (owner.group_ == nullptr)
    throw misuse(operation, "the buffer_ring was moved from: use the one it was moved to", where);
  owner.group_->ring().require_open(operation, where);
  return *owner.group_;
}

void buffer_group::unreference() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void buffer_group::owner_gone() noexcept {
  if (ring().on_this_thread()) {
    take_returned();
    return unreference();
  }
  try {
    callback<void()> there([this] { owner_gone(); });
    if (ring().post(there)) return;
  } catch (...) {  // NOLINT(bugprone-empty-catch): then it is only not unregistered before the ring goes
  }
  unreference();
}

provided_buffer buffer_group::take(std::uint16_t buffer, std::size_t size) noexcept {
  std::byte* const from = address_of(buffer);
  const std::size_t written = std::min<std::size_t>(size, size_);
  if constexpr (lends_are_tracked) lent_[buffer].give_back();
  mark_written(from, written);
  reference();
  provided_buffer taken(*this, {from, written}, buffer);
  if (written == 0) taken.give_back();
  return taken;
}

bool buffer_group::give_back(std::uint16_t buffer) noexcept {
  if (!ring().on_this_thread()) return give_back_elsewhere(buffer);
  const bool filled_again = !ring().closed();
  give_back_here(buffer);
  unreference();
  return filled_again;
}

void buffer_group::lend_to_kernel(std::uint16_t buffer) {
  lent_[buffer] = lend("buffer_ring", where_);
  lent_[buffer].for_writing({address_of(buffer), size_});
}

void buffer_group::add(std::uint16_t buffer) noexcept {
  --held_;
  mark_unwritten(address_of(buffer), size_);
  if constexpr (lends_are_tracked) lend_to_kernel(buffer);
  if (!registered_) return provide(buffer);
  gauntlet_uring_buf_ring_add(entries_.get(), address_of(buffer), size_, buffer, static_cast<int>(count_ - 1),
                              0);
  gauntlet_uring_buf_ring_advance(entries_.get(), 1);
}

void buffer_group::give_back_here(std::uint16_t buffer) noexcept {
  add(buffer);
  take_returned();
  feed();
}

/// What is in returned_ keeps the group, and so does what is posted.
bool buffer_group::give_back_elsewhere(std::uint16_t buffer) noexcept {
  const buffer_group_use keep(*this);
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = returned_.empty();
    returned_.push_back(buffer);
  }
  if (!first) return true;
  reference();
  try {
    callback<void()> there([this] {
      take_returned();
      feed();
      unreference();
    });
    if (ring().post(there)) return true;
  } catch (...) {
    unreference();
    return true;  // the next one that is given back on the ring's thread brings it along
  }
  unreference();
  std::size_t left = 0;
  {
    const std::scoped_lock lock(mutex_);
    left = returned_.size();
    returned_.clear();
  }
  for (; left != 0; --left) unreference();
  return false;
}

void buffer_group::take_returned() noexcept {
  const buffer_group_use keep(*this);
  std::size_t taken = 0;
  {
    const std::scoped_lock lock(mutex_);
    for (const std::uint16_t buffer : returned_) add(buffer);
    taken = returned_.size();
    returned_.clear();
  }
  for (; taken != 0; --taken) unreference();
}

std::uint32_t buffer_group::refill() noexcept {
  if (!waiting_.empty()) provide_waiting();
  return available();
}

void buffer_group::add_hungry(shot_block& waits) noexcept {
  if (!waits.gauntlet::detail::list_node<hungry_tag>::is_linked()) hungry_.push_back(waits);
}

std::size_t buffer_group::cancel(const descriptor_block* on) noexcept {
  std::size_t cancelled = 0;
  gauntlet::detail::intrusive_list<shot_block, hungry_tag> asked;
  asked.take_all(hungry_);
  while (!asked.empty()) {
    shot_block& waits = asked.pop_front();
    if (on != nullptr && !waits.reads_from(*on)) {
      hungry_.push_back(waits);
    } else {
      waits.starve();
      ++cancelled;
    }
  }
  return cancelled;
}

void buffer_group::feed() noexcept {
  if (available() == 0) return;
  // All of them: which will take the buffer is not known, as some have nobody who waits, or nothing to read.
  gauntlet::detail::intrusive_list<shot_block, hungry_tag> fed;
  fed.take_all(hungry_);
  while (!fed.empty()) fed.pop_front().fed();
}

}  // namespace detail

bool provided_buffer::give_back() noexcept {
  detail::buffer_group* const group = std::exchange(group_, nullptr);
  bytes_ = {};
  return group != nullptr && group->give_back(number_);
}

buffer_ring::buffer_ring(ring& on, buffer_ring_options options, std::source_location where)
    : group_(new detail::buffer_group(detail::ring_core::of(on, "buffer_ring", where), options, where)) {}

buffer_ring& buffer_ring::operator=(buffer_ring&& other) noexcept {
  buffer_ring taken(std::move(other));
  std::swap(group_, taken.group_);
  return *this;
}

buffer_ring::~buffer_ring() {
  if (group_ != nullptr) group_->owner_gone();
}

std::uint32_t buffer_ring::count(std::source_location where) const {
  return detail::buffer_group::of(*this, "buffer_ring::count", where).count();
}
std::uint32_t buffer_ring::buffer_size(std::source_location where) const {
  return detail::buffer_group::of(*this, "buffer_ring::buffer_size", where).size();
}
std::uint32_t buffer_ring::available(std::source_location where) const {
  return detail::buffer_group::of(*this, "buffer_ring::available", where).available();
}
std::uint16_t buffer_ring::group(std::source_location where) const {
  return detail::buffer_group::of(*this, "buffer_ring::group", where).number();
}

}  // namespace gauntlet::uring
