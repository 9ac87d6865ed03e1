#include <cstdio>
#include <gauntlet/llhttp.hpp>
namespace llhttp = gauntlet::llhttp;

int main() try {
  llhttp::request_reader reader;
  if (reader.read(std::as_bytes(std::span("GET /a HTTP/1.1\r\n\r\n", 19))).part != llhttp::part::head)
    return 1;
  const llhttp::request head = reader.take_head();
  std::printf("%s %s\n", llhttp::name(head.method).data(), head.target.c_str());
} catch (const llhttp::error& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
