// An operation once with a stated count, for a tool that counts instructions: the difference between two
// counts is the cost of each, without that of the program's start.
//
// repeat_coroutines CONTENDER OPERATION WIDTH COUNT
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "work.hpp"

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: repeat_coroutines plain|tasks OPERATION WIDTH COUNT");
  return operation_named(contender_named(argv[1]), argv[2])(std::stol(argv[4])) > 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "repeat_coroutines: " << error.what() << '\n';
  return 1;
}
