#include <vlrm/compare.h>

#include <filesystem>
#include <optional>

#include "app/listening.h"
#include "app/option_checks.h"
#include "architecture/text_names.h"
#include "base/atomic_output.h"
#include "base/error.h"
#include "base/progress.h"
#include "build/causal_model.h"
#include "compare/comparison.h"
#include "compare/comparison_page.h"
#include "compare/totals.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// However it is spelled; "" stays "".
fs::path canonical(const std::string& file) {
  return file.empty() ? fs::path() : fs::weakly_canonical(fs::absolute(file));
}

// Even with force: a model's own files have names that are easily given by mistake.
void refuse_inputs_file(const std::string& output, const fs::path& input) {
  std::error_code error;
  const fs::path folder = fs::absolute(output).parent_path();
  if (fs::exists(fs::symlink_status(output, error)) && fs::equivalent(folder, input, error))
    fail("{}: is there already, in the folder of an input, where nothing is replaced; name another output", output);
}

// Under a text model's names where another model is one: of a vision-language model then its text part.
ComparedModel opened(const std::string& name, bool as_text, const CompareOptions& options) {
  const CausalModel model =
      open_causal_model(name, [&](const std::string&, const fs::path& directory, CheckpointPtr weights) {
        for (const std::string& output : {options.page, options.figures})
          if (!output.empty()) refuse_inputs_file(output, directory);
        return weights;
      });
  if (!as_text || !model.sees()) return {name, model.weights};
  return {name, text_part(model.weights, ModelConfig::from_directory(model.directory))};
}

bool all_see(const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [](const std::string& name) { return open_causal_model(name, nullptr).sees(); });
}

}  // namespace

ModelsCompared compare(const CompareOptions& options) {
  const CallListener listening(options.listener);
  if (!options.page.empty() && canonical(options.page) == canonical(options.figures))
    throw OptionError("figures", fmt::format("{} is to be the page, too", printable(options.figures)));
  if (!(options.top > 0 && options.top <= 1))
    throw OptionError("top", fmt::format("must be above 0 and at most 1, not {}", options.top));
  require_named("a", options.a);
  require_named("b", options.b);
  std::vector<fs::path> outputs;
  for (const std::string& output : {options.figures, options.page})
    if (!output.empty()) outputs.emplace_back(output);
  std::optional<AtomicFiles> files;
  if (!outputs.empty()) files.emplace(outputs, options.force);
  std::vector<std::string> names{options.a, options.b};
  if (!options.base.empty()) names.push_back(options.base);
  const bool as_text = !all_see(names);
  const ComparedModel a = opened(options.a, as_text, options), b = opened(options.b, as_text, options);
  std::optional<ComparedModel> base;
  if (!options.base.empty()) base = opened(options.base, as_text, options);
  Progress progress("comparing", bytes_compared(a, b, base), Progress::Unit::bytes);
  const ModelComparison comparison = compare_models(a, b, base, options.top, &progress);
  for (const std::string& note : comparison.notes) tell_note(note);
  ComparisonTotals totals = totals_of(comparison);
  ModelsCompared compared{totals.all, std::move(totals.parts), std::move(totals.layers),
                          conflict_in_words(totals, base.has_value())};
  if (!files) return compared;
  const OrderedJson json = comparison_json(comparison, a, b, base, options.top);
  std::vector<std::string> contents;
  if (!options.figures.empty()) contents.push_back(json.dump(1) + "\n");
  if (!options.page.empty()) contents.push_back(comparison_page(json));
  files->commit(contents);
  return compared;
}

}  // namespace vlrm
