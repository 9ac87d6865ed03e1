// The wrapper as its users write it: a task for each thing that is in flight, or one for a batch of them.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "contender.h"

namespace uring = gauntlet::uring;

namespace {

uring::ring_options options_of(const job& job) {
  return {
      .entries = entries_of(&job), .single_issuer = job.deferred != 0, .defer_taskrun = job.deferred != 0};
}

void require(bool good) {
  if (!good) throw std::runtime_error("it came out wrong");
}

/// The exceptions end here: the interface is C.
template <class Work>
int in_a_ring(const job& job, Work work) noexcept try {
  uring::ring ring{options_of(job)};
  gauntlet::run(ring, work(ring));
  return 1;
} catch (const std::exception&) {
  return 0;
}

// ---- nops ----

gauntlet::task<> do_nothing(uring::ring& ring, long& left) {
  while (left-- > 0) co_await ring.nop();
}

int nops(const job* job, observer* observer) noexcept {
  const auto work = [&](uring::ring& ring) -> gauntlet::task<> {
    long left = job->count;
    observer->begin(observer);
    co_await gauntlet::with_scope([&](gauntlet::scope& all) -> gauntlet::task<> {
      for (int i = 0; i < job->width; ++i) all.spawn(do_nothing(ring, left));
      co_return;
    });
    observer->end(observer);
  };
  return in_a_ring(*job, work);
}

/// By one task that awaits all that is in flight together.
int batched_nops(const job* job, observer* observer) noexcept {
  const auto work = [&](uring::ring& ring) -> gauntlet::task<> {
    uring::batch all{ring, static_cast<std::size_t>(job->width)};
    observer->begin(observer);
    long queued = 0;
    for (; queued < job->width; ++queued) all.nop(static_cast<std::size_t>(queued));
    while (all.in_flight() != 0) {
      const std::span<const uring::batch_end> ended = co_await all.next();
      for (const uring::batch_end& each : ended) {
        require(each.size() == 0);
        if (queued++ < job->count) all.nop(each.place);
      }
    }
    observer->end(observer);
  };
  return in_a_ring(*job, work);
}

// ---- reads ----

struct reading {
  uring::file file;
  long left;
  std::uint32_t random = 1;
};

gauntlet::task<> read_blocks(reading& all, std::span<std::byte> memory) {
  while (all.left-- > 0) {
    const std::uint64_t block = next_block(&all.random);
    require(co_await all.file.read_some(memory, block * BLOCK_BYTES) == BLOCK_BYTES);
    std::uint64_t number = 0;
    std::memcpy(&number, memory.data(), sizeof number);
    require(number == block);
  }
}

int reads(const job* job, observer* observer) noexcept {
  const std::size_t width = static_cast<std::size_t>(job->width);
  const std::unique_ptr<void, decltype(&std::free)> memory(
      std::aligned_alloc(BLOCK_BYTES, width * BLOCK_BYTES), &std::free);
  const std::span<std::byte> blocks(static_cast<std::byte*>(memory.get()), width * BLOCK_BYTES);
  const auto work = [&](uring::ring& ring) -> gauntlet::task<> {
    reading all{.file = uring::file{ring, dup(job->file)}, .left = job->count};
    observer->begin(observer);
    co_await gauntlet::with_scope([&](gauntlet::scope& tasks) -> gauntlet::task<> {
      for (std::size_t i = 0; i < width; ++i)
        tasks.spawn(read_blocks(all, blocks.subspan(i * BLOCK_BYTES, BLOCK_BYTES)));
      co_return;
    });
    observer->end(observer);
  };
  return in_a_ring(*job, work);
}

int batched_reads(const job* job, observer* observer) noexcept {
  const auto work = [&](uring::ring& ring) -> gauntlet::task<> {
    const auto width = static_cast<std::size_t>(job->width);
    uring::file file{ring, dup(job->file)};
    uring::batch all{ring, width, BLOCK_BYTES};
    std::vector<std::uint64_t> blocks(width);
    std::uint32_t random = 1;
    long left = job->count;
    const auto read_next = [&](std::size_t place) {
      if (left-- <= 0) return;
      blocks[place] = next_block(&random);
      all.read(place, file, blocks[place] * BLOCK_BYTES);
    };
    observer->begin(observer);
    for (std::size_t place = 0; place < width; ++place) read_next(place);
    while (all.in_flight() != 0) {
      const std::span<const uring::batch_end> ended = co_await all.next();
      for (const uring::batch_end& each : ended) {
        require(each.size() == BLOCK_BYTES);
        std::uint64_t number = 0;
        std::memcpy(&number, all.bytes(each.place).data(), sizeof number);
        require(number == blocks[each.place]);
        read_next(each.place);
      }
    }
    observer->end(observer);
  };
  return in_a_ring(*job, work);
}

// ---- echo ----

using buffer = std::array<std::byte, ECHO_BUFFER>;

gauntlet::task<> serve(uring::file& peer, long left) {
  buffer bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): read into
  while (left > 0) {
    const std::size_t size = co_await peer.read_some(bytes);
    require(size != 0);
    for (std::size_t sent = 0; sent < size;)
      sent += co_await peer.write_some(std::span(bytes).first(size).subspan(sent));
    left -= static_cast<long>(size);
  }
}

gauntlet::task<> play(uring::file& server, long rounds) {
  buffer bytes{};
  for (; rounds > 0; --rounds) {
    for (std::size_t sent = 0; sent < MESSAGE_BYTES;)
      sent += co_await server.write_some(std::span(bytes).first<MESSAGE_BYTES>().subspan(sent));
    for (std::size_t came = 0; came < MESSAGE_BYTES;) {
      const std::size_t size = co_await server.read_some(bytes);
      require(size != 0);
      came += size;
    }
  }
}

int echo(const job* job, observer* observer) noexcept {
  const long rounds = job->count / job->width;
  const auto work = [&](uring::ring& ring) -> gauntlet::task<> {
    std::vector<uring::file> ends;
    ends.reserve(2 * static_cast<std::size_t>(job->width));
    for (int i = 0; i < job->width; ++i)
      for (const int socket : job->pairs[i].ends) ends.emplace_back(ring, dup(socket));
    observer->begin(observer);
    co_await gauntlet::with_scope([&](gauntlet::scope& tasks) -> gauntlet::task<> {
      for (std::size_t i = 0; i < ends.size(); i += 2) {
        tasks.spawn(serve(ends[i], rounds * MESSAGE_BYTES));
        tasks.spawn(play(ends[i + 1], rounds));
      }
      co_return;
    });
    observer->end(observer);
  };
  return in_a_ring(*job, work);
}

}  // namespace

const contender wrapper_contender{.name = "wrapper",
                                  .nops = nops,
                                  .reads = reads,
                                  .batched_nops = batched_nops,
                                  .batched_reads = batched_reads,
                                  .echo = echo};
