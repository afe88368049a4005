#include "app/named_recipe.h"

#include <glob.h>

#include <algorithm>
#include <map>

#include "app/option_checks.h"
#include "architecture/architecture.h"
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

// Where models are called vlm and rm, it is known whose tokenizer the result has.
void take_tokenizer_of_vlm(Recipe& recipe) {
  if (recipe.tokenizer_source || recipe.tokenizer_union || !recipe.merges_whole_models()) return;
  const std::vector<std::string> names = recipe.model_names();
  for (const char* name : {"vlm", "rm"})
    if (std::ranges::find(names, name) == names.end()) return;
  recipe.tokenizer_source = "vlm";
  recipe.pads_as_vlm = true;
  recipe.notes.push_back(fmt::format("{}: names no tokenizer; the VLM's is taken", recipe.source));
}

// With a digit after the point, as in the names of the published recipes.
std::string decimal(double number) {
  const std::string text = fmt::format("{}", number);
  return text.find_first_not_of("-0123456789") == text.npos ? text + ".0" : text;
}

// "ties-weight0.7-density0.4"
std::string name_of(const MethodOptions& options) {
  std::string name = options.method;
  const auto add = [&](const char* what, const std::optional<double>& number) {
    if (number) name += fmt::format("-{}{}", what, decimal(*number));
  };
  add("weight", options.weight);
  add("vlm", options.weight_vlm);
  add("rm", options.weight_rm);
  add("density", options.density);
  if (options.normalize) name += *options.normalize ? "-normalized" : "-not_normalized";
  if (options.rescale) name += *options.rescale ? "-rescaled" : "-not_rescaled";
  return name;
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
  Recipe recipe = parse_recipe_or_throw(text, path.string());
  take_tokenizer_of_vlm(recipe);
  return {path.filename().string(), digest.hex(), std::move(recipe)};
}

bool names_merge(const MethodOptions& options, const std::string& recipe) {
  return !recipe.empty() || !options.method.empty();
}

NamedRecipe named_merge(const MethodOptions& options, const std::string& recipe) {
  if (!recipe.empty()) {
    refuse_numbers(options, "recipe", "says all about the merge; of its options only the seed goes with it");
    return NamedRecipe::read_or_throw(recipe);
  }
  if (options.method.empty()) throw OptionError("method", "is missing, and so is a `recipe`");
  naming_option("method", [&] { merge_method_or_throw(options.method); });
  Recipe made = recipe_from_flags({.method = options.method,
                                   .weight = options.weight,
                                   .weight_vlm = options.weight_vlm,
                                   .weight_rm = options.weight_rm,
                                   .density = options.density,
                                   .normalize = options.normalize,
                                   .rescale = options.rescale});
  Digest digest;
  digest.add(recipe_to_json(made).dump());
  return {name_of(options) + ".yml", digest.hex(), std::move(made)};
}

void pad_as(Recipe& recipe, const ModelFiles& vlm) {
  if (recipe.pads_as_vlm) recipe.pad_to_multiple_of = ModelConfig::from_directory(vlm.directory).architecture->padding;
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
