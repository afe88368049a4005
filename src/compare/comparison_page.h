// A comparison as one HTML file that needs no other.
#pragma once

#include <string>

#include "base/json.h"

namespace vlrm {

// `comparison` is comparison_json's. The page runs its own script only and loads nothing.
std::string comparison_page(const OrderedJson& comparison);

}  // namespace vlrm
