#pragma once
/// What libuv says of the system, of this process and of the calling thread, without a loop: everything by
/// value, strings whole whatever their length.
///
/// All functions may be called from any thread, unless it says otherwise; those that can fail throw
/// uv::error, and say which version of libuv is needed where the one that is there lacks a function (ENOSYS).
/// A string with a NUL inside, which C would take for shorter than it is, is misuse.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv::os {

// ---- environment
//
// The environment belongs to the whole process: where one thread changes it (setenv, unsetenv), no other may
// read or change it at the same time, neither here nor in C.

/// Nothing if there is no such variable. (uv_os_getenv)
std::optional<std::string> getenv(std::string_view name,
                                  std::source_location where = std::source_location::current());
/// EINVAL for a name that is empty or has a = inside. (uv_os_setenv)
void setenv(std::string_view name, std::string_view value,
            std::source_location where = std::source_location::current());
/// Also if there is no such variable. (uv_os_unsetenv)
void unsetenv(std::string_view name, std::source_location where = std::source_location::current());

struct environment_variable {
  std::string name{};
  std::string value{};
  friend bool operator==(const environment_variable&, const environment_variable&) = default;
};

/// All variables, in the order of the system. (uv_os_environ, uv_os_free_environ)
std::vector<environment_variable> environ(std::source_location where = std::source_location::current());

// ---- who and where

/// (uv_os_gethostname)
std::string gethostname(std::source_location where = std::source_location::current());

struct system_name {
  std::string sysname{};
  std::string release{};
  std::string version{};
  std::string machine{};
};

/// (uv_os_uname)
system_name uname(std::source_location where = std::source_location::current());

/// HOME if it is set, else what the user's entry in the list of users says. (uv_os_homedir)
std::string homedir(std::source_location where = std::source_location::current());
/// TMPDIR, TMP, TEMP or TEMPDIR, the first that is set, else /tmp; without a slash at its end. (uv_os_tmpdir)
std::string tmpdir(std::source_location where = std::source_location::current());

