// What a ring is told once, and not by submissions.
#include <gauntlet/shim/uring.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>

#include "descriptor_block.hpp"
#include "library.hpp"
#include "ring_core.hpp"
#include "setup.hpp"

namespace gauntlet::uring {
namespace {

using detail::opcode;
using detail::operands;
using detail::ring_core;

void check(int status, const char* operation, const std::source_location& where,
           std::string_view detail = {}) {
  if (status < 0) throw error(status, operation, "ring", where, detail);
}

[[noreturn, maybe_unused]] void refuse_liburing(const char* operation, const char* since,
                                                const std::source_location& where) {
  throw error(-ENOSYS, operation, "ring", where,
              std::string("the liburing that Gauntlet was compiled with is too old: ") + since + " has it");
}

io_uring_sqe& next_entry(io_uring* ring) noexcept {
  return ring->sq.sqes[ring->sq.sqe_tail & ring->sq.ring_mask];
}

constexpr std::uint32_t inject_result = 1;  // IORING_NOP_INJECT_RESULT, younger than liburing 2.3

/// flags, file_index and address3 of a raw_submission are in flags, second_fd and second_offset.
int queue_raw(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  io_uring_sqe& filled = next_entry(ring);
  const int status = gauntlet_uring_queue_rw(ring, entry, on.code, on.fd, on.address, on.length, on.offset);
  if (status != 0) return status;
  filled.rw_flags = on.flags;
  filled.file_index = static_cast<std::uint32_t>(on.second_fd);
  filled.addr3 = on.second_offset;
  return 0;
}

constexpr opcode raw_code{.kind = "ring::submit_raw", .queue = queue_raw};
constexpr opcode nop_with_code{.kind = "ring::nop_with", .queue = queue_raw};

}  // namespace

detail::ring_operation<std::int32_t> ring::nop_with(std::int32_t result, std::source_location where) {
  return {ring_core::of(*this, nop_with_code.kind, where),
          nop_with_code,
          {.second_fd = 0,
           .flags = inject_result,
           .length = static_cast<std::uint32_t>(result),
           .code = static_cast<std::uint8_t>(operation_code::nop)},
          [](detail::submission<detail::nothing_kept>& ended) { return ended.res(); },
          where};
}

detail::ring_operation<raw_result> ring::submit_raw(const raw_submission& entry, std::source_location where) {
  return {ring_core::of(*this, raw_code.kind, where),
          raw_code,
          {.fd = entry.fd,
           .second_fd = static_cast<int>(entry.file_index),
           .flags = static_cast<int>(entry.flags),
           .length = entry.length,
           .offset = entry.offset,
           .second_offset = entry.address3,
           .address = entry.address,
           .code = static_cast<std::uint8_t>(entry.code)},
          [](detail::submission<detail::nothing_kept>& ended) {
            return raw_result{.res = ended.res(), .flags = ended.completion_flags()};
          },
          where};
}

std::size_t ring::cancel_all_on(const descriptor& on, std::source_location where) {
  ring_core& core = ring_core::of(*this, "ring::cancel_all_on", where);
  const detail::descriptor_block& block = on.use("ring::cancel_all_on", where);
  if (&block.ring() != &core)
    throw misuse("ring::cancel_all_on", "the descriptor is another ring's: ask that one", where);
  return core.cancel_all_on(block);
}

std::size_t ring::cancel_all(std::source_location where) {
  return ring_core::of(*this, "ring::cancel_all", where).cancel_all();
}

// ---- personality

personality ring::register_personality(std::source_location where) {
  ring_core& core = ring_core::of(*this, "ring::register_personality", where);
  const int id = io_uring_register_personality(core.native());
  check(id, "ring::register_personality", where);
  return {core, static_cast<std::uint16_t>(id)};
}

personality::personality(ring_core& core, std::uint16_t id) noexcept : core_(&core), id_(id) {
  core.reference();
}

personality& personality::operator=(personality&& other) noexcept {
  personality taken(std::move(other));
  std::swap(core_, taken.core_);
  std::swap(id_, taken.id_);
  return *this;
}

personality::~personality() {
  if (core_ == nullptr) return;
  core_->when_open([id = id_](io_uring* ring) { io_uring_unregister_personality(ring, id); });
  core_->unreference();
}

// ---- of the whole ring

worker_limits ring::limit_workers(const worker_limits& limits, std::source_location where) {
  unsigned values[] = {limits.bounded, limits.unbounded};
  check(
      io_uring_register_iowq_max_workers(ring_core::of(*this, "ring::limit_workers", where).native(), values),
      "ring::limit_workers", where);
  return {.bounded = values[0], .unbounded = values[1]};
}

void ring::pin_workers(std::span<const std::uint32_t> processors, std::source_location where) {
  io_uring* const native = ring_core::of(*this, "ring::pin_workers", where).native();
  if (processors.empty()) return check(io_uring_unregister_iowq_aff(native), "ring::pin_workers", where);
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (const std::uint32_t processor : processors) {
    if (processor >= CPU_SETSIZE)
      throw misuse("ring::pin_workers", "there is no processor of this number", where);
    CPU_SET(processor, &chosen);
  }
  check(io_uring_register_iowq_aff(native, sizeof chosen, &chosen), "ring::pin_workers", where);
}

void ring::restrict_to(const restrictions& permitted, std::source_location where) {
  std::vector<io_uring_restriction> told;
  const auto add = [&](unsigned what, unsigned value) {
    io_uring_restriction& one = told.emplace_back();
    one.opcode = static_cast<__u16>(what);
    one.sqe_op = static_cast<__u8>(value);
  };
  for (const operation_code needed : {operation_code::read, operation_code::async_cancel})
    add(IORING_RESTRICTION_SQE_OP, static_cast<unsigned>(needed));
  for (const operation_code code : permitted.operations)
    add(IORING_RESTRICTION_SQE_OP, static_cast<unsigned>(code));
  for (const std::uint8_t code : permitted.registrations) add(IORING_RESTRICTION_REGISTER_OP, code);
  add(IORING_RESTRICTION_REGISTER_OP, IORING_REGISTER_ENABLE_RINGS);
  if (permitted.allowed_flags) add(IORING_RESTRICTION_SQE_FLAGS_ALLOWED, *permitted.allowed_flags);
  const int status =
      detail::register_with(ring_core::of(*this, "ring::restrict_to", where).native(),
                            IORING_REGISTER_RESTRICTIONS, told.data(), static_cast<unsigned>(told.size()));
  check(status, "ring::restrict_to", where,
        status == -EBADFD ? "only a ring made with ring_options::disabled can be restricted, before enable()"
                          : "");
}

void ring::enable(std::source_location where) { ring_core::of(*this, "ring::enable", where).enable(where); }

void ring::resize(std::uint32_t entries, std::uint32_t completion_entries, std::source_location where) {
  io_uring* const native = ring_core::of(*this, "ring::resize", where).native();
#if GAUNTLET_LIBURING_HAS(9)
  io_uring_params sizes{};
  sizes.sq_entries = entries;
  if (completion_entries != 0) {
    sizes.flags |= IORING_SETUP_CQSIZE;
    sizes.cq_entries = completion_entries;
  }
  const int status = io_uring_resize_rings(native, &sizes);
  check(status, "ring::resize", where,
        status == -EINVAL ? "it needs Linux 6.13, and a ring made with single_issuer and defer_taskrun" : "");
#else
  static_cast<void>(native);
  static_cast<void>(entries);
  static_cast<void>(completion_entries);
  refuse_liburing("ring::resize", "2.9", where);
#endif
}

namespace {

#if GAUNTLET_LIBURING_HAS(6)
io_uring_napi to_native(const busy_polling& asked, const char* operation, const std::source_location& where) {
  if (asked.at_most.count() < 0 || asked.at_most.count() > UINT32_MAX)
    throw misuse(operation, "it is not negative, and no longer than 2^32 - 1 microseconds", where);
  io_uring_napi told{};
  told.busy_poll_to = static_cast<std::uint32_t>(asked.at_most.count());
  told.prefer_busy_poll = asked.prefer ? 1 : 0;
  return told;
}

busy_polling from_native(const io_uring_napi& told) noexcept {
  return {.at_most = std::chrono::microseconds(told.busy_poll_to), .prefer = told.prefer_busy_poll != 0};
}

constexpr std::string_view why_no_napi = "it needs Linux 6.9, and a ring without iopoll";
#endif

}  // namespace

busy_polling ring::register_napi(const busy_polling& how, std::source_location where) {
  constexpr const char* operation = "ring::register_napi";
  io_uring* const native = ring_core::of(*this, operation, where).native();
#if GAUNTLET_LIBURING_HAS(6)
  io_uring_napi told = to_native(how, operation, where);
  check(io_uring_register_napi(native, &told), operation, where, why_no_napi);
  return from_native(told);
#else
  static_cast<void>(native);
  static_cast<void>(how);
  refuse_liburing(operation, "2.6", where);
#endif
}

busy_polling ring::unregister_napi(std::source_location where) {
  constexpr const char* operation = "ring::unregister_napi";
  io_uring* const native = ring_core::of(*this, operation, where).native();
#if GAUNTLET_LIBURING_HAS(6)
  io_uring_napi told{};
  check(io_uring_unregister_napi(native, &told), operation, where, why_no_napi);
  return from_native(told);
#else
  static_cast<void>(native);
  refuse_liburing(operation, "2.6", where);
#endif
}

void ring::wait_for_batches(const wait_batch& batch, std::source_location where) {
  constexpr const char* operation = "ring::wait_for_batches";
  ring_core& core = ring_core::of(*this, operation, where);
  if (batch.at_most.count() < 0 || batch.at_most.count() > UINT32_MAX)
    throw misuse(operation, "it is not negative, and no longer than 2^32 - 1 microseconds", where);
  if (batch.completions > 1 && !ring_core::knows_batches()) refuse_liburing(operation, "2.8", where);
  if (batch.completions > 1 && !core.has_batches())
    throw error(-EOPNOTSUPP, operation, "ring", where, "it needs Linux 6.12, and a ring without iopoll");
  core.wait_for(batch);
}

int ring::native_descriptor(std::source_location where) const {
  return gauntlet_uring_fd(ring_core::of(*this, "ring::native_descriptor", where).native());
}

}  // namespace gauntlet::uring
