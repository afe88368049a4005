// Recipes with what tells them from others.
#pragma once

#include <vlrm/merge_method.h>

#include <filesystem>
#include <string>
#include <vector>

#include "merge/recipe.h"

namespace vlrm {

struct NamedRecipe {
  std::string file;    // its name, without folders
  std::string digest;  // of its text
  Recipe recipe;

  // Throws Error for what is no recipe, and naming a file that cannot be read.
  static NamedRecipe read_or_throw(const std::filesystem::path& path);
  static NamedRecipe parse_or_throw(const std::string& text, const std::filesystem::path& path);
  // Of a file, or of a method with its numbers, whose name it then has. Throws OptionError where both are given or
  // none is, and for an unknown method; and what reading throws.
  static NamedRecipe of_options(const std::string& file, const MergeMethod& how);
  std::string name() const { return std::filesystem::path(file).stem().string(); }
};

// Those of the paper, or those of the files that `patterns` match. Throws OptionError naming the pattern that no file
// matches, and two recipes that would have the same result folder.
std::vector<NamedRecipe> recipes_or_throw(bool paper, const std::vector<std::string>& patterns);

}  // namespace vlrm
