// The main function of every test executable: Catch2's; besides, a leaked descriptor and memory that is still
// lent fail the run, and
// `--fork-server N` runs the test cases that are read from descriptor N.
#include <array>
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "asserting_thread.hpp"
#include "descriptors.hpp"
#include "fork_server.hpp"
#include "lends.hpp"

namespace {

bool leaked = false;

// A listener may not fail a test case that has ended, so it only takes note; main() decides. Under CTest each
// test case has a process, and thereby an exit status, of its own.
class descriptor_listener : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo&) override { watch_.emplace(); }
  void testCaseEnded(const Catch::TestCaseStats&) override {
    leaked |= gauntlet::test::report_leaks(*watch_);
  }

 private:
  std::optional<gauntlet::test::descriptor_watch> watch_;
};

CATCH_REGISTER_LISTENER(descriptor_listener)

class lend_listener : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;

  void testCaseEnded(const Catch::TestCaseStats&) override { leaked |= gauntlet::test::report_lends(); }
};

CATCH_REGISTER_LISTENER(lend_listener)

class thread_listener : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo&) override { asserting_.emplace(); }
  void testCaseEnded(const Catch::TestCaseStats&) override { asserting_.reset(); }
  void assertionStarting(const Catch::AssertionInfo& assertion) override {
    if (gauntlet::test::asserts_here::allowed()) return;
    std::cerr << assertion.lineInfo << ": asserted on another thread than the test's\n";
    std::_Exit(1);
  }

 private:
  std::optional<gauntlet::test::asserts_here> asserting_;
};

CATCH_REGISTER_LISTENER(thread_listener)

constexpr const char* warm_up = "hidden: what every test case needs";
TEST_CASE(warm_up, "[.]") { CHECK_FALSE(leaked); }

int run(Catch::Session& session, int argc, const char* const* argv) {
  session.useConfigData({});
  const int status = session.run(argc, argv);
  return status == 0 && leaked ? 1 : status;
}

int serve(Catch::Session& session, const char* program, int control) {
  // What Valgrind translates before it forks, no child has to translate again.
  const std::array warming{program, warm_up, "--out", "/dev/null"};
  if (const int status = run(session, static_cast<int>(warming.size()), warming.data())) return status;
  const std::optional<std::string> name = gauntlet::test::next_forked_case(control);
  if (!name) return 0;
  const std::array arguments{program, name->c_str()};
  return run(session, static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

int main(int argc, char** argv) {
  Catch::Session session;
  if (argc == 3 && argv[1] == std::string_view{"--fork-server"})
    return serve(session, argv[0], std::atoi(argv[2]));
  return run(session, argc, argv);
}
