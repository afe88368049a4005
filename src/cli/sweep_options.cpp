#include "cli/sweep_options.h"

#include <glob.h>

#include <map>

#include "base/error.h"
#include "merge/published_recipes.h"
#include "weights/save.h"

namespace vlrm {
namespace {

// In the order of their names.
std::vector<std::string> files_or_throw(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status != 0) fail("--recipes: no file matches {}", printable(pattern));
  return files;
}

void refuse_equal_names(const std::vector<NamedRecipe>& recipes) {
  std::map<std::string, const NamedRecipe*> known;
  for (const NamedRecipe& recipe : recipes) {
    const auto [other, is_new] = known.emplace(recipe.name(), &recipe);
    if (!is_new)
      fail("--recipes: {} and {} would both have the result folder {}; rename one", other->second->recipe.source,
           recipe.recipe.source, printable(recipe.name()));
  }
}

}  // namespace

void SweepFlags::declare(CLI::App& command) {
  auto* recipes_option = command.add_option(
      "--recipes", patterns, "Merge on load, one recipe after the other: files or a quoted pattern ('dir/*.yml')");
  auto* sweep_option = command.add_option("--sweep", sweep,
                                          "The same with recipes that are built in: paper, the 58 of "
                                          "arXiv 2502.13487 (vlrm recipes writes them)");
  sweep_option->check(CLI::IsMember({"paper"}))->excludes(recipes_option);
  for (const char* one : {"--model", "--recipe"})
    for (CLI::Option* many : {recipes_option, sweep_option}) many->excludes(command.get_option(one));
  command.add_option("--memory-limit", memory_limit,
                     "Of a sweep: for the encoded images that are kept for the next recipe, such as 4GB (default: half "
                     "of what is free)");
}

std::vector<NamedRecipe> SweepFlags::recipes() const {
  std::vector<NamedRecipe> all;
  if (!sweep.empty())
    for (const RecipeFile& file : published_recipes()) all.push_back(NamedRecipe::parse_or_throw(file.text, file.name));
  for (const std::string& pattern : patterns)
    for (const std::string& file : files_or_throw(pattern)) all.push_back(NamedRecipe::read_or_throw(file));
  refuse_equal_names(all);
  return all;
}

std::optional<int64_t> SweepFlags::limit() const {
  if (memory_limit.empty()) return std::nullopt;
  return parse_size_or_throw(memory_limit);
}

}  // namespace vlrm
