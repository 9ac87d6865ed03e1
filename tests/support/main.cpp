// The main function of every test executable: Catch2's; besides, a leaked descriptor fails the run.
#include <catch2/catch_session.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <optional>

#include "descriptors.hpp"

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

}  // namespace

int main(int argc, char** argv) {
  const int status = Catch::Session().run(argc, argv);
  return status == 0 && leaked ? 1 : status;
}
