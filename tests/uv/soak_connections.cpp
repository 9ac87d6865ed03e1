#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"

// Many connections at once, in two processes: the server is the test, the clients are a child, which is this
// program with the hidden test case at the end of this file.

namespace gauntlet::uv::test {
namespace {

/// How a connection is to end. The client chooses, and tells the server with its first bytes.
enum fate : std::uint8_t {
  closed_by_client,  // after all its messages
  half_closed,       // the client ends its writing side at once, and reads what is left
  reset_by_client,   // in the midst of a message
  reset_by_server,   // in the midst of a message
  stalled,           // the client falls silent, and the server's timer ends it
  fates,
};
constexpr std::array<const char*, fates> names{"closed by the client", "half-closed", "reset by the client",
                                               "reset by the server", "stalled"};
using counts = std::array<std::size_t, fates>;

/// The first bytes of a connection, as they are in memory: both ends are the same program.
struct plan {
  std::uint8_t fate = 0;
  std::uint8_t messages = 0;
  std::uint16_t size = 0;   // of a message
  std::uint32_t seed = 0;   // of its bytes
  std::uint32_t limit = 0;  // bytes after which it is reset or falls silent
};

class pattern {
 public:
  explicit pattern(std::uint32_t seed) : seed_(seed) {}
  std::uint8_t at(std::size_t offset) const {
    return static_cast<std::uint8_t>((seed_ ^ (offset * 167U + offset / 251U)) & 0xffU);
  }
  std::vector<std::uint8_t> bytes(std::size_t from, std::size_t count) const {
    std::vector<std::uint8_t> made(count);
    for (std::size_t i = 0; i < count; ++i) made[i] = at(from + i);
    return made;
  }

 private:
  std::uint32_t seed_;
};

bool is_reset(const error& failure) {
  return failure.code() == std::errc::connection_reset || failure.code() == std::errc::broken_pipe;
}

/// What both ends have in common: how the stream's end is found out. A reset may be told to a write instead
/// of a read, which then only sees the end of the stream.
class connection {
 public:
  connection(tcp&& stream) : stream_(std::move(stream)) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  virtual ~connection() = default;

 protected:
  enum class ending : std::uint8_t { end_of_stream, reset, by_us };

  virtual void came(std::span<const std::byte> bytes) = 0;
  /// Once: the stream is closed.
  virtual void ended(ending how) = 0;

  void read() {
    stream_.read_start([this](outcome<std::span<std::byte>> bytes) {
      if (!bytes) {
        if (!is_reset(*bytes.error())) throw *bytes.error();
        end(ending::reset);
      } else if (!bytes.value().empty()) {
        came(bytes.value());
      } else {
        // What was written before is known when this is done.
        stream_.shutdown([this](outcome<> done) {
          if (!done && done.error()->code() == std::errc::operation_canceled) return;
          if (!done) note(*done.error());
          end(broken_ ? ending::reset : ending::end_of_stream);
        });
      }
    });
  }
  void write(owned_buffer bytes) {
    stream_.write(std::move(bytes), [this](outcome<> done) {
      if (!done && done.error()->code() != std::errc::operation_canceled) note(*done.error());
    });
  }
  void end(ending how) {
    if (stream_.is_closing()) return;
    stream_.close([this, how] { ended(how); });
  }
  void reset() {
    stream_.close_reset([this] { ended(ending::by_us); });
  }
  tcp& stream() { return stream_; }

 private:
  void note(const error& failure) {
    // The other end is gone: nothing can be shut down either.
    if (!is_reset(failure) && failure.code() != std::errc::not_connected) throw failure;
    broken_ = true;
  }

