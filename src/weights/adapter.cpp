#include "weights/adapter.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "base/target_clones.h"
#include "weights/adapter_config.h"
#include "weights/chunks.h"
#include "weights/safetensors.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::string_view kPrefix = "base_model.model.", kOriginal = ".original_module.";
constexpr std::array<std::string_view, 2> kSavedModules{".modules_to_save.default", ".modules_to_save"};
constexpr const char* kScore = "score.weight";
constexpr int64_t kLargestRank = 1 << 16;
// How peft names the two factors of a weight.
struct FactorNames {
  std::string_view a, b;
  bool of_embedding = false;  // they are factors of the weight's transpose
};
constexpr std::array<FactorNames, 2> kFactors{
    {{".lora_A", ".lora_B", false}, {".lora_embedding_A", ".lora_embedding_B", true}}};

VLRM_TARGET_CLONES void add_scaled(float factor, const float* x, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; ++i) sum[i] += factor * x[i];
}

// The factors of one weight, [rank, inputs] and [outputs, rank], by their names in the adapter.
struct Factors {
  std::string a, b;
  float scaling = 0;
  bool transposed = false;  // the weight is [inputs, outputs]
};

// W + scaling · B·A, a row at a time: A's rows, weighted, are added up.
class AdaptedTensor final : public TensorReader {
 public:
  AdaptedTensor(std::unique_ptr<TensorReader> weight, std::vector<float> rows_factors, std::vector<float> column_rows,
                int64_t rank, float scaling)
      : weight_(std::move(weight)),
        row_factors_(std::move(rows_factors)),
        column_rows_(std::move(column_rows)),
        rank_(rank),
        scaling_(scaling),
        columns_(weight_->info().shape.at(1)) {}

  const TensorInfo& info() const override { return weight_->info(); }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    std::vector<float> values(static_cast<size_t>(std::min(count, kPieceElements)));
    for_each_piece(first, count, [&](int64_t start, int64_t size) {
      read_float32(start, size, values.data());
      from_float32(std::span(values).first(static_cast<size_t>(size)), info().dtype,
                   out + (start - first) * size_of(info().dtype));
    });
  }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    weight_->read_float32(first, count, out);
    std::vector<float> sum;
    for (int64_t done = 0; done < count;) {
      const int64_t row = (first + done) / columns_, column = (first + done) % columns_;
      const int64_t size = std::min(count - done, columns_ - column);
      sum.assign(static_cast<size_t>(size), 0.0f);
      for (int64_t k = 0; k < rank_; ++k)
        add_scaled(row_factors_[static_cast<size_t>(row * rank_ + k)], column_rows_.data() + k * columns_ + column,
                   size, sum.data());
      add_scaled(scaling_, sum.data(), size, out + done);
      done += size;
    }
  }

 private:
  std::unique_ptr<TensorReader> weight_;
  std::vector<float> row_factors_;  // [rows of the weight, rank]
  std::vector<float> column_rows_;  // [rank, columns of the weight]
  int64_t rank_;
  float scaling_;
  int64_t columns_;
};

std::vector<float> transposed(const std::vector<float>& matrix, int64_t rows, int64_t columns) {
  std::vector<float> result(matrix.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      result[static_cast<size_t>(j * rows + i)] = matrix[static_cast<size_t>(i * columns + j)];
  return result;
}

// A whole tensor, of the adapter or of the model, in the type and place that the adapted model has it in.
class Replacement final : public TensorReader {
 public:
  Replacement(TensorInfo info, std::unique_ptr<TensorReader> source)
      : info_(std::move(info)), source_(std::move(source)) {}
  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    if (source_->info().dtype == info_.dtype) return source_->read(first, count, out);
    std::vector<float> values(static_cast<size_t>(count));
    source_->read_float32(first, count, values.data());
    from_float32(values, info_.dtype, out);
  }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    source_->read_float32(first, count, out);
  }

 private:
  TensorInfo info_;
  std::unique_ptr<TensorReader> source_;
};

