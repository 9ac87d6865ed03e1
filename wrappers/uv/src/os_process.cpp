// The environment, names and places, processes and descriptors.

#include <unistd.h>
#include <uv.h>

#include <atomic>
#include <cstring>
#include <memory>

#include "c_array.hpp"
#include "gauntlet/uv/os.hpp"
#include "text.hpp"
#include "version.hpp"

namespace gauntlet::uv::os {
namespace {

using detail::c_text;
using detail::text_or_empty;
using detail::whole_text;

static_assert(priority::low == UV_PRIORITY_LOW && priority::below_normal == UV_PRIORITY_BELOW_NORMAL &&
              priority::normal == UV_PRIORITY_NORMAL && priority::above_normal == UV_PRIORITY_ABOVE_NORMAL &&
              priority::high == UV_PRIORITY_HIGH && priority::highest == UV_PRIORITY_HIGHEST);

}  // namespace

// ---- environment

std::optional<std::string> getenv(std::string_view name, std::source_location where) {
  const std::string text = c_text(name, "os::getenv", "name", where);
  bool found = true;
  std::string value = whole_text(
      [&](char* buffer, std::size_t* size) {
        const int status = uv_os_getenv(text.c_str(), buffer, size);
        if (status != UV_ENOENT) return status;
        found = false;
        *size = 0;
        return 0;
      },
      "os::getenv", name, where);
  if (!found) return std::nullopt;
  return value;
}

void setenv(std::string_view name, std::string_view value, std::source_location where) {
  const std::string c_name = c_text(name, "os::setenv", "name", where);
  const std::string c_value = c_text(value, "os::setenv", "value", where);
  detail::check(uv_os_setenv(c_name.c_str(), c_value.c_str()), "os::setenv", name, where);
}

void unsetenv(std::string_view name, std::source_location where) {
  detail::check(uv_os_unsetenv(c_text(name, "os::unsetenv", "name", where).c_str()), "os::unsetenv", name,
                where);
}

std::vector<environment_variable> environ(std::source_location where) {
  // After clearenv() there is no array at all, and libuv would look into it.
  if (::environ == nullptr) return {};
  detail::c_array<uv_env_item_t, uv_os_free_environ> native;
  detail::check(native.fill_with(uv_os_environ), "os::environ", "environment", where);
  std::vector<environment_variable> variables;
  variables.reserve(native.items().size());
  for (const uv_env_item_t& item : native.items())
    variables.push_back({.name = text_or_empty(item.name), .value = text_or_empty(item.value)});
  return variables;
}

// ---- who and where

std::string gethostname(std::source_location where) {
  return whole_text(uv_os_gethostname, "os::gethostname", "host", where);
}

system_name uname(std::source_location where) {
  uv_utsname_t native{};
  detail::check(uv_os_uname(&native), "os::uname", "system", where);
  return {.sysname = native.sysname,
          .release = native.release,
          .version = native.version,
          .machine = native.machine};
}

std::string homedir(std::source_location where) {
  return whole_text(uv_os_homedir, "os::homedir", "user", where);
}

std::string tmpdir(std::source_location where) {
  return whole_text(uv_os_tmpdir, "os::tmpdir", "user", where);
}

namespace {

struct passwd_deleter {
  void operator()(uv_passwd_t* native) const noexcept { uv_os_free_passwd(native); }
};

passwd value_of(uv_passwd_t& native) {
  const std::unique_ptr<uv_passwd_t, passwd_deleter> owner(&native);
  return {.username = text_or_empty(native.username),
          .uid = static_cast<std::uint32_t>(native.uid),
          .gid = static_cast<std::uint32_t>(native.gid),
          .shell = text_or_empty(native.shell),
          .homedir = text_or_empty(native.homedir)};
}

}  // namespace

passwd get_passwd(std::source_location where) {
  uv_passwd_t native{};
  detail::check(uv_os_get_passwd(&native), "os::get_passwd", "user", where);
  return value_of(native);
}

#if UV_VERSION_HEX >= 0x012D00

passwd get_passwd(std::uint32_t uid, std::source_location where) {
  uv_passwd_t native{};
  detail::check(uv_os_get_passwd2(&native, uid), "os::get_passwd", "user " + std::to_string(uid), where);
  return value_of(native);
}

namespace {

struct group_deleter {
  void operator()(uv_group_t* native) const noexcept { uv_os_free_group(native); }
};

}  // namespace

group get_group(std::uint32_t gid, std::source_location where) {
  uv_group_t native{};
  detail::check(uv_os_get_group(&native, gid), "os::get_group", "group " + std::to_string(gid), where);
  const std::unique_ptr<uv_group_t, group_deleter> owner(&native);
  group value{.groupname = text_or_empty(native.groupname), .gid = static_cast<std::uint32_t>(native.gid)};
  // SAFETY: the list ends with a nullptr.
  for (char** member = native.members; member != nullptr && *member != nullptr; ++member)
    value.members.emplace_back(*member);
  return value;
}

#else

passwd get_passwd(std::uint32_t, std::source_location where) {
  detail::throw_missing("os::get_passwd of a uid", "1.45", where);
}

group get_group(std::uint32_t, std::source_location where) {
  detail::throw_missing("os::get_group", "1.45", where);
}

#endif

std::string exepath(std::source_location where) {
  return whole_text(
      [](char* buffer, std::size_t* size) {
        const std::size_t room = *size;
        const int status = uv_exepath(buffer, size);
        // A path that does not fit is cut, and called a success.
        if (status == 0 && *size + 1 >= room) return static_cast<int>(UV_ENOBUFS);
        return status;
      },
      "os::exepath", "program", where);
}

std::string cwd(std::source_location where) {
  return whole_text(
      [](char* buffer, std::size_t* size) {
        const int status = uv_cwd(buffer, size);
        // That is what it says of a path longer than PATH_MAX, if the buffer is too small for it.
        return status == UV_ERANGE ? static_cast<int>(UV_ENOBUFS) : status;
      },
      "os::cwd", "working directory", where);
}

void chdir(std::string_view path, std::source_location where) {
  detail::check(uv_chdir(c_text(path, "os::chdir", "path", where).c_str()), "os::chdir", path, where);
}

// ---- this process and others

process_id getpid() noexcept { return uv_os_getpid(); }
process_id getppid() noexcept { return uv_os_getppid(); }

void kill(process_id pid, int signal, std::source_location where) {
  detail::check(uv_kill(pid, signal), "os::kill", "process " + std::to_string(pid), where);
}

int getpriority(process_id pid, std::source_location where) {
  int value = 0;
  detail::check(uv_os_getpriority(pid, &value), "os::getpriority", "process " + std::to_string(pid), where);
  return value;
}

void setpriority(process_id pid, int priority, std::source_location where) {
  detail::check(uv_os_setpriority(pid, priority), "os::setpriority", "process " + std::to_string(pid), where);
}

namespace {

// libuv takes the memory from the first string to the end of the last for its own, whatever stands there.
bool one_behind_the_other(int count, char** strings) noexcept {
  for (int at = 0; at + 1 < count; ++at)
    if (strings[at] == nullptr || strings[at] + std::strlen(strings[at]) + 1 != strings[at + 1]) return false;
  return strings[count - 1] != nullptr;
}

}  // namespace

char** setup_args(int argc, char** argv, std::source_location where) {
  if (argc <= 0) return argv;
  if (argv == nullptr || !one_behind_the_other(argc, argv))
    throw misuse("os::setup_args",
                 "the strings do not stand one behind the other; give main's own argc and argv", where);
  static std::atomic<bool> done = false;
  if (done.exchange(true))
    throw misuse("os::setup_args", "it has been called before; once is enough, at the beginning of main",
                 where);
  return uv_setup_args(argc, argv);
}

std::string get_process_title(std::source_location where) {
  // Also the answer without setup_args is UV_ENOBUFS. The system takes no arguments as long as this.
  constexpr std::size_t longest = std::size_t{1} << 23U;
  std::string title(255, '\0');
  for (;;) {
    const int status = uv_get_process_title(title.data(), title.size() + 1);
    if (status == UV_ENOBUFS && title.size() < longest) {
      title.resize(title.size() * 2);
      continue;
    }
    if (status == UV_ENOBUFS)
      throw error(status, "os::get_process_title", "title", where,
                  "call setup_args at the beginning of main");
    detail::check(status, "os::get_process_title", "title", where);
    title.resize(std::strlen(title.c_str()));
    return title;
  }
}

void set_process_title(std::string_view title, std::source_location where) {
  const int status = uv_set_process_title(c_text(title, "os::set_process_title", "title", where).c_str());
  if (status == UV_ENOBUFS)
    throw error(status, "os::set_process_title", title, where, "call setup_args at the beginning of main");
  detail::check(status, "os::set_process_title", title, where);
}

// ---- descriptors

descriptor_kind guess_handle(int descriptor) noexcept {
  switch (uv_guess_handle(descriptor)) {
    case UV_FILE:
      return descriptor_kind::file;
    case UV_TTY:
      return descriptor_kind::tty;
    case UV_NAMED_PIPE:
      return descriptor_kind::pipe;
    case UV_TCP:
      return descriptor_kind::tcp;
    case UV_UDP:
      return descriptor_kind::udp;
    default:
      return descriptor_kind::unknown;
  }
}

int get_osfhandle(int descriptor) noexcept { return uv_get_osfhandle(descriptor); }
int open_osfhandle(int os_handle) noexcept { return uv_open_osfhandle(os_handle); }

}  // namespace gauntlet::uv::os