  tcp stream_;
  bool broken_ = false;
};

/// As many connections as descriptors can be had for.
std::size_t allowed_connections(std::size_t wanted) {
  constexpr rlim_t others = 128;
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (const rlim_t needed = wanted + others; limit.rlim_cur < needed) {
    rlimit raised{.rlim_cur = needed, .rlim_max = std::max(limit.rlim_max, needed)};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
      raised = {.rlim_cur = std::min(limit.rlim_max, needed), .rlim_max = limit.rlim_max};
      REQUIRE(setrlimit(RLIMIT_NOFILE, &raised) == 0);
    }
    limit = raised;
  }
  return std::min<std::size_t>(wanted, limit.rlim_cur - others);
}

// ---- the server

class server;

class served final : public connection {
 public:
  served(server& of, std::size_t index, tcp&& stream)
      : connection(std::move(stream)), server_(of), index_(index) {
    read();
  }
  void go() { write(owned_buffer::of_static(std::as_bytes(std::span("G", 1)))); }

 private:
  void came(std::span<const std::byte> bytes) override;
  void ended(ending how) override;
  void fall_silent();
  bool as_planned(ending how) const;

  server& server_;
  std::size_t index_;
  std::size_t planned_ = 0;  // bytes of the plan that have come
  std::size_t echoed_ = 0;
  plan plan_;
  std::optional<timer> patience_;
};

class server {
 public:
  server(uv::loop& loop, std::size_t expected) : loop_(loop), listener_(loop, any_port()), expected_(expected) {
    peers_.reserve(expected);
    heap_before_ = mallinfo2().uordblks;
    listener_.listen([this](tcp peer) {
      peers_.push_back(std::make_unique<served>(*this, peers_.size(), std::move(peer)));
      most = std::max(most, ++open);
      if (peers_.size() == expected_) all_are_there();
    });
  }
  address where() const { return listener_.local_address(); }
  uv::loop& its_loop() { return loop_; }
  std::size_t heap_per_connection() const { return heap_per_connection_; }

  /// The connection is no more after this.
  void ended(std::size_t index, const plan& planned, bool as_planned) {
    --open;
    if (planned.fate < fates && as_planned)
      ++ends[planned.fate];
    else
      ++unexpected;
    peers_[index].reset();
  }

  counts ends{};
  std::size_t unexpected = 0;
  std::size_t open = 0;
  std::size_t most = 0;

 private:
  void all_are_there() {
    // Zeros where a sanitizer has taken the place of malloc.
    const std::size_t heap = mallinfo2().uordblks;
    if (heap > heap_before_) heap_per_connection_ = (heap - heap_before_) / expected_;
    listener_.close();
    for (const auto& peer : peers_) peer->go();
  }

  uv::loop& loop_;
  tcp_listener listener_;
  std::size_t expected_;
  std::size_t heap_before_ = 0;
  std::size_t heap_per_connection_ = 0;
  std::vector<std::unique_ptr<served>> peers_;
};

void served::came(std::span<const std::byte> bytes) {
  const std::size_t of_plan = std::min(bytes.size(), sizeof plan_ - planned_);
  // SAFETY: a plan is bytes, of the same program's other process.
  std::ranges::copy(bytes.first(of_plan),
                    std::as_writable_bytes(std::span(&plan_, 1)).subspan(planned_).begin());
  planned_ += of_plan;
  bytes = bytes.subspan(of_plan);
  if (bytes.empty()) return;
  echoed_ += bytes.size();
  write(owned_buffer(std::vector<std::byte>(bytes.begin(), bytes.end())));
  if (plan_.fate == reset_by_server && echoed_ >= plan_.limit) reset();
  if (plan_.fate == stalled && echoed_ == plan_.limit) fall_silent();
}

void served::fall_silent() {
  patience_.emplace(server_.its_loop());
  patience_->start(std::chrono::milliseconds(5), [this] { end(ending::by_us); });
}

bool served::as_planned(ending how) const {
  switch (plan_.fate) {
    case closed_by_client:
    case half_closed:
      return how == ending::end_of_stream && echoed_ == std::size_t{plan_.messages} * plan_.size;
    case reset_by_client:
      return how == ending::reset;
    default:
      return how == ending::by_us;
  }
}

void served::ended(ending how) { server_.ended(index_, plan_, as_planned(how)); }

// ---- the clients

/// The same numbers from the same seed, everywhere (Lehmer's generator).
class numbers {
 public:
  explicit numbers(std::uint64_t seed) : state_(seed % modulus + 1) {}
  /// from first to last.
  std::uint32_t next(std::uint32_t first, std::uint32_t last) {
    state_ = state_ * 48271 % modulus;
    return static_cast<std::uint32_t>(first + state_ % (last - first + 1U));
  }

