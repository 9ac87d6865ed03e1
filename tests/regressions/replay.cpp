// Runs a fuzz target, without libFuzzer, over what once was a finding or is worth to stay as it is, and over
// what it starts from: files of its own, or a slice of libpng's. The tools of the lane watch.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "target.hpp"

namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run(const std::string& input) {
  // Memory of its own, so that a tool sees a read beyond it.
  const auto* const first = reinterpret_cast<const std::uint8_t*>(input.data());
  const std::vector<std::uint8_t> bytes(first, first + input.size());
  CHECK(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()) == 0);
}

TEST_CASE("what was found once stays mended") {
  const auto files = files_in(GAUNTLET_REGRESSIONS);
  REQUIRE_FALSE(files.empty());
  for (const auto& file : files) {
    INFO(file.filename().string());
    run(content_of(file));
  }
}

// Each file with other choices in front of it.
#ifdef GAUNTLET_SEEDS
TEST_CASE("what the target starts from goes through, whatever is done with it") {
  const auto files = files_in(GAUNTLET_SEEDS);
  REQUIRE_FALSE(files.empty());
  std::uint8_t choice = 0;
  for (const auto& file : files) {
    for (int i = 0; i < 5; ++i) {
      INFO(file.filename().string() << " with choice " << int{choice});
      run(std::string(gauntlet_fuzz_choice_bytes, static_cast<char>(choice)) + content_of(file));
      choice = static_cast<std::uint8_t>((choice + 37) & 255);
    }
  }
}
#else
TEST_CASE("libpng's own files go through, whatever is done with them") {
  constexpr std::size_t step = 4;
  std::uint8_t choice = 0;
  for (const char* const folder : {"pngsuite", "testpngs", "testpngs/crashers"}) {
    const auto files = files_in(std::filesystem::path(GAUNTLET_CORPUS) / folder);
    REQUIRE(files.size() >= step);
    for (std::size_t i = 0; i < files.size(); i += step) {
      INFO(folder << '/' << files[i].filename().string() << " with choice " << int{choice});
      run(std::string(gauntlet_fuzz_choice_bytes, static_cast<char>(choice)) + content_of(files[i]));
      choice = static_cast<std::uint8_t>((choice + 37) & 255);
    }
  }
}
#endif

}  // namespace
