// How many allocations an operation takes.
//
// allocations_coroutines CONTENDER OPERATION WIDTH COUNT
// prints: COUNT, allocations, bytes
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "allocations.h"
#include "work.hpp"

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: allocations_coroutines plain|tasks OPERATION WIDTH COUNT");
  const operation does = operation_named(contender_named(argv[1]), argv[2]);
  const long count = std::stol(argv[4]);
  const heap before = heap_now();
  does(count);
  const heap after = heap_now();
  std::cout << argv[4] << ' ' << after.allocations - before.allocations << ' ' << after.bytes - before.bytes
            << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << "allocations_coroutines: " << error.what() << '\n';
  return 1;
}
