// vlrm compare: how two checkpoints relate.
#include <unistd.h>
#include <vlrm/compare.h>

#include <memory>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/terminal_width.h"
#include "cli/usage_errors.h"
#include "results/grid.h"

namespace vlrm {
namespace {

std::string figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "-";
}

std::vector<std::string> row_of(const TotalRelation& total) {
  return {printable(total.name), fmt::format("{:#.4g}", total.norm_a), fmt::format("{:#.4g}", total.norm_b),
          figure(total.cosine),  figure(total.sign_agreement),         figure(total.top_shared)};
}

void print_totals(const ModelsCompared& compared, const CompareOptions& options) {
  Grid grid;
  grid.title = fmt::format("A {}, B {}{}", printable(options.a), printable(options.b),
                           options.base.empty() ? "" : fmt::format("; differences from {}", printable(options.base)));
  grid.columns = {{"", ""},       {"", "norm of A"},      {"", "norm of B"},
                  {"", "cosine"}, {"", "sign agreement"}, {"", "largest in common"}};
  for (const TotalRelation& part : compared.parts) grid.rows.push_back(row_of(part));
  for (const TotalRelation& layers : compared.layers) grid.rows.push_back(row_of(layers));
  grid.rows.push_back(row_of(compared.all));
  grid.notes = {fmt::format("Chance is 0.5 of sign agreement and {:g} of largest in common.", options.top)};
  fmt::print("{}\n", rendered(grid, Layout::text, terminal_width(STDOUT_FILENO)));
}

void run_compare(const CompareOptions& options) {
  const ModelsCompared compared = compare(options);
  if (options.page.empty() && options.figures.empty()) print_totals(compared, options);
  fmt::print("{}\n", compared.sentence);
}

}  // namespace

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
      "Examples:\n"
      "  vlrm compare VLM RM --base BASE\n"
      "  vlrm compare VLM RM --base BASE -o compare.html\n\n"
      "Norms, cosine, sign agreement and the largest elements in common, per module and layer: where two models will\n"
      "conflict, before a sweep of merges is run. Without an output a table of parts and layers goes to the terminal.\n"
      "docs/compare.md says how to read it.");
  command->callback([options] { run_compare(*options); });
}

}  // namespace vlrm
