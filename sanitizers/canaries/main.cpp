// canary NAME fault|clean: commits the fault, or runs its clean twin, which prints nothing and exits 0.
// canary --list: the names, one a line.
#include <cstdio>
#include <string_view>

#include "canary.hpp"
#include "descriptors.hpp"

namespace {

struct canary {
  const char* name;
  void (*run)(bool faulty);
};

#define GAUNTLET_ENTRY(name) {#name, canary_##name},
constexpr canary canaries[] = {GAUNTLET_CANARIES(GAUNTLET_ENTRY)};
#undef GAUNTLET_ENTRY

const canary* find(std::string_view name) {
  for (const canary& entry : canaries)
    if (entry.name == name) return &entry;
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "--list") {
    for (const canary& entry : canaries) std::puts(entry.name);
    return 0;
  }
  const canary* chosen = argc == 3 ? find(argv[1]) : nullptr;
  const std::string_view twin = chosen ? argv[2] : "";
  if (twin != "fault" && twin != "clean") {
    std::fputs("usage: canary NAME fault|clean, or canary --list\n", stderr);
    return 2;
  }
  const gauntlet::test::descriptor_watch watch;
  chosen->run(twin == "fault");
  return gauntlet::test::report_leaks(watch) ? 1 : 0;
}
