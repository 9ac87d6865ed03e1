#include "gauntlet/uring/error.hpp"

namespace gauntlet::uring {

error::error(int res, std::string_view operation, std::string_view subject, std::source_location where,
             std::string_view detail)
    : gauntlet::error(std::error_code(-res, std::system_category()), operation, subject, detail, where) {}

}  // namespace gauntlet::uring
