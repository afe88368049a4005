#include "base/error.h"
#include "merge/recipe.h"

namespace vlrm {
namespace {

Parameter scalar(double value) {
  return {{"", {value}}};
}

void check(const char* option, const MethodParameter& parameter, double value) {
  if (!is_allowed(parameter, value)) fail("{} must be {}, not {}", option, allowed_values(parameter), value);
}

// The weights of the VLM and of the RM.
std::pair<double, double> weights(const RecipeFlags& flags, const Method& method) {
  const bool linear = method.name == "linear";
  if (linear && flags.weight)
    fail("`weight` is both models' weight and has no use for linear; `weight_rm` R gives the VLM 1 - R");
  std::optional<double> rm = flags.weight_rm ? flags.weight_rm : flags.weight;
  std::optional<double> vlm = flags.weight_vlm ? flags.weight_vlm : flags.weight;
  if (linear && rm && !vlm) vlm = 1 - *rm;
  if (!rm || !vlm)
    fail("{} needs {}", flags.method,
         linear ? "`weight_rm` R (and `weight_vlm`, 1 - R by default)" : "`weight` W, or `weight_vlm` and `weight_rm`");
  const MethodParameter& weight = *method.find("weight");
  check(flags.weight_vlm ? "`weight_vlm`" : linear ? "`weight_rm`" : "`weight`", weight, *vlm);
  check(flags.weight_rm ? "`weight_rm`" : "`weight`", weight, *rm);
  return {*vlm, *rm};
}

// What the flags can say: weights, and a density where there is one.
const Method& method_or_throw(const std::string& name) {
  const Method& method = merge_method_or_throw(name);
  if (!fits_method_flags(method)) fail("`method` {} takes other numbers than weights; write them in a `recipe`", name);
  return method;
}

}  // namespace

bool fits_method_flags(const Method& method) {
  return method.find("weight") != nullptr && method.find("normalize") != nullptr;
}

Recipe recipe_from_flags(const RecipeFlags& flags) {
  Recipe recipe;
  recipe.method = &method_or_throw(flags.method);
  const auto [vlm, rm] = weights(flags, *recipe.method);
  recipe.modules = {{"",
                     {{{{"vlm", {{"weight", scalar(vlm)}}},
                        // As in the published recipes: a reward model has no language model head worth merging.
                        {"rm", {{"weight", {{"lm_head", {0}}, {"", {rm}}}}}}}}},
                     {}}};
  if (recipe.method->base == BaseModel::required) recipe.base_model = "base";
  if (const MethodParameter* density = recipe.method->find("density")) {
    if (!flags.density) fail("{} needs `density` D, the fraction of each difference that is kept", flags.method);
    check("`density`", *density, *flags.density);
    for (RecipeModel& model : recipe.models()) model.parameters["density"] = scalar(*flags.density);
  } else if (flags.density) {
    fail("`density` has no meaning for {}", flags.method);
  }
  // The published recipes turn it off everywhere but for ties, where they leave mergekit's default.
  recipe.parameters["normalize"] = scalar(flags.normalize.value_or(recipe.method->name == "ties") ? 1 : 0);
  if (flags.rescale) {
    if (recipe.method->find("rescale") == nullptr) fail("`rescale` has no meaning for {}", flags.method);
    recipe.parameters["rescale"] = scalar(*flags.rescale ? 1 : 0);
  }
  recipe.tokenizer_source = "vlm";
  recipe.pad_to_multiple_of = 8;
  recipe.dtype = Dtype::f32;
  recipe.seed = flags.seed;
  recipe.source = "the options";
  recipe.pads_as_vlm = true;
  return recipe;
}

}  // namespace vlrm
