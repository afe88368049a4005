// vlrm check: what a merge would do, without doing it.
#include <vlrm/merge.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/listening.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/model_options.h"

namespace vlrm {
namespace {

std::string bytes(int64_t count) {
  return human_bytes(static_cast<double>(count));
}

void print_inputs(const CheckedRecipe& recipe) {
  size_t width = 0;
  for (const CheckedInput& input : recipe.inputs) width = std::max(width, input.name.size());
  for (const CheckedInput& input : recipe.inputs) {
    fmt::print("input     {:<{}}  {}, {} tensors, {}", printable(input.name), width, printable(input.kind),
               input.tensors, bytes(input.bytes));
    if (input.vocabulary > 0) fmt::print(", vocabulary {}", input.vocabulary);
    fmt::print("{}\n", input.is_base ? " (base)" : "");
  }
}

void print_checked(const CheckedRecipe& recipe, const std::string& output) {
  if (recipe.one_of_several) fmt::print("recipe    {}\n", recipe.name ? printable(*recipe.name) : "without a name");
  if (recipe.made_by) {
    fmt::print("input     {}, which is made by another recipe: there is no more to say before\n",
               printable(*recipe.made_by));
    return;
  }
  fmt::print("method    {} ({}){}{}\n", recipe.method, recipe.method_title, recipe.method_reference.empty() ? "" : ", ",
             recipe.method_reference);
  print_inputs(recipe);
  fmt::print("output    {} tensors, {} as {}\n", recipe.tensors, bytes(recipe.bytes_written),
             recipe.dtype.value_or("the inputs' types"));
  fmt::print(
      "reads     about {}{}\n", bytes(recipe.bytes_read),
      recipe.passes > 1 ? fmt::format(" ({} goes through its inputs {} times)", recipe.method, recipe.passes) : "");
  fmt::print("memory    about {}\n", bytes(recipe.memory));
  if (const auto free = recipe.free_on_disk)
    fmt::print("disk      {} free{}\n", bytes(*free),
               *free < recipe.bytes_written ? fmt::format(": {} too little", bytes(recipe.bytes_written - *free)) : "");
  if (recipe.output_exists)
    tell_note(fmt::format("{}: exists already; vlrm merge replaces it with --force only", output));
  for (const std::string& note : recipe.notes) tell_note(note);
}

void print_layer(const LayerDifferences& layer) {
  const auto of_base = [&](double norm) {
    return layer.base > 0 ? fmt::format("{:.4f}", norm / layer.base) : std::string("-");
  };
  fmt::print("{:<12}  {:>12.5g}  {:>9}  {:>9}  {:>7}\n", layer.name, layer.base, of_base(layer.vlm), of_base(layer.rm),
             layer.cosine ? fmt::format("{:.3f}", *layer.cosine) : "-");
}

// Norms of the differences in parts of the base's.
void print_checked(const CheckedModels& models) {
  fmt::print("{:<12}  {:>12}  {:>9}  {:>9}  {:>7}\n", "", "norm of base", "VLM-base", "RM-base", "cosine");
  for (const LayerDifferences& layer : models.layers) print_layer(layer);
  print_layer(models.all);
  for (const std::string& note : models.notes) tell_note(note);
  for (const std::string& warning : models.warnings) tell_warning(warning);
  fmt::print("{}\n", models.warnings.empty() ? "The three fit together, and both models are near the base."
                                             : "The three fit together, but see the warnings.");
}

struct CheckFlags {
  CheckOptions recipe;
  CheckModelsOptions models;
};

void run_check(const CheckFlags& flags) {
  if (!flags.models.vlm.empty()) return print_checked(check_models(flags.models));
  check(flags.recipe, [&](const CheckedRecipe& checked) { print_checked(checked, flags.recipe.output); });
}

}  // namespace

void add_check_command(CLI::App& program) {
  auto* command = program.add_subcommand("check", "Say what a merge would do, without doing it");
  const auto flags = std::make_shared<CheckFlags>();
  CLI::Option* recipe = command->add_option("CONFIG", flags->recipe.recipe, "The YAML, as for vlrm merge");
  command->add_option("OUT", flags->recipe.output, "Where the output would go: whether there is room for it");
  CLI::Option* vlm = command->add_option("--vlm", flags->models.vlm, "Whether vlrm build can merge this VLM …");
  CLI::Option* rm = command->add_option("--rm", flags->models.rm, "… with this reward model …");
  CLI::Option* base = command->add_option("--base", flags->models.base, "… and how far both are from this base");
  declare_score_label(*command, flags->models.score_label, "--score-label,--label")->needs(vlm);
  vlm->needs(rm)->needs(base)->excludes(recipe);
  rm->needs(vlm);
  base->needs(vlm);
  command->require_option(1, 0);
  command->footer(
      "Examples:\n"
      "  vlrm check ties.yaml models/merged\n"
      "  vlrm check --vlm VLM --rm RM --base BASE\n\n"
      "Finds the inputs, compares their shapes and vocabularies, looks for parameters that are unknown, missing or\n"
      "without effect, and tells bytes to read and write, memory and free disk. vlrm merge does the same first.\n"
      "With --vlm: for each layer the norm of the base, the norms of both models' differences from it in parts of "
      "that,\n"
      "and the cosine between the differences; a model that is far from the base gets a warning.");
  command->callback([flags] { run_check(*flags); });
}

}  // namespace vlrm
