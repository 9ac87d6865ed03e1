// The work once with a stated number of operations, for a tool that counts instructions: the difference
// between two numbers is the cost of the operations, without that of the program's start and of what is set
// up once.
//
// repeat_SUITE CONTENDER OPERATION WIDTH COUNT
#include <errno.h>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "work.hpp"

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("give it CONTENDER OPERATION WIDTH COUNT");
  host nobody;
  perform(contender_named(argv[1]),
          {.name = argv[2], .width = std::stoi(argv[3]), .count = std::stol(argv[4])}, nobody);
  return 0;
} catch (const std::exception& error) {
  std::cerr << program_invocation_short_name << ": " << error.what() << '\n';
  return 1;
}
