#pragma once
// The process at the other end of a connection: peer.c, started and ended here.

#include <sys/types.h>

#include <string>
#include <vector>

class peer {
 public:
  /// What peer_uv is told; throws std::runtime_error if it does not start.
  explicit peer(std::vector<std::string> arguments);
  /// Ends it, and waits for that.
  ~peer();
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  /// What it says next; throws std::runtime_error if that is nothing.
  std::string line() const;
  /// What it says that it listens on.
  int port() const;

 private:
  pid_t process_ = 0;
  int to_ = -1;
  int from_ = -1;
};
