// Words for a person.
#pragma once

#include <string_view>

namespace vlrm {

// Writes a line to standard error. Never fails: where that cannot be written, there is nobody to tell.
void tell(std::string_view line);

}  // namespace vlrm
