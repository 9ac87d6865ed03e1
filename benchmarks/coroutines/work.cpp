#include "work.hpp"

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

const contender& contender_named(const std::string& name) {
  for (const contender* one : {&plain_contender, &tasks_contender})
    if (name == one->name) return *one;
  throw std::runtime_error("there is no contender named " + name + ": plain, tasks");
}

operation operation_named(const contender& contender, const std::string& name) {
  const std::array<std::pair<std::string_view, operation>, 6> all{{{"task", contender.task},
                                                                   {"spawn", contender.spawn},
                                                                   {"channel", contender.channel},
                                                                   {"when_all", contender.when_all},
                                                                   {"with_timeout", contender.with_timeout},
                                                                   {"suspend", contender.suspend}}};
  for (const auto& [known, does] : all)
    if (known == name) return does;
  throw std::runtime_error("there is no operation named " + name);
}

long number_of(long index) { return index & 7; }
