#include "peer.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <system_error>

namespace {

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return ends;
}

}  // namespace

peer::peer(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), GAUNTLET_PEER);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto [child_in, to] = make_pipe();
  const auto [from, child_out] = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_out, STDOUT_FILENO);
  const int status = posix_spawn(&process_, GAUNTLET_PEER, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(child_in);
  close(child_out);
  to_ = to;
  from_ = from;
  if (status == 0) return;
  close(to_);
  close(from_);
  throw std::system_error(status, std::generic_category(), GAUNTLET_PEER);
}

peer::~peer() {
  close(to_);  // its standard input ends, and so does it
  close(from_);
  waitpid(process_, nullptr, 0);
}

std::string peer::line() const {
  std::string line;
  char byte = 0;
  while (read(from_, &byte, 1) == 1 && byte != '\n') line += byte;
  if (line.empty()) throw std::runtime_error("peer_uv says nothing");
  return line;
}

int peer::port() const { return std::stoi(line()); }
