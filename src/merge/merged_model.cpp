#include "merge/merged_model.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "merge/alignment.h"
#include "merge/layer_names.h"
#include "weights/views.h"

namespace vlrm {
namespace {

bool is_vocabulary_tensor(const std::string& name) {
  return name == "model.embed_tokens.weight" || name == "lm_head.weight";
}

// How one tensor is merged, but for the readers, which are opened when it is.
struct TensorPlan {
  struct Input {
    size_t source;  // position in Planner::sources
    int model;      // position in the recipe
    double weight, density;
  };
  std::vector<Input> inputs;
  bool normalize = false, rescale = false;
  std::shared_ptr<const RowAlignment> alignment;  // of vocabulary tensors
};

class MergedCheckpoint : public Checkpoint {
 public:
  MergedCheckpoint(const Recipe& recipe, std::vector<MergeSource> sources, bool has_base)
      : method_(recipe.method), seed_(recipe.seed), sources_(std::move(sources)), has_base_(has_base) {}

  void add(TensorInfo info, TensorPlan plan) {
    tensors_.push_back(std::move(info));
    plans_.push_back(std::move(plan));
  }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return "the merged model"; }

  std::unique_ptr<TensorReader> open(std::string_view name) const override {
    const TensorInfo& info = info_or_throw(name);
    const TensorPlan& plan = plans_[static_cast<size_t>(&info - tensors_.data())];
    std::vector<std::shared_ptr<const TensorReader>> readers;
    for (const MergeSource& source : sources_) readers.push_back(source.weights->open(name));
    if (plan.alignment) readers = plan.alignment->align(std::move(readers));
    TensorMerge merge;
    merge.output = info;
    merge.method = method_;
    for (const auto& input : plan.inputs)
      merge.inputs.push_back({readers[input.source], input.weight, input.density, input.model, nullptr});
    if (has_base_) merge.base = readers.back();
    merge.normalize = plan.normalize;
    merge.rescale = plan.rescale ? Rescale::density : Rescale::none;
    merge.rescale_ties = plan.rescale;
    merge.seed = seed_;
    return merge_tensor(merge);
  }

 private:
  const MergeMethod method_;
  const uint64_t seed_;
  const std::vector<MergeSource> sources_;  // the base last
  const bool has_base_;
  std::vector<TensorInfo> tensors_;
  std::vector<TensorPlan> plans_;
};

class Planner {
 public:
  Planner(const Recipe& recipe, const MergeSources& given) : recipe_(recipe), remarks_(recipe.remarks) {
    VLRM_ASSERT(given.models.size() == recipe.models.size());
    has_base_ = recipe.method != MergeMethod::linear;
    VLRM_ASSERT(!has_base_ || given.base);
    for (size_t model = 0; model < given.models.size(); ++model) {
      if (has_base_ && recipe.is_base(recipe.models[model].name)) continue;
      models_.push_back(static_cast<int>(model));
      sources_.push_back(given.models[model]);
    }
    if (has_base_) sources_.push_back(*given.base);
    if (recipe.tokenizer_source) read_vocabularies(given.output_tokenizer);
    names_ = common_names();
    for (const std::string& name : names_) {
      if (const auto place = find_layer(name)) layers_ = std::max(layers_, place->layer + 1);
      check_shapes(name);
      if (is_vocabulary_tensor(name) && !recipe.tokenizer_source) cut_to_common_rows(name);
    }
  }

  MergedModel plan() const {
    auto merged = std::make_shared<MergedCheckpoint>(recipe_, sources_, has_base_);
    bool weights_cancel = recipe_.method == MergeMethod::ties && models_.size() > 1;
    for (const std::string& name : names_) {
      TensorInfo info{name, Dtype::f32, sources_[0].weights->find(name)->shape};
      std::shared_ptr<const RowAlignment> alignment;
      if (is_vocabulary_tensor(name) && recipe_.tokenizer_source) {
        alignment = align(name);
        info.shape[0] = alignment->rows();
      }
      TensorPlan plan = plan_tensor(info);
      plan.alignment = std::move(alignment);
      weights_cancel = weights_cancel && (name == "lm_head.weight" || all_weights_equal(plan));
      merged->add(std::move(info), std::move(plan));
    }
    MergedModel result{std::move(merged), remarks_};
    if (weights_cancel)
      result.remarks.push_back(fmt::format(
          "ties divides by the weights of the models that agree, so a weight common to all models cancels: another "
          "{} gives the same model ({} makes it count)",
          recipe_.from_options ? "--weight" : "weight", recipe_.from_options ? "--no-normalize" : "normalize: false"));
    return result;
  }

 private:
  void read_vocabularies(const std::filesystem::path& output) {
    std::vector<std::filesystem::path> directories{output};
    for (const MergeSource& source : sources_) directories.push_back(source.tokenizer);
    for (const auto& directory : directories) {
      const auto same = std::ranges::find(directories, directory) - directories.begin();
      const auto index = static_cast<size_t>(same);
      vocabularies_.push_back(index < vocabularies_.size()
                                  ? vocabularies_[index]
                                  : std::make_shared<const TokenRows>(TokenRows::from_directory(directory)));
    }
  }

