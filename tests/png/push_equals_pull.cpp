#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "push_support.hpp"

namespace gauntlet::png::test {
namespace {

const transforms native_rows{};
const transforms rgba8_rows{.flags = rgba8_transforms};

// So large a file is not fed byte by byte.
constexpr std::size_t small = 3000;

void check_against(const reading& pulled, const bytes& file, const transforms& transforms) {
  const std::size_t most = 1 + file.size() / 10;
  check_same(push_file(file, whole(), transforms), pulled);
  check_same(ask_file(file, random_slices(1, most), transforms), pulled);
  if (file.size() <= small) check_same(push_file(file, bytewise(), transforms), pulled);
}

void check_against_plain_libpng(const reading& pulled, const bytes& file, transform flags) {
  const reference_ptr raw = reference(file, flags);
  REQUIRE(!pulled.code == (raw->failed == 0));
  if (pulled.code) return;
  CHECK(same_bytes(pulled.pixels, pixels_of(*raw)));
  CHECK(pulled.warnings.size() == static_cast<std::size_t>(raw->warnings));
}

void check_file(const bytes& file) {
  for (const transforms& transforms : {native_rows, rgba8_rows}) {
    const reading pulled = pull_file(file, transforms);
    check_against_plain_libpng(pulled, file, transforms.flags);
    check_against(pulled, file, transforms);
  }
}

void check_folder(std::string_view folder, std::size_t count) {
  const auto files = corpus(folder);
  CHECK(files.size() == count);
  for (const auto& path : files) {
    INFO(path.filename().string());
    check_file(read_file(path));
  }
}

TEST_CASE("pushed, every file of pngsuite is what it is pulled, and what plain libpng makes of it") {
  check_folder("pngsuite", 51);
}

TEST_CASE("pushed, every interlaced file of pngsuite is what it is pulled") {
  check_folder("pngsuite/interlaced", 9);
}

TEST_CASE("pushed, every valid file of testpngs is what it is pulled") { check_folder("testpngs", 104); }

TEST_CASE("pushed, every file with a bad palette is what it is pulled") {
  check_folder("testpngs/badpal", 9);
}

TEST_CASE("pushed, a file with chunks of PNG's third edition is what it is pulled") {
  check_folder("testpngs/png-3", 1);
}

TEST_CASE("pushed, every crasher is what it is pulled: the same pixels, or the same kind of error") {
  check_folder("testpngs/crashers", 23);
}

TEST_CASE("pushed, every format in every small size is what it is pulled, interlaced or not") {
  for (const pixel_format format : all_formats)
    for (std::uint32_t size = 1; size <= 17; ++size)
      for (const bool interlaced : {false, true}) {
        const std::uint32_t height = 1 + (size * 5) % 17;
        INFO(name_of(format) << ", " << size << " x " << height << (interlaced ? ", interlaced" : ""));
        const bytes file = encode(make_picture(format, size, height, size), {.interlaced = interlaced});
        const reading pulled = pull_file(file, rgba8_rows);
        check_same(push_file(file, random_slices(size, 20), rgba8_rows), pulled);
        check_same(push_file(file, bytewise()), pull_file(file));
      }
}

// ---- interlaced

struct picture_by_pass {
  std::vector<bytes> rows;
  explicit picture_by_pass(std::uint32_t height) : rows(height) {}
  bytes whole() const {
    bytes all;
    for (const bytes& row : rows) all.insert(all.end(), row.begin(), row.end());
    return all;
  }
};

// The picture behind each pass, as rows tell of it. libpng leaves passes out that have no pixel.
std::vector<std::pair<int, bytes>> pictures_told(const bytes& file, std::uint32_t height) {
  std::vector<std::pair<int, bytes>> found;
  picture_by_pass picture(height);
  push_decoder push{{.on_header = {},
                     .on_row =
                         [&](const row_event& row) {
                           if (found.empty() || found.back().first != row.pass)
                             found.emplace_back(row.pass, bytes{});
                           picture.rows.at(row.y).assign(row.pixels.begin(), row.pixels.end());
                           found.back().second = picture.whole();
                         },
                     .on_end = {}}};
  push.feed(file);
  push.finish();
  return found;
}

// The same by passes; of those without a pixel, that change nothing, only the first of equal pictures.
void check_passes(const bytes& file, std::uint32_t height) {
  const auto told = pictures_told(file, height);
  std::size_t at = 0;
  pass_reader passes = decoder{memory_source(file)}.start_passes(display::blocks);
  while (const auto pass = passes.next()) {
    if (at == told.size() || told[at].first != *pass) continue;
    INFO("pass " << *pass);
    CHECK(same_bytes(told[at++].second, passes.picture().pixels()));
  }
  CHECK(at == told.size());
}

TEST_CASE("after each pass the rows told make the picture of a pass reader that shows blocks") {
  for (const pixel_format format : all_formats)
    for (std::uint32_t size = 1; size <= 17; size += 2) {
      const std::uint32_t height = 18 - size;
      INFO(name_of(format) << ", " << size << " x " << height);
      check_passes(encode(make_picture(format, size, height), {.interlaced = true}), height);
    }
}

}  // namespace
}  // namespace gauntlet::png::test
