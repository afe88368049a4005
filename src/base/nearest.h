// Suggestions for misspelt names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vlrm {

// What to tell who wrote `name`, which is none of `known`: "did you mean \"weight\"?" where one is near (by
// Levenshtein's distance), else "known are: weight, density", the
// nearest first. `known` must not be empty.
std::string suggestion(std::string_view name, std::span<const std::string_view> known);

}  // namespace vlrm
