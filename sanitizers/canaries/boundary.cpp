// Faults that our C++ code provokes and other code commits: the C shim, or a C library below it. They are
// reported only if that code, too, was built with the lane's tool.
#include <gauntlet/shim/png.h>
#include <liburing.h>
#include <llhttp.h>
#include <netinet/in.h>
#include <png.h>
#include <sys/socket.h>
#include <uv.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>

#include "canary.hpp"
#include "together.hpp"

namespace {

// A block of its own for each, so that a tool knows where it ends and that nobody has written it yet.
gauntlet_png_limits* new_limits(std::size_t size = sizeof(gauntlet_png_limits)) {
  return opaque(static_cast<gauntlet_png_limits*>(std::malloc(size)));
}

Bytef* new_bytes(std::size_t size) { return opaque(static_cast<Bytef*>(std::malloc(size))); }

// "1.2.3.4", as libuv writes it.
constexpr std::size_t name_size = 8;
void write_name(char* name) {
  constexpr unsigned char address[] = {1, 2, 3, 4};
  (void)uv_inet_ntop(AF_INET, address, name, name_size);
}

void parse(const char* bytes, std::size_t size) {
  constexpr llhttp_settings_t no_callbacks{};
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &no_callbacks);
  (void)llhttp_execute(&parser, bytes, size);
}

// liburing works out what to map, and then there is nothing to be mapped: this needs no kernel that has
// io_uring.
void map(io_uring_params* params, io_uring* ring) { (void)io_uring_queue_mmap(-1, params, ring); }

io_uring_params* new_params(std::size_t size = sizeof(io_uring_params)) {
  return opaque(static_cast<io_uring_params*>(std::malloc(size)));
}

}  // namespace

void canary_heap_overflow_in_shim(bool faulty) {
  gauntlet_png_limits* limits =
      new_limits(sizeof(gauntlet_png_limits) - (faulty ? sizeof limits->max_memory : 0));
  gauntlet_png_limits_default(limits);
  std::free(limits);
}

void canary_misaligned_access_in_shim(bool faulty) {
  alignas(gauntlet_png_limits) unsigned char bytes[sizeof(gauntlet_png_limits) + 1];
  void* address = opaque(bytes + (faulty ? 1 : 0));
  gauntlet_png_limits_default(static_cast<gauntlet_png_limits*>(address));
}

void canary_data_race_in_shim(bool faulty) {
  gauntlet_png_limits mine;
  gauntlet_png_limits theirs;
  run_together([&] { gauntlet_png_limits_default(&mine); },
               [&] { gauntlet_png_limits_default(faulty ? &mine : &theirs); });
}

void canary_uninitialised_branch_in_shim(bool faulty) {
  gauntlet_png_limits* limits = new_limits();
  if (!faulty) gauntlet_png_limits_default(limits);
  (void)gauntlet_png_limits_valid(limits);
  std::free(limits);
}

void canary_heap_overflow_in_zlib(bool faulty) {
  const uInt size = 8;
  Bytef* bytes = new_bytes(size);
  for (uInt i = 0; i < size; ++i) bytes[i] = 1;
  (void)adler32(1, bytes, faulty ? size + 1 : size);
  std::free(bytes);
}

void canary_data_race_in_zlib(bool faulty) {
  Bytef read[1] = {};
  Bytef other[1] = {};
  run_together([&] { (void)adler32(1, read, 1); }, [&] { *opaque(faulty ? read : other) = 1; });
}

void canary_uninitialised_branch_in_zlib(bool faulty) {
  constexpr Bytef nothing_deflated[] = {0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01};
  Bytef* bytes = new_bytes(sizeof nothing_deflated);
  if (!faulty) std::ranges::copy(nothing_deflated, bytes);
  Bytef result[1];
  uLongf size = sizeof result;
  (void)uncompress(result, &size, bytes, sizeof nothing_deflated);
  std::free(bytes);
}

void canary_heap_overflow_in_libpng(bool faulty) {
  Bytef* bytes = new_bytes(faulty ? 3 : 4);
  png_save_uint_32(bytes, 0x01020304);
  std::free(bytes);
}

void canary_signed_overflow_in_libpng(bool faulty) {
  std::tm moment{};
  moment.tm_year = opaque(faulty ? std::numeric_limits<int>::max() : 126);  // libpng adds 1900
  png_time converted;
  png_convert_from_struct_tm(&converted, &moment);
}

