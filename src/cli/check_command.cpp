// vlrm check: what a merge would do, without doing it.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/disk_space.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/tell.h"
#include "build/merge_check.h"
#include "cli/commands.h"
#include "merge/recipe_set.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

std::string bytes(int64_t count) {
  return human_bytes(static_cast<double>(count));
}

void print_models(const MergeCheck& check, const Recipe& recipe) {
  size_t width = 0;
  for (const CheckedModel& model : check.models) width = std::max(width, model.name.size());
  for (const CheckedModel& model : check.models) {
    fmt::print("input     {:<{}}  {}, {} tensors, {}", printable(model.name), width, printable(model.kind),
               model.tensors, bytes(model.bytes));
    if (model.vocabulary > 0) fmt::print(", vocabulary {}", model.vocabulary);
    fmt::print("{}\n", recipe.is_base(model.name) ? " (base)" : "");
  }
}

void check(const Recipe& recipe, const std::string& output) {
  const MergeCheck check = check_merge(recipe);
  fmt::print("method    {} ({}){}{}\n", recipe.method->name, recipe.method->title,
             recipe.method->reference.empty() ? "" : ", ", recipe.method->reference);
  print_models(check, recipe);
  const std::string type = check.planned.dtype ? std::string(torch_name(*check.planned.dtype)) : "the inputs' types";
  fmt::print("output    {} tensors, {} as {}\n", check.planned.weights->tensors().size(), bytes(check.bytes_written),
             type);
  fmt::print(
      "reads     about {}{}\n", bytes(check.bytes_read),
      check.passes > 1 ? fmt::format(" ({} goes through its inputs {} times)", recipe.method->name, check.passes) : "");
  fmt::print("memory    about {}\n", bytes(check.memory));
  const fs::path where = output.empty() ? fs::current_path() : fs::path(output);
  if (const auto free = free_space(where))
    fmt::print("disk      {} free{}\n", bytes(*free),
               *free < check.bytes_written ? fmt::format(": {} too little", bytes(check.bytes_written - *free)) : "");
  std::error_code error;
  if (!output.empty() && fs::exists(fs::symlink_status(output, error)))
    tell(fmt::format("note: {}: exists already; vlrm merge replaces it with --force only", output));
  for (const std::string& remark : check.planned.remarks) tell("note: " + remark);
  if (output.empty()) return;
  require_writable(output);
  require_space(output, check.bytes_written);
}

void run_check(const std::string& file, const std::string& output) {
  const std::vector<Recipe> recipes = parse_recipes_or_throw(read_recipe_text_or_throw(file), file);
  if (recipes.size() == 1) return check(recipes.front(), output);
  for (const Recipe& recipe : recipes) {
    fmt::print("recipe    {}\n", recipe.name ? printable(*recipe.name) : "without a name");
    const std::vector<std::string> models = recipe.model_names();
    const auto made = std::ranges::find_if(models, [&](const auto& model) { return is_made_by(recipes, model); });
    if (made == models.end())
      check(recipe, recipe.name ? "" : output);
    else
      fmt::print("input     {}, which is made by another recipe: there is no more to say before\n", printable(*made));
  }
}

}  // namespace

void add_check_command(CLI::App& program) {
  auto* command = program.add_subcommand("check", "Say what a merge would do, without doing it");
  const auto file = std::make_shared<std::string>(), output = std::make_shared<std::string>();
  command->add_option("CONFIG", *file, "The YAML, as for vlrm merge")->required();
  command->add_option("OUT", *output, "Where the output would go: whether there is room for it");
  command->footer(
      "Example:\n"
      "  vlrm check ties.yaml models/merged\n\n"
      "Finds the inputs, compares their shapes and vocabularies, looks for parameters that are unknown, missing or\n"
      "without effect, and tells bytes to read and write, memory and free disk. vlrm merge does the same first.");
  command->callback([=] { run_check(*file, *output); });
}

}  // namespace vlrm
