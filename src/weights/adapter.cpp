#include "weights/adapter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "weights/chunks.h"
#include "weights/safetensors.h"
#include "weights/target_clones.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::string_view kPrefix = "base_model.model.";
constexpr int64_t kLargestRank = 1 << 16;
// Ways to start a training that take from the model's weights what they put into the factors.
constexpr std::array<std::string_view, 5> kResidualStarts{"pissa", "olora", "corda", "loftq", "lora_ga"};

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

// What adapter_config.json says.
class AdapterConfig {
 public:
  explicit AdapterConfig(const fs::path& directory) : file_((directory / "adapter_config.json").string()) {
    if (!fs::exists(file_)) fail("{}: is not there: an adapter has one", file_);
    const OrderedJson config = read_ordered_json_or_throw(file_);
    if (!config.is_object()) fail("{}: not a JSON object", file_);
    const auto kind = required_field<std::string>(config, "peft_type", file_);
    if (kind != "LORA") fail("{}: peft_type is {}; only LORA can be merged", file_, printable(kind));
    if (optional_field(config, "use_dora", false, file_)) fail("{}: DoRA (use_dora) is not supported", file_);
    refuse_other_weights(config);
    rank_ = static_cast<double>(required_field<int64_t>(config, "r", file_));
    alpha_ = optional_field<double>(config, "lora_alpha", 8, file_);
    by_root_ = optional_field(config, "use_rslora", false, file_);
    transposed_ = optional_field(config, "fan_in_fan_out", false, file_);
    ranks_ = patterns(config, "rank_pattern");
    alphas_ = patterns(config, "alpha_pattern");
  }

  const std::string& file() const { return file_; }
  bool transposed() const { return transposed_; }
  double rank(const std::string& module) const { return find(ranks_, module, rank_); }
  float scaling(const std::string& module) const {
    const double divisor = by_root_ ? std::sqrt(rank(module)) : rank(module);
    return static_cast<float>(find(alphas_, module, alpha_) / divisor);
  }

 private:
  using Patterns = std::vector<std::pair<std::string, double>>;  // the first that fits counts

  // Adapters whose weights are not W + B·A with the model's own W.
  void refuse_other_weights(const OrderedJson& config) const {
    if (config.contains("layer_replication") && !config.at("layer_replication").is_null())
      fail("{}: layer_replication is not supported: repeat the layers by \"slices\" first", file_);
    const auto start = config.find("init_lora_weights");
    if (start == config.end() || !start->is_string()) return;
    const auto name = start->get<std::string>();
    if (std::ranges::any_of(kResidualStarts, [&](std::string_view known) { return name.starts_with(known); }))
      fail(
          "{}: init_lora_weights is {}: its factors belong to changed weights, not to the model's; let peft convert it "
          "to a plain LoRA (path_initial_model_for_weight_conversion)",
          file_, printable(name));
  }

  Patterns patterns(const OrderedJson& config, const char* key) const {
    Patterns result;
    if (!config.contains(key) || config.at(key).is_null()) return result;
    if (!config.at(key).is_object()) fail("{}: {} is no object", file_, key);
    for (const auto& [module, value] : config.at(key).items()) {
      if (!value.is_number()) fail("{}: {} of {} is no number", file_, key, printable(module));
      if (module.find_first_of("\\^$*+?()[]{}|") != module.npos)
        fail("{}: {} has \"{}\": patterns that are regular expressions are not supported", file_, key,
             printable(module));
      result.emplace_back(module, value.get<double>());
    }
    return result;
  }

  // A pattern is a module's whole name, or its end behind a dot.
  static double find(const Patterns& patterns, const std::string& module, double fallback) {
    for (const auto& [name, value] : patterns)
      if (module == name || module.ends_with("." + name)) return value;
    return fallback;
  }

  const std::string file_;
  double rank_ = 0, alpha_ = 0;
  bool by_root_ = false, transposed_ = false;
  Patterns ranks_, alphas_;
};

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

class AdaptedCheckpoint final : public Checkpoint {
 public:
  AdaptedCheckpoint(CheckpointPtr model, CheckpointPtr adapter)
      : model_(std::move(model)), adapter_(std::move(adapter)), tensors_(model_->tensors()) {}

