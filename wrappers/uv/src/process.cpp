#include "gauntlet/uv/process.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "handle_block.hpp"
#include "text.hpp"

namespace gauntlet::uv {
namespace {

using detail::loop_core;

/// Whether there is nothing left to collect of a child.
bool collected(int pid) noexcept {
  int answer = 0;
  do {
    answer = waitpid(pid, nullptr, WNOHANG);
  } while (answer == -1 && errno == EINTR);
  return answer != 0;
}

/// A child whose handle was closed before it ended: libuv has forgotten it. It lives on the loop, without an
/// owner, and keeps nothing from ending.
class orphan_block final : public detail::handle_block {
 public:
  orphan_block(loop_core& loop, std::source_location where) noexcept
      : handle_block(loop, where, child_ended_) {}
  const char* kind() const noexcept override { return "orphan"; }

  static void watch(loop_core& loop, int pid, const std::source_location& where) {
    detail::fresh<orphan_block> made = loop.make<orphan_block>(where);
    made->pid_ = pid;
    if (uv_signal_init(loop.uv(), &made->child_ended_) < 0) return;
    made->uv()->data = static_cast<handle_block*>(made.get());
    made->hold_by_libuv();
    orphan_block& orphan = *made.release();
    uv_unref(orphan.uv());
    uv_signal_start(&orphan.child_ended_, on_child, SIGCHLD);
    orphan.collect();  // it may have ended before that
  }

 private:
  static void on_child(uv_signal_t* signal, int) noexcept {
    detail::block_of<orphan_block>(signal).collect();
  }
  void collect() noexcept {
    if (!closing() && collected(pid_)) {
      pid_ = 0;
      abort();
    }
  }
  void before_close() noexcept override {
    if (pid_ != 0) collected(pid_);
  }
  void release_callbacks() noexcept override {}
  using handle_block::describe;
  void describe(pending_operation& into) const override {
    handle_block::describe(into);
    into.object = "process " + std::to_string(pid_);
  }

  uv_signal_t child_ended_{};
  int pid_ = 0;
};

class process_block final : public detail::waited_block {
 public:
  process_block(loop_core& loop, std::source_location where) noexcept : waited_block(loop, where, process) {}
  const char* kind() const noexcept override { return "process"; }

  static void on_exit(uv_process_t* process, std::int64_t code, int term_signal) noexcept {
    auto& self = detail::block_of<process_block>(process);
    self.runs = false;
    // libuv (1.50.0) calls this for one that was closed just now, by the callback of another that ended with
    // it.
    if (self.closing()) return;
    self.ended = exit_status{.code = code, .term_signal = term_signal};
    self.tell(self.exited, self.ended);
    // SAFETY: only exit() waits for a process.
    if (self.is_waited_for())
      static_cast<detail::next_operation<exit_status>&>(self.waits().front()).give(self.ended);
  }
  static void begin_exit(detail::waited_block& on, detail::next_operation<exit_status>& next) {
    // SAFETY: only a process gives these rules.
    const auto& self = static_cast<process_block&>(on);
    if (self.runs)
      next.wait();
    else
      next.give(self.ended);
  }

  uv_process_t process{};
  callback<void(exit_status)> exited;
  exit_status ended;
  bool runs = false;

