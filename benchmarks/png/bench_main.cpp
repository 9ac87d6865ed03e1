// All contenders on all files, in one run: bench_png LEVEL KIND:FILE... [--benchmark_...]
//
// A contender that makes other pixels of a file than raw C does is not measured on it; the difference goes
// into the results, under "differs:OPERATION/KIND/IMAGE/CONTENDER".
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "support.hpp"

namespace {

constexpr std::array contenders{&raw_contender,  &wrapper_contender, &pngpp_contender,
                                &spng_contender, &lodepng_contender, &stb_contender};

struct input {
  std::string name;  // KIND/IMAGE
  std::vector<unsigned char> file;
  kept_picture picture;  // as raw C reads it
};

input load_input(const std::string& argument) {
  const std::size_t colon = argument.find(':');
  if (colon == std::string::npos) throw std::runtime_error(argument + " is not KIND:FILE");
  const std::filesystem::path path = argument.substr(colon + 1);
  input made{
      .name = argument.substr(0, colon) + '/' + path.stem().string(), .file = load(path), .picture = {}};
  made.picture = read_with(raw_contender, made.file);
  return made;
}

/// Empty if there is none.
std::string difference(const kept_picture& expected, const kept_picture& found) {
  if (expected.width != found.width || expected.height != found.height) return "the size differs";
  std::size_t pixels = 0;
  int largest = 0;
  for (std::size_t i = 0; i < expected.rgba.size(); i += 4) {
    const auto distance = [&](std::size_t j) { return std::abs(expected.rgba[j] - found.rgba[j]); };
    const int most = std::max({distance(i), distance(i + 1), distance(i + 2), distance(i + 3)});
    pixels += most > 0 ? 1 : 0;
    largest = std::max(largest, most);
  }
  if (pixels == 0) return {};
  return std::to_string(pixels) + " of " + std::to_string(expected.rgba.size() / 4) +
         " pixels differ, by at most " + std::to_string(largest);
}

void keep_picture(void*, picture picture) { benchmark::DoNotOptimize(picture.rgba); }

void read_benchmark(benchmark::State& state, const contender& contender, const input& input) {
  for (auto _ : state)
    if (contender.read({input.file.data(), input.file.size()}, keep_picture, nullptr) == 0)
      state.SkipWithError("cannot read");
  state.counters["work"] = static_cast<double>(input.picture.rgba.size());
}

void write_benchmark(benchmark::State& state, const contender& contender, const input& input, int level) {
  std::size_t size = 0;
  const auto keep_size = [](void* to, bytes file) { *static_cast<std::size_t*>(to) = file.size; };
  for (auto _ : state)
    if (contender.write(input.picture.view(), level, keep_size, &size) == 0)
      state.SkipWithError("cannot write");
  state.counters["work"] = static_cast<double>(input.picture.rgba.size());
  state.counters["file_bytes"] = static_cast<double>(size);
}

/// Registers the benchmark if the contender does the same work as raw C.
template <class Decode, class Run>
void add(const std::string& operation, const contender& contender, const input& input, Decode decode,
         Run run) {
  const std::string name = operation + '/' + input.name + '/' + contender.name;
  std::string problem;
  try {
    problem = difference(input.picture, decode());
  } catch (const std::runtime_error& error) {
    problem = error.what();
  }
  if (problem.empty())
    benchmark::RegisterBenchmark(name.c_str(), run);
  else
    benchmark::AddCustomContext("differs:" + name, problem);
}

void add_all(const input& input, int level) {
  for (const contender* contender : contenders) {
    add(
        "read", *contender, input, [&] { return read_with(*contender, input.file); },
        [contender, &input](benchmark::State& state) { read_benchmark(state, *contender, input); });
    add(
        "write", *contender, input,
        [&] { return read_with(raw_contender, write_with(*contender, input.picture, level)); },
        [contender, &input, level](benchmark::State& state) {
          write_benchmark(state, *contender, input, level);
        });
  }
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  if (argc < 3) throw std::runtime_error("usage: bench_png [--benchmark_...] LEVEL KIND:FILE...");
  const int level = std::stoi(argv[1]);
  std::vector<std::unique_ptr<input>> inputs;
  for (int i = 2; i < argc; ++i) {
    inputs.push_back(std::make_unique<input>(load_input(argv[i])));
    add_all(*inputs.back(), level);
  }
  if (benchmark::RunSpecifiedBenchmarks() == 0) throw std::runtime_error("the filter matches nothing");
  benchmark::Shutdown();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_png: " << error.what() << '\n';
  return 1;
}
