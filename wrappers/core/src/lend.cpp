#include "gauntlet/lend.hpp"

#include <bit>
#include <new>

#include "gauntlet/error.hpp"
#include "gauntlet/memory_checker.hpp"
#include "lend_registry.hpp"
#include "lend_tools.hpp"
#include "telling.hpp"

namespace gauntlet {
namespace detail {
namespace {

const char* direction(const lent_range& range) noexcept {
  return range.writable ? "for writing" : "for reading";
}

/// "8 bytes that were lent for reading to stream::write at echo.cpp:12"
std::string told(const lent_range& range) {
  return std::to_string(range.size())
      .append(range.size() == 1 ? " byte that was lent " : " bytes that were lent ")
      .append(direction(range))
      .append(" to ")
      .append(range.told());
}

void tell_tool(lent_range& range) noexcept {
  if (range.by == borrower::unseen) lend_tools::lay(range);
}

}  // namespace

void refuse_if_lent(std::span<const std::byte> memory, const char* operation) noexcept {
  if (memory.empty()) return;
  lent_range found;
  const auto begin = std::bit_cast<std::uintptr_t>(memory.data());
  if (!lend_registry::the().find(begin, begin + memory.size(), found)) return;
  end_program(std::string(operation)
                  .append(" frees memory that is in use, of ")
                  .append(told(found))
                  .append(": let it be returned first"));
}

std::vector<std::string> lent_now() {
  std::vector<std::string> said;
  for (const lent_range& range : lend_registry::the().all()) said.push_back(told(range));
  return said;
}

}  // namespace detail

using detail::lend_registry;
using detail::lent_range;

void lend::add(std::span<const std::byte> memory, bool writable) {
  lend_registry& registry = lend_registry::the();
  lent_range* const made = registry.make();
  made->begin = std::bit_cast<std::uintptr_t>(memory.data());
  made->end = made->begin + memory.size();
  made->writable = writable;
  made->by = by_;
  made->operation = operation_;
  made->where = where_;
  made->chain = chain_;
  lent_range in_the_way;
  bool added = false;
  try {
    added = registry.add(*made, in_the_way);
  } catch (const std::bad_alloc&) {
    registry.recycle(*made);
    throw;
  }
  if (!added) {
    registry.recycle(*made);
    if (chain_ != nullptr && in_the_way.chain == chain_) return;
    throw misuse(operation_,
                 std::string(writable ? "it would write to " : "it would read ")
                     .append(detail::told(in_the_way))
                     .append(" and not returned yet: await that first, or give it memory of its own"),
                 where_);
  }
  if (first_ == nullptr)
    first_ = made;
  else
    last_->next = made;
  last_ = made;
  returned_ = {};
  detail::tell_tool(*made);
  if (!writable && !detail::lend_tools::see_writes_of(*made)) {
    made->checksum = detail::checksum_of(memory.data(), memory.size());
    made->has_checksum = true;
  }
}

void lend::lift() noexcept {
  for (lent_range* at = first_; at != nullptr; at = at->next) detail::lend_tools::lift(*at, 0);
}

void lend::lay() noexcept {
  for (lent_range* at = first_; at != nullptr; at = at->next) detail::tell_tool(*at);
}

void lend::return_to_caller(std::size_t written, const std::source_location& where) noexcept {
  if (first_ == nullptr)
    detail::end_program(std::string(operation_)
                            .append(" at ")
                            .append(detail::place_of(where_))
                            .append(" returns what it was lent twice: at ")
                            .append(detail::place_of(returned_))
                            .append(" and at ")
                            .append(detail::place_of(where)));
  lend_registry& registry = lend_registry::the();
  for (lent_range* at = std::exchange(first_, nullptr); at != nullptr;) {
    lent_range& range = *at;
    const std::size_t part = range.writable ? std::min(written, range.size()) : 0;
    written -= part;
    detail::lend_tools::lift(range, part);
    if (range.by == borrower::thread) check_allocated(range.memory(), range.size());
    if (range.has_checksum && detail::checksum_of(range.memory(), range.size()) != range.checksum)
      detail::end_program("somebody has written to " + detail::told(range) + ", before it was returned at " +
                          detail::place_of(where) +
                          ": what was to be read may not have been what was meant. Give it memory that "
                          "nobody changes until the operation has ended");
    at = range.next;
    registry.remove(range);
    registry.recycle(range);
  }
  returned_ = where;
}

}  // namespace gauntlet
