// The program's version: that of the file VERSION.
#pragma once

#include <string>

namespace vlrm {

std::string version();  // "0.1.0"

}  // namespace vlrm