 private:
  static constexpr std::uint64_t modulus = 2'147'483'647;
  std::uint64_t state_;
};

plan make_plan(numbers& random) {
  plan made;
  made.fate = static_cast<std::uint8_t>(random.next(0, fates - 1));
  made.messages = static_cast<std::uint8_t>(random.next(2, 8));
  made.size = static_cast<std::uint16_t>(random.next(1, 2000));
  made.seed = random.next(0, 1'000'000);
  made.limit = random.next(1, static_cast<std::uint32_t>(made.messages) * made.size - 1);
  return made;
}

class clients;

class client final : public connection {
 public:
  client(clients& of, const plan& planned, const address& server);

 private:
  void came(std::span<const std::byte> bytes) override;
  void ended(ending how) override;
  void begin();
  void send_message();
  void send(std::size_t count);
  bool as_planned(ending how) const;
  std::size_t total() const { return std::size_t{plan_.messages} * plan_.size; }
  /// Bytes that it will send at most.
  std::size_t budget() const {
    return plan_.fate == reset_by_client || plan_.fate == stalled ? plan_.limit : total();
  }

  clients& clients_;
  plan plan_;
  pattern pattern_;
  bool begun_ = false;
  std::size_t sent_ = 0;
  std::size_t back_ = 0;
  std::size_t wrong_ = 0;
};

class clients {
 public:
  clients(uv::loop& loop, const address& server, std::size_t count, std::uint64_t seed)
      : loop_(loop), server_(server), left_(count), random_(seed) {
    // More at once than the server's backlog would have to wait for the system's patience.
    for (int i = 0; i < 128; ++i) connect_another();
  }
  uv::loop& its_loop() { return loop_; }
  void connect_another() {
    if (left_ == 0) return;
    --left_;
    all_.push_back(std::make_unique<client>(*this, make_plan(random_), server_));
  }
  void ended(const plan& planned, bool as_planned) { ++(as_planned ? ends[planned.fate] : unexpected); }

  counts ends{};
  std::size_t unexpected = 0;