void canary_data_race_in_libpng(bool faulty) {
  Bytef mine[4];
  Bytef theirs[4];
  run_together([&] { png_save_uint_32(mine, 1); }, [&] { png_save_uint_32(faulty ? mine : theirs, 1); });
}

void canary_uninitialised_branch_in_libpng(bool faulty) {
  auto* moment = opaque(static_cast<png_time*>(std::malloc(sizeof(png_time))));
  if (!faulty) *moment = {.year = 2026, .month = 11, .day = 21, .hour = 0, .minute = 0, .second = 0};
  char text[29];
  (void)png_convert_to_rfc1123_buffer(text, moment);
  std::free(moment);
}

void canary_heap_overflow_in_libuv(bool faulty) {
  auto* name = opaque(static_cast<char*>(std::malloc(faulty ? name_size - 1 : name_size)));
  write_name(name);
  std::free(name);
}

void canary_misaligned_access_in_libuv(bool faulty) {
  alignas(sockaddr_in) unsigned char bytes[sizeof(sockaddr_in) + 1] = {};
  void* address = opaque(bytes + (faulty ? 1 : 0));
  char name[16];
  (void)uv_ip4_name(static_cast<sockaddr_in*>(address), name, sizeof name);
}

void canary_data_race_in_libuv(bool faulty) {
  char mine[name_size];
  char theirs[name_size];
  run_together([&] { write_name(mine); }, [&] { write_name(faulty ? mine : theirs); });
}

void canary_uninitialised_branch_in_libuv(bool faulty) {
  auto* address = opaque(static_cast<unsigned char*>(std::malloc(sizeof(in6_addr))));
  if (!faulty) std::memset(address, 1, sizeof(in6_addr));
  char name[46];
  (void)uv_inet_ntop(AF_INET6, address, name, sizeof name);
  std::free(address);
}

void canary_heap_overflow_in_llhttp(bool faulty) {
  constexpr char method[] = {'G', 'E', 'T'};
  auto* bytes = opaque(static_cast<char*>(std::malloc(sizeof method)));
  std::ranges::copy(method, bytes);
  parse(bytes, faulty ? sizeof method + 1 : sizeof method);
  std::free(bytes);
}

void canary_misaligned_access_in_llhttp(bool faulty) {
  alignas(llhttp_t) unsigned char bytes[sizeof(llhttp_t) + 1] = {};
  void* address = opaque(bytes + (faulty ? 1 : 0));
  llhttp_pause(static_cast<llhttp_t*>(address));
}

void canary_data_race_in_llhttp(bool faulty) {
  llhttp_t mine{};
  llhttp_t theirs{};
  run_together([&] { llhttp_pause(&mine); }, [&] { llhttp_pause(faulty ? &mine : &theirs); });
}

void canary_uninitialised_branch_in_llhttp(bool faulty) {
  auto* bytes = opaque(static_cast<char*>(std::malloc(1)));
  if (!faulty) *bytes = 'G';
  parse(bytes, 1);
  std::free(bytes);
}

void canary_heap_overflow_in_liburing(bool faulty) {
  const std::size_t size = faulty ? offsetof(io_uring_params, cq_off) : sizeof(io_uring_params);
  io_uring_params* params = new_params(size);
  std::memset(params, 0, size);
  io_uring ring;
  map(params, &ring);
  std::free(params);
}

void canary_misaligned_access_in_liburing(bool faulty) {
  alignas(io_uring_params) unsigned char bytes[sizeof(io_uring_params) + 1] = {};
  void* address = opaque(bytes + (faulty ? 1 : 0));
  io_uring ring;
  map(static_cast<io_uring_params*>(address), &ring);
}

void canary_data_race_in_liburing(bool faulty) {
  io_uring_params params{};
  io_uring mine;
  io_uring theirs;
  run_together([&] { map(&params, &mine); }, [&] { map(&params, faulty ? &mine : &theirs); });
}

void canary_uninitialised_branch_in_liburing(bool faulty) {
  io_uring_params* params = new_params();
  if (!faulty) std::memset(params, 0, sizeof *params);
  io_uring ring;
  map(params, &ring);
  std::free(params);
}
