// vlrm compare: how two checkpoints relate.
#include <filesystem>
#include <memory>

#include "architecture/text_names.h"
#include "base/atomic_output.h"
#include "base/error.h"
#include "base/tell.h"
#include "build/causal_model.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "compare/comparison.h"
#include "compare/comparison_page.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct CompareFlags {
  std::string a, b, base, output, json;
  double top = 0.2;
  bool force = false;
};

// Even with --force: a model's own files have names that are easily given by mistake.
void refuse_inputs_file(const std::string& output, const fs::path& input) {
  std::error_code error;
  const fs::path folder = fs::absolute(output).parent_path();
  if (fs::exists(fs::symlink_status(output, error)) && fs::equivalent(folder, input, error))
    fail("{}: is there already, in the folder of an input, where nothing is replaced; name another output", output);
}

// Under a text model's names where another model is one: of a vision-language model then its text part.
ComparedModel opened(const std::string& name, bool as_text, const CompareFlags& flags) {
  const CausalModel model =
      open_causal_model(name, [&](const std::string&, const fs::path& directory, CheckpointPtr weights) {
        for (const std::string& output : {flags.output, flags.json})
          if (!output.empty()) refuse_inputs_file(output, directory);
        return weights;
      });
  if (!as_text || !model.sees()) return {name, model.weights};
  return {name, text_part(model.weights, ModelConfig::from_directory(model.directory))};
}

bool all_see(const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [](const std::string& name) { return open_causal_model(name, nullptr).sees(); });
}

void run_compare(const CompareFlags& flags) {
  if (flags.output.empty() && flags.json.empty())
    fail("compare: name what to write: -o PAGE.html, --json FIGURES.json, or both");
  if (flags.output == flags.json) fail("compare: {} is to be both the page (-o) and the figures (--json)", flags.json);
  std::vector<fs::path> outputs;
  for (const std::string& output : {flags.json, flags.output})
    if (!output.empty()) outputs.emplace_back(output);
  AtomicFiles files(outputs, flags.force);
  std::vector<std::string> names{flags.a, flags.b};
  if (!flags.base.empty()) names.push_back(flags.base);
  const bool as_text = !all_see(names);
  const ComparedModel a = opened(flags.a, as_text, flags), b = opened(flags.b, as_text, flags);
  std::optional<ComparedModel> base;
  if (!flags.base.empty()) base = opened(flags.base, as_text, flags);
  Progress progress("comparing", bytes_compared(a, b, base), Progress::Unit::bytes);
  const ModelComparison comparison = compare_models(a, b, base, flags.top, &progress);
  const OrderedJson json = comparison_json(comparison, a, b, base, flags.top);
  for (const std::string& remark : comparison.remarks) tell("note: " + remark);
  std::vector<std::string> contents;
  if (!flags.json.empty()) contents.push_back(json.dump(1) + "\n");
  if (!flags.output.empty()) contents.push_back(comparison_page(json));
  files.commit(contents);
}

}  // namespace

void add_compare_command(CLI::App& program) {
  auto* command =
      program.add_subcommand("compare", "How two checkpoints relate, layer by layer: one page of heat maps");
  const auto flags = std::make_shared<CompareFlags>();
  command->add_option("A", flags->a, "A directory or a hub id")->required();
  command->add_option("B", flags->b, "Another")->required();
  command->add_option("--base", flags->base, "Compare the differences from this one: the task vectors");
  command->add_option("-o,--output", flags->output, "The HTML file to write");
  command->add_option("--json", flags->json, "The same figures as JSON");
  command->add_option("--top", flags->top, "The share of largest magnitudes that is looked at for what both have")
      ->check(finite_number())
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  command->add_flag("--force", flags->force, "Replace outputs that exist");
  command->footer(
      "Example:\n"
      "  vlrm compare VLM RM --base BASE -o compare.html\n\n"
      "Norms, cosine, sign agreement and the largest elements in common, per module and layer: where two models will\n"
      "fight, before a sweep of merges is run. docs/compare.md says how to read it.");
  command->callback([flags] { run_compare(*flags); });
}

}  // namespace vlrm
