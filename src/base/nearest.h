// Suggestions for misspelt names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vlrm {

// The one of `known` that `name` is a slip of the pen from, or nothing: by how many letters to insert, remove, replace
// or swap. Capitals and the dashes of an option do not count.
std::optional<std::string_view> near_name(std::string_view name, std::span<const std::string_view> known);

// What to tell who wrote `name`, which is none of `known`: "did you mean \"weight\"?" where one is near, else "known
// are: weight, density", the nearest first. `known` must not be empty.
std::string suggestion(std::string_view name, std::span<const std::string_view> known);

}  // namespace vlrm
