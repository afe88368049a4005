// The patterns of file names that datasets' cards use.
#pragma once

#include <string_view>

namespace vlrm {

// Whether a relative path matches a pattern: "*" and "?" stand for any characters but "/", "**" between slashes for any
// number of folders. Everything else stands for itself.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace vlrm
