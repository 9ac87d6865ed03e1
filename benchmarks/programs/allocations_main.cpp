// How many allocations the work takes between its begin and its end, and how many bytes of the heap it then
// holds more than before.
//
// allocations_SUITE CONTENDER OPERATION WIDTH COUNT
// prints: COUNT, allocations, bytes
#include <errno.h>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "allocations.h"
#include "work.hpp"

namespace {

struct counter : host {
  counter() {
    // SAFETY: only a counter is given these two.
    begin = [](observer* self) { static_cast<counter*>(self)->before = heap_now(); };
    end = [](observer* self) { static_cast<counter*>(self)->after = heap_now(); };
  }

  heap before{};
  heap after{};
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("give it CONTENDER OPERATION WIDTH COUNT");
  counter observer;
  perform(contender_named(argv[1]),
          {.name = argv[2], .width = std::stoi(argv[3]), .count = std::stol(argv[4])}, observer);
  std::cout << argv[4] << ' ' << observer.after.allocations - observer.before.allocations << ' '
            << observer.after.bytes - observer.before.bytes << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << program_invocation_short_name << ": " << error.what() << '\n';
  return 1;
}
