#include "support.hpp"

#include <cstdlib>
#include <filesystem>

namespace gauntlet::uring::test {

void require_io_uring() {
  if (const availability here = available(); !here) SKIP("no io_uring: " + here.reason);
}

temporary_folder::temporary_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "gauntlet-uring-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace gauntlet::uring::test
