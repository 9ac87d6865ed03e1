#include "gauntlet/uring/file_table.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "descriptor_block.hpp"
#include "file_access.hpp"
#include "file_table_access.hpp"
#include "folder_access.hpp"
#include "kernel_memory.hpp"

namespace gauntlet::uring {
namespace detail {
namespace {

std::string why_no_table(int status) {
  switch (-status) {
    case EBUSY:
      return "the ring has a table of files already: let go of that and of its files first";
    case EMFILE:
      return "a table has no more places than the process may have descriptors: raise `ulimit -n`, or ask "
             "for "
             "fewer";
    default:
      return {};
  }
}

// SAFETY: kept_open put its path and its how there.
int queue_open(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_openat2_direct(ring, entry, on.fd, static_cast<const char*>(on.address),
                                             static_cast<::open_how*>(const_cast<void*>(on.second_address)),
                                             any_place);
}
int queue_update(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  // SAFETY: kept_update put its number there.
  return gauntlet_uring_queue_files_update(ring, entry, static_cast<int*>(const_cast<void*>(on.address)), 1,
                                           -1);
}
void place_written(const operands& on, std::int32_t) noexcept {
  check_allocated(on.address, sizeof(int));
  mark_written(on.address, sizeof(int));
}
int queue_install(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_fixed_fd_install(ring, entry, on.fd, 0);
}

constexpr opcode open_code{.kind = "file_table::open", .queue = queue_open};
constexpr opcode update_code{.kind = "file_table::add", .queue = queue_update, .written = place_written};
constexpr opcode install_code{.kind = "fixed_file::install", .queue = queue_install};

}  // namespace

// ---- block

file_table_block::~file_table_block() {
  ring().has_table(nullptr);
  if (!ring().closed()) io_uring_unregister_files(ring().native());
}

int file_table_block::set(std::uint32_t place, int number) noexcept {
  if (ring().closed()) return 0;
  return io_uring_register_files_update(ring().native(), place, &number, 1);
}

void file_table_block::came_to_nobody(std::uint64_t inbox, std::int32_t place) noexcept {
  if (std::ranges::find(inboxes_, inbox) != inboxes_.end()) clear(static_cast<std::uint32_t>(place));
}

file_table_use::file_table_use(file_table_block& used) noexcept : used_(&used) { used.add_use(); }
file_table_use::~file_table_use() {
  if (used_ != nullptr) used_->remove_use();
}

std::string kept_update::subject() const {
  return "a table of " + std::to_string(table.get()->size()) + " files";
}

}  // namespace detail

using detail::file_table_access;
using detail::file_table_block;
using detail::ring_operation;

// ---- fixed_file

ring_operation<file> fixed_file::install(std::source_location where) {
  return {use(detail::install_code.kind, where),
          detail::install_code,
          {},
          [](detail::submission<detail::nothing_kept>& ended) {
            return detail::file_access::make(ended.ring(), ended.res());
          },
          where};
}

// ---- file_table

namespace {

void require_places(std::size_t places, const char* operation, const std::source_location& where) {
  if (places == 0 || places > INT32_MAX)
    throw misuse(operation, "a table has one place at least, and 2^31 - 1 at most", where);
}

file_table_block& sparse_table(ring& on, std::uint32_t places, const std::source_location& where) {
  constexpr const char* operation = "file_table";
  detail::ring_core& core = detail::ring_core::of(on, operation, where);
  require_places(places, operation, where);
  const int status = io_uring_register_files_sparse(core.native(), places);
  if (status < 0) throw error(status, operation, "ring", where, detail::why_no_table(status));
  try {
    return *new file_table_block(core, places);
  } catch (...) {
    io_uring_unregister_files(core.native());
    throw;
  }
}

detail::descriptor_block& file_of(const descriptor& file, const detail::ring_core& ring,
                                  const char* operation, const std::source_location& where) {
  detail::descriptor_block& used = detail::descriptor_access::use(file, operation, where);
  if (&used.ring() != &ring)
    throw misuse(operation, "the file is of another ring: open it on the table's", where);
  return used;
}

std::vector<int> numbers_of(std::span<const descriptor* const> files, const detail::ring_core& ring,
                            const char* operation, const std::source_location& where) {
  std::vector<int> numbers;
  numbers.reserve(files.size());
  for (const descriptor* const each : files) {
    if (each == nullptr) throw misuse(operation, "a file is nullptr: leave it out", where);
    numbers.push_back(file_of(*each, ring, operation, where).number());
  }
  return numbers;
}

std::vector<fixed_file> files_in(file_table_block& table, std::uint32_t first, std::size_t count) {
  std::vector<fixed_file> made;
  made.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(file_table_access::make<fixed_file>(table, first + static_cast<std::uint32_t>(i)));
  return made;
}

}  // namespace

file_table::file_table(ring& on, std::uint32_t places, std::source_location where)
    : block_(&sparse_table(on, places, where)) {}

file_table::~file_table() {
  if (block_ == nullptr) return;
  detail::on_its_thread(block_->ring(), [block = block_] { block->unreference(); });
}

file_table_block& file_table::use(const char* operation, const std::source_location& where) const {
  if (block_ == nullptr) throw misuse(operation, "it was moved from: use the one it was moved to", where);
  block_->ring().require_open(operation, where);
  return *block_;
}

std::uint32_t file_table::size(std::source_location where) const {
  return use("file_table::size", where).size();
}

void file_table::alloc_range(std::uint32_t first, std::uint32_t count, std::source_location where) {
  constexpr const char* operation = "file_table::alloc_range";
  file_table_block& table = use(operation, where);
  const int status = io_uring_register_file_alloc_range(table.ring().native(), first, count);
  if (status < 0)
    throw error(status, operation, "a table of " + std::to_string(table.size()) + " files", where);
}

ring_operation<fixed_file, detail::kept_update> file_table::add(const descriptor& added,
                                                                std::source_location where) {
  file_table_block& table = use(detail::update_code.kind, where);
  detail::descriptor_block& file = file_of(added, table.ring(), detail::update_code.kind, where);
  return {table.ring(),
          detail::update_code,
          {},
          [](detail::submission<detail::kept_update>& ended) {
            const detail::kept_update& kept = ended.kept();
            return file_table_access::make<fixed_file>(*kept.table.get(),
                                                       static_cast<std::uint32_t>(kept.number));
          },
          where,
          {detail::file_table_use(table), detail::descriptor_use(file), file.number()}};
}

std::vector<fixed_file> file_table::update(std::uint32_t first, std::span<const descriptor* const> added,
                                           std::source_location where) {
  constexpr const char* operation = "file_table::update";
  file_table_block& table = use(operation, where);
  if (first > table.size() || added.size() > table.size() - first)
    throw misuse(operation, "the table has " + std::to_string(table.size()) + " places: stay within those",
                 where);
  if (table.has_inboxes())
    throw misuse(operation, "the kernel chooses places here for what a fixed_inbox is sent: use add()",
                 where);
  if (table.is_choosing())
    throw misuse(operation, "the kernel is just choosing a place for another file: await that first", where);
  for (std::size_t i = 0; i < added.size(); ++i)
    if (table.is_taken(first + static_cast<std::uint32_t>(i)))
      throw misuse(operation, "a file is there: close it first, or take another place", where);
  const std::vector<int> numbers = numbers_of(added, table.ring(), operation, where);
  const int done = io_uring_register_files_update(table.ring().native(), first, numbers.data(),
                                                  static_cast<unsigned>(numbers.size()));
  if (done < 0) throw error(done, operation, "a table of " + std::to_string(table.size()) + " files", where);
  return files_in(table, first, added.size());
}

ring_operation<fixed_file, detail::kept_direct_open> file_table::open(const folder_ref& from, path_ref path,
                                                                      const open_how& how,
                                                                      std::source_location where) {
  file_table_block& table = use(detail::open_code.kind, where);
  detail::folder_access::require_ring(from, table.ring(), detail::open_code.kind, where);
  return detail::folder_access::begin<fixed_file, detail::kept_direct_open>(
      from, detail::open_code, {},
      [](detail::submission<detail::kept_direct_open>& ended) {
        return file_table_access::make<fixed_file>(*ended.kept().table.get(),
                                                   static_cast<std::uint32_t>(ended.res()));
      },
      where,
      {detail::kept_open_of(path, how, 0, detail::open_code.kind, where), detail::file_table_use(table)});
}

std::vector<fixed_file> register_files(ring& on, std::span<const descriptor* const> files,
                                       std::source_location where) {
  constexpr const char* operation = "register_files";
  detail::ring_core& core = detail::ring_core::of(on, operation, where);
  require_places(files.size(), operation, where);
  const std::vector<int> numbers = numbers_of(files, core, operation, where);
  const int status =
      io_uring_register_files(core.native(), numbers.data(), static_cast<unsigned>(numbers.size()));
  if (status < 0) throw error(status, operation, "ring", where, detail::why_no_table(status));
  file_table_block* table = nullptr;
  try {
    table = new file_table_block(core, static_cast<std::uint32_t>(numbers.size()));
  } catch (...) {
    io_uring_unregister_files(core.native());
    throw;
  }
  const file_table owner = file_table_access::own(*table);
  return files_in(*table, 0, files.size());
}

}  // namespace gauntlet::uring
