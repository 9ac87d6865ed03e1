#pragma once
// uv_fs_t: an operation on the file system, done at once or in flight. Each is described once, as an
// fs_operation, for both forms.

#include <uv.h>

#include <atomic>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs_descriptor.hpp"
#include "gauntlet/uv/fs.hpp"
#include "request_block.hpp"

namespace gauntlet::uv::detail {

/// As pending() and errors call an operation; both are literals.
struct fs_name {
  const char* kind;
  const char* operation;
};

/// An open folder. libuv has its address while a read is in flight.
class directory_state {
 public:
  explicit directory_state(std::string name) noexcept : name_(std::move(name)) {}
  directory_state(const directory_state&) = delete;
  directory_state& operator=(const directory_state&) = delete;
  ~directory_state();

  const std::string& name() const noexcept { return name_; }
  uv_dir_t* native() const noexcept { return open_; }
  void open(uv_dir_t* opened) noexcept { open_ = opened; }
  uv_dir_t* take() noexcept { return std::exchange(open_, nullptr); }

  /// False: a read is in flight, maybe on another thread.
  bool begin_read() noexcept { return !reading_.exchange(true, std::memory_order_acquire); }
  void end_read() noexcept { reading_.store(false, std::memory_order_release); }
  /// Where libuv puts the entries.
  void make_room(std::size_t entries);

 private:
  uv_dir_t* open_ = nullptr;
  std::atomic<bool> reading_{false};
  std::vector<uv_dirent_t> room_;
  std::string name_;
};

/// While it lives, no other read of the folder begins.
struct ends_read {
  void operator()(directory_state* directory) const noexcept { directory->end_read(); }
};
using directory_read = std::unique_ptr<directory_state, ends_read>;

/// What an operation works with, until it has ended.
struct fs_operands {
  std::string path{};  // as C wants it, without a NUL inside
  std::string second{};
  descriptor_use file{};
  descriptor_use other{};
  std::shared_ptr<directory_state> directory{};
  directory_read read{};

  std::string_view name() const noexcept;
  std::string subject() const;
};

fs_operands one_path(fs::path_ref path, const fs_name& name, const std::source_location& where);
fs_operands two_paths(fs::path_ref path, fs::path_ref second, const fs_name& name,
                      const std::source_location& where);

/// What libuv answered, whether through the status or in the request.
ssize_t fs_result(int status, const uv_fs_t& request) noexcept;
/// It has ended: what it opened is the operands' from now on, whoever is told, and what it worked on is let
/// go.
void fs_settle(uv_fs_t& request, fs_operands& on, ssize_t result) noexcept;
/// What libuv allocated for it goes, also what nobody has asked for. May be called again.
void fs_cleanup(uv_fs_t& request, fs_operands& on) noexcept;

/// The value of one that has succeeded.
template <class T>
T fs_value(uv_fs_t& request, fs_operands& on);
template <>
std::size_t fs_value(uv_fs_t& request, fs_operands& on);
template <>
std::string fs_value(uv_fs_t& request, fs_operands& on);
template <>
fs::file_status fs_value(uv_fs_t& request, fs_operands& on);
template <>
fs::file_system_status fs_value(uv_fs_t& request, fs_operands& on);
template <>
fs::file fs_value(uv_fs_t& request, fs_operands& on);
template <>
fs::temporary_file fs_value(uv_fs_t& request, fs_operands& on);
template <>
fs::directory fs_value(uv_fs_t& request, fs_operands& on);
template <>
std::vector<fs::directory_entry> fs_value(uv_fs_t& request, fs_operands& on);

fs::file_status to_file_status(const uv_stat_t& status) noexcept;
double to_seconds(fs::time_point time) noexcept;
int to_native(fs::open_flags flags, const char* operation, const std::source_location& where);
inline int to_native(fs::permissions mode) noexcept {
  return static_cast<int>(mode & std::filesystem::perms::mask);
}

class fs_block : public request_block {
 public:
  fs_block(loop_core& loop, const fs_name& name, std::source_location where, fs_operands&& operands) noexcept
      : request_block(loop, name.kind, where, request), on(std::move(operands)), operation_(name.operation) {}
  ~fs_block() override { fs_cleanup(request, on); }

  static void on_done(uv_fs_t* raw) noexcept { request_of<fs_block>(raw).end(); }
  virtual void release_callbacks() noexcept = 0;

