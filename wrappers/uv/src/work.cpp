#include "gauntlet/uv/work.hpp"

#include "request_block.hpp"

namespace gauntlet::uv::detail {
namespace {

class work_block final : public request_block {
 public:
  work_block(loop_core& loop, std::source_location where, std::unique_ptr<queued_work> queued) noexcept
      : request_block(loop, "work", where, request), work(std::move(queued)), where_(where) {}

  static void on_pool(uv_work_t* request) noexcept {
    auto& self = request_of<work_block>(request);
    try {
      self.work->run();
    } catch (...) {
      self.failure_ = std::current_exception();
    }
  }

  static void after(uv_work_t* request, int status) noexcept {
    auto& self = request_of<work_block>(request);
    finish(self, [&] {
      if (status < 0)
        self.failure_ = std::make_exception_ptr(error(status, "queue_work", "work", self.where_));
      self.work->end(std::move(self.failure_), status == UV_ECANCELED);
    });
  }

  void release_callbacks() noexcept { work.reset(); }

  uv_work_t request{};
  std::unique_ptr<queued_work> work;

 private:
  std::exception_ptr failure_;
  std::source_location where_;
};

}  // namespace

request queue(loop& loop, std::unique_ptr<queued_work> work, std::source_location where) {
  loop_core& core = loop_core::of(loop, "queue_work", where);
  return submit(core.make<work_block>(where, std::move(work)), "queue_work", "work", where,
                [&](work_block& block) {
                  return uv_queue_work(core.uv(), &block.request, work_block::on_pool, work_block::after);
                })
      .owner();
}

}  // namespace gauntlet::uv::detail
