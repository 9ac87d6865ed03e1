#include "chat.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "server.hpp"
#include "text.hpp"

namespace chat {
namespace uv = gauntlet::uv;
using namespace std::chrono_literals;
using gauntlet::task;

namespace {

using line = std::shared_ptr<const std::string>;  // one, however many it waits for

line make_line(std::string text) { return std::make_shared<const std::string>(std::move(text.append("\n"))); }

class member;

/// All members, by name.
class room {
 public:
  bool has(const std::string& name) const { return members_.contains(name); }
  std::string names() const;
  /// To everybody, now. True: much waits for somebody.
  bool tell(std::string text);
  /// What a member says. Where much waits, those who write it out have a turn of the loop before the next
  /// speaks.
  task<> say(std::string text) {
    const auto floor = co_await floor_.lock();
    if (tell(std::move(text))) co_await gauntlet::sleep_for(0ms);
  }

 private:
  friend class member;

  std::map<std::string, member*> members_;
  gauntlet::mutex floor_{"the floor"};
};

/// In the room as long as it lives, or until it leaves.
class member {
 public:
  member(room& in, std::string name, std::size_t queue)
      : room_(in), name_(std::move(name)), waiting_(queue, "the lines for " + name_) {
    room_.members_.emplace(name_, this);
  }
  member(const member&) = delete;
  member& operator=(const member&) = delete;
  ~member() { leave(); }

  const std::string& name() const { return name_; }
  /// Nothing more comes; what waits is still written.
  void leave() {
    room_.members_.erase(name_);
    waiting_.close();
  }
  /// True: half of what may wait for him waits.
  bool hear(line told) {
    if (!waiting_.try_send(told)) {
      static_cast<void>(waiting_.try_receive());  // the oldest
      ++missing_;
      waiting_.try_send(told);
    }
    return waiting_.size() * 2 >= waiting_.capacity();
  }
  /// What is to be written next; nothing: it has left.
  task<std::optional<std::string>> next() {
    const std::optional<line> told = co_await waiting_.receive();
    if (!told) co_return std::nullopt;
    std::string text;
    if (const std::size_t missing = std::exchange(missing_, 0))
      text = "* you read too slowly: " + std::to_string(missing) + " lines are missing here\n";
    co_return text.append(**told);
  }

 private:
  room& room_;
  std::string name_;
  gauntlet::channel<line> waiting_;
  std::size_t missing_ = 0;
};

bool room::tell(std::string text) {
  const line told = make_line(std::move(text));
  bool much = false;
  for (const auto& [name, each] : members_) much |= each->hear(told);
  return much;
}

std::string room::names() const {
  std::string all = "* here:";
  for (const auto& [name, each] : members_) all.append(" ").append(name);
  return all;
}

/// One connection: its stream, and what was read and not yet used.
struct connection {
  uv::tcp peer;
  const options& given;
  std::string read{};

  /// Without its end; nothing: the stream has ended.
  task<std::optional<std::string>> next_line() {
    const std::size_t size = co_await peer.read_until(read, "\n", given.longest_line);
    if (size == 0) co_return std::nullopt;
    std::string text = read.substr(0, size - 1);
    read.erase(0, size);
    if (text.ends_with('\r')) text.pop_back();
    co_return text;
  }
  task<> write(std::string text) {
    co_await gauntlet::with_timeout(given.write_timeout, peer.write(std::as_bytes(std::span(text))));
  }
  /// As far as it goes: it is the last.
  void try_write(std::string_view text) {
    static_cast<void>(gauntlet::attempt([&] {
      if (!peer.is_closing()) peer.try_write(std::as_bytes(std::span(text)));
    }));
  }
};

task<std::unique_ptr<member>> log_in(room& here, connection& with) {
  co_await with.write("your name?\n");
  while (const std::optional<std::string> name = co_await with.next_line()) {
    if (!is_name(*name))
      co_await with.write("! a name is 1 to 20 of a-z A-Z 0-9 - _\n");
    else if (here.has(*name))
      co_await with.write("! somebody has that name: another one?\n");
    else
      co_return std::make_unique<member>(here, *name, with.given.queue);
  }
  co_return nullptr;
}

task<> listen_to(room& here, connection& with, member& me) {
  while (const std::optional<std::string> given = co_await with.next_line()) {
    const std::string_view said = *given;
    if (said == "/quit") break;
    if (said == "/who")
      me.hear(make_line(here.names()));
    else if (!is_plain_text(said))
      me.hear(make_line("! that was not sent: only UTF-8 text without control characters is"));
    else if (!said.empty())
      co_await here.say(me.name() + ": " + *given);
  }
  me.leave();
}

task<> write_to(connection& with, member& me) {
  while (std::optional<std::string> text = co_await me.next()) co_await with.write(std::move(*text));
  co_await with.peer.shutdown();
}

std::string explain(const std::error_code& reason) {
  if (reason == std::errc::message_size) return "too long a line";
  if (reason == std::errc::timed_out) return "too slow";
  if (reason == std::errc::operation_canceled) return "the server ends";
  return "the connection is lost";
}

task<> be_member(room& here, connection& with, std::unique_ptr<member> me) {
  const std::string name = me->name();
  std::string why;
  here.tell("* " + name + " joined");
  try {
    co_await gauntlet::when_all(gauntlet::named(name + " speaks", listen_to(here, with, *me)),
                                gauntlet::named(name + " hears", write_to(with, *me)));
  } catch (const std::system_error& reason) {
    why = " (" + explain(reason.code()) + ")";
    with.try_write("! you have to go" + why + "\n");
  }
  me.reset();
  here.tell("* " + name + " left" + why);
}

task<> attend(room& here, uv::tcp peer, gauntlet::semaphore::permit, const options& given) {
  connection with{std::move(peer), given};
  try {
    with.peer.nodelay(true);
    std::unique_ptr<member> me = co_await gauntlet::with_timeout(given.login_timeout, log_in(here, with));
    if (me) co_await be_member(here, with, std::move(me));
  } catch (const std::system_error& reason) {  // no reason for the others to end
    with.try_write("! " + explain(reason.code()) + "\n");
  }
}

}  // namespace

task<> serve(uv::tcp_listener& listener, options given) {
  room here;
  gauntlet::semaphore places(given.max_members, "places");
  const auto accept_all = [&](gauntlet::scope& all) -> task<> {
    for (;;) {
      auto place = co_await places.acquire();
      uv::tcp peer = co_await example::accept(listener);
      all.spawn(gauntlet::named("connection", attend(here, std::move(peer), std::move(place), given)));
    }
  };
  co_await gauntlet::with_scope(accept_all);
}

}  // namespace chat
