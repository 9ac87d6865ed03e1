// png++: its streaming classes, which read into and write from memory of one's own. It has no setter for the
// level: it writes at libpng's default, which is 6.
#include <cassert>  // png++ uses it and does not include it
#include <exception>
#include <istream>
#include <ostream>
#include <png++/png.hpp>
#include <streambuf>
#include <vector>

#include "contender.h"

namespace {

class memory_input : public std::streambuf {
 public:
  explicit memory_input(bytes file) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(file.data));  // streambuf's; only read from
    setg(begin, begin, begin + file.size);
  }
};

class memory_output : public std::streambuf {
 public:
  const std::vector<unsigned char>& data() const { return data_; }

 private:
  std::streamsize xsputn(const char* from, std::streamsize size) override {
    data_.insert(data_.end(), from, from + size);
    return size;
  }
  int_type overflow(int_type letter) override {
    data_.push_back(static_cast<unsigned char>(letter));
    return letter;
  }

  std::vector<unsigned char> data_;
};

class image_reader : public png::consumer<png::rgba_pixel, image_reader, png::image_info_ref_holder, true> {
 public:
  explicit image_reader(png::image_info& info) : consumer(info) {}

  void reset(std::size_t pass) {
    if (pass == 0) pixels_.resize(std::size_t{get_info().get_width()} * get_info().get_height());
  }
  png::byte* get_next_row(std::size_t y) {
    return reinterpret_cast<png::byte*>(&pixels_[y * get_info().get_width()]);
  }
  picture result() {
    return {get_info().get_width(), get_info().get_height(), reinterpret_cast<png::byte*>(pixels_.data())};
  }

 private:
  std::vector<png::rgba_pixel> pixels_;
};

class image_writer : public png::generator<png::rgba_pixel, image_writer> {
 public:
  explicit image_writer(picture picture) : generator(picture.width, picture.height), picture_(picture) {}

  png::byte* get_next_row(std::size_t y) {
    return const_cast<png::byte*>(picture_.rgba + y * picture_.width * 4);  // generator's; only read from
  }

 private:
  picture picture_;
};

int read(bytes file, take_picture* take, void* user) try {
  memory_input memory(file);
  std::istream stream(&memory);
  png::image_info info;
  image_reader reader(info);
  reader.read(stream, png::convert_color_space<png::rgba_pixel>());
  take(user, reader.result());
  return 1;
} catch (const std::exception&) {
  return 0;
}

int write(picture picture, int, take_bytes* take, void* user) try {
  memory_output memory;
  std::ostream stream(&memory);
  image_writer(picture).write(stream);
  take(user, {memory.data().data(), memory.data().size()});
  return 1;
} catch (const std::exception&) {
  return 0;
}

}  // namespace

extern "C" const contender pngpp_contender = {"png++", read, write};
