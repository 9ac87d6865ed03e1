#include "work.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr unsigned watchdog_seconds = 600;
constexpr rlim_t descriptors_of_a_pair = 4;  // and of who duplicates them
constexpr rlim_t descriptors_beside = 64;

enum class needs { nothing, cached_file, direct_file, sockets };
enum class way { plain, deferred, registered };

struct entry {
  std::string_view name{};
  operation* contender::* does = nullptr;
  needs what = needs::nothing;
  way how = way::plain;
};

constexpr std::array<entry, 13> operations{{
    {"nops", &contender::nops, needs::nothing, way::plain},
    {"batched_nops", &contender::batched_nops, needs::nothing, way::plain},
    {"deferred_nops", &contender::nops, needs::nothing, way::deferred},
    {"deferred_batched_nops", &contender::batched_nops, needs::nothing, way::deferred},
    {"registered_nops", &contender::nops, needs::nothing, way::registered},
    {"registered_batched_nops", &contender::batched_nops, needs::nothing, way::registered},
    {"cached_reads", &contender::reads, needs::cached_file, way::plain},
    {"batched_cached_reads", &contender::batched_reads, needs::cached_file, way::plain},
    {"registered_cached_reads", &contender::reads, needs::cached_file, way::registered},
    {"direct_reads", &contender::reads, needs::direct_file, way::plain},
    {"echo", &contender::echo, needs::sockets, way::plain},
    {"deferred_echo", &contender::echo, needs::sockets, way::deferred},
    {"registered_echo", &contender::echo, needs::sockets, way::registered},
}};

const entry& entry_of(const std::string& name) {
  const std::string operation = name.substr(0, name.find('/'));
  for (const entry& one : operations)
    if (one.name == operation) return one;
  throw std::runtime_error("there is no operation named " + operation);
}

template <class Number>
Number must(Number answer, const char* what) {
  if (answer < 0) throw std::system_error(errno, std::generic_category(), what);
  return answer;
}

// ---- the file ----

/// Beside the program, where there is a disk; it has no name and goes with the process.
struct file {
  file() {
    std::string path =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "blocks-XXXXXX").string();
    cached = must(mkstemp(path.data()), "mkstemp");
    direct = open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
    const int failure = errno;
    unlink(path.c_str());
    errno = failure;
    must(direct, "opening a file with O_DIRECT");
    fill();
  }

  void fill() const {
    std::array<char, BLOCK_BYTES> block{};
    for (std::uint64_t number = 0; number < FILE_BLOCKS; ++number) {
      std::memcpy(block.data(), &number, sizeof number);
      if (must(write(cached, block.data(), block.size()), "write") != BLOCK_BYTES)
        throw std::runtime_error("the disk is full");
    }
    must(fsync(cached), "fsync");
  }

  int cached = -1;
  int direct = -1;
};

const file& blocks() {
  static const file one;
  return one;
}

// ---- sockets ----

void allow_descriptors(rlim_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  if (limit.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::runtime_error("this takes " + std::to_string(wanted) + " descriptors, and the system allows " +
                             std::to_string(limit.rlim_max) + " (ulimit -Hn)");
}

/// Connected once for all repetitions: that is no part of the work.
class sockets {
 public:
  const pair* take(int count) {
    allow_descriptors(descriptors_beside + descriptors_of_a_pair * static_cast<rlim_t>(count));
    while (static_cast<int>(pairs_.size()) < count) connect_pair();
    // Those that ask epoll have made them not block, which is no property of one descriptor alone.
    for (const pair& one : pairs_)
      for (const int socket : one.ends) must(fcntl(socket, F_SETFL, 0), "fcntl");
    return pairs_.data();
  }

 private:
  static sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

  static int tcp_socket() { return must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"); }

  static int listen_on_loopback(sockaddr_in& address) {
    const int listener = tcp_socket();
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(bind(listener, generic(address), size), "bind");
    must(listen(listener, 1), "listen");
    must(getsockname(listener, generic(address), &size), "getsockname");
    return listener;
  }

  void connect_pair() {
    sockaddr_in address{};
    const int listener = listen_on_loopback(address);
    pair made{};
    made.ends[1] = tcp_socket();
    must(connect(made.ends[1], generic(address), sizeof address), "connect");
    made.ends[0] = must(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept");
    close(listener);
    const int yes = 1;
    for (const int socket : made.ends)
      must(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "TCP_NODELAY");
    pairs_.push_back(made);
  }

  std::vector<pair> pairs_;
};

job job_of(const entry& entry, const task& task) {
  static sockets connected;
  job made{.count = task.count,
           .width = task.width,
           .file = -1,
           .deferred = entry.how == way::deferred,
           .registered = entry.how == way::registered,
           .pairs = nullptr};
  if (entry.what == needs::cached_file) made.file = blocks().cached;
  if (entry.what == needs::direct_file) made.file = blocks().direct;
  if (entry.what == needs::sockets) made.pairs = connected.take(task.width);
  return made;
}

}  // namespace

operation* operation_of(const contender& contender, const std::string& name) {
  return contender.*entry_of(name).does;
}

const contender& contender_named(const std::string& name) {
  for (const contender* one : {&raw_contender, &wrapper_contender})
    if (name == one->name) return *one;
  throw std::runtime_error("there is no contender named " + name + ": raw, wrapper");
}

void perform(const contender& contender, const task& task, host& observer) {
  const entry& entry = entry_of(task.name);
  operation* const work = contender.*entry.does;
  if (work == nullptr) throw std::runtime_error(std::string(contender.name) + " has no " + task.name);
  if (task.width < 1 || task.count < task.width || task.count % task.width != 0)
    throw std::runtime_error("COUNT is a multiple of WIDTH");
  const job job = job_of(entry, task);
  alarm(watchdog_seconds);
  const int done = work(&job, &observer);
  alarm(0);
  if (done == 0) throw std::runtime_error(std::string(contender.name) + " fails at " + task.name);
}