class AdaptedCheckpoint final : public Checkpoint {
 public:
  AdaptedCheckpoint(CheckpointPtr model, CheckpointPtr adapter)
      : model_(std::move(model)), adapter_(std::move(adapter)), tensors_(model_->tensors()) {}

  // false where the tensor has some already.
  bool adapt(const std::string& name, Factors factors) { return factors_.emplace(name, std::move(factors)).second; }
  // `info`, which may be new to the model, is the tensor `by` of the adapter.
  bool replace(const TensorInfo& info, const std::string& by) { return put(info, adapter_.get(), by); }
  // `info` is the tensor `by` of the model as it was, whatever becomes of that.
  void keep(const TensorInfo& info, const std::string& by) { put(info, model_.get(), by); }
  bool replaces(const std::string& name) const { return wholes_.contains(name); }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return model_->description() + " + " + adapter_->description(); }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const std::string key(name);
    const auto whole = wholes_.find(key);
    auto weight = whole == wholes_.end() ? model_->prepare(name)
                                         : std::make_unique<Replacement>(
                                               info_or_throw(name), whole->second.source->prepare(whole->second.name));
    const auto found = factors_.find(key);
    if (found == factors_.end()) return weight;
    const Factors& factors = found->second;
    const TensorInfo& a = adapter_->info_or_throw(factors.a);
    const TensorInfo& b = adapter_->info_or_throw(factors.b);
    std::vector<float> rows = read_all_float32(*adapter_, factors.b), columns = read_all_float32(*adapter_, factors.a);
    if (factors.transposed) {  // Wᵀ + Aᵀ·Bᵀ
      std::vector<float> of_inputs = transposed(columns, a.shape[0], a.shape[1]);
      columns = transposed(rows, b.shape[0], b.shape[1]);
      rows = std::move(of_inputs);
    }
    return std::make_unique<AdaptedTensor>(std::move(weight), std::move(rows), std::move(columns), a.shape[0],
                                           factors.scaling);
  }

 private:
  struct Whole {
    const Checkpoint* source;
    std::string name;
  };
  bool put(const TensorInfo& info, const Checkpoint* source, const std::string& name) {
    if (!wholes_.emplace(info.name, Whole{source, name}).second) return false;
    const auto place = std::ranges::lower_bound(tensors_, info.name, {}, &TensorInfo::name);
    if (place != tensors_.end() && place->name == info.name)
      *place = info;
    else
      tensors_.insert(place, info);
    return true;
  }

  const CheckpointPtr model_, adapter_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, Factors> factors_;
  std::map<std::string, Whole> wholes_;
};

// Sorts an adapter's tensors onto the model's.
class Matcher {
 public:
  Matcher(const AdapterTarget& target, const fs::path& directory, CheckpointPtr adapter)
      : config_(directory), target_(target), model_(target.weights), adapter_(std::move(adapter)) {}

  CheckpointPtr match() {
    if (adapter_->tensors().empty()) fail("{}: holds no tensor: there is nothing to apply", adapter_->description());
    auto adapted = std::make_shared<AdaptedCheckpoint>(model_, adapter_);
    std::vector<const TensorInfo*> wholes, factors;
    for (const TensorInfo& tensor : adapter_->tensors()) {
      if (!tensor.name.starts_with(kPrefix))
        fail("{}: tensor {}: names of an adapter begin with {}", adapter_->description(), printable(tensor.name),
             kPrefix);
      if (tensor.name.find(kOriginal) != std::string::npos) continue;  // the model's own, beside the saved one
      if (is_saved_again(tensor.name)) continue;
      (is_factor(tensor) ? factors : wholes).push_back(&tensor);
    }
    const bool tied = target_.tied && std::ranges::none_of(wholes, [&](const TensorInfo* tensor) {
                        return is_vocabulary(*tensor) && is_copy(tensor->name);
                      });
    if (tied) replace_shared(*adapted, wholes);
    for (const TensorInfo* tensor : wholes) replace(*adapted, *tensor, name_in_model(*tensor));
    for (const TensorInfo* tensor : factors) adapt_by(*adapted, *tensor);  // what may just have been replaced
    if (target_.tied && !tied) untie(*adapted);
    require_equal_rows(*adapted);
    const bool scores = adapted->find(kScore) != nullptr;
    if (config_.is_classifier() && !scores)
      fail("{}: task_type is SEQ_CLS, but neither the adapter nor its model has a {}", config_.file(), kScore);
    if (!scores || model_->find(kScore) != nullptr) return adapted;
    return renamed(adapted, [head = target_.head](const std::string& name) {
      return name == head ? std::nullopt : std::optional(name);  // a classifier has none
    });
  }

