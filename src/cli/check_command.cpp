// vlrm check: what a merge would do, without doing it.
#include <vlrm/merge.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/listening.h"
#include "base/progress.h"
#include "cli/commands.h"

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

}  // namespace

void add_check_command(CLI::App& program) {
  auto* command = program.add_subcommand("check", "Say what a merge would do, without doing it");
  const auto options = std::make_shared<CheckOptions>();
  command->add_option("CONFIG", options->recipe, "The YAML, as for vlrm merge")->required();
  command->add_option("OUT", options->output, "Where the output would go: whether there is room for it");
  command->footer(
      "Example:\n"
      "  vlrm check ties.yaml models/merged\n\n"
      "Finds the inputs, compares their shapes and vocabularies, looks for parameters that are unknown, missing or\n"
      "without effect, and tells bytes to read and write, memory and free disk. vlrm merge does the same first.");
  command->callback(
      [options] { check(*options, [&](const CheckedRecipe& recipe) { print_checked(recipe, options->output); }); });
}

}  // namespace vlrm