struct passwd {
  std::string username{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string shell{};
  std::string homedir{};
};

/// The user that this process runs as; ENOENT if the list of users lacks it. (uv_os_get_passwd,
/// uv_os_free_passwd)
passwd get_passwd(std::source_location where = std::source_location::current());
/// Another user; ENOENT if there is none. Needs libuv 1.45. (uv_os_get_passwd2)
passwd get_passwd(std::uint32_t uid, std::source_location where = std::source_location::current());

struct group {
  std::string groupname{};
  std::uint32_t gid = 0;
  std::vector<std::string> members{};
};

/// ENOENT if there is none. Needs libuv 1.45. (uv_os_get_group, uv_os_free_group)
group get_group(std::uint32_t gid, std::source_location where = std::source_location::current());

/// The absolute path of this program. (uv_exepath)
std::string exepath(std::source_location where = std::source_location::current());
/// The working directory, without a slash at its end. It belongs to the whole process. (uv_cwd)
std::string cwd(std::source_location where = std::source_location::current());
/// (uv_chdir)
void chdir(std::string_view path, std::source_location where = std::source_location::current());

// ---- this process and others

using process_id = int;

/// (uv_os_getpid)
process_id getpid() noexcept;
/// (uv_os_getppid)
process_id getppid() noexcept;

/// Sends a signal; 0 sends none and only asks whether the process is there (ESRCH) and may be sent one
/// (EPERM). As in the system a pid of 0 means all of this process's group, -1 all that may be signalled, and
/// a lower one the group -pid. (uv_kill)
void kill(process_id pid, int signal, std::source_location where = std::source_location::current());

/// How nice a process is to others: from highest (-20) to low (19).
namespace priority {
inline constexpr int low = 19;
inline constexpr int below_normal = 10;
inline constexpr int normal = 0;
inline constexpr int above_normal = -7;
inline constexpr int high = -14;
inline constexpr int highest = -20;
}  // namespace priority

/// pid 0 is the caller. (uv_os_getpriority)
int getpriority(process_id pid, std::source_location where = std::source_location::current());
/// EINVAL for a number outside of -20 to 19, EACCES where that needs rights. pid 0 is the caller: under Linux
/// the calling thread alone. (uv_os_setpriority)
void setpriority(process_id pid, int priority, std::source_location where = std::source_location::current());

/// Lets the title be read and set: main's own argc and argv, once, before any thread is started. Use what it
/// answers in place of argv: the strings behind argv are where the title is written. What it answers is valid
/// until library_shutdown, which libuv calls itself when the program ends. A second call, and an argv that is
/// not main's (its strings must stand one behind the other), is misuse. (uv_setup_args)
char** setup_args(int argc, char** argv, std::source_location where = std::source_location::current());
/// ENOBUFS if there was no setup_args. (uv_get_process_title)
std::string get_process_title(std::source_location where = std::source_location::current());
/// Where there is not enough room, which is as much as the arguments took, it is cut. ENOBUFS if there was no
/// setup_args. (uv_set_process_title)
void set_process_title(std::string_view title, std::source_location where = std::source_location::current());

struct rusage {
  std::chrono::microseconds utime{};  ///< of the CPU, in user code
  std::chrono::microseconds stime{};  ///< of the CPU, in the system
  std::uint64_t maxrss = 0;           ///< the most memory that was resident; in KiB under Linux
  std::uint64_t ixrss = 0;            ///< this one and the next two are 0 under Linux
  std::uint64_t idrss = 0;
  std::uint64_t isrss = 0;
  std::uint64_t minflt = 0;   ///< page faults without I/O
  std::uint64_t majflt = 0;   ///< page faults with I/O
  std::uint64_t nswap = 0;    ///< 0 under Linux
  std::uint64_t inblock = 0;  ///< reads of the file system
  std::uint64_t oublock = 0;  ///< writes of the file system
  std::uint64_t msgsnd = 0;   ///< this one and the next two are 0 under Linux
  std::uint64_t msgrcv = 0;
  std::uint64_t nsignals = 0;
  std::uint64_t nvcsw = 0;   ///< context switches because the process waited
  std::uint64_t nivcsw = 0;  ///< context switches because its time was up
};

/// Of the process. (uv_getrusage)
rusage getrusage(std::source_location where = std::source_location::current());
/// Of the calling thread. Needs libuv 1.50. (uv_getrusage_thread)
rusage getrusage_thread(std::source_location where = std::source_location::current());

/// In bytes. (uv_resident_set_memory)
std::size_t resident_set_memory(std::source_location where = std::source_location::current());

// ---- descriptors

enum class descriptor_kind : std::uint8_t { unknown, file, tty, pipe, tcp, udp };

/// What libuv would use a descriptor as; unknown for one that is not open. A Unix socket is a pipe, also the
/// end of a pipe(2), and a character device that is no terminal a file. (uv_guess_handle)
descriptor_kind guess_handle(int descriptor) noexcept;

/// The system's handle behind a descriptor of the C library, and the other way round: the same number, except
/// under Windows. (uv_get_osfhandle, uv_open_osfhandle)
int get_osfhandle(int descriptor) noexcept;
int open_osfhandle(int os_handle) noexcept;

// ---- time

/// Time that only goes on, since a moment of the system's choice. (uv_hrtime)
std::chrono::nanoseconds hrtime() noexcept;

enum class clock_id : std::uint8_t {
  monotonic,  ///< since a moment of the system's choice
  realtime,   ///< since the beginning of 1970, UTC; can be set
};

/// EOVERFLOW if the clock is set beyond the year 2262. Needs libuv 1.45. (uv_clock_gettime)
std::chrono::nanoseconds clock_gettime(clock_id clock,
                                       std::source_location where = std::source_location::current());
/// (uv_gettimeofday)
std::chrono::sys_time<std::chrono::microseconds> gettimeofday(
    std::source_location where = std::source_location::current());

/// Since the system was started. (uv_uptime)
std::chrono::duration<double> uptime(std::source_location where = std::source_location::current());
/// How many threads were running or ready, on average over the last 1, 5 and 15 minutes; 0 where it is not
/// known. (uv_loadavg)
std::array<double, 3> loadavg() noexcept;

/// Blocks the calling thread, so not for one that runs a loop. Not at all if it is 0 or less. (uv_sleep)
void sleep(std::chrono::milliseconds time) noexcept;

// ---- memory and processors

/// In bytes; 0 if it is not known. (uv_get_free_memory)
std::uint64_t get_free_memory() noexcept;
/// In bytes; 0 if it is not known. (uv_get_total_memory)
std::uint64_t get_total_memory() noexcept;
/// The limit that the process was given (a control group), in bytes; 0 if it is not known or there is none.
/// It may be more than there is: the largest number says that there is no limit. (uv_get_constrained_memory)
std::uint64_t get_constrained_memory() noexcept;
/// What is left under that limit, or free memory if there is none, in bytes. Needs libuv 1.45.
/// (uv_get_available_memory)
std::uint64_t get_available_memory(std::source_location where = std::source_location::current());

/// How many threads it makes sense to run at once; at least 1. (uv_available_parallelism)
std::uint32_t available_parallelism() noexcept;

struct cpu_times {
  std::chrono::milliseconds user{};
  std::chrono::milliseconds nice{};
  std::chrono::milliseconds sys{};
  std::chrono::milliseconds idle{};
  std::chrono::milliseconds irq{};
};

struct cpu {
  std::string model{};
  std::int32_t speed = 0;  ///< in MHz; 0 if it is not known
  cpu_times times{};       ///< since the system was started
};

/// One per processor that is on. (uv_cpu_info, uv_free_cpu_info)
std::vector<cpu> cpu_info(std::source_location where = std::source_location::current());
/// One more than the highest number that a processor can have here; ENOTSUP where threads cannot be bound to
/// processors. Needs libuv 1.45. (uv_cpumask_size)
std::uint32_t cpumask_size(std::source_location where = std::source_location::current());

struct interface_address {
  std::string name{};
  std::array<std::byte, 6> phys_addr{};
  bool is_internal = false;  ///< of the loopback interface
  uv::address address{};     ///< its port is 0
  uv::address netmask{};     ///< none if the system has told none
};

/// One per IP address of an interface that is up. (uv_interface_addresses, uv_free_interface_addresses)
std::vector<interface_address> interface_addresses(
    std::source_location where = std::source_location::current());

/// Fills bytes from the system's generator, which is fit for keys; waits for it if the system has just been
/// started. E2BIG from 2 GiB on. (uv_random, without a loop)
void random(std::span<std::byte> bytes, std::source_location where = std::source_location::current());

// ---- the calling thread

/// The numbers of the processors that the calling thread may run on, in ascending order. Needs libuv 1.45.
/// (uv_thread_getaffinity)
std::vector<std::uint32_t> thread_getaffinity(std::source_location where = std::source_location::current());
/// Binds the calling thread to processors and answers where it might run before. EINVAL if there is none of
/// them, misuse if a number is not below cpumask_size. Needs libuv 1.45. (uv_thread_setaffinity)
std::vector<std::uint32_t> thread_setaffinity(std::span<const std::uint32_t> cpus,
                                              std::source_location where = std::source_location::current());
/// The processor that the calling thread runs on right now. Needs libuv 1.45. (uv_thread_getcpu)
std::uint32_t thread_getcpu(std::source_location where = std::source_location::current());

enum class thread_priority : std::int8_t {
  lowest = -2,
  below_normal = -1,
  normal = 0,
  above_normal = 1,
  highest = 2,
};

/// Under Linux and its usual scheduler a step is two of niceness, and going up needs rights (EACCES). Needs
/// libuv 1.48. (uv_thread_setpriority)
void thread_setpriority(thread_priority priority,
                        std::source_location where = std::source_location::current());
/// As the system has it: under Linux and its usual scheduler the niceness. Needs libuv 1.48.
/// (uv_thread_getpriority)
int thread_getpriority(std::source_location where = std::source_location::current());

/// Cut where the system has not enough room: under Linux 15 bytes. Needs libuv 1.50. (uv_thread_setname)
void thread_setname(std::string_view name, std::source_location where = std::source_location::current());
/// Needs libuv 1.50. (uv_thread_getname)
std::string thread_getname(std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv::os

#pragma GCC visibility pop
