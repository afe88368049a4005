// Suggestions for misspelt names.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace vlrm {

// `known` with the most similar to `name` (by Levenshtein's distance) first.
std::vector<std::string_view> nearest_first(std::string_view name, std::span<const std::string_view> known);

}  // namespace vlrm
