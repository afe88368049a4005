#include <vlrm/merge.h>

#include <optional>

#include "app/listening.h"
#include "app/option_checks.h"
#include "architecture/architecture.h"
#include "architecture/text_names.h"
#include "base/error.h"
#include "base/progress.h"
#include "build/reward_model.h"
#include "compare/comparison.h"
#include "compare/layer_deltas.h"
#include "merge/recipe.h"

namespace vlrm {
namespace {

// Two models that were tuned from the base differ from it by some hundredths of its norm, strangers by more than all
// of it.
constexpr double kFar = 0.5;

// The notes of a build of these models.
std::vector<std::string> build_notes(const BuildInputs& inputs) {
  Recipe recipe = recipe_from_flags({.method = "task_arithmetic", .weight = 0.5});
  recipe.pad_to_multiple_of = ModelConfig::from_directory(inputs.vlm.directory).architecture->padding;
  return plan_reward_model(inputs, recipe).notes;
}

ComparedModel text_of(const std::string& name, const ModelFiles& files) {
  const Model model = open_model(files);
  return {name, backbone(model.weights, model.config)};
}

LayerDifferences differences_of(const LayerDeltas& deltas) {
  return {deltas.name, deltas.base, deltas.a, deltas.b, deltas.cosine};
}

void warn_if_far(std::vector<std::string>& warnings, const std::string& what, const std::string& name,
                 std::optional<double> of_base) {
  if (of_base.value_or(0) <= kFar) return;
  warnings.push_back(fmt::format(
      "{} ({}) differs from the base by {:.2f} of the base's norm: it was hardly tuned from this base, and a merge by "
      "task vectors of it means little",
      what, printable(name), *of_base));
}

}  // namespace

CheckedModels check_models(const CheckModelsOptions& options) {
  const CallListener listening(options.listener);
  require_named("vlm", options.vlm);
  require_named("rm", options.rm);
  require_named("base", options.base);
  const BuildInputs inputs{resolve_model(options.vlm), resolve_model(options.rm), resolve_model(options.base),
                           options.score_label};
  CheckedModels result;
  result.notes = build_notes(inputs);
  const ComparedModel vlm = text_of("the VLM", inputs.vlm), rm = text_of("the reward model", inputs.rm);
  const std::optional<ComparedModel> base = text_of("the base", *inputs.base);
  Progress progress("checking", bytes_compared(vlm, rm, base), Progress::Unit::bytes);
  const ModelComparison comparison = compare_models(vlm, rm, base, 0, &progress);
  result.notes.insert(result.notes.end(), comparison.notes.begin(), comparison.notes.end());
  const ModelDeltas deltas = deltas_of(comparison);
  for (const LayerDeltas& layer : deltas.layers) result.layers.push_back(differences_of(layer));
  result.all = differences_of(deltas.all);
  warn_if_far(result.warnings, "the VLM", options.vlm, deltas.all.a_of_base());
  warn_if_far(result.warnings, "the reward model", options.rm, deltas.all.b_of_base());
  return result;
}

}  // namespace vlrm
