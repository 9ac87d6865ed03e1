#pragma once
/// All of the coroutines: tasks, scopes, time, what tasks wait for each other with, and who watches them.

#include "gauntlet/as_expected.hpp"
#include "gauntlet/channel.hpp"
#include "gauntlet/event.hpp"
#include "gauntlet/execution_context.hpp"
#include "gauntlet/mutex.hpp"
#include "gauntlet/scope.hpp"
#include "gauntlet/semaphore.hpp"
#include "gauntlet/stop_token.hpp"
#include "gauntlet/task.hpp"
#include "gauntlet/timeout.hpp"
#include "gauntlet/watchdog.hpp"
#include "gauntlet/when.hpp"
