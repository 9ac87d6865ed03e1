#pragma once
// A folder of its own for a program that docs/ shows: it is the working folder while this lives.

#include <filesystem>

#include "support.hpp"

class in_folder {
 public:
  in_folder() { std::filesystem::current_path(folder_.path()); }
  in_folder(const in_folder&) = delete;
  in_folder& operator=(const in_folder&) = delete;
  ~in_folder() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
  gauntlet::png::test::temporary_folder folder_;
};
