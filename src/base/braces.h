// Texts with fields in braces, as Python's str.format has them: "{name}"; "{{" and "}}" are braces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

struct BracedPart {
  bool is_field = false;
  std::string text;  // or the field's name; of text, never empty
};

// Throws Error naming `source` for a brace that stands alone.
std::vector<BracedPart> braced_parts_or_throw(std::string_view text, const std::string& source);

}  // namespace vlrm
