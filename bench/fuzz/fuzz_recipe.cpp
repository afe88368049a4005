// mergekit's YAML: one recipe or several, and the plan of a merge of small models by it.
#include "base/error.h"
#include "merge/merge_plan.h"
#include "merge/recipe_notes.h"
#include "merge/recipe_set.h"
#include "zeros.h"

namespace {

// All its models are zeros; their vocabularies are not looked at, which would take files.
void plan(vlrm::Recipe recipe) {
  static const auto zeros = std::make_shared<Zeros>();
  recipe.tokenizer_source.reset();
  recipe.tokenizer_union = false;
  vlrm::MergeSources sources;
  for (const std::string& name : recipe.model_names()) sources.models[name] = {name, zeros};
  const vlrm::MergePlan merged = vlrm::plan_merge(recipe, sources);
  for (const vlrm::TensorInfo& tensor : merged.weights->tensors()) merged.weights->prepare(tensor.name);
}

// As a manifest holds it: what is no UTF-8 is replaced.
std::string text_of(const vlrm::Recipe& recipe) {
  return vlrm::recipe_to_json(recipe).dump(-1, ' ', false, vlrm::OrderedJson::error_handler_t::replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    for (const vlrm::Recipe& recipe :
         vlrm::parse_recipes_or_throw({reinterpret_cast<const char*>(data), size}, "fuzz.yml")) {
      const std::string json = text_of(recipe);
      if (text_of(vlrm::parse_recipe_or_throw(json, "fuzz.json")) != json) __builtin_trap();
      vlrm::recipe_notes(recipe);
      plan(recipe);
    }
  } catch (const vlrm::Error&) {
  }
  return 0;
}
