// mergekit's YAML: one recipe or several, and the plan of a merge of small models by it.
#include <algorithm>

#include "base/error.h"
#include "merge/merge_plan.h"
#include "merge/recipe_advice.h"
#include "merge/recipe_set.h"

namespace {

using vlrm::Dtype, vlrm::TensorInfo;

// A model of zeros.
class Zeros final : public vlrm::Checkpoint {
 public:
  Zeros() {
    for (const char* name : {"lm_head.weight", "model.embed_tokens.weight"})
      tensors_.push_back({name, Dtype::f32, {6, 2}});
    for (int layer = 0; layer < 3; ++layer)
      for (const char* name : {"mlp.weight", "norm.weight", "self_attn.weight"})
        tensors_.push_back({fmt::format("model.layers.{}.{}", layer, name), Dtype::bf16, {2, 2}});
    tensors_.push_back({"model.norm.weight", Dtype::f32, {2}});
    tensors_.push_back({"vision.layers.0.weight", Dtype::f16, {}});
    std::ranges::sort(tensors_, {}, &TensorInfo::name);
  }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return "zeros"; }
  std::unique_ptr<vlrm::TensorReader> prepare(std::string_view name) const override {
    return std::make_unique<Reader>(info_or_throw(name));
  }

 private:
  class Reader final : public vlrm::TensorReader {
   public:
    explicit Reader(const TensorInfo& info) : info_(info) {}
    const TensorInfo& info() const override { return info_; }
    void read(int64_t, int64_t count, std::byte* out) const override {
      std::fill_n(out, count * size_of(info_.dtype), std::byte{0});
    }

   private:
    const TensorInfo info_;
  };
  std::vector<TensorInfo> tensors_;
};

// All its models are zeros; their vocabularies are not looked at, which would take files.
void plan(vlrm::Recipe recipe) {
  static const auto zeros = std::make_shared<Zeros>();
  recipe.tokenizer_source.reset();
  recipe.tokenizer_union = false;
  vlrm::MergeSources sources;
  for (const std::string& name : recipe.model_names()) sources.models[name] = {name, zeros};
  const vlrm::MergePlan merged = vlrm::plan_merge(recipe, sources);
  for (const TensorInfo& tensor : merged.weights->tensors()) merged.weights->prepare(tensor.name);
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
      vlrm::recipe_advice(recipe);
      plan(recipe);
    }
  } catch (const vlrm::Error&) {
  }
  return 0;
}
