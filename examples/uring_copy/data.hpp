#pragma once
// The contents of one file, through buffers that all files share.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>

#include "copy.hpp"

namespace uring_copy {

/// So many, and no more.
class buffer_pool {
 public:
  class lease;

  buffer_pool(std::size_t count, std::size_t size) : free_(count, "buffers"), size_(size) {}
  gauntlet::task<lease> take();
  std::size_t size() const noexcept { return size_; }

 private:
  using memory = std::unique_ptr<std::byte[]>;

  gauntlet::semaphore free_;
  std::size_t size_;
  std::vector<memory> idle_;
};

/// Gives its buffer back.
class buffer_pool::lease {
 public:
  lease(lease&&) noexcept = default;
  lease& operator=(lease&&) = delete;
  ~lease() {
    if (memory_) pool_->idle_.push_back(std::move(memory_));  // which has room for all of them
  }
  std::span<std::byte> bytes() const noexcept { return {memory_.get(), pool_->size_}; }

 private:
  friend class buffer_pool;
  lease(buffer_pool& pool, memory taken, gauntlet::semaphore::permit permit) noexcept
      : pool_(&pool), permit_(std::move(permit)), memory_(std::move(taken)) {}

  buffer_pool* pool_;
  gauntlet::semaphore::permit permit_;
  memory memory_;
};

/// Of a file of that size, whose holes stay holes.
gauntlet::task<> copy_data(gauntlet::uring::file& from, gauntlet::uring::file& to,
                           const gauntlet::uring::file_status& status, buffer_pool& buffers,
                           progress& so_far);

}  // namespace uring_copy
