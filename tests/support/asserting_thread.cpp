#include "asserting_thread.hpp"

namespace gauntlet::test {
namespace {

// Handed over by the start and the end of a thread, which order what is done before and after.
std::thread::id asserting;

}  // namespace

asserts_here::asserts_here() noexcept : before_(std::exchange(asserting, std::this_thread::get_id())) {}
asserts_here::~asserts_here() { asserting = before_; }

bool asserts_here::allowed() noexcept { return asserting == std::this_thread::get_id(); }

}  // namespace gauntlet::test
