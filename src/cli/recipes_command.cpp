// vlrm recipes: sets of recipes as files.
#include <memory>

#include "base/atomic_output.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "merge/depth_recipes.h"
#include "merge/published_recipes.h"

namespace vlrm {
namespace {

struct RecipesFlags {
  std::string set, output;
  bool force = false;
};

void write_recipes(const RecipesFlags& flags) {
  const std::vector<RecipeFile> files = flags.set == "depth" ? depth_recipes() : published_recipes();
  AtomicDirectory directory(flags.output, flags.force, files.front().name);
  for (const RecipeFile& file : files) write_file_atomically(directory.staging() / file.name, file.text, false);
  directory.commit();
  fmt::print("{}: {} recipes\n", flags.output, files.size());
}

}  // namespace

void add_recipes_command(CLI::App& program) {
  auto* command = program.add_subcommand("recipes", "Write a set of recipes as files");
  const auto flags = std::make_shared<RecipesFlags>();
  command
      ->add_option("SET", flags->set,
                   "paper: the 58 recipes of arXiv 2502.13487; depth: 20 in which the reward model's weight rises with "
                   "the layers")
      ->required()
      ->check(one_of({"paper", "depth"}));
  command->add_option("-o,--output", flags->output, "Directory to write")->required();
  command->add_flag("--force", flags->force, "Replace recipes that this command wrote");
  command->footer(
      "Examples:\n"
      "  vlrm recipes paper -o recipes\n"
      "  vlrm recipes depth -o depth\n"
      "  vlrm build --vlm VLM --rm RM --base BASE --recipe recipes/ties-weight0.7-density0.4.yml -o OUT\n"
      "  vlrm eval vl-rewardbench --vlm VLM --rm RM --base BASE --recipes 'recipes/ties-*.yml' -o results/ties");
  command->callback([flags] { write_recipes(*flags); });
}

}  // namespace vlrm
