// All contenders at all tasks, in one run: bench_SUITE NAME:WIDTH:COUNT... [--benchmark_...]
//
// Time is that between a contender's begin and end. One that has no such operation, or fails at it, is not
// measured; the reason goes into the results, under "differs:NAME/CONTENDER".
#include <benchmark/benchmark.h>
#include <errno.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "contenders.hpp"

namespace {

struct stopwatch : host {
  using clock = std::chrono::steady_clock;

  stopwatch() {
    // SAFETY: only a stopwatch is given these two.
    begin = [](observer* self) { static_cast<stopwatch*>(self)->started = clock::now(); };
    end = [](observer* self) { static_cast<stopwatch*>(self)->ended = clock::now(); };
  }

  double seconds() const { return std::chrono::duration<double>(ended - started).count(); }

  clock::time_point started{};
  clock::time_point ended{};
};

task task_of(const std::string& argument) {
  const std::size_t width = argument.find(':');
  const std::size_t count = argument.rfind(':');
  if (count == width) throw std::runtime_error(argument + " is not NAME:WIDTH:COUNT");
  return {.name = argument.substr(0, width),
          .width = std::stoi(argument.substr(width + 1)),
          .count = std::stol(argument.substr(count + 1))};
}

void measure(benchmark::State& state, const contender& contender, const task& task) {
  for (auto _ : state) try {
      stopwatch watch;
      perform(contender, task, watch);
      state.SetIterationTime(watch.seconds());
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
      break;
    }
  state.counters["work"] = static_cast<double>(task.count);
}

void add(const named_contender& one, const task& task) {
  const std::string name = task.name + '/' + one.name;
  if (operation_of(*one.does, task.name) == nullptr)
    benchmark::AddCustomContext("differs:" + name, std::string(one.name) + " has no such operation");
  else
    benchmark::RegisterBenchmark(name.c_str(), [one, task](benchmark::State& state) {
      measure(state, *one.does, task);
    })->UseManualTime();
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  if (argc < 2) throw std::runtime_error("give it [--benchmark_...] NAME:WIDTH:COUNT...");
  for (int i = 1; i < argc; ++i)
    for (const named_contender& one : contenders()) add(one, task_of(argv[i]));
  if (benchmark::RunSpecifiedBenchmarks() == 0) throw std::runtime_error("the filter matches nothing");
  benchmark::Shutdown();
  return 0;
} catch (const std::exception& error) {
  std::cerr << program_invocation_short_name << ": " << error.what() << '\n';
  return 1;
}
