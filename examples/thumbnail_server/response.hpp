#pragma once
/// What is sent back.

#include <gauntlet/owned_buffer.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct response {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";  ///< a literal
  gauntlet::owned_buffer body{};
  std::string fields{};  ///< more lines of the head, each with its line end
};

/// A request that gets another answer than it wanted: its status, and a sentence that says what to do.
class refusal : public std::runtime_error {
 public:
  refusal(int status, const std::string& sentence, std::string fields = {})
      : runtime_error(sentence), status_(status), fields_(std::move(fields)) {}
  int status() const noexcept { return status_; }
  const std::string& fields() const noexcept { return fields_; }

 private:
  int status_;
  std::string fields_;
};

/// All that this server answers with.
std::span<const int> statuses();
/// As an index of statuses().
std::size_t index_of(int status);

response sentence(int status, std::string_view text);
response sentence(const refusal& why);

/// The head of an answer, to its empty line. persistence: "close", "keep-alive", or empty, for what goes
/// without saying.
std::string head_of(const response& answer, std::string_view persistence);
