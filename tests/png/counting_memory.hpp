#pragma once
/// A memory resource that fails when it is told to, and the proof that what it throws comes out as itself.

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <exception>
#include <map>
#include <memory_resource>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {

// Knows each block it has given; rethrows `planned` instead at its call number `at`, counted from 1.
class counting_memory final : public std::pmr::memory_resource {
 public:
  explicit counting_memory(int at = 0, std::exception_ptr planned = {})
      : at_(at), planned_(std::move(planned)) {}

  int calls() const { return calls_; }
  bool all_came_back() const { return blocks_.empty() && sound_; }
  std::size_t held() const {
    std::size_t sum = 0;
    for (const auto& [block, size] : blocks_) sum += size;
    return sum;
  }

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (++calls_ == at_) std::rethrow_exception(planned_);
    void* const block = std::pmr::new_delete_resource()->allocate(size, alignment);
    blocks_[block] = size;
    return block;
  }
  void do_deallocate(void* block, std::size_t size, std::size_t alignment) override {
    const auto found = blocks_.find(block);
    sound_ = sound_ && found != blocks_.end() && found->second == size;
    if (found == blocks_.end()) return;
    blocks_.erase(found);
    std::pmr::new_delete_resource()->deallocate(block, size, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  int at_;
  std::exception_ptr planned_;
  int calls_ = 0;
  bool sound_ = true;
  std::map<void*, std::size_t> blocks_;
};

// Runs work with a resource that fails at its k-th call, for every k, until it gets all that it wants and
// answers that it is right. Answers how many calls that takes.
template <class Work>
int failed_allocations(const Work& work) {
  for (int at = 1;; ++at) {
    INFO("allocation " << at);
    const std::exception_ptr planned = std::make_exception_ptr(planned_failure());
    counting_memory memory(at, planned);
    bool right = false;
    const std::exception_ptr thrown = anything_thrown_by([&] { return right = work(memory); });
    CHECK(memory.all_came_back());
    if (memory.calls() < at) {
      CHECK(right);
      return at - 1;
    }
    REQUIRE(thrown == planned);
  }
}

}  // namespace gauntlet::png::test
