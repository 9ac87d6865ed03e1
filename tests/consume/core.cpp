// What shared libraries and the programs that link them must agree on: which type an exception has, on either
// side.
#include <cstdio>
#include <gauntlet/address.hpp>
#include <gauntlet/error.hpp>

template <class Exception>
bool caught_as(auto call) {
  try {
    call();
  } catch (const Exception&) {
    return true;
  } catch (...) {
  }
  return false;
}

int main() {
  const auto wrong_text = [] { gauntlet::address::parse("nowhere"); };
  const auto wrong_call = [] { gauntlet::address::unix_path(""); };
  const bool all = caught_as<gauntlet::error>(wrong_text) && caught_as<std::system_error>(wrong_text) &&
                   caught_as<gauntlet::misuse>(wrong_call) && caught_as<std::logic_error>(wrong_call) &&
                   !gauntlet::attempt(wrong_text);
  std::puts(all ? "caught" : "missed");
}
