// vlrm compare: how two checkpoints relate.
#include <vlrm/compare.h>

#include <memory>

#include "cli/commands.h"
#include "cli/usage_errors.h"

namespace vlrm {

void add_compare_command(CLI::App& program) {
  auto* command =
      program.add_subcommand("compare", "How two checkpoints relate, layer by layer: one page of heat maps");
  const auto options = std::make_shared<CompareOptions>();
  command->add_option("A", options->a, "A directory or a hub id")->required();
  command->add_option("B", options->b, "Another")->required();
  command->add_option("--base", options->base, "Compare the differences from this one: the task vectors");
  command->add_option("-o,--output", options->page, "The HTML file to write");
  command->add_option("--json", options->figures, "The same figures as JSON");
  command->add_option("--top", options->top, "The fraction of largest magnitudes whose overlap is counted")
      ->check(finite_number())
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  command->add_flag("--force", options->force, "Replace outputs that exist");
  command->footer(
      "Example:\n"
      "  vlrm compare VLM RM --base BASE -o compare.html\n\n"
      "Norms, cosine, sign agreement and the largest elements in common, per module and layer: where two models will\n"
      "fight, before a sweep of merges is run. docs/compare.md says how to read it.");
  command->callback([options] { compare(*options); });
}

}  // namespace vlrm
