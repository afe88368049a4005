// Text made wider with a fill character, as Python's str.ljust, center and zfill do.
#pragma once

#include "jinja/function.h"

namespace vlrm::jinja {

struct Padding {
  char32_t fill = ' ';
  char align = '<';   // '<', '>', '^' (centered), or '=' (fill between sign and digits)
  int64_t width = 0;  // code points
};

// `text` begins with `sign` bytes that stay in front with '='. Raises where the workspace has no room for the result.
std::string padded(Workspace& workspace, const std::string& text, const Padding& padding, size_t sign = 0);

}  // namespace vlrm::jinja
