#include "gauntlet/uv/random.hpp"

#include "request_block.hpp"

namespace gauntlet::uv::detail {
namespace {

class random_block final : public request_block {
 public:
  random_block(loop_core& loop, std::source_location where, owned_buffer&& to_fill,
               callback<void(outcome<owned_buffer>)>&& done) noexcept
      : request_block(loop, "random", where, request), bytes(std::move(to_fill)), done_(std::move(done)) {}

  static void on_done(uv_random_t* request, int status, void*, std::size_t) noexcept {
    auto& self = request_of<random_block>(request);
    self.lent.give_back(status < 0 ? 0 : self.bytes.size());
    finish(self, [&] {
      if (status < 0)
        self.done_(error(status, "random", "random", self.where()));
      else
        self.done_(std::move(self.bytes));
    });
  }
  void release_callbacks() noexcept { done_ = {}; }

  uv_random_t request{};
  owned_buffer bytes;
  [[no_unique_address]] lend lent;

 private:
  callback<void(outcome<owned_buffer>)> done_;
};

/// Of a span that the coroutine keeps.
class awaited_random final : public request_block {
 public:
  awaited_random(loop_core& loop, std::source_location where, callback<void(outcome<>)>&& done) noexcept
      : request_block(loop, "random", where, request), done_(std::move(done)) {}

  static void on_done(uv_random_t* request, int status, void*, std::size_t size) noexcept {
    auto& self = request_of<awaited_random>(request);
    self.lent.give_back(status < 0 ? 0 : size);
    finish(self, [&] { self.done_(ended(status, "random", "random", self.where())); });
  }
  void release_callbacks() noexcept { done_ = {}; }

  uv_random_t request{};
  [[no_unique_address]] lend lent;

 private:
  callback<void(outcome<>)> done_;
};

}  // namespace

request start_random(loop& loop, owned_buffer bytes, callback<void(outcome<owned_buffer>)> done,
                     std::source_location where) {
  loop_core& core = loop_core::of(loop, "random", where);
  static_cast<void>(bytes.writable(where));  // before anything has begun
  auto made = core.make<random_block>(where, std::move(bytes), std::move(done));
  const std::span<std::byte> memory = made->bytes.writable(where);
  made->lent = lend("random", where, borrower::thread);
  made->lent.for_writing(memory);
  return submit_to_pool(std::move(made), "random", "random", where,
                        [&](random_block& block) {
                          return uv_random(core.uv(), &block.request, memory.data(), memory.size(), 0,
                                           random_block::on_done);
                        })
      .owner();
}

}  // namespace gauntlet::uv::detail

namespace gauntlet::uv {

detail::request_operation<void> random(loop& loop, std::span<std::byte> bytes, std::source_location where) {
  using block = detail::awaited_random;
  return {detail::loop_core::of(loop, "random", where), "random", where,
          [bytes, where](detail::loop_core& core, callback<void(outcome<>)> done) {
            auto made = core.make<block>(where, std::move(done));
            made->lent = lend("random", where, borrower::thread);
            made->lent.for_writing(bytes);
            return detail::submit_to_pool(std::move(made), "random", "random", where,
                                          [&](block& begun) {
                                            return uv_random(core.uv(), &begun.request, bytes.data(),
                                                             bytes.size(), 0, block::on_done);
                                          })
                .owner();
          }};
}

}  // namespace gauntlet::uv
