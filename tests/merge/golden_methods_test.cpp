// Merged tensors against mergekit's.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "merge/tensors.h"
#include "support/support.h"
#include "weights/safetensors.h"

namespace vlrm::testing {
namespace {

struct GoldenModels {
  CheckpointPtr base = open_checkpoint(goldens() / "models/base");
  CheckpointPtr vlm = open_checkpoint(goldens() / "models/vlm");
  CheckpointPtr rm = open_checkpoint(goldens() / "models/rm");
  // Of the text models.
  int layers = read_json_or_throw(goldens() / "models/base/config.json").at("num_hidden_layers");
  std::set<int> cross_attention = read_json_or_throw(goldens() / "models/vlm/config.json")
                                      .at("text_config")
                                      .at("cross_attention_layers");  // of the VLM

  // The layer of "model.layers.3.…", or the last one's for the final norm.
  int layer_of(const std::string& name) const {
    return name.starts_with("model.layers.") ? std::stoi(name.substr(13)) : layers - 1;
  }

  std::string name_in_vlm(const std::string& name) const {
    if (!name.starts_with("model.layers.")) return "language_model." + name;
    int own = layer_of(name);
    for (const int other : cross_attention) own += own >= other;
    return "language_model.model.layers." + std::to_string(own) + name.substr(name.find('.', 13));
  }
};

TensorMerge golden_merge(const GoldenModels& models, const std::string& method, const std::string& name) {
  auto merge =
      merge_of(method, method == "linear" ? nullptr : models.base->prepare(name),
               {{.tensor = models.vlm->prepare(models.name_in_vlm(name))}, {.tensor = models.rm->prepare(name)}});
  merge.output.name = name;
  return merge;
}

void set(TensorMerge& merge, double first_weight, double second_weight, double density = 1) {
  merge.inputs[0].parameters = {{"weight", first_weight}, {"density", density}};
  merge.inputs[1].parameters = {{"weight", second_weight}, {"density", density}};
}

// Checks every layer tensor of a golden merge; `excused` tells of elements that may differ.
using Configure = std::function<void(TensorMerge&)>;
using Excused = std::function<std::vector<bool>(const TensorMerge&)>;
void expect_equal(const std::string& golden, const std::string& method, const Configure& configure,
                  const Excused& excused = nullptr) {
  const GoldenModels models;
  const auto reference = open_safetensors_file(goldens() / "reference/merged" / (golden + ".safetensors"));
  int64_t compared = 0;
  for (const TensorInfo& info : reference->tensors()) {
    if (!info.name.starts_with("model.layers.") && info.name != "model.norm.weight") continue;
    auto merge = golden_merge(models, method, info.name);
    configure(merge);
    const auto may_differ = excused ? excused(merge) : std::vector<bool>();
    auto ours = merged(merge);
    if (info.dtype == Dtype::bf16) {
      std::vector<std::byte> rounded(ours.size() * 2);
      from_float32(ours, Dtype::bf16, rounded.data());
      to_float32(Dtype::bf16, rounded.data(), ours);
    }
    const auto theirs = read_all_float32(*reference, info.name);
    ASSERT_EQ(ours.size(), theirs.size()) << info.name;
    int64_t different = 0;
    for (size_t i = 0; i < ours.size(); ++i)
      if (ulps_apart(ours[i], theirs[i]) > 1 && (may_differ.empty() || !may_differ[i])) ++different;
    EXPECT_EQ(different, 0) << golden << ": " << info.name;
    compared += static_cast<int64_t>(ours.size());
  }
  EXPECT_GT(compared, 10'000);
}

// The elements at the threshold of a model that cannot keep all of them: which of them mergekit keeps is arbitrary.
std::vector<bool> ties_at_threshold(const TensorMerge& merge) {
  const auto elements = static_cast<size_t>(merge.output.elements());
  std::vector<bool> tied(elements);
  const auto base = read_all(*merge.base);
  for (const auto& input : merge.inputs) {
    auto magnitudes = read_all(*input.tensor);
    for (size_t i = 0; i < elements; ++i) magnitudes[i] = std::abs(magnitudes[i] - base[i]);
    auto sorted = magnitudes;
    std::ranges::sort(sorted, std::greater());
    const auto kept = static_cast<size_t>(*input.parameters.find("density") * static_cast<double>(elements));
    if (kept == elements || sorted[kept] != sorted[kept - 1]) continue;
    for (size_t i = 0; i < elements; ++i)
      if (magnitudes[i] == sorted[kept]) tied[i] = true;
  }
  return tied;
}

TEST(GoldenMethods, Linear) {
  VLRM_NEED_GOLDENS();
  expect_equal("linear", "linear", [](TensorMerge& merge) { set(merge, 0.5, 0.5); });
  expect_equal("linear_bf16", "linear", [](TensorMerge& merge) { set(merge, 0.5, 0.5); });
  expect_equal("linear_normalize", "linear", [](TensorMerge& merge) {
    set(merge, 0.5, 0.8);
    merge.parameters.set("normalize", true);
  });
}

TEST(GoldenMethods, TaskArithmetic) {
  VLRM_NEED_GOLDENS();
  expect_equal("task_vector", "task_arithmetic", [](TensorMerge& merge) { set(merge, 0.7, 0.7); });
  expect_equal("task_normalize", "task_arithmetic", [](TensorMerge& merge) {
    set(merge, 0.7, 0.7);
    merge.parameters.set("normalize", true);
  });
  const GoldenModels models;
  expect_equal("task_gradient", "task_arithmetic", [&](TensorMerge& merge) {
    // The gradient [0, 1, 0.5] at this layer.
    const double t = 2.0 * models.layer_of(merge.output.name) / (models.layers - 1);
    set(merge, t < 1 ? t : 1 - (t - 1) * 0.5, 0.7);
  });
}

TEST(GoldenMethods, Ties) {
  VLRM_NEED_GOLDENS();
  const auto ties = [](double first, double second, double density, bool normalize, bool rescale) {
    return [=](TensorMerge& merge) {
      set(merge, first, second, density);
      merge.parameters.set("normalize", normalize);
      merge.parameters.set("rescale", rescale);
    };
  };
  expect_equal("ties_d0.2", "ties", ties(1, 1, 0.2, true, false), ties_at_threshold);
  expect_equal("ties_d0.6", "ties", ties(0.7, 0.7, 0.6, true, false), ties_at_threshold);
  expect_equal("ties_weight1.0_d0.6", "ties", ties(1, 1, 0.6, true, false), ties_at_threshold);
  expect_equal("ties_uneven", "ties", ties(0.9, 0.3, 0.6, true, false), ties_at_threshold);
  expect_equal("ties_int8_nonorm", "ties", ties(0.7, 0.7, 0.6, false, false), ties_at_threshold);
  expect_equal("ties_rescale", "ties", ties(1, 1, 0.2, true, true), ties_at_threshold);
}

// mergekit's masks: one sequence of MT19937 over tensors by name and models in the recipe's order, one draw an element.
class ReferenceMask final : public ElementMask {
 public:
  ReferenceMask(std::mt19937& engine, int64_t elements, double density) {
    for (int64_t i = 0; i < elements; ++i) {
      const auto draw = static_cast<float>(engine() & 0xFFFFFFu) * 0x1p-24f;
      kept_.push_back(draw < static_cast<float>(density) ? ~0u : 0u);
    }
  }
  void read(int64_t first, std::span<uint32_t> kept) const override {
    std::copy_n(kept_.begin() + first, kept.size(), kept.begin());
  }

 private:
  std::vector<uint32_t> kept_;
};

std::map<std::string, std::vector<std::shared_ptr<const ElementMask>>> reference_masks(double density) {
  std::mt19937 engine(0);
  const GoldenModels models;
  const Json merged = read_json_or_throw(goldens() / "reference/merges.json").at("dare_linear").at("tensors");
  const int64_t rows = merged.at("lm_head.weight").at("shape").at(0);  // of both embeddings, once aligned
  std::map<std::string, std::vector<std::shared_ptr<const ElementMask>>> masks;
  for (const TensorInfo& info : models.base->tensors()) {
    const bool layer = info.name.starts_with("model.layers.") || info.name == "model.norm.weight";
    const int64_t elements = layer ? info.elements() : rows * info.shape.at(1);
    for (int model = 0; model < 2; ++model)
      masks[info.name].push_back(std::make_shared<ReferenceMask>(engine, elements, density));
  }
  return masks;
}

TEST(GoldenMethods, DareWithTheReferenceMasks) {
  VLRM_NEED_GOLDENS();
  const auto masks = reference_masks(0.4);
  const auto configure = [&](TensorMerge& merge) {
    set(merge, 0.7, 0.7, 0.4);
    for (size_t i = 0; i < 2; ++i) merge.inputs[i].mask = masks.at(merge.output.name)[i];
  };
  expect_equal("dare_linear", "dare_linear", configure);
  expect_equal("dare_ties", "dare_ties", configure);
}

}  // namespace
}  // namespace vlrm::testing
