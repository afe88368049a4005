#include <map>

#include "base/error.h"
#include "family/causal_model.h"
#include "family/steps.h"
#include "merge/merged_model.h"
#include "merge/vocabulary.h"
#include "weights/hub_cache.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

const std::vector<FileKind> kTokenizer{FileKind::tokenizer, FileKind::chat_template};

// The donor's layer that each of the output's stands for: the one of the first model of its slice.
std::vector<int64_t> kept_layers(const Recipe& recipe) {
  std::vector<int64_t> kept;
  for (const RecipeModule& module : recipe.modules)
    for (const RecipeSlice& slice : module.slices)
      if (const auto& layers = slice.models[0].layers)
        for (int64_t layer = layers->begin; layer < layers->end; ++layer) kept.push_back(layer);
  return kept;
}

// The rows of the merged embeddings, where the recipe changes them.
std::optional<int64_t> merged_rows(const MergedModel& merged, const CausalModel& donor) {
  const MergeSource as_source{"", merged.weights};
  const TensorInfo* embeddings = tied_embeddings(as_source);
  if (embeddings == nullptr || embeddings->shape.empty() || donor.vocabulary() == 0) return std::nullopt;
  return embeddings->shape[0];
}

}  // namespace

PlannedOutput plan_merge_models(const Recipe& recipe, const WatchInput& watch) {
  std::map<std::string, CausalModel> models;
  MergeSources sources;
  for (const std::string& name : recipe.model_names()) {
    const CausalModel& model = models.emplace(name, open_causal_model(name, watch)).first->second;
    sources.models[name] = {name, model.weights, model.directory, model.vocabulary()};
  }
  const CausalModel& donor = models.at(recipe.base_model.value_or(recipe.model_names().front()));
  sources.output_tokenizer = recipe.tokenizer_source ? resolve_checkpoint(*recipe.tokenizer_source) : donor.directory;

  MergedModel merged = plan_merge(recipe, sources);
  PlannedOutput planned;
  planned.dtype = recipe.out_dtype ? recipe.out_dtype : recipe.dtype;
  planned.config = changed_config(donor.config, {.vocabulary = merged_rows(merged, donor),
                                                 .layers = merged.layers,
                                                 .dtype = planned.dtype,
                                                 .kept_layers = kept_layers(recipe)});
  planned.weights = planned.dtype ? std::move(merged.weights) : cast_each(std::move(merged.weights), merged.stored);
  planned.remarks = std::move(merged.remarks);
  planned.side_files = {{sources.output_tokenizer, kTokenizer}, {donor.directory, {FileKind::other}}};
  return planned;
}

}  // namespace vlrm
