// From YAML nodes to recipes; recipe.h and recipe_set.h are what others use.
#pragma once

#include <string>

#include "merge/recipe.h"
#include "merge/yaml_document.h"

namespace vlrm {

// Throws what parse_recipe_or_throw throws.
Recipe read_recipe(const YAML::Node& document, const std::string& source);
[[noreturn]] void fail_empty_recipe(const std::string& source);

}  // namespace vlrm
