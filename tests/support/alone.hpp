#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace gauntlet::test {

struct outcome {
  int status = 0;  // as waitpid reports it
  std::string output;
};

// A test case of this program, in a process of its own.
inline outcome run_alone(const std::string& test_case) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  FILE* pipe = popen(("'" + program + "' '" + test_case + "' 2>&1").c_str(), "r");
  std::array<char, 4096> chunk;
  std::string output;
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), pipe))
    output.append(chunk.data(), size);
  return {pclose(pipe), output};
}

}  // namespace gauntlet::test
