#include "command_line.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "proxy.hpp"

namespace {

using namespace std::chrono_literals;

bool parse(std::vector<std::string> words, std::string& into) {
  const std::vector<example::option> known{{"--a", [&](std::string_view value) { into = value; }}};
  words.insert(words.begin(), "program");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return example::parse(pointers, known);
}

}  // namespace

TEST_CASE("options take their values; help is asked for; the rest is refused") {
  std::string value;
  CHECK(parse({}, value));
  CHECK(parse({"--a", "1", "--a", "2"}, value));
  CHECK(value == "2");
  CHECK_FALSE(parse({"--help"}, value));
  CHECK_FALSE(parse({"--a", "1", "--help"}, value));
  CHECK_THROWS_AS(parse({"--b", "1"}, value), std::invalid_argument);
  CHECK_THROWS_AS(parse({"--a"}, value), std::invalid_argument);
  CHECK_THROWS_AS(parse({"1"}, value), std::invalid_argument);
}

TEST_CASE("counts and seconds are whole, in bounds, and nothing else") {
  CHECK(example::parse_count("1") == 1);
  CHECK(example::parse_count("1000000") == 1'000'000);
  for (const char* wrong : {"", "0", "-1", "1000001", "1x", " 1", "99999999999999999999"}) {
    INFO(wrong);
    CHECK_THROWS_AS(example::parse_count(wrong), std::invalid_argument);
  }
  CHECK(example::parse_seconds("30") == 30s);
  CHECK(example::parse_seconds("0.5") == 500ms);
  CHECK(example::parse_seconds("0.025") == 25ms);
  CHECK(example::parse_seconds("86400") == 86'400s);
  for (const char* wrong : {"", "0", "0.0", ".5", "-1", "1.-5", "1e3", "86401", "0.0001", "1.2.3", "x"}) {
    INFO(wrong);
    CHECK_THROWS_AS(example::parse_seconds(wrong), std::invalid_argument);
  }
}

TEST_CASE("an upstream is a host and a service") {
  const auto is = [](const char* text, const char* host, const char* service) {
    const proxy::upstream parsed = proxy::parse_upstream(text);
    CHECK(parsed.host == host);
    CHECK(parsed.service == service);
  };
  is("example.org:80", "example.org", "80");
  is("127.0.0.1:http", "127.0.0.1", "http");
  is("[::1]:8080", "::1", "8080");
  for (const char* wrong : {"", "host", ":80", "host:", "[]:80"}) {
    INFO(wrong);
    CHECK_THROWS_AS(proxy::parse_upstream(wrong), std::invalid_argument);
  }
}
