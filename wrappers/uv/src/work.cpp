#include "gauntlet/uv/work.hpp"

#include "request_block.hpp"

namespace gauntlet::uv::detail {
namespace {

class work_block final : public request_block {
 public:
  work_block(loop_core& loop, std::source_location where, std::unique_ptr<queued_work> queued) noexcept
      : request_block(loop, "work", where, request),
        owned_(std::move(queued)),
        work_(owned_.get()),
        where_(where) {}
  work_block(loop_core& loop, std::source_location where, queued_work& borrowed) noexcept
      : request_block(loop, "work", where, request), work_(&borrowed), where_(where) {}

  static void on_pool(uv_work_t* request) noexcept {
    auto& self = request_of<work_block>(request);
    try {
      self.work_->run();
    } catch (...) {
      self.failure_ = std::current_exception();
    }
  }

  static void after(uv_work_t* request, int status) noexcept {
    auto& self = request_of<work_block>(request);
    finish(self, [&] {
      if (status < 0)
        self.failure_ = std::make_exception_ptr(error(status, "queue_work", "work", self.where_));
      self.work_->end(std::move(self.failure_), status == UV_ECANCELED);
    });
  }

  void release_callbacks() noexcept { owned_.reset(); }

  uv_work_t request{};

 private:
  std::unique_ptr<queued_work> owned_;
  queued_work* work_;
  std::exception_ptr failure_;
  std::source_location where_;
};

request submit_work(fresh<work_block> made, const char* operation, const std::source_location& where) {
  uv_loop_t* const raw = made->loop().uv();
  return submit_to_pool(std::move(made), operation, "work", where,
                        [&](work_block& block) {
                          return uv_queue_work(raw, &block.request, work_block::on_pool, work_block::after);
                        })
      .owner();
}

}  // namespace

request queue(loop& loop, std::unique_ptr<queued_work> work, std::source_location where) {
  loop_core& core = loop_core::of(loop, "queue_work", where);
  return submit_work(core.make<work_block>(where, std::move(work)), "queue_work", where);
}

loop_core& core_of(loop& loop, const char* operation, const std::source_location& where) {
  return loop_core::of(loop, operation, where);
}

void offloaded::start() {
  loop_core& core = require_usable();
  in_flight(submit_work(core.make<work_block>(where(), static_cast<queued_work&>(*this)), kind(), where()));
}

void offloaded::end(std::exception_ptr failure, bool cancelled) {
  if (cancelled)
    complete_canceled();
  else if (failure)
    complete_failed(std::move(failure));
  else
    complete();
}

}  // namespace gauntlet::uv::detail