  std::vector<std::string> common_names() const {
    std::set<std::string> names;
    for (const MergeSource& source : sources_)
      for (const TensorInfo& tensor : source.weights->tensors()) names.insert(tensor.name);
    for (const std::string& name : names)
      for (const MergeSource& source : sources_)
        if (source.weights->find(name) == nullptr)
          fail("{} ({}): the tensor {}, which other models have, is missing", source.name,
               source.weights->description(), printable(name));
    return {names.begin(), names.end()};
  }

  double depth_of(const std::string& name) const {
    const auto place = find_layer(name);
    if (!place) return name == "model.embed_tokens.weight" ? 0 : 1;
    return layers_ > 1 ? static_cast<double>(place->layer) / static_cast<double>(layers_ - 1) : 1;
  }

  TensorPlan plan_tensor(const TensorInfo& output) const {
    const std::string& name = output.name;
    const double depth = depth_of(name);
    TensorPlan plan;
    for (size_t source = 0; source < models_.size(); ++source) {
      const auto model = static_cast<size_t>(models_[source]);
      const auto weight = recipe_.parameter(model, "weight", name, depth);
      if (!weight)
        fail("{}: the model \"{}\" has no weight for the tensor {}", recipe_.source,
             printable(recipe_.models[model].name), printable(name));
      const double density = recipe_.parameter(model, "density", name, depth).value_or(1);
      check_density(density, recipe_.models[model].name, output);
      plan.inputs.push_back({source, models_[source], *weight, density});
    }
    plan.normalize = recipe_.normalize(name, depth);
    check_sum(plan, name);
    plan.rescale = recipe_.rescale(name, depth);
    return plan;
  }

  void check_density(double density, const std::string& model, const TensorInfo& tensor) const {
    if (!keeps_something(recipe_.method, density, tensor.elements()))
      fail("{}: the density {} of the model \"{}\" keeps none of the {} elements of the tensor {}; raise it",
           recipe_.source, density, printable(model), tensor.elements(), printable(tensor.name));
  }

  void check_sum(const TensorPlan& plan, const std::string& tensor) const {
    float sum = 0;
    for (const auto& input : plan.inputs) sum += static_cast<float>(input.weight);
    if (recipe_.method == MergeMethod::linear && plan.normalize && sum == 0)
      fail(
          "{}: the weights of the tensor {} sum to 0, and linear divides by that; change them or set normalize to "
          "false",
          recipe_.source, printable(tensor));
  }

  static bool all_weights_equal(const TensorPlan& plan) {
    return plan.normalize && std::ranges::all_of(plan.inputs, [&](const TensorPlan::Input& input) {
             return input.weight == plan.inputs.front().weight && input.weight != 0;
           });
  }

  void check_shapes(const std::string& name) const {
    const TensorInfo& first = *sources_[0].weights->find(name);
    for (const MergeSource& source : sources_) {
      const TensorInfo& tensor = *source.weights->find(name);
      if (!is_float(tensor.dtype))
        fail("{} ({}): tensor {} is {}; only F32, F16 and BF16 can be merged", source.name,
             source.weights->description(), printable(name), safetensors_name(tensor.dtype));
      const bool rows_may_differ = is_vocabulary_tensor(name);
      if (rows_may_differ && tensor.shape.size() != 2)
        fail("{} ({}): tensor {} is {}, not rows of embeddings", source.name, source.weights->description(),
             printable(name), shape_string(tensor.shape));
      const bool same = rows_may_differ ? tensor.shape[1] == first.shape[1] : tensor.shape == first.shape;
      if (!same)
        fail("tensor {} is {} in {} and {} in {}: these models cannot be merged", printable(name),
             shape_string(first.shape), sources_[0].name, shape_string(tensor.shape), source.name);
    }
  }

  int64_t rows(const MergeSource& source, const std::string& name) const {
    return source.weights->find(name)->shape[0];
  }

  std::shared_ptr<const RowAlignment> align(const std::string& name) const {
    std::vector<RowAlignment::Model> models;
    for (size_t i = 0; i < sources_.size(); ++i)
      models.push_back({vocabularies_[i + 1].get(), rows(sources_[i], name)});
    const auto base = has_base_ ? std::optional(sources_.size() - 1) : std::nullopt;
    return std::make_shared<const RowAlignment>(*vocabularies_[0], models, base, recipe_.pad_to_multiple_of);
  }

  void cut_to_common_rows(const std::string& name) {
    int64_t least = rows(sources_[0], name);
    for (const MergeSource& source : sources_) least = std::min(least, rows(source, name));
    for (MergeSource& source : sources_) {
      if (rows(source, name) == least) continue;
      remarks_.push_back(fmt::format(
          "{}: without \"tokenizer\", only the first {} of the {} rows that {} has of the tensor {} are merged",
          recipe_.source, least, rows(source, name), printable(source.name), name));
      source.weights = with_first_rows(source.weights, name, least);
    }
  }

  const Recipe& recipe_;
  bool has_base_ = false;
  std::vector<MergeSource> sources_;                            // what takes part: the models, then the base
  std::vector<int> models_;                                     // positions in the recipe of the models among sources_
  std::vector<std::shared_ptr<const TokenRows>> vocabularies_;  // the output's, then each source's
  std::vector<std::string> names_;
  int64_t layers_ = 0;
  std::vector<std::string> remarks_;
};

}  // namespace

MergedModel plan_merge(const Recipe& recipe, const MergeSources& sources) {
  return Planner(recipe, sources).plan();
}

}  // namespace vlrm
