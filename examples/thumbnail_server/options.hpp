#pragma once
/// The command line.

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "limits.hpp"

struct server_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any
  std::size_t threads = 1;    ///< with a loop each
  std::size_t workers = 0;    ///< that decode, scale and encode; 0: as many as the machine runs at a time
  bool help = false;
  server_limits limits{};
};

/// What is wrong with the command line.
class bad_option : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// words: without the program's name.
server_options parse_options(std::span<const char* const> words);
std::string usage();