 private:
  // peft writes embeddings that were resized and trained twice: on their own, and as what was trained, which counts.
  bool is_saved_again(const std::string& name) const {
    const size_t dot = name.rfind('.');
    return std::ranges::any_of(kSavedModules, [&](std::string_view wrapper) {
      return adapter_->find(name.substr(0, dot) + std::string(wrapper) + name.substr(dot)) != nullptr;
    });
  }

  static bool is_factor(const TensorInfo& tensor) {
    const std::string name = tensor.name.substr(kPrefix.size());
    return std::ranges::any_of(
        kFactors, [&](const FactorNames& names) { return module_of(name, names.a) || module_of(name, names.b); });
  }

  // Both factors of a weight are noted with the first.
  void adapt_by(AdaptedCheckpoint& adapted, const TensorInfo& factor) const {
    const std::string name = factor.name.substr(kPrefix.size());
    for (const FactorNames& names : kFactors) {
      if (const auto module = module_of(name, names.a))
        adapt(adapted, factor, other_factor(factor, names.a, names.b), *module,
              names.of_embedding || target_.transposed);
      if (module_of(name, names.b)) other_factor(factor, names.b, names.a);
    }
  }

  const TensorInfo& other_factor(const TensorInfo& factor, std::string_view own, std::string_view other) const {
    std::string name = factor.name;
    name.replace(name.rfind(own), own.size(), other);
    const TensorInfo* found = adapter_->find(name);
    if (found == nullptr)
      fail("{}: tensor {}: its other factor, {}, is not there", adapter_->description(), printable(factor.name),
           printable(name));
    return *found;
  }

  // "….q_proj" of "….q_proj.lora_A.weight" or "….lora_A.default.weight".
  static std::optional<std::string> module_of(const std::string& name, std::string_view factor) {
    const size_t at = name.find(factor);
    if (at == name.npos) return std::nullopt;
    const std::string rest = name.substr(at + factor.size());
    const bool known = rest.empty() || rest == ".weight" || rest == ".default.weight" || rest == ".default";
    return known ? std::optional(name.substr(0, at)) : std::nullopt;
  }

  // The name of a tensor that is saved whole: without what says so (modules_to_save), or that there are factors for it,
  // too ("….embed_tokens.base_layer.weight").
  static std::string name_in_model(const TensorInfo& whole) {
    std::string name = whole.name.substr(kPrefix.size());
    const auto erase = [&](std::string_view wrapper) {
      if (const size_t at = name.find(wrapper); at != name.npos) name.erase(at, wrapper.size());
    };
    std::ranges::for_each(kSavedModules, erase);
    erase(".base_layer");
    return name;
  }

  bool is_vocabulary(const std::string& name) const { return name == target_.embeddings || name == target_.head; }
  bool is_vocabulary(const TensorInfo& whole) const {
    const auto renamed = target_.name_of(name_in_model(whole));
    return renamed && is_vocabulary(*renamed);
  }

  // Whether peft loads a whole tensor beside the model's, in place of which it stands, and not into that.
  bool is_copy(const std::string& name) const {
    const std::string module = name.substr(0, name.rfind('.'));
    return config_.is_saved(module) ||
           std::ranges::any_of(kSavedModules, [&](std::string_view wrapper) { return module.ends_with(wrapper); });
  }