  // false where the tensor has some already.
  bool adapt(const std::string& name, Factors factors) { return factors_.emplace(name, std::move(factors)).second; }
  bool replace(const std::string& name, const std::string& by) { return replaced_.emplace(name, by).second; }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return model_->description() + " + " + adapter_->description(); }
  std::unique_ptr<TensorReader> open(std::string_view name) const override {
    const std::string key(name);
    const auto whole = replaced_.find(key);
    auto weight = whole != replaced_.end() ? as_stored(key, whole->second) : model_->open(name);
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
  // A whole tensor of the adapter in the type that the model has it in.
  class Replacement final : public TensorReader {
   public:
    Replacement(TensorInfo info, std::unique_ptr<TensorReader> source)
        : info_(std::move(info)), source_(std::move(source)) {}
    const TensorInfo& info() const override { return info_; }
    void read(int64_t first, int64_t count, std::byte* out) const override {
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
  std::unique_ptr<TensorReader> as_stored(const std::string& name, const std::string& whole) const {
    return std::make_unique<Replacement>(info_or_throw(name), adapter_->open(whole));
  }

  const CheckpointPtr model_, adapter_;
  const std::vector<TensorInfo> tensors_;
  std::map<std::string, Factors> factors_;
  std::map<std::string, std::string> replaced_;
};

// Sorts an adapter's tensors onto the model's.
class Matcher {
 public:
  Matcher(CheckpointPtr model, const fs::path& directory, CheckpointPtr adapter,
          const std::function<std::optional<std::string>(const std::string&)>& name_of)
      : config_(directory), model_(std::move(model)), adapter_(std::move(adapter)), name_of_(name_of) {}

  CheckpointPtr match() {
    if (adapter_->tensors().empty()) fail("{}: holds no tensor: there is nothing to apply", adapter_->description());
    auto adapted = std::make_shared<AdaptedCheckpoint>(model_, adapter_);
    for (const TensorInfo& tensor : adapter_->tensors()) {
      if (!tensor.name.starts_with(kPrefix))
        fail("{}: tensor {}: names of an adapter begin with {}", adapter_->description(), printable(tensor.name),
             kPrefix);
      if (!is_factor(*adapted, tensor))
        replace(*adapted, tensor, without_base_layer(tensor.name.substr(kPrefix.size())));
    }
    return adapted;
  }

 private:
  // Whether `tensor` is a factor of a weight; both are noted with the first.
  bool is_factor(AdaptedCheckpoint& adapted, const TensorInfo& tensor) const {
    const std::string name = tensor.name.substr(kPrefix.size());
    for (const FactorNames& names : kFactors) {
      if (const auto module = module_of(name, names.a)) {
        const TensorInfo& b = other_factor(tensor, names.a, names.b);
        adapt(adapted, tensor, b, *module, names.of_embedding || config_.transposed());
        return true;
      }
      if (module_of(name, names.b)) return other_factor(tensor, names.b, names.a), true;
    }
    return false;
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

  // peft saves an embedding that has factors whole as well: "….embed_tokens.base_layer.weight".
  static std::string without_base_layer(const std::string& name) {
    constexpr std::string_view kLayer = ".base_layer";
    const size_t at = name.find(kLayer);
    return at == name.npos ? name : name.substr(0, at) + name.substr(at + kLayer.size());
  }

  const TensorInfo& weight_or_throw(const TensorInfo& factor, const std::string& name) const {
    const auto renamed = name_of_(name);
    const TensorInfo* weight = renamed ? model_->find(*renamed) : nullptr;
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
    const TensorInfo& weight = weight_or_throw(a, module + ".weight");
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

  void replace(AdaptedCheckpoint& adapted, const TensorInfo& whole, const std::string& name) const {
    const TensorInfo& weight = weight_or_throw(whole, name);
    if (!is_float(whole.dtype) || whole.shape != weight.shape)
      fail("{}: tensor {} is {} {}, the model's {} {} {}", adapter_->description(), printable(whole.name),
           safetensors_name(whole.dtype), shape_string(whole.shape), printable(weight.name),
           safetensors_name(weight.dtype), shape_string(weight.shape));
    if (!adapted.replace(weight.name, whole.name)) fail_twice(whole, weight);
  }

  [[noreturn]] void fail_twice(const TensorInfo& tensor, const TensorInfo& weight) const {
    fail("{}: tensor {}: there is another for the model's {}", adapter_->description(), printable(tensor.name),
         printable(weight.name));
  }

  const AdapterConfig config_;
  const CheckpointPtr model_, adapter_;
  const std::function<std::optional<std::string>(const std::string&)>& name_of_;
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

CheckpointPtr with_adapter(CheckpointPtr model, const fs::path& directory, CheckpointPtr adapter,
                           const std::function<std::optional<std::string>(const std::string&)>& name_of) {
  return Matcher(std::move(model), directory, std::move(adapter), name_of).match();
}

ModelName split_model_name(const std::string& name) {
  const size_t plus = name.find('+');
  std::error_code error;
  if (plus == name.npos || fs::is_directory(name, error)) return {name};
  if (name.find('+', plus + 1) != name.npos) fail("\"{}\": a model takes one adapter, MODEL+ADAPTER", printable(name));
  if (plus == 0 || plus + 1 == name.size()) fail("\"{}\": MODEL+ADAPTER lacks one of the two", printable(name));
  return {name.substr(0, plus), name.substr(plus + 1)};
}

}  // namespace vlrm
