#include "gauntlet/uring/descriptor.hpp"

#include <unistd.h>

#include <cerrno>

#include "descriptor_block.hpp"
#include "file_table_block.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace detail {

// ---- block

descriptor_block::descriptor_block(file_table_block& table, std::uint32_t place) noexcept
    : ring_(table.ring()), number_(static_cast<int>(place)), table_(&table) {
  table.reference();
  table.entered(place);
}

descriptor_block::~descriptor_block() {
  close_number();
  if (table_ != nullptr) table_->unreference();
}

void descriptor_block::close_number() noexcept {
  const int number = std::exchange(number_, -1);
  if (number < 0) return;
  if (table_ != nullptr)
    table_->clear(static_cast<std::uint32_t>(number));
  else
    ::close(number);
}

void refuse_descriptor(const char* advice, const char* operation, const std::source_location& where) {
  throw misuse(operation, advice, where);
}

void descriptor_block::begin_closing() noexcept {
  if (std::exchange(closing_, true)) return;
  if (in_flight())
    ring().cancel_all_on(*this);
  else
    ring().cancel_hungry(this);
}

int descriptor_block::release() noexcept {
  closing_ = true;
  return std::exchange(number_, -1);
}

void descriptor_block::close_when_unused(close_operation& closer) noexcept {
  // The owner and the one that closes.
  if (uses_ <= 2)
    closer.begin();
  else
    closer_ = &closer;
}

void descriptor_block::use_removed() noexcept {
  if (uses_ == 2 && closer_ != nullptr) return std::exchange(closer_, nullptr)->begin();
  if (uses_ != 0) return;
  closing_ = true;
  close_number();
  remove_reference();
}

void descriptor_block::remove_reference() noexcept {
  if (--references_ == 0) delete this;
}

void descriptor_block::owner_gone() noexcept {
  on_its_thread(ring(), [this] {
    begin_closing();
    remove_use();
  });
}

// ---- close

namespace {

int queue_close(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_close(ring, entry, on.fd);
}
constexpr opcode close_code{.kind = "descriptor::close", .queue = queue_close};

// The place is named by the operation itself: the entry's flag for one is refused.
int queue_close_direct(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  entry.flags &= static_cast<std::uint8_t>(~IOSQE_FIXED_FILE);
  return gauntlet_uring_queue_close_direct(ring, entry, static_cast<unsigned>(on.fd));
}
constexpr opcode close_direct_code{.kind = "fixed_file::close", .queue = queue_close_direct};

}  // namespace

close_operation::close_operation(descriptor_block& closed, std::source_location where) noexcept
    : submitted(closed, closed.table() == nullptr ? close_code : close_direct_code, {}, where) {
  listen_for_end();
  start_when_stopped();
}

void close_operation::start() {
  require_usable();
  descriptor_block& closed = *descriptor();
  if (closed.closing())
    throw misuse(kind(), "it is closed already, or being closed by another task", where());
  waits_ = true;
  closed.begin_closing();
  closed.close_when_unused(*this);
}

void close_operation::begin() noexcept {
  waits_ = false;
  descriptor()->release();
  try {
    submit();
  } catch (...) {
    if (file_table_block* const table = descriptor()->table())
      table->clear(static_cast<std::uint32_t>(on().fd));
    else
      ::close(on().fd);
    complete_failed(std::current_exception());
  }
}

std::string close_operation::object() const {
  std::string said = submitted::object();
  if (waits_)
    said += ", kept by " + std::to_string(descriptor()->other_uses()) +
            " operation(s) made on it and not awaited to the end";
  return said;
}

/// The place may be another file's.
void close_operation::ended(completion) noexcept {
  if (file_table_block* const table = descriptor()->table()) table->left(static_cast<std::uint32_t>(on().fd));
}

/// It ends soon by itself, and a descriptor that is half closed is of no use to anybody.
void close_operation::cancel() noexcept {}
void close_operation::abort() noexcept {}

}  // namespace detail

// ---- descriptor

namespace {

detail::descriptor_block& block_of(detail::ring_core& ring, int number) {
  try {
    return *new detail::descriptor_block(ring, number);
  } catch (...) {
    ::close(number);
    throw;
  }
}

detail::descriptor_block& block_of(detail::file_table_block& table, std::uint32_t place) {
  try {
    return *new detail::descriptor_block(table, place);
  } catch (...) {
    table.clear(place);
    throw;
  }
}

}  // namespace

any_descriptor& any_descriptor::operator=(any_descriptor&& other) noexcept {
  any_descriptor taken(std::move(other));
  std::swap(block_, taken.block_);
  return *this;
}

any_descriptor::~any_descriptor() {
  if (block_ != nullptr) block_->owner_gone();
}

bool any_descriptor::is_open() const noexcept { return block_ != nullptr && !block_->closing(); }

detail::close_operation any_descriptor::close(std::source_location where) {
  return {use("descriptor::close", where), where};
}

descriptor::descriptor(detail::ring_core& ring, int number) : any_descriptor(block_of(ring, number)) {}

fixed_descriptor::fixed_descriptor(detail::file_table_block& table, std::uint32_t place)
    : any_descriptor(block_of(table, place)) {}

std::uint32_t fixed_descriptor::index(std::source_location where) const {
  return static_cast<std::uint32_t>(use("fixed_file::index", where).number());
}

int descriptor::native(std::source_location where) const { return use("descriptor::native", where).number(); }

int descriptor::release(std::source_location where) {
  detail::descriptor_block& block = use("descriptor::release", where);
  if (block.in_flight())
    throw misuse("descriptor::release", "something is in flight on it: await that first", where);
  return block.release();
}

}  // namespace gauntlet::uring
