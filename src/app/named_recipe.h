// Recipes with what tells them from others.
#pragma once

#include <vlrm/method.h>

#include <filesystem>
#include <string>
#include <vector>

#include "merge/recipe.h"
#include "weights/model_files.h"

namespace vlrm {

struct NamedRecipe {
  std::string file;    // its name, without folders
  std::string digest;  // of its text
  Recipe recipe;

  // Throws Error for what is no recipe, and naming a file that cannot be read.
  static NamedRecipe read_or_throw(const std::filesystem::path& path);
  static NamedRecipe parse_or_throw(const std::string& text, const std::filesystem::path& path);
  std::string name() const { return std::filesystem::path(file).stem().string(); }
};

// Whether a merge is asked for: by a recipe's file, or by a method.
bool names_merge(const MethodOptions& options, const std::string& recipe);
// That merge, named by the file or, as the published recipes, by its numbers. Throws OptionError for a method that is
// missing or not known and for both together, and Error for numbers that do not fit the method.
NamedRecipe named_merge(const MethodOptions& options, const std::string& recipe);
// Recipes' files say how embeddings are padded; one of options pads them as the VLM's family does.
void pad_as(Recipe& recipe, const ModelFiles& vlm);

// Those of the paper, or those of the files that `patterns` match. Throws OptionError naming the pattern that no file
// matches, and two recipes that would have the same result folder.
std::vector<NamedRecipe> recipes_or_throw(bool paper, const std::vector<std::string>& patterns);

}  // namespace vlrm
