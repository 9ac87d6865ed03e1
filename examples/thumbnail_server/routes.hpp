#pragma once
/// Which request gets which answer.

#include <gauntlet/coroutines.hpp>
#include <gauntlet/llhttp.hpp>
#include <gauntlet/uv.hpp>
#include <string_view>

#include "incoming.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "response.hpp"

/// What the routes of one loop share.
struct service {
  gauntlet::uv::loop& loop;
  const server_limits& limits;
  metrics& counts;
  gauntlet::semaphore uploads;
};

/// What a request is called in dump(): of our own words, none of the client's.
std::string_view name_of(const gauntlet::llhttp::request& request);

/// Reads as much of the body as it needs. Throws refusal. peer: for "100 Continue".
gauntlet::task<response> answer(service& with, const gauntlet::llhttp::request& request, incoming& from,
                                gauntlet::uv::tcp& peer);
