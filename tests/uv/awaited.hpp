#pragma once
/// The table of all that can be awaited, for tasks_end_in_any_way.cpp: a row for each operation, which says
/// how it is made to wait, to come and to fail.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "tasks_support.hpp"

namespace gauntlet::uv::test {

/// Something that a task waits for, and that does not come by itself.
class specimen {
 public:
  specimen() = default;
  specimen(const specimen&) = delete;
  specimen& operator=(const specimen&) = delete;
  virtual ~specimen() = default;

  virtual task<> wait() = 0;
  /// Now it comes.
  virtual task<> bring() = 0;
  /// The same operation where it cannot succeed, on something else if need be; it throws what the row says.
  virtual task<> fail() = 0;
  /// Closes the handle that is waited for; false: there is none.
  virtual bool close() { return false; }
  /// What was begun on the handle goes on when that is closed.
  virtual bool outlives_close() { return false; }
  /// To cancel it closes the handle.
  virtual bool closed_by_cancelling() { return false; }
  /// What a thread of the pool has begun is awaited.
  virtual bool cannot_be_cancelled() { return false; }
  virtual bool has_begun() { return true; }
  /// It waits for no more than a turn of the loop.
  virtual bool comes_by_itself() { return false; }
};

struct awaited_kind {
  /// The function that is awaited, by its header: "stream::read_some" is that of stream.hpp.
  std::string function{};
  std::string name{};
  std::function<std::unique_ptr<specimen>(loop&)> make{};
  /// How fail() fails. None: it does not, because of `never`.
  std::vector<std::error_code> failures{};
  std::string never{};
};

/// What threads of the pool do.
std::vector<awaited_kind> awaited_on_the_pool();

}  // namespace gauntlet::uv::test
