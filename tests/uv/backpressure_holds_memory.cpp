#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

constexpr std::uint64_t mebibyte = 1U << 20;
constexpr std::size_t chunk_size = 65536;
constexpr write_marks marks{.high = mebibyte, .low = mebibyte / 4};

/// Bytes that a buffer owns, counted.
class counted_bytes {
 public:
  using value_type = std::uint64_t;

  explicit counted_bytes(std::vector<std::uint64_t> words) : words_(std::move(words)) { add(1); }
  counted_bytes(counted_bytes&& other) noexcept : words_(std::exchange(other.words_, {})) {}
  counted_bytes& operator=(counted_bytes&&) = delete;
  ~counted_bytes() {
    if (!words_.empty()) add(-1);
  }

  std::uint64_t* begin() noexcept { return words_.data(); }
  std::uint64_t* end() noexcept { return words_.data() + words_.size(); }
  const std::uint64_t* begin() const noexcept { return words_.data(); }
  const std::uint64_t* end() const noexcept { return words_.data() + words_.size(); }

  static inline int alive = 0;
  static inline int most_alive = 0;

 private:
  static void add(int one) noexcept {
    alive += one;
    most_alive = std::max(most_alive, alive);
  }
  std::vector<std::uint64_t> words_;
};

/// A stream of words that count up: any byte that is lost, doubled or out of place is seen.
class writer {
 public:
  writer(tcp& stream, std::uint64_t total) : stream_(stream), left_(total) {
    stream_.set_write_marks(marks);
    stream_.on_drain([this] {
      ++drains;
      if (static_cast<std::size_t>(counted_bytes::alive) * chunk_size > marks.low) ++early_drains;
      go_on();
    });
  }

  /// As long as write() answers true.
  void go_on() {
    bool more = true;
    while (more && left_ != 0) {
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk_size));
      left_ -= size;
      more = stream_.write(counted_bytes(next_words(size)));
      most_queued = std::max(most_queued, stream_.write_queue_size());
      if (more != (static_cast<std::size_t>(counted_bytes::alive) * chunk_size <= marks.high))
        ++wrong_answers;
    }
    if (left_ == 0 && !ended_) {
      ended_ = true;
      stream_.shutdown(no_callback());
    }
  }

  std::size_t most_queued = 0;
  int drains = 0;
  int early_drains = 0;
  int wrong_answers = 0;

 private:
  std::vector<std::uint64_t> next_words(std::size_t size) {
    std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
    for (std::uint64_t& word : words) word = next_++;
    return words;
  }

  tcp& stream_;
  std::uint64_t left_;
  std::uint64_t next_ = 0;
  bool ended_ = false;
};

/// Reads, and stops every so often until it is told to go on.
class halting_reader {
 public:
  halting_reader(loop& loop, tcp peer) : stream_(std::move(peer)), pause_(loop) { start(); }

  std::uint64_t received = 0;
  std::uint64_t wrong_words = 0;
  int halts = 0;

 private:
  void start() {
    stream_.read_start([this](std::span<std::byte> bytes) {
      if (bytes.empty()) {
        stream_.close();
        pause_.close();
        return;
      }
      check(bytes);
      received += bytes.size();
      if (received < next_halt_) return;
      next_halt_ = received + 4 * mebibyte;
      ++halts;
      stream_.read_stop();
      // Long enough for the writer to fill all there is between them.
      pause_.start(std::chrono::milliseconds(2), [this] { start(); });
    });
  }

  /// A word may come in pieces.
  void check(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::size_t size = std::min(bytes.size(), sizeof(std::uint64_t) - held_);
      std::memcpy(word_.data() + held_, bytes.data(), size);
      bytes = bytes.subspan(size);
      held_ += size;
      if (held_ != sizeof(std::uint64_t)) return;
      held_ = 0;
      std::uint64_t word = 0;
      std::memcpy(&word, word_.data(), sizeof word);
      if (word != expected_++) ++wrong_words;
      // The rest of whole words, in one go.
      const std::size_t whole = bytes.size() / sizeof word * sizeof word;
      for (std::size_t at = 0; at < whole; at += sizeof word) {
        std::memcpy(&word, bytes.data() + at, sizeof word);
        if (word != expected_++) ++wrong_words;
      }
      bytes = bytes.subspan(whole);
    }
  }

  tcp stream_;
  timer pause_;
  std::uint64_t next_halt_ = mebibyte;
  std::uint64_t expected_ = 0;
  std::array<std::byte, sizeof(std::uint64_t)> word_{};
  std::size_t held_ = 0;
};

TEST_CASE("a fast writer holds no more memory than its marks while a slow reader stops and starts") {
  constexpr std::uint64_t total = GAUNTLET_STREAM_MEBIBYTES * mebibyte;
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<halting_reader> reader;
  listener.listen([&](tcp peer) {
    reader.emplace(loop, std::move(peer));
    listener.close();
  });
  tcp client{loop};
  writer writer{client, total};
  client.connect(listener.local_address(), [&] {
    writer.go_on();
    client.read_start([&](std::span<std::byte> bytes) {
      CHECK(bytes.empty());
      client.close();
    });
  });
  run_to_the_end(loop);

  REQUIRE(reader);
  CHECK(reader->received == total);
  CHECK(reader->wrong_words == 0);
  CHECK(reader->halts >= static_cast<int>(GAUNTLET_STREAM_MEBIBYTES / 8));
  CHECK(writer.wrong_answers == 0);
  CHECK(writer.early_drains == 0);
  CHECK(writer.drains >= reader->halts);
  // The bound was reached, and no more than the write that went above it has ever been held beyond.
  CHECK(counted_bytes::most_alive == marks.high / chunk_size + 1);
  CHECK(writer.most_queued > marks.low);
  CHECK(writer.most_queued <= marks.high + chunk_size);
  CHECK(counted_bytes::alive == 0);
}

TEST_CASE("above its high mark write answers false, and at its low mark drain is called, once") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  int drains = 0;
  left.on_drain([&] { ++drains; });
  CHECK(misuse_of([&] { left.set_write_marks({.high = 1, .low = 2}); }).find("low is above high") !=
        std::string::npos);

  // What the system takes at once is held until it has been handed back.
  left.set_write_marks({.high = 6, .low = 0});
  CHECK(left.write(buffer_of("taken")));
  CHECK(left.write_queue_size() == 0);
  CHECK_FALSE(left.write(buffer_of("taken")));
  CHECK(left.write_queue_size() == 0);
  CHECK(drains == 0);
  loop.run(run_mode::nowait);
  CHECK(drains == 1);

  // And what it has no room for. Exactly the mark is not above it.
  while (left.try_write(std::as_bytes(std::span("filled", 6))) == 6) {
  }
  left.set_write_marks({.high = 1000, .low = 500});
  CHECK(left.write(owned_buffer(std::vector<char>(1000))));
  CHECK(left.write_queue_size() == 1000);
  CHECK_FALSE(left.write(buffer_of("x")));
  bool all_told = false;
  CHECK_FALSE(left.write(buffer_of("y"), [&] { all_told = true; }));
  CHECK(drains == 1);
  left.on_drain([&] {
    ++drains;
    CHECK_FALSE(all_told);  // the mark is reached before everything is done
    // Below the mark again: nothing is called for what never was above it.
    CHECK(left.write(buffer_of("more")));
    left.shutdown([&] { left.close(); });
  });
  right.read_start([&](std::span<std::byte> bytes) {
    if (bytes.empty()) right.close();
  });
  run_to_the_end(loop);
  CHECK(drains == 2);
}

}  // namespace
}  // namespace gauntlet::uv::test
