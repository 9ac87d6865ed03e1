#pragma once
// Joins rapidcheck to Catch2: a property is a test case that calls check_property once.

#include <exception>  // rapidcheck relies on it and does not include it

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace gauntlet::test {

// What fails in one lane can be tried in another, and again tomorrow: the seed is the same everywhere, unless
// the environment variable RC_PARAMS says otherwise ("seed=42 max_success=100000").
inline rc::detail::Configuration property_configuration(int cases) {
  rc::detail::Configuration fixed;
  fixed.testParams.seed = 1;
  fixed.testParams.maxSuccess = cases;
  const char* wanted = std::getenv("RC_PARAMS");
  return rc::detail::configFromString(wanted == nullptr ? "" : wanted, fixed);
}

// Fails the running test case, with the smallest counterexample that rapidcheck finds, if there is a case for
// which `property` does not hold. The property takes generated arguments or draws them (*rc::gen::...), and
// says what must be so with RC_ASSERT: Catch2's CHECK would count each failure met while a case is made
// smaller.
template <class Property>
void check_property(Property&& property, int cases = 500) {
  const rc::detail::Configuration configuration = property_configuration(cases);
  // The listener that rapidcheck uses by default prints a seed of its own.
  rc::detail::TestListenerAdapter silent;
  const auto result = rc::detail::checkTestable(std::forward<Property>(property), rc::detail::TestMetadata{},
                                                configuration.testParams, silent, configuration.reproduce);

  std::ostringstream report;
  rc::detail::printResultMessage(result, report);
  INFO(report.str() << "\n\nreproduce with RC_PARAMS='" << rc::detail::configToMinimalString(configuration)
                    << "'");
  rc::detail::SuccessResult success;
  REQUIRE(result.match(success));
  if (success.numSuccess == 0) SKIP("RC_PARAMS asks for no case");
}

}  // namespace gauntlet::test