  // Embeddings that are the head, too, and stay it: peft loads either into the one tensor, and the head last. Takes
  // both from `wholes`.
  void replace_shared(AdaptedCheckpoint& adapted, std::vector<const TensorInfo*>& wholes) const {
    const auto rest = std::stable_partition(wholes.begin(), wholes.end(),
                                            [&](const TensorInfo* tensor) { return !is_vocabulary(*tensor); });
    const std::vector<const TensorInfo*> shared(rest, wholes.end());
    wholes.erase(rest, wholes.end());
    if (shared.empty()) return;
    const auto is_head = [&](const TensorInfo* tensor) {
      return target_.name_of(name_in_model(*tensor)) == target_.head;
    };
    const auto head = std::ranges::find_if(shared, is_head);
    const TensorInfo& last = head != shared.end() ? **head : *shared.front();
    for (const TensorInfo* tensor : shared)
      if (tensor->shape != last.shape) fail_rows();
    replace_by(adapted, last, model_->info_or_throw(target_.embeddings));
  }

  // What peft leaves of tied embeddings when a copy of one of the two was trained: both, each its own.
  void untie(AdaptedCheckpoint& adapted) const {
    const bool embeddings = adapted.replaces(target_.embeddings), head = adapted.replaces(target_.head);
    if (!embeddings || head || adapted.find(kScore) != nullptr) return;
    TensorInfo own = model_->info_or_throw(target_.embeddings);
    own.name = target_.head;
    adapted.keep(own, target_.embeddings);
  }

  // Of embeddings and head, where the adapter's have other rows than the model's.
  void require_equal_rows(const AdaptedCheckpoint& adapted) const {
    const TensorInfo* embeddings = adapted.find(target_.embeddings);
    const TensorInfo* head = adapted.find(target_.head);
    const TensorInfo* before = model_->find(target_.embeddings);
    if (embeddings == nullptr || before == nullptr) return;
    const int64_t added = embeddings->shape.at(0) - before->shape.at(0);
    const TensorInfo* head_before = target_.tied ? before : model_->find(target_.head);
    const int64_t added_to_head = head && head_before ? head->shape.at(0) - head_before->shape.at(0) : added;
    if (added != added_to_head && adapted.find(kScore) == nullptr) fail_rows();
  }
  [[noreturn]] void fail_rows() const {
    fail("{}: its {} and {} have other rows than the model's, but not equally many more", adapter_->description(),
         printable(target_.embeddings), printable(target_.head));
  }

  // Of `model`, which may have been changed by now.
  const TensorInfo& weight_or_throw(const Checkpoint& model, const TensorInfo& factor, const std::string& name) const {
    const auto renamed = target_.name_of(name);
    const TensorInfo* weight = renamed ? model.find(*renamed) : nullptr;
    if (weight == nullptr)
      fail("{}: tensor {}: the model ({}) has no {}", adapter_->description(), printable(factor.name),
           model_->description(), printable(name));
    if (!is_float(weight->dtype))
      fail("{}: tensor {}: the model's {} is {}", adapter_->description(), printable(factor.name), printable(name),
           safetensors_name(weight->dtype));
    return *weight;
  }

