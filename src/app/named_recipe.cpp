#include "app/named_recipe.h"

#include <glob.h>

#include <map>

#include "app/option_checks.h"
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

NamedRecipe NamedRecipe::of_options(const std::string& file, const MergeMethod& how) {
  if (!file.empty()) {
    if (how != MergeMethod())
      throw OptionError("recipe", "says all about the merge; of its options only `seed` goes with it");
    return read_or_throw(file);
  }
  if (how.method.empty()) throw OptionError("method", "is missing, and so is a `recipe`");
  naming_option("method", [&] { merge_method_or_throw(how.method); });
  Recipe recipe = recipe_from_flags({.method = how.method,
                                     .weight = how.weight,
                                     .weight_vlm = how.weight_vlm,
                                     .weight_rm = how.weight_rm,
                                     .density = how.density,
                                     .normalize = how.normalize,
                                     .rescale = how.rescale});
  Digest digest;
  digest.add(recipe_to_json(recipe).dump());
  return {how.method, digest.hex(), std::move(recipe)};
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
