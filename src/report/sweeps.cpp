#include "report/sweeps.h"

namespace vlrm {
namespace {

std::optional<double> weight_of(const MergedRecipe& recipe) {
  if (recipe.method == "linear" || recipe.weight_vlm == recipe.weight_rm) return recipe.weight_rm;
  return std::nullopt;
}

}  // namespace

OrderedJson sweeps_json(const std::vector<const RunSummary*>& runs) {
  const std::vector<std::string> methods{"linear", "task_arithmetic", "ties", "dare_linear", "dare_ties"};
  OrderedJson sweeps = OrderedJson::array();
  for (const std::string& method : methods) {
    const bool sparse = method != "linear" && method != "task_arithmetic";
    OrderedJson points = OrderedJson::array();
    for (size_t i = 0; i < runs.size(); ++i) {
      const auto& recipe = runs[i]->info.recipe;
      if (!recipe || recipe->method != method) continue;
      const auto weight = weight_of(*recipe);
      if (!weight || (sparse && !recipe->density)) continue;
      points.push_back({{"run", i}, {"weight", *weight}});
      if (sparse) points.back()["density"] = *recipe->density;
    }
    if (points.size() > 1) sweeps.push_back({{"method", method}, {"points", points}});
  }
  return sweeps;
}

}  // namespace vlrm