 private:
  void before_close() noexcept override {
    if (!runs || collected(process.pid) || loop().closing()) return;
    try {
      orphan_block::watch(loop(), process.pid, where());
    } catch (const std::bad_alloc&) {
      return;  // a zombie for as long as this process lives, which is all that is lost
    }
  }
  void release_callbacks() noexcept override { exited = {}; }
  using handle_block::describe;
  void describe(pending_operation& into) const override {
    handle_block::describe(into);
    into.object = "process " + std::to_string(process.pid);
  }
};

process_block& use_process(detail::handle_block* block, const char* operation,
                           const std::source_location& where) {
  return detail::use<process_block>(block, operation, where);
}

/// Strings as exec wants them: pointers, the last one null.
class string_list {
 public:
  void add(std::string_view text, std::string_view what, const std::source_location& where) {
    strings_.push_back(detail::c_text(text, "process", what, where));
  }
  char** data() {
    pointers_.clear();
    for (std::string& text : strings_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

unsigned flags_of(const process_options& options, const std::source_location& where) {
  unsigned flags = 0;
  const auto add = [&](bool wanted, uv_process_flags flag) {
    if (wanted) flags |= static_cast<unsigned>(flag);
  };
  add(options.uid.has_value(), UV_PROCESS_SETUID);
  add(options.gid.has_value(), UV_PROCESS_SETGID);
  add(options.detached, UV_PROCESS_DETACHED);
  add(options.windows_verbatim_arguments, UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS);
  add(options.windows_hide, UV_PROCESS_WINDOWS_HIDE);
  add(options.windows_hide_console, UV_PROCESS_WINDOWS_HIDE_CONSOLE);
  add(options.windows_hide_gui, UV_PROCESS_WINDOWS_HIDE_GUI);
#if UV_VERSION_HEX >= ((1 << 16) | (48 << 8))
  add(options.windows_file_path_exact_name, UV_PROCESS_WINDOWS_FILE_PATH_EXACT_NAME);
#else
  if (options.windows_file_path_exact_name)
    throw error(UV_ENOSYS, "process", "windows_file_path_exact_name", where, "libuv has it since 1.48");
#endif
  static_cast<void>(where);
  return flags;
}

}  // namespace

// ---- stdio

stdio_container stdio_container::inherit_fd(int descriptor) noexcept {
  stdio_container made;
  made.kind_ = kind::descriptor;
  made.descriptor_ = descriptor;
  return made;
}

stdio_container stdio_container::inherit_stream(const stream& shared) noexcept {
  stdio_container made;
  made.kind_ = kind::shared_stream;
  made.stream_ = &shared;
  return made;
}

stdio_container stdio_container::create_pipe(stream& created, pipe_end end) noexcept {
  stdio_container made;
  made.kind_ = kind::new_pipe;
  made.stream_ = &created;
  made.end_ = end;
  return made;
}

// ---- what uv_spawn is given, for as long as it runs

class process_call {
 public:
  process_call(loop_core& loop, const process_options& given, const std::source_location& where)
      : loop_(loop), where_(where) {
    if (given.file.empty()) throw misuse("process", "there is no file: name the program to run", where);
    file_ = detail::c_text(given.file, "process", "file", where);
    cwd_ = detail::c_text(given.cwd, "process", "working directory", where);
    if (given.args.empty()) args_.add(file_, "file", where);
    for (const std::string& arg : given.args) args_.add(arg, "argument", where);
    if (given.env)
      for (const std::string& variable : *given.env) env_.add(variable, "variable", where);
    stdio_.reserve(given.stdio.size());
    for (const stdio_container& one : given.stdio) stdio_.push_back(container_of(one));

    options_.exit_cb = process_block::on_exit;
    options_.file = file_.c_str();
    options_.args = args_.data();
    options_.env = given.env ? env_.data() : nullptr;
    options_.cwd = cwd_.empty() ? nullptr : cwd_.c_str();
    options_.flags = flags_of(given, where);
    options_.stdio_count = static_cast<int>(stdio_.size());
    options_.stdio = stdio_.data();
    options_.uid = static_cast<uv_uid_t>(given.uid.value_or(0));
    options_.gid = static_cast<uv_gid_t>(given.gid.value_or(0));
  }
  process_call(const process_call&) = delete;
  process_call& operator=(const process_call&) = delete;

  const uv_process_options_t* options() const noexcept { return &options_; }

 private:
  using kind = stdio_container::kind;

  uv_stdio_container_t container_of(const stdio_container& given) const {
    uv_stdio_container_t made{};
    switch (given.kind_) {
      case kind::ignored:
        made.flags = UV_IGNORE;
        break;
      case kind::descriptor:
        // Of the negative ones libuv refuses -1 only; another would be /dev/null, silently.
        if (given.descriptor_ < 0)
          throw misuse("process", "a descriptor to inherit is negative: name one that is open", where_);
        made.flags = UV_INHERIT_FD;
        made.data.fd = given.descriptor_;
        break;
      case kind::shared_stream:
        made.flags = UV_INHERIT_STREAM;
        made.data.stream = given.stream_->native(where_);
        if (!is_open(made.data.stream))
          throw misuse("process", "a stream to inherit is not open: connect or open it first", where_);
        break;
      case kind::new_pipe:
        made.flags = static_cast<uv_stdio_flags>(pipe_flags(given.end_));
        made.data.stream = given.stream_->native(where_);
        require_new(made.data.stream);
        break;
    }
    return made;
  }

  unsigned pipe_flags(pipe_end end) const {
    const auto set = static_cast<unsigned>(end);
    const auto has = [set](pipe_end one) { return (set & static_cast<unsigned>(one)) != 0; };
    if (!has(pipe_end::read_write))
      throw misuse("process", "a pipe is neither readable nor writable for the child: say which", where_);
    unsigned flags = UV_CREATE_PIPE;
    if (has(pipe_end::readable)) flags |= static_cast<unsigned>(UV_READABLE_PIPE);
    if (has(pipe_end::writable)) flags |= static_cast<unsigned>(UV_WRITABLE_PIPE);
    if (has(pipe_end::overlapped)) flags |= static_cast<unsigned>(UV_OVERLAPPED_PIPE);
    return flags;
  }

  static bool is_open(const uv_stream_t* stream) noexcept {
    uv_os_fd_t descriptor = -1;
    // SAFETY: every stream begins as a uv_handle_t.
    return uv_fileno(reinterpret_cast<const uv_handle_t*>(stream), &descriptor) == 0;
  }

  /// libuv finds a pipe that is already open only when the child runs, answers an error then, and closes
  /// descriptors twice.
  void require_new(const uv_stream_t* pipe) const {
    if (pipe->type != UV_NAMED_PIPE)
      throw misuse("process", "only a uv::pipe can be created: give it one", where_);
    if (pipe->loop != loop_.uv())
      throw misuse("process", "a pipe to be created belongs to another loop: make it with this one", where_);
    const auto is_this = [pipe](const uv_stdio_container_t& other) {
      return (other.flags & UV_CREATE_PIPE) != 0 && other.data.stream == pipe;
    };
    if (is_open(pipe) || std::ranges::any_of(stdio_, is_this))
      throw misuse("process", "a pipe to be created is in use: give it one that was not used before", where_);
  }

  loop_core& loop_;
  const std::source_location& where_;
  std::string file_;
  std::string cwd_;
  string_list args_;
  string_list env_;
  std::vector<uv_stdio_container_t> stdio_;
  uv_process_options_t options_{};
};

namespace {

process_block& spawn(const uv::loop& owner, const process_options& options,
                     callback<void(exit_status)>&& exited, const std::source_location& where) {
  loop_core& core = loop_core::of(owner, "process", where);
  const process_call call(core, options, where);
  process_block& made = *core.make<process_block>(where).release();
  const int status = uv_spawn(core.uv(), &made.process, call.options());
  made.adopt();  // also when it failed: libuv has initialised it
  if (status < 0) {
    made.disown();
    throw error(status, "process", options.file, where);
  }
  made.runs = true;
  made.exited = std::move(exited);
  return made;
}

}  // namespace

process::process(uv::loop& loop, const process_options& options, callback<void(exit_status)> exited,
                 std::source_location where)
    : handle(spawn(loop, options, std::move(exited), where)) {}

detail::next_operation<exit_status> process::exit(std::source_location where) {
  static constexpr detail::next_rules<exit_status> rules{.kind = "process::exit",
                                                         .begin = process_block::begin_exit};
  return {use_process(block_, "process::exit", where), rules, where};
}

int process::pid(std::source_location where) const {
  return uv_process_get_pid(&use_process(block_, "process::pid", where).process);
}

void process::kill(int signum, std::source_location where) {
  process_block& used = use_process(block_, "process::kill", where);
  detail::check(used.runs ? uv_process_kill(&used.process, signum) : UV_ESRCH, used, "process::kill", where);
}

}  // namespace gauntlet::uv
