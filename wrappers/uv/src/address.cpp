#include "gauntlet/uv/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <uv.h>

#include <algorithm>

#include "text.hpp"

namespace gauntlet::uv {
namespace {

[[noreturn]] void refuse(int status, std::string_view operation, std::string_view text,
                         std::string_view advice, const std::source_location& where) {
  // A NUL inside would end the message.
  std::string subject(text.substr(0, 200));
  std::ranges::replace(subject, '\0', '?');
  throw error(status, operation, subject, where, advice);
}

// The text with a NUL behind it. Text of addresses comes from outside: a NUL inside is an error, not misuse.
std::string ip_text(std::string_view text, std::string_view operation, const std::source_location& where) {
  if (text.contains('\0')) refuse(UV_EINVAL, operation, text, "there is a NUL inside", where);
  return std::string(text);
}

}  // namespace

std::array<std::byte, 4> inet_pton4(std::string_view text, std::source_location where) {
  std::array<std::byte, 4> bytes{};
  const std::string c_text = ip_text(text, "inet_pton4", where);
  if (const int status = uv_inet_pton(AF_INET, c_text.c_str(), bytes.data()); status < 0)
    refuse(status, "inet_pton4", text, "an IPv4 address is four numbers up to 255, as in 127.0.0.1", where);
  return bytes;
}

std::array<std::byte, 16> inet_pton6(std::string_view text, std::source_location where) {
  std::array<std::byte, 16> bytes{};
  const std::string c_text = ip_text(text, "inet_pton6", where);
  // libuv would leave a zone out and say nothing.
  const int status = text.contains('%') ? UV_EINVAL : uv_inet_pton(AF_INET6, c_text.c_str(), bytes.data());
  if (status < 0)
    refuse(status, "inet_pton6", text,
           "an IPv6 address is written as in ::1; one with a zone is for address::ip6", where);
  return bytes;
}

std::string inet_ntop(std::span<const std::byte, 4> bytes) {
  std::array<char, INET_ADDRSTRLEN> text{};
  detail::check(uv_inet_ntop(AF_INET, bytes.data(), text.data(), text.size()), "inet_ntop", "IPv4 address",
                std::source_location::current());
  return text.data();
}

std::string inet_ntop(std::span<const std::byte, 16> bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  detail::check(uv_inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()), "inet_ntop", "IPv6 address",
                std::source_location::current());
  return text.data();
}

std::string interface_name(std::uint32_t index, std::source_location where) {
  return detail::whole_text(
      [=](char* buffer, std::size_t* size) { return uv_if_indextoname(index, buffer, size); },
      "interface_name", std::to_string(index), where);
}

std::string interface_id(std::uint32_t index, std::source_location where) {
  return detail::whole_text(
      [=](char* buffer, std::size_t* size) { return uv_if_indextoiid(index, buffer, size); }, "interface_id",
      std::to_string(index), where);
}

std::uint32_t interface_index(std::string_view name, std::source_location where) {
  const std::string text = detail::c_text(name, "interface_index", "name", where);
  if (const unsigned index = if_nametoindex(text.c_str()); index != 0) return index;
  throw error(UV_ENODEV, "interface_index", name, where);
}

}  // namespace gauntlet::uv
