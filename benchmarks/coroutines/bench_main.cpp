// Both contenders at all operations, in one run: bench_coroutines NAME:WIDTH:COUNT... [--benchmark_...]
#include <benchmark/benchmark.h>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "work.hpp"

namespace {

void add(const std::string& argument) {
  const std::size_t colon = argument.find(':');
  if (colon == std::string::npos || colon == argument.rfind(':'))
    throw std::runtime_error(argument + " is not NAME:WIDTH:COUNT");
  const std::string name = argument.substr(0, colon);
  const long count = std::stol(argument.substr(argument.rfind(':') + 1));
  // Plain runs twice, under two names: what lies between the two is not a difference.
  for (const auto& [called, one] :
       {std::pair("plain", &plain_contender), std::pair("again", &plain_contender),
        std::pair("tasks", &tasks_contender)}) {
    const operation does = operation_named(*one, name);
    std::string full = name;
    full.append("/").append(called);
    benchmark::RegisterBenchmark(full.c_str(), [does, count](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(does(count));
      state.counters["work"] = static_cast<double>(count);
    });
  }
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  if (argc < 2) throw std::runtime_error("usage: bench_coroutines [--benchmark_...] NAME:WIDTH:COUNT...");
  for (int i = 1; i < argc; ++i) add(argv[i]);
  if (benchmark::RunSpecifiedBenchmarks() == 0) throw std::runtime_error("the filter matches nothing");
  benchmark::Shutdown();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_coroutines: " << error.what() << '\n';
  return 1;
}
