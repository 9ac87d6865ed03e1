#include "work.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace {

constexpr unsigned watchdog_seconds = 600;
constexpr rlim_t descriptors_beside_connections = 64;

struct entry {
  std::string_view name{};
  operation* contender::* does = nullptr;
  const char* peer = nullptr;  // what is at the other end
};

constexpr std::array<entry, 13> operations{{{"ping_pongs", &contender::ping_pongs, "echo"},
                                            {"echo", &contender::echo, nullptr},
                                            {"tasks_ping_pongs", &contender::tasks_ping_pongs, "echo"},
                                            {"tasks_echo", &contender::tasks_echo, nullptr},
                                            {"tcp_write_batch", &contender::tcp_write_batch, "sink"},
                                            {"million_timers", &contender::million_timers, nullptr},
                                            {"async_pummel", &contender::async_pummel, nullptr},
                                            {"loop_count", &contender::loop_count, nullptr},
                                            {"queue_work", &contender::queue_work, nullptr},
                                            {"fs_stat", &contender::fs_stat, nullptr},
                                            {"idle_connections", &contender::serve, nullptr},
                                            {"serve", &contender::serve, nullptr},
                                            {"tasks_serve", &contender::tasks_serve, nullptr}}};

const entry& entry_of(const std::string& name) {
  const std::string operation = name.substr(0, name.find('/'));
  for (const entry& one : operations)
    if (one.name == operation) return one;
  throw std::runtime_error("there is no operation named " + operation);
}

/// One process for all connections of a kind: starting it is no part of the work.
int port_of_peer(const char* kind) {
  struct server {
    explicit server(const char* kind) : process({kind}), port(process.port()) {}
    peer process;
    int port;
  };
  static server echo{"echo"};
  static server sink{"sink"};
  return std::string_view(kind) == "echo" ? echo.port : sink.port;
}

void allow_descriptors(rlim_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  if (limit.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::runtime_error("this takes " + std::to_string(wanted) + " descriptors, and the system allows " +
                             std::to_string(limit.rlim_max) + " (ulimit -Hn)");
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

host::host() : observer{} {
  begin = [](observer*) {};
  end = [](observer*) {};
  // SAFETY: only a host is given this function.
  listening = [](observer* self, int port) {
    auto& one = *static_cast<host*>(self);
    std::vector<std::string> told{one.rounds == 0 ? "visit" : "load", std::to_string(port),
                                  std::to_string(one.visitors)};
    if (one.rounds != 0) told.push_back(std::to_string(one.rounds));
    one.visiting = std::make_unique<peer>(std::move(told));
  };
}

void perform(const contender& contender, const task& task, host& observer) {
  const entry& entry = entry_of(task.name);
  operation* const work = contender.*entry.does;
  if (work == nullptr) throw std::runtime_error(std::string(contender.name) + " has no " + task.name);
  const job job{.count = task.count, .width = task.width, .port = entry.peer ? port_of_peer(entry.peer) : 0};
  if (observer.rounds == 0) observer.visitors = task.count;
  if (entry.does == &contender::serve || entry.does == &contender::tasks_serve)
    allow_descriptors(static_cast<rlim_t>(observer.visitors) + descriptors_beside_connections);
  alarm(watchdog_seconds);
  const int done = work(&job, &observer);
  alarm(0);
  if (observer.rounds != 0 && observer.visiting) observer.said = observer.visiting->line();
  observer.visiting.reset();
  if (done == 0) throw std::runtime_error(std::string(contender.name) + " fails at " + task.name);
}
