#include "architecture/config.h"

#include "architecture/architecture.h"
#include "architecture/config_fields.h"
#include "architecture/reward_head.h"
#include "base/error.h"
#include "base/hub_cache.h"

namespace vlrm {
namespace {

std::string supported_types() {
  std::string types;
  for (const Architecture* architecture : architectures())
    types += fmt::format("{}\"{}\"", types.empty() ? "" : ", ", architecture->type);
  return types;
}

// Rows of the last layer of a head.
std::optional<int64_t> labels_of(const Checkpoint& weights) {
  const std::vector<HeadLayer> layers = reward_head_layers(weights);
  const TensorInfo* last = layers.empty() ? nullptr : weights.find(layers.back().weight);
  return last == nullptr || last->shape.empty() ? std::nullopt : std::optional(last->shape[0]);
}

bool is_classifier(const ConfigFields& fields) {
  const auto architectures = fields.get<std::vector<std::string>>("architectures", {});
  return !architectures.empty() && architectures.front().ends_with("ForSequenceClassification");
}

// The names of a classifier's labels, by their numbers.
std::vector<std::string> read_labels(const ConfigFields& fields, const Checkpoint* weights) {
  constexpr int64_t kMostLabels = 4096, kTransformersDefault = 2;
  int64_t count = (weights != nullptr ? labels_of(*weights) : std::nullopt).value_or(kTransformersDefault);
  const bool named = fields.has("id2label");
  if (named && !fields.at("id2label").is_object()) fields.fail("id2label", "is no object of labels by id");
  if (named) count = static_cast<int64_t>(fields.at("id2label").size());
  if (fields.has("num_labels")) count = fields.required<int64_t>("num_labels");
  if (count < 1 || count > kMostLabels)
    fields.fail("id2label", fmt::format("has {} labels, which is not between 1 and {}", count, kMostLabels));
  std::vector<std::string> labels;
  for (int64_t i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    const bool has_name = named && fields.at("id2label").contains(id) && fields.at("id2label").at(id).is_string();
    labels.push_back(has_name ? fields.at("id2label").at(id).get<std::string>() : "LABEL_" + id);
  }
  return labels;
}

// A token's number, which has a row of the embeddings.
std::optional<int32_t> read_token(const ConfigFields& fields, const std::string& key, int64_t rows) {
  if (!fields.has(key)) return std::nullopt;
  const auto token = fields.required<int32_t>(key);
  if (token >= rows)
    fields.fail(key, fmt::format("is outside the {} rows of the embeddings, so transformers cannot load the model "
                                 "either; correct it",
                                 rows));
  return token;
}

void read_pad_tokens(const ConfigFields& fields, int64_t rows, ModelConfig& config) {
  config.pad_token = read_token(fields, "pad_token_id", rows);
  // What reads the token before the first one is transformers 4.47, which looks at the top level only.
  if (config.architecture->pooling == Pooling::before_first_pad || !fields.has("text_config")) return;
  const auto of_text = read_token(fields.required_object("text_config"), "pad_token_id", rows);
  if (!config.pad_token)
    config.pad_token = of_text;
  else if (of_text && *of_text != *config.pad_token)
    config.other_pad_token = of_text;
}

void refuse_quantized(const ConfigFields& fields) {
  if (!fields.has("quantization_config")) return;
  const auto method = fields.required_object("quantization_config").text("quant_method", "another type");
  fields.fail(
      "quantization_config",
      fmt::format("the weights are quantized ({}), which is not supported; use the model that they were made of",
                  printable(method)));
}

std::optional<Dtype> read_dtype(const ConfigFields& fields) {
  const std::string key = fields.has("torch_dtype") ? "torch_dtype" : "dtype";
  if (!fields.has(key)) return std::nullopt;
  const auto name = fields.required<std::string>(key);
  const auto dtype = dtype_from_torch(name);
  if (!dtype || !is_float(*dtype))
    fields.fail(key, fmt::format("\"{}\" is not supported, only float32, float16 and bfloat16", printable(name)));
  return dtype;
}

}  // namespace

OrderedJson read_config(const std::filesystem::path& directory) {
  const auto file = directory / "config.json";
  if (!std::filesystem::exists(file)) fail("{}: is not there{}", file.string(), fetch_advice(directory));
  OrderedJson config = read_object_or_throw(file);
  const auto type = optional_field<std::string>(config, "model_type", "", file.string());
  const Architecture* original = find_original(type);
  return original != nullptr ? original->original->config(config, directory) : config;
}

ModelConfig ModelConfig::from_directory(const std::filesystem::path& directory) {
  return from_json(read_config(directory), directory / "config.json");
}

ModelConfig ModelConfig::from_json(const Json& json, const std::filesystem::path& path, const Checkpoint* weights) {
  ModelConfig config;
  const ConfigFields fields(json, path.string(), config.defaulted_sizes);
  const auto type = fields.required<std::string>("model_type");
  config.architecture = find_architecture(type);
  if (config.architecture == nullptr)
    fields.fail("model_type", fmt::format("\"{}\" is not supported, only {}", printable(type), supported_types()));
  refuse_quantized(fields);
  config.architecture->read(fields, config);
  if (is_classifier(fields)) {
    config.head = Head::reward;
    config.labels = read_labels(fields, weights);
    config.pooling = config.architecture->pooling;
  }
  const int64_t rows = config.text.vocab_size + config.architecture->reserved_rows;
  read_pad_tokens(fields, rows, config);
  config.reward_token = read_token(fields, "reward_token_id", rows);
  config.dtype = read_dtype(fields);
  return config;
}

}  // namespace vlrm
