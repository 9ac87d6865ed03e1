#include "support.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

std::vector<unsigned char> load(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::vector<unsigned char> bytes(std::istreambuf_iterator<char>(stream), {});
  if (!stream || bytes.empty()) throw std::runtime_error(path.string() + " cannot be read");
  return bytes;
}

kept_picture read_with(const contender& contender, const std::vector<unsigned char>& file) {
  kept_picture kept;
  const auto keep = [](void* to, picture found) {
    const std::size_t size = std::size_t{found.width} * found.height * 4;
    *static_cast<kept_picture*>(to) = {found.width, found.height, {found.rgba, found.rgba + size}};
  };
  if (contender.read({file.data(), file.size()}, keep, &kept) == 0)
    throw std::runtime_error(std::string(contender.name) + " cannot read the file");
  return kept;
}

std::vector<unsigned char> write_with(const contender& contender, const kept_picture& picture, int level) {
  std::vector<unsigned char> kept;
  const auto keep = [](void* to, bytes found) {
    static_cast<std::vector<unsigned char>*>(to)->assign(found.data, found.data + found.size);
  };
  if (contender.write(picture.view(), level, keep, &kept) == 0)
    throw std::runtime_error(std::string(contender.name) + " cannot write the picture");
  return kept;
}

const contender& contender_named(const std::string& name) {
  for (const contender* one : {&raw_contender, &wrapper_contender})
    if (name == one->name) return *one;
  throw std::runtime_error("there is no contender named " + name + ": raw, wrapper");
}
