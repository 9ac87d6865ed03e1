#pragma once
/// libpng, held safely. Everything of gauntlet::png; the parts can be included alone.

#include "gauntlet/png/color.hpp"
#include "gauntlet/png/decoder.hpp"
#include "gauntlet/png/encoder.hpp"
#include "gauntlet/png/error.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/native.hpp"
#include "gauntlet/png/options.hpp"
#include "gauntlet/png/pixel.hpp"
#include "gauntlet/png/push_decoder.hpp"
#include "gauntlet/png/sink.hpp"
#include "gauntlet/png/source.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/png/warning.hpp"
