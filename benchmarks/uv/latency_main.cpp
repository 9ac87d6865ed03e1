// How long a round trip takes where many clients play ping-pong with one echo server at once, each with a
// process of its own at the other end.
//
// latency_uv CONTENDER OPERATION CONNECTIONS ROUNDS
// prints: the 50th, 99th and 99.9th percentile in microseconds, round trips in a second
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "work.hpp"

namespace {

const contender& of(const std::string& name) {
  return name == asio_contender.name ? asio_contender : contender_named(name);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: latency_uv raw|wrapper|asio OPERATION CONNECTIONS ROUNDS");
  host observer;
  observer.visitors = std::stol(argv[3]);
  observer.rounds = std::stol(argv[4]);
  if (observer.visitors < 1 || observer.rounds < 1) throw std::runtime_error("there is nothing to measure");
  // Each connection has one echo before what is measured.
  perform(of(argv[1]), {.name = argv[2], .count = observer.visitors * (observer.rounds + 1)}, observer);
  std::cout << observer.said << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << "latency_uv: " << error.what() << '\n';
  return 1;
}