  void adapt(AdaptedCheckpoint& adapted, const TensorInfo& a, const TensorInfo& b, const std::string& module,
             bool is_transposed) const {
    if (target_.tied)
      if (const auto name = target_.name_of(module + ".weight"); name && is_vocabulary(*name))
        fail("{}: tensor {}: factors of embeddings that are the head, too (tie_word_embeddings), cannot be merged",
             adapter_->description(), printable(a.name));
    const TensorInfo weight = weight_or_throw(adapted, a, module + ".weight");
    const auto is_matrix = [](const TensorInfo& tensor) { return tensor.shape.size() == 2 && is_float(tensor.dtype); };
    if (!is_matrix(a) || !is_matrix(b) || !is_matrix(weight))
      fail("{}: tensor {}: only factors of matrices can be merged", adapter_->description(), printable(a.name));
    const int64_t rank = a.shape[0], inputs = weight.shape[is_transposed ? 0 : 1],
                  outputs = weight.shape[is_transposed ? 1 : 0];
    if (rank < 1 || rank > kLargestRank || a.shape[1] != inputs || b.shape[0] != outputs || b.shape[1] != rank)
      fail("{}: tensors {} and {} are {} and {}, which are no factors of {} {}", adapter_->description(),
           printable(a.name), printable(b.name), shape_string(a.shape), shape_string(b.shape), printable(weight.name),
           shape_string(weight.shape));
    if (static_cast<double>(rank) != config_.rank(module))
      fail("{}: the rank of {} is {}, but {} has {}", config_.file(), printable(module), config_.rank(module),
           printable(a.name), rank);
    if (!adapted.adapt(weight.name, {a.name, b.name, config_.scaling(module), is_transposed})) fail_twice(a, weight);
  }

  // What the adapted model has in place of its own tensor `name`, or besides: a head of tied embeddings, a score.
  TensorInfo place_of(const TensorInfo& whole, const std::string& name) const {
    const auto renamed = target_.name_of(name);
    const TensorInfo* embeddings = model_->find(target_.embeddings);
    const bool new_head = renamed == target_.head && target_.tied && embeddings != nullptr;
    if (new_head) return {target_.head, embeddings->dtype, embeddings->shape};
    if (renamed == kScore && model_->find(kScore) == nullptr && embeddings != nullptr && whole.shape.size() == 2)
      return {kScore, whole.dtype, {whole.shape[0], embeddings->shape.at(1)}};
    return weight_or_throw(*model_, whole, name);
  }

  void replace(AdaptedCheckpoint& adapted, const TensorInfo& whole, const std::string& name) const {
    replace_by(adapted, whole, place_of(whole, name));
  }
  void replace_by(AdaptedCheckpoint& adapted, const TensorInfo& whole, TensorInfo place) const {
    const bool other_rows = is_vocabulary(place.name) && whole.shape.size() == 2 && place.shape.size() == 2 &&
                            whole.shape[1] == place.shape[1];
    if (!is_float(whole.dtype) || (whole.shape != place.shape && !other_rows))
      fail("{}: tensor {} is {} {}, the model's {} {} {}", adapter_->description(), printable(whole.name),
           safetensors_name(whole.dtype), shape_string(whole.shape), printable(place.name),
           safetensors_name(place.dtype), shape_string(place.shape));
    if (target_.tied && config_.keeps_ties() && is_vocabulary(place.name) && is_copy(whole.name))
      fail("{}: ensure_weight_tying of embeddings that are trained is not supported", config_.file());
    place.shape = whole.shape;
    if (!adapted.replace(place, whole.name)) fail_twice(whole, place);
  }

  [[noreturn]] void fail_twice(const TensorInfo& tensor, const TensorInfo& weight) const {
    fail("{}: tensor {}: there is another for the model's {}", adapter_->description(), printable(tensor.name),
         printable(weight.name));
  }

  const AdapterConfig config_;
  const AdapterTarget& target_;
  const CheckpointPtr model_, adapter_;
};

}  // namespace

CheckpointPtr open_adapter(const fs::path& directory) {
  const fs::path file = directory / "adapter_model.safetensors";
  if (fs::exists(file)) return open_safetensors_file(file);
  if (fs::exists(directory / "adapter_model.bin"))
    fail("{}: is a pickle, which is never loaded; save the adapter as safetensors",
         (directory / "adapter_model.bin").string());
  fail("{}: is not there", file.string());
}

CheckpointPtr with_adapter(const AdapterTarget& target, const fs::path& directory, CheckpointPtr adapter) {
  return Matcher(target, directory, std::move(adapter)).match();
}

}  // namespace vlrm
