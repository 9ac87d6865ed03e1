#pragma once
/// llhttp, held safely. Everything of gauntlet::llhttp; the parts can be included alone.

#include "gauntlet/llhttp/error.hpp"
#include "gauntlet/llhttp/method.hpp"
#include "gauntlet/llhttp/parser.hpp"
#include "gauntlet/llhttp/request_reader.hpp"