  uv_fs_t request{};
  fs_operands on;

 protected:
  void end() noexcept;
  /// Calls back with a result of libuv's.
  virtual void tell(ssize_t result) = 0;
  /// Before anybody is told.
  virtual void settle(ssize_t result) noexcept { fs_settle(request, on, result); }
  error failure(ssize_t result) const;
  using request_block::describe;
  void describe(pending_operation& into) const override {
    request_block::describe(into);
    into.object = on.name();
  }

 private:
  const char* operation_;
};

template <class T>
class fs_value_block final : public fs_block {
 public:
  fs_value_block(loop_core& loop, const fs_name& name, std::source_location where, fs_operands&& operands,
                 callback<void(outcome<T>)>&& done) noexcept
      : fs_block(loop, name, where, std::move(operands)), done_(std::move(done)) {}

  void release_callbacks() noexcept override { done_ = {}; }

 private:
  void tell(ssize_t result) override {
    outcome<T> ended = made(result);
    fs_cleanup(request, on);
    done_(std::move(ended));
  }
  outcome<T> made(ssize_t result) {
    if (result < 0) return failure(result);
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return fs_value<T>(request, on);
  }

  callback<void(outcome<T>)> done_;
};

template <class Callback>
void require_callback(const Callback& done, const fs_name& name, const std::source_location& where) {
  if (!done) throw misuse(name.operation, "there is nothing to call: give it a callable", where);
}

/// In flight; start as below.
template <class Block, class Start>
request submit_fs(fresh<Block> made, const fs_name& name, const std::source_location& where, Start&& start) {
  loop_core& core = made->loop();
  return submit_to_pool(std::move(made), name.operation, {}, where,
                        [&](Block& block) {
                          const int status = start(core.uv(), &block.request, block.on, fs_block::on_done);
                          if (status < 0) throw error(status, name.operation, block.on.subject(), where);
                          return status;
                        })
      .owner();
}

/// Of one that was done at once.
class fs_call {
 public:
  explicit fs_call(fs_operands& operands) noexcept : on_(operands) {}
  fs_call(const fs_call&) = delete;
  fs_call& operator=(const fs_call&) = delete;
  ~fs_call() { fs_cleanup(request, on_); }

  uv_fs_t request{};

 private:
  fs_operands& on_;
};

/// start(uv_loop_t*, uv_fs_t*, fs_operands&, uv_fs_cb) calls the function of libuv's; a null callback means
/// at once.
template <class T, class Start>
struct fs_operation {
  fs_name name;
  fs_operands on;
  Start start;

  T now(const std::source_location& where) {
    fs_call call(on);
    const int status = start(nullptr, &call.request, on, nullptr);
    const ssize_t result = fs_result(status, call.request);
    fs_settle(call.request, on, result);
    if (result < 0) throw error(static_cast<int>(result), name.operation, on.subject(), where);
    if constexpr (!std::is_void_v<T>) return fs_value<T>(call.request, on);
  }

  request queue(loop& owner, fs::on_done<T> done, const std::source_location& where) {
    return queue(loop_core::of(owner, name.operation, where), std::move(done).take(), where);
  }
  /// For a coroutine.
  request_operation<T> await(loop& owner, const std::source_location& where) && {
    loop_core& core = loop_core::of(owner, name.operation, where);
    return {core, name.operation, where,
            [self = std::move(*this), where](loop_core& on_loop, callback<void(outcome<T>)> done) mutable {
              return self.queue(on_loop, std::move(done), where);
            }};
  }

 private:
  request queue(loop_core& core, callback<void(outcome<T>)> called, const std::source_location& where) {
    require_callback(called, name, where);
    return submit_fs(core.make<fs_value_block<T>>(name, where, std::move(on), std::move(called)), name, where,
                     start);
  }
};

template <class T, class Start>
fs_operation<T, Start> operation(const fs_name& name, fs_operands on, Start start) {
  return {name, std::move(on), std::move(start)};
}

/// The way into what users hold.
struct fs_access {
  static fs::file make(descriptor_use use) noexcept { return fs::file(std::move(use)); }
  static fs::directory make(std::shared_ptr<directory_state> state) noexcept {
    return fs::directory(std::move(state));
  }
  /// A use of an open file; of one that is not: misuse.
  static const descriptor_use& use(const fs::file& file, const char* operation,
                                   const std::source_location& where);
};

}  // namespace gauntlet::uv::detail
