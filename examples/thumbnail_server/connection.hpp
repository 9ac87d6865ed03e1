#pragma once
/// One client: its requests are read one after the other, and each is answered before the next is looked at.

#include <chrono>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/llhttp.hpp>
#include <gauntlet/uv.hpp>
#include <list>
#include <optional>

#include "incoming.hpp"
#include "response.hpp"
#include "routes.hpp"

class connection;

/// The connections of one server: those that wait for a request, since when they do, and those that work.
struct connection_list {
  std::list<connection*> waiting{};  ///< the one that waits longest is in front
  std::list<connection*> working{};
  bool ending = false;  ///< no more requests

  std::size_t size() const { return waiting.size() + working.size(); }
};

class connection {
 public:
  connection(gauntlet::uv::tcp peer, service& with, connection_list& all);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Until it is closed. Errors of the client's are told to it, and none comes out of here.
  gauntlet::task<> run();

  bool in_request() const { return from_.in_head(); }
  /// Only while it waits for a request: leaves the list, and is closed.
  void close();

 private:
  gauntlet::task<> serve();
  gauntlet::task<bool> serve_one();
  gauntlet::task<std::optional<gauntlet::llhttp::request>> wait_for_request();
  gauntlet::task<response> answer_to(const gauntlet::llhttp::request& request);
  gauntlet::task<> send(const gauntlet::llhttp::request* request, const response& answer, bool keep);

  gauntlet::uv::tcp peer_;
  service& with_;
  connection_list& all_;
  std::list<connection*>::iterator place_;
  bool listed_ = true;
  incoming from_;
};

/// Tells that there is no room, as far as that can be told at once.
void try_to_refuse(gauntlet::uv::tcp& peer);

/// Ends a connection so that the client can hear what was last said: a close while bytes of it are unread
/// would take that away. Reads them for a bounded time.
gauntlet::task<> linger(gauntlet::uv::tcp& peer, const server_limits& limits);
