#include "gauntlet/uring/registered_buffers.hpp"

#include <sys/resource.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "buffer_table_block.hpp"
#include "file_table_block.hpp"
#include "library.hpp"

namespace gauntlet::uring {
namespace detail {
namespace {

constexpr const char* kind = "registered_buffers";
constexpr const char* clone_kind = "registered_buffers::clone_for";
constexpr std::size_t page = 4096;

std::string why_not_registered(int status) {
  switch (-status) {
    case ENOMEM: {
      rlimit limit{};
      getrlimit(RLIMIT_MEMLOCK, &limit);
      return "registered memory counts as locked memory, of which " + std::to_string(limit.rlim_cur / 1024) +
             " KiB are allowed (raise `ulimit -l`, or register less)";
    }
    case EBUSY:
      return "the ring has registered buffers already: let go of those and of each fixed_buffer of them "
             "first";
    case EOPNOTSUPP:
      return "memory of a file cannot be registered: copy it into a buffer of your own";
    default:
      return {};
  }
}

iovec vector_of(const owned_buffer* buffer, const std::source_location& where) {
  if (buffer == nullptr) return {};
  const std::span<const std::byte> bytes = buffer->bytes();
  if (bytes.empty()) throw misuse(kind, "an empty buffer cannot be registered: leave it out", where);
  // SAFETY: the kernel writes only for a read, which asks writable() before.
  return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

std::vector<std::shared_ptr<owned_buffer>> shared(std::vector<owned_buffer> buffers) {
  std::vector<std::shared_ptr<owned_buffer>> made;
  made.reserve(buffers.size());
  for (owned_buffer& buffer : buffers) made.push_back(std::make_shared<owned_buffer>(std::move(buffer)));
  return made;
}

}  // namespace

buffer_table_block::buffer_table_block(ring_core& ring, std::vector<std::shared_ptr<owned_buffer>> buffers,
                                       const std::source_location& where)
    : ring_(ring), buffers_(std::move(buffers)) {
  std::vector<iovec> vectors;
  vectors.reserve(buffers_.size());
  for (const std::shared_ptr<owned_buffer>& each : buffers_) vectors.push_back(vector_of(each.get(), where));
  const auto count = static_cast<unsigned>(vectors.size());
  const bool any = std::ranges::any_of(buffers_, [](const auto& each) { return each != nullptr; });
  const int status = any ? io_uring_register_buffers(ring.native(), vectors.data(), count)
                         : io_uring_register_buffers_sparse(ring.native(), count);
  if (status < 0) throw error(status, kind, "ring", where, why_not_registered(status));
}

namespace {

/// All of them, or a part, which needs a newer liburing and kernel.
int clone([[maybe_unused]] io_uring* into, [[maybe_unused]] io_uring* from,
          [[maybe_unused]] std::size_t first, [[maybe_unused]] std::size_t count,
          [[maybe_unused]] bool all) noexcept {
#if GAUNTLET_LIBURING_HAS(8)
  if (all) return io_uring_clone_buffers(into, from);
#endif
#if GAUNTLET_LIBURING_HAS(9)
  return io_uring_clone_buffers_offset(into, from, 0, static_cast<unsigned>(first),
                                       static_cast<unsigned>(count), 0);
#else
  return -ENOSYS;
#endif
}

std::string why_not_cloned(int status) {
  switch (-status) {
    case ENOSYS:
      return "the liburing that Gauntlet was compiled with is too old: 2.8 has it, and of a part 2.9";
    case EINVAL:
      return "it needs Linux 6.12, and of a part 6.13";
    default:
      return why_not_registered(status);
  }
}

}  // namespace

buffer_table_block::buffer_table_block(ring_core& ring, const buffer_table_block& from, std::size_t first,
                                       std::size_t count, const std::source_location& where)
    : ring_(ring) {
  const auto begin = from.buffers().begin() + static_cast<std::ptrdiff_t>(first);
  buffers_.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  const bool all = count == from.buffers().size();
  const int status = clone(ring.native(), from.ring().native(), first, count, all);
  if (status < 0) throw error(status, clone_kind, "ring", where, why_not_cloned(status));
}

void buffer_table_block::update(std::size_t index, owned_buffer buffer, const std::source_location& where) {
  auto added = std::make_shared<owned_buffer>(std::move(buffer));
  const iovec vector = vector_of(added.get(), where);
  const __u64 tag = 0;
  const int status =
      io_uring_register_buffers_update_tag(ring().native(), static_cast<unsigned>(index), &vector, &tag, 1);
  if (status < 0)
    throw error(status, "registered_buffers::update", "ring", where, why_not_registered(status));
  buffers_[index] = std::move(added);
}

void buffer_table_block::let_go(buffer_table_block* block) noexcept {
  on_its_thread(block->ring(), [block] {
    if (!block->ring().closed()) io_uring_unregister_buffers(block->ring().native());
    delete block;
  });
}

std::uint32_t buffer_access::require(const fixed_buffer& buffer, const ring_core& ring, const char* operation,
                                     const std::source_location& where) {
  if (buffer.table_ == nullptr)
    throw misuse(operation, "the buffer was moved from: use the one it was moved to", where);
  if (&buffer.table_->ring() != &ring)
    throw misuse(operation, "the buffer is registered with another ring: use one of the file's", where);
  if (buffer.table_->buffers()[buffer.index_] != buffer.memory_)
    throw misuse(operation, "the buffer was replaced by update(): ask for the new one with at()", where);
  return buffer.index_;
}

}  // namespace detail

using detail::buffer_table_block;

// ---- fixed_buffer

fixed_buffer::fixed_buffer(std::shared_ptr<buffer_table_block> table, std::shared_ptr<owned_buffer> memory,
                           std::uint32_t index)
    : table_(std::move(table)), memory_(std::move(memory)), bytes_(memory_->writable()), index_(index) {}

fixed_buffer fixed_buffer::subspan(std::size_t begin, std::size_t size, std::source_location where) const {
  if (begin > bytes_.size() || size > bytes_.size() - begin)
    throw misuse("fixed_buffer::subspan",
                 "it has " + std::to_string(bytes_.size()) + " bytes: ask for a part of those", where);
  fixed_buffer part = *this;
  part.bytes_ = bytes_.subspan(begin, size);
  return part;
}

// ---- registered_buffers

namespace {

std::shared_ptr<buffer_table_block> table_of(ring& on, std::vector<std::shared_ptr<owned_buffer>> buffers,
                                             const std::source_location& where) {
  detail::ring_core& core = detail::ring_core::of(on, detail::kind, where);
  if (buffers.empty()) throw misuse(detail::kind, "there is none: register one at least", where);
  return {new buffer_table_block(core, std::move(buffers), where), &buffer_table_block::let_go};
}

std::vector<owned_buffer> in_pages(std::size_t count, std::size_t size) {
  std::vector<owned_buffer> buffers;
  buffers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) buffers.push_back(owned_buffer::aligned(size, detail::page));
  return buffers;
}

}  // namespace

registered_buffers::registered_buffers(ring& on, std::size_t count, std::size_t size,
                                       std::source_location where)
    : registered_buffers(on, in_pages(count, size), where) {}

registered_buffers::registered_buffers(ring& on, std::vector<owned_buffer> buffers,
                                       std::source_location where) {
  for (owned_buffer& buffer : buffers) static_cast<void>(buffer.writable(where));
  table_ = table_of(on, detail::shared(std::move(buffers)), where);
}

registered_buffers registered_buffers::sparse(ring& on, std::size_t places, std::source_location where) {
  return registered_buffers(table_of(on, std::vector<std::shared_ptr<owned_buffer>>(places), where));
}

buffer_table_block& registered_buffers::use(const char* operation, const std::source_location& where) const {
  if (table_ == nullptr) throw misuse(operation, "it was moved from: use the one it was moved to", where);
  table_->ring().require_open(operation, where);
  return *table_;
}

std::size_t registered_buffers::size(std::source_location where) const {
  return use("registered_buffers::size", where).buffers().size();
}

fixed_buffer registered_buffers::at(std::size_t index, std::source_location where) const {
  const buffer_table_block& table = use("registered_buffers::at", where);
  if (index >= table.buffers().size() || table.buffers()[index] == nullptr)
    throw misuse("registered_buffers::at",
                 "there is no buffer " + std::to_string(index) + ": put one there with update()", where);
  return {table_, table.buffers()[index], static_cast<std::uint32_t>(index)};
}

void registered_buffers::update(std::size_t index, owned_buffer buffer, std::source_location where) {
  buffer_table_block& table = use("registered_buffers::update", where);
  if (index >= table.buffers().size())
    throw misuse("registered_buffers::update",
                 "there are " + std::to_string(table.buffers().size()) + " places: take one of those", where);
  static_cast<void>(buffer.writable(where));
  table.update(index, std::move(buffer), where);
}

registered_buffers registered_buffers::clone_for(ring& other, std::source_location where) const {
  return clone_for(other, 0, size(where), where);
}

registered_buffers registered_buffers::clone_for(ring& other, std::size_t first, std::size_t count,
                                                 std::source_location where) const {
  const buffer_table_block& from = use(detail::clone_kind, where);
  detail::ring_core& into = detail::ring_core::of(other, detail::clone_kind, where);
  if (&into == &from.ring())
    throw misuse(detail::clone_kind, "they are registered with this ring: give another one", where);
  if (count == 0 || first > from.buffers().size() || count > from.buffers().size() - first)
    throw misuse(detail::clone_kind,
                 "there are " + std::to_string(from.buffers().size()) + " places: take one at least of those",
                 where);
  return registered_buffers(std::shared_ptr<buffer_table_block>(
      new buffer_table_block(into, from, first, count, where), &buffer_table_block::let_go));
}

}  // namespace gauntlet::uring