 private:
  uv::loop& loop_;
  address server_;
  std::size_t left_;
  numbers random_;
  std::vector<std::unique_ptr<client>> all_;
};

client::client(clients& of, const plan& planned, const address& server)
    : connection(tcp(of.its_loop())), clients_(of), plan_(planned), pattern_(planned.seed) {
  stream().connect(server, [this] {
    clients_.connect_another();
    read();
  });
}

void client::came(std::span<const std::byte> bytes) {
  if (!begun_) {
    begun_ = true;
    bytes = bytes.subspan(1);
    begin();
  }
  for (const std::byte byte : bytes)
    if (std::to_integer<std::uint8_t>(byte) != pattern_.at(back_++)) ++wrong_;
  if (stream().is_closing() || back_ != sent_ || plan_.fate == half_closed) return;
  if (back_ < budget())
    send_message();
  else if (plan_.fate == closed_by_client)
    end(ending::by_us);
}

void client::begin() {
  const auto bytes = std::as_bytes(std::span(&plan_, 1));
  write(owned_buffer(std::vector<std::byte>(bytes.begin(), bytes.end())));
  if (plan_.fate != half_closed) {
    send_message();
    return;
  }
  for (int i = 0; i < plan_.messages; ++i) send(plan_.size);
  stream().shutdown();
}

void client::send_message() {
  send(std::min<std::size_t>(plan_.size, budget() - sent_));
  if (plan_.fate == reset_by_client && sent_ == budget()) reset();
}

void client::send(std::size_t count) {
  write(owned_buffer(pattern_.bytes(sent_, count)));
  sent_ += count;
}

bool client::as_planned(ending how) const {
  if (wrong_ != 0) return false;
  switch (plan_.fate) {
    case half_closed:
    case stalled:
      return how == ending::end_of_stream && back_ == budget();
    case reset_by_server:
      return how == ending::reset;
    case closed_by_client:
      return how == ending::by_us && back_ == total();
    default:
      return how == ending::by_us;
  }
}

void client::ended(ending how) { clients_.ended(plan_, as_planned(how)); }

// ---- both

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// One line of numbers, for the other process.
std::string line_of(const counts& ends, std::size_t unexpected) {
  std::string line;
  for (const std::size_t count : ends) line += std::to_string(count) + ' ';
  return line + std::to_string(unexpected);
}

TEST_CASE(
    "thousands of connections at once echo, are reset, half-closed or stall, and each end is accounted for") {
  const std::size_t count = allowed_connections(GAUNTLET_SOAK_CONNECTIONS);
  const std::uint64_t seed = number_of("GAUNTLET_SOAK_SEED", 20'240'607);
  if (count < GAUNTLET_SOAK_CONNECTIONS)
    WARN("only " << count << " connections of " << GAUNTLET_SOAK_CONNECTIONS
                 << ": RLIMIT_NOFILE allows no more");

  loop loop;
  server server{loop, count};
  auto [report, report_of_child] = socket_pair(loop);
  std::string told;
  report.read_start([&, &report = report](std::span<std::byte> bytes) {
    told += text_of(bytes);
    if (bytes.empty()) report.close();
  });
  process_options options{.file = std::filesystem::read_symlink("/proc/self/exe").string(),
                          .args = {"clients", "[soak_clients]"}};
  options.env.emplace();
  for (char** variable = environ; *variable != nullptr; ++variable) options.env->emplace_back(*variable);
  options.env->push_back("GAUNTLET_SOAK_PORT=" + std::to_string(server.where().port()));
  options.env->push_back("GAUNTLET_SOAK_COUNT=" + std::to_string(count));
  options.env->push_back("GAUNTLET_SOAK_SEED=" + std::to_string(seed));
  options.stdio = {{},
                   stdio_container::inherit_fd(1),
                   stdio_container::inherit_fd(2),
                   stdio_container::inherit_stream(report_of_child)};
  process child{loop, options, [&](exit_status status) {
                  CHECK(status.code == 0);
                  CHECK(status.term_signal == 0);
                  child.close();
                  // Without its clients the server would wait for ever.
                  if (status.code != 0 || status.term_signal != 0) loop.stop();
                }};
  report_of_child.close();
  CHECK_FALSE(loop.run());

  CHECK(server.most == count);
  CHECK(server.open == 0);
  CHECK(server.unexpected == 0);
  CHECK(told == line_of(server.ends, 0));
  std::size_t all = 0;
  std::ostringstream summary;
  for (std::size_t kind = 0; kind < fates; ++kind) {
    all += server.ends[kind];
    summary << ", " << server.ends[kind] << ' ' << names[kind];
  }
  CHECK(all == count);
  summary << "; seed " << seed;
  if (server.heap_per_connection() != 0)
    summary << "; " << server.heap_per_connection() << " bytes of heap for each while idle, "
            << sizeof(served) + sizeof(void*) << " of them the test's own";
  WARN(count << " connections at once" << summary.str());
  run_to_the_end(loop);
}

// Run by the one above, with what it says in the environment.
TEST_CASE("the clients of the soak", "[.][soak_clients]") {
  const std::size_t count = allowed_connections(number_of("GAUNTLET_SOAK_COUNT", 0));
  const auto port = static_cast<std::uint16_t>(number_of("GAUNTLET_SOAK_PORT", 0));
  REQUIRE(count == number_of("GAUNTLET_SOAK_COUNT", 0));
  loop loop;
  tcp report{loop};
  report.open(3);
  clients clients{loop, address::ip4("127.0.0.1", port), count, number_of("GAUNTLET_SOAK_SEED", 0)};
  report.unref();
  CHECK_FALSE(loop.run());
  CHECK(clients.unexpected == 0);
  const std::string line = line_of(clients.ends, clients.unexpected);
  report.write(buffer_of(line), [&] { report.close(); });
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
