// Text in columns of a terminal or a table, a character of UTF-8 each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

size_t width_of(std::string_view text);
// The beginning of so many columns.
std::string_view first_columns(std::string_view text, size_t width);
// Lines of at most `width`, broken at blanks where there are any.
std::vector<std::string> wrapped(std::string_view text, size_t width);

}  // namespace vlrm
