#pragma once

#include <string>
#include <vector>

// What no sanitizer of ours checks: descriptors that stay open, and descriptors that are closed twice.
//
// Linking gauntlet_descriptor_watch also replaces close() and fclose() in everything that is linked
// statically, libraries included: where either answers EBADF, the program prints "gauntlet: double close of
// descriptor N" with a stack, and aborts.
namespace gauntlet::test {

// Remembers which descriptors are open now, inherited ones included.
class descriptor_watch {
 public:
  descriptor_watch();

  // "N -> target" for each descriptor that is open and was not when the watch began.
  [[nodiscard]] std::vector<std::string> leaked() const;

 private:
  std::vector<int> known_;
};

// Prints "gauntlet: leaked descriptor N -> target" for each. Returns whether there was one.
bool report_leaks(const descriptor_watch& watch);

}  // namespace gauntlet::test
