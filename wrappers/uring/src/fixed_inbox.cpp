#include "gauntlet/uring/fixed_inbox.hpp"

#include <gauntlet/shim/uring.h>

#include <memory>

#include "descriptor_block.hpp"
#include "file_table_access.hpp"
#include "message_queue.hpp"

namespace gauntlet::uring::detail {
namespace {

constexpr const char* inbox_kind = "fixed_inbox";

/// Its messages are places of a table that the kernel has put something into.
class fixed_queue final : public message_queue {
 public:
  fixed_queue(file_table_block& into, const std::source_location& where)
      : message_queue(into.ring(), inbox_kind, where), table_(into) {
    into.add_inbox(number());
  }
  file_table_block& table() const noexcept { return *table_.get(); }
  void dispose(const message& untaken) noexcept override {
    table().clear(static_cast<std::uint32_t>(untaken.value));
  }

 private:
  file_table_use table_;
};

constexpr opcode send_code{
    .kind = "send_fixed",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_msg_ring_fd_alloc(ring, entry, on.fd, on.second_fd, on.offset, 0);
    }};

}  // namespace

any_fixed_inbox::any_fixed_inbox(file_table& into, const std::source_location& where)
    : any_inbox(std::make_shared<fixed_queue>(file_table_access::use(into, inbox_kind, where), where)) {}

template <class Fixed>
Fixed received_by(message_queue& queue, message told) {
  return file_table_access::make<Fixed>(static_cast<fixed_queue&>(queue).table(),
                                        static_cast<std::uint32_t>(told.value));
}
template fixed_file received_by<fixed_file>(message_queue&, message);
template fixed_socket received_by<fixed_socket>(message_queue&, message);

ring_operation<void, kept_sent> send_fixed(const fixed_descriptor& sent, const inbox_address& to,
                                           std::source_location where) {
  descriptor_block& file = descriptor_access::use(sent, send_code.kind, where);
  operands on = address_access::operands_of(to, send_code.kind, where);
  on.second_fd = file.number();
  return {file.ring(), send_code, on, no_value, where, {address_access::keep(to), descriptor_use(file)}};
}

}  // namespace gauntlet::uring::detail
