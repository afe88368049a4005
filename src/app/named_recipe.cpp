#include "app/named_recipe.h"

#include <glob.h>

#include <map>

#include "base/digest.h"
#include "base/error.h"
#include "merge/published_recipes.h"

namespace vlrm {
namespace {

// In the order of their names.
std::vector<std::string> files_or_throw(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status != 0) throw OptionError("recipes", "no file matches " + printable(pattern));
  return files;
}

void refuse_equal_names(const std::vector<NamedRecipe>& recipes) {
  std::map<std::string, const NamedRecipe*> known;
  for (const NamedRecipe& recipe : recipes) {
    const auto [other, is_new] = known.emplace(recipe.name(), &recipe);
    if (!is_new)
      throw OptionError("recipes",
                        fmt::format("{} and {} would both have the result folder {}; rename one",
                                    other->second->recipe.source, recipe.recipe.source, printable(recipe.name())));
  }
}

}  // namespace

NamedRecipe NamedRecipe::read_or_throw(const std::filesystem::path& path) {
  return parse_or_throw(read_recipe_text_or_throw(path), path);
}

NamedRecipe NamedRecipe::parse_or_throw(const std::string& text, const std::filesystem::path& path) {
  Digest digest;
  digest.add(text);
  return {path.filename().string(), digest.hex(), parse_recipe_or_throw(text, path.string())};
}

std::vector<NamedRecipe> recipes_or_throw(bool paper, const std::vector<std::string>& patterns) {
  std::vector<NamedRecipe> all;
  if (paper)
    for (const RecipeFile& file : published_recipes()) all.push_back(NamedRecipe::parse_or_throw(file.text, file.name));
  for (const std::string& pattern : patterns)
    for (const std::string& file : files_or_throw(pattern)) all.push_back(NamedRecipe::read_or_throw(file));
  refuse_equal_names(all);
  return all;
}

}  // namespace vlrm
