#include "gauntlet/error.hpp"

#include "telling.hpp"

namespace gauntlet {
namespace {

std::string describe(const std::error_code& code, std::string_view operation, std::string_view subject,
                     std::string_view detail, const std::source_location& where) {
  std::string text;
  text.append(subject).append(": ").append(operation).append(": ").append(code.message());
  if (!detail.empty()) text.append(": ").append(detail);
  return text.append("; called from ").append(detail::place_of(where));
}

}  // namespace

struct error::facts {
  std::string operation;
  std::string subject;
  std::source_location where;
  std::string text;
};

error::error(std::error_code code, std::string_view operation, std::string_view subject,
             std::string_view detail, std::source_location where)
    : std::system_error(code),
      facts_(std::make_shared<const facts>(facts{std::string(operation), std::string(subject), where,
                                                 describe(code, operation, subject, detail, where)})) {}

const char* error::what() const noexcept { return facts_->text.c_str(); }
const std::string& error::operation() const noexcept { return facts_->operation; }
const std::string& error::subject() const noexcept { return facts_->subject; }
const std::source_location& error::where() const noexcept { return facts_->where; }

misuse::misuse(std::string_view operation, std::string_view advice, std::source_location where)
    : std::logic_error(std::string(operation)
                           .append(": ")
                           .append(advice)
                           .append("; called from ")
                           .append(detail::place_of(where))),
      operation_(std::make_shared<const std::string>(operation)),
      where_(where) {}

}  // namespace gauntlet
