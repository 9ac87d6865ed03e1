#pragma once

#include <string_view>

/// page.html, as it was when this was built.
std::string_view page();
