#pragma once
/// The methods of requests that llhttp knows.

#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)

namespace gauntlet::llhttp {

/// llhttp's own, with its numbers (llhttp_method_t). Those from describe to flush are RTSP's.
enum class method : std::uint8_t {
  delete_ = 0,  ///< "DELETE"; the plain word is C++'s
  get = 1,
  head = 2,
  post = 3,
  put = 4,
  connect = 5,
  options = 6,
  trace = 7,
  copy = 8,
  lock = 9,
  mkcol = 10,
  move = 11,
  propfind = 12,
  proppatch = 13,
  search = 14,
  unlock = 15,
  bind = 16,
  rebind = 17,
  unbind = 18,
  acl = 19,
  report = 20,
  mkactivity = 21,
  checkout = 22,
  merge = 23,
  msearch = 24,  ///< "M-SEARCH"
  notify = 25,
  subscribe = 26,
  unsubscribe = 27,
  patch = 28,
  purge = 29,
  mkcalendar = 30,
  link = 31,
  unlink = 32,
  source = 33,
  pri = 34,  ///< of HTTP/2's preface
  describe = 35,
  announce = 36,
  setup = 37,
  play = 38,
  pause = 39,
  teardown = 40,
  get_parameter = 41,
  set_parameter = 42,
  redirect = 43,
  record = 44,
  flush = 45,
  query = 46,
};

/// As it stands in a request: "GET" (llhttp_method_name). Empty for a number that is no method.
std::string_view name(method value) noexcept;

}  // namespace gauntlet::llhttp

#pragma GCC visibility pop
