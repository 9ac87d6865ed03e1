#pragma once
/// libuv, whole: one include for all of it.

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/async.hpp"
#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/error.hpp"
#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/loop_watchers.hpp"
#include "gauntlet/uv/pending.hpp"
#include "gauntlet/uv/poll.hpp"
#include "gauntlet/uv/process.hpp"
#include "gauntlet/uv/request.hpp"
#include "gauntlet/uv/signal.hpp"
#include "gauntlet/uv/stream.hpp"
#include "gauntlet/uv/tcp.hpp"
#include "gauntlet/uv/timer.hpp"
#include "gauntlet/uv/work.hpp"
