// Lists of strings as Python writes them: datasets keep some in a text column.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

// What ast.literal_eval makes of a list of string literals: ['a', "it's", 'line\nbreak']. Named characters (\N{…}),
// prefixes and triple quotes are not read. Throws Error naming `source` and the byte.
std::vector<std::string> parse_python_strings_or_throw(std::string_view text, const std::string& source);

}  // namespace vlrm
