#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <filesystem>
#include <gauntlet/uv/os.hpp>
#include <optional>
#include <vector>

#include "temporary_folder.hpp"
#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

// A variable that is put back as it was.
class with_variable {
 public:
  with_variable(const std::string& name, std::optional<std::string> value)
      : name_(name), before_(os::getenv(name)) {
    set(value);
  }
  with_variable(const with_variable&) = delete;
  with_variable& operator=(const with_variable&) = delete;
  ~with_variable() { set(before_); }

 private:
  void set(const std::optional<std::string>& value) const {
    if (value)
      os::setenv(name_, *value);
    else
      os::unsetenv(name_);
  }

  std::string name_;
  std::optional<std::string> before_;
};

TEST_CASE("the host and the system have their names") {
  char name[256] = {};
  REQUIRE(::gethostname(name, sizeof name - 1) == 0);
  CHECK(os::gethostname() == name);
  uv_utsname_t expected{};
  REQUIRE(uv_os_uname(&expected) == 0);
  const os::system_name system = os::uname();
  CHECK(system.sysname == expected.sysname);
  CHECK(system.release == expected.release);
  CHECK(system.version == expected.version);
  CHECK(system.machine == expected.machine);
}

TEST_CASE("the home folder is HOME, or the user's") {
  {
    const with_variable home("HOME", "/" + std::string(1000, 'h'));
    CHECK(os::homedir() == "/" + std::string(1000, 'h'));
  }
  const with_variable home("HOME", std::nullopt);
  const struct passwd* const entry = ::getpwuid(::geteuid());
  if (entry != nullptr)
    CHECK(os::homedir() == entry->pw_dir);
  else
    CHECK(is_refused([] { return os::homedir(); }, std::errc::no_such_file_or_directory));
}

TEST_CASE("the folder for temporary files is the first that is set, without the slash at its end") {
  const with_variable fourth("TEMPDIR", "/4");
  CHECK_FALSE(os::tmpdir().empty());
  const with_variable third("TEMP", "/3");
  const with_variable second("TMP", "/2");
  {
    const with_variable first("TMPDIR", "/" + std::string(1000, 't') + "/");
    CHECK(os::tmpdir() == "/" + std::string(1000, 't'));
  }
  const with_variable first("TMPDIR", std::nullopt);
  CHECK(os::tmpdir() == "/2");
}

TEST_CASE("a user is told by value") {
  const struct passwd* const entry = ::getpwuid(::geteuid());
  if (entry == nullptr) {
    CHECK(is_refused([] { return os::get_passwd(); }, std::errc::no_such_file_or_directory));
    return;
  }
  const os::passwd user = os::get_passwd();
  CHECK(user.username == entry->pw_name);
  CHECK(user.uid == entry->pw_uid);
  CHECK(user.gid == entry->pw_gid);
  CHECK(user.shell == entry->pw_shell);
  CHECK(user.homedir == entry->pw_dir);
}

TEST_CASE("users and groups are found by number") {
  if (lacks(0x012D00, "1.45", [] { return os::get_passwd(0); })) {
    CHECK(lacks(0x012D00, "1.45", [] { return os::get_group(0); }));
    return;
  }
  const struct passwd* const entry = ::getpwuid(::geteuid());
  if (entry != nullptr) CHECK(os::get_passwd(::geteuid()).username == entry->pw_name);
  CHECK(os::get_passwd(0).uid == 0);
  for (::setgrent(); const struct group* const expected = ::getgrent();) {
    const os::group told = os::get_group(expected->gr_gid);
    CHECK(told.gid == expected->gr_gid);
    if (told.groupname != expected->gr_name) continue;  // several may have one number
    std::vector<std::string> members;
    for (char** member = expected->gr_mem; *member != nullptr; ++member) members.emplace_back(*member);
    CHECK(told.members == members);
  }
  ::endgrent();
  const std::uint32_t no_one = 4'000'000'001U;
  CHECK(is_refused([=] { return os::get_passwd(no_one); }, std::errc::no_such_file_or_directory,
                   "user 4000000001"));
  CHECK(is_refused([=] { return os::get_group(no_one); }, std::errc::no_such_file_or_directory,
                   "group 4000000001"));
}

TEST_CASE("the program knows where it is") {
  CHECK(os::exepath() == std::filesystem::read_symlink("/proc/self/exe").string());
}

// Hidden: for a copy of this program, somewhere deep.
TEST_CASE("the program knows where it is, far down", "[.]") {
  CHECK(os::exepath().size() > 1000);
  CHECK(os::exepath() == std::filesystem::read_symlink("/proc/self/exe").string());
}

TEST_CASE("a program far down knows where it is") {
  const temporary_folder folder;
  std::filesystem::path deep = folder.path();
  for (int i = 0; i < 10; ++i) deep /= std::string(100, 'd');
  std::filesystem::create_directories(deep);
  const std::string copy = deep / "program";
  std::filesystem::copy_file(os::exepath(), copy);  // under Valgrind /proc/self/exe is Valgrind's

  std::string program = copy;
  std::string test = "the program knows where it is, far down";
  std::array<char*, 3> arguments{program.data(), test.data(), nullptr};
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, copy.c_str(), nullptr, nullptr, arguments.data(), ::environ) == 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

// Into a folder and back.
class visit {
 public:
  explicit visit(const std::string& path) { os::chdir(path); }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  ~visit() { os::chdir(before_); }

 private:
  std::string before_ = os::cwd();
};

TEST_CASE("the working directory can be changed and is told whole") {
  const temporary_folder folder;
  const visit there(folder.path());
  CHECK(os::cwd() == std::filesystem::current_path().string());
  CHECK(is_refused(
      [] {
        os::chdir("none-such");
        return 0;
      },
      std::errc::no_such_file_or_directory, "none-such"));
  CHECK(is_misuse(
      [] {
        os::chdir("a\0b"sv);
        return 0;
      },
      "the path has a NUL at byte 1"));
}

TEST_CASE("a working directory deeper than PATH_MAX is told whole") {
  const temporary_folder folder;
  const visit there(folder.path());
  std::string expected = os::cwd();
  const std::string name(200, 'd');
  int depth = 0;
  while (expected.size() <= 2 * PATH_MAX) {
    REQUIRE(::mkdir(name.c_str(), 0700) == 0);
    os::chdir(name);
    expected += "/" + name;
    ++depth;
    if (depth % 10 == 0) CHECK(os::cwd() == expected);
  }
  CHECK(os::cwd() == expected);
  while (depth-- > 0) {
    os::chdir("..");
    REQUIRE(::rmdir(name.c_str()) == 0);
  }
}

TEST_CASE("a working directory that was removed is an error") {
  const temporary_folder folder;
  const visit base(folder.path());
  REQUIRE(::mkdir("gone", 0700) == 0);
  const visit there("gone");
  REQUIRE(::rmdir((folder.path() + "/gone").c_str()) == 0);
  CHECK(is_refused([] { return os::cwd(); }, std::errc::no_such_file_or_directory));
}

}  // namespace
}  // namespace gauntlet::uv::test
