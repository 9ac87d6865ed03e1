#pragma once
// What the three programs share: files and pictures that are kept.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "contender.h"

struct kept_picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<unsigned char> rgba{};

  picture view() const { return {width, height, rgba.data()}; }
};

std::vector<unsigned char> load(const std::filesystem::path& path);

/// What the contender makes of it, as a copy; throws std::runtime_error if it fails.
kept_picture read_with(const contender& contender, const std::vector<unsigned char>& file);
std::vector<unsigned char> write_with(const contender& contender, const kept_picture& picture, int level);

/// The contender that the command line calls so; throws std::runtime_error if there is none.
const contender& contender_named(const std::string& name);
