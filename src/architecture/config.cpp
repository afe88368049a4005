#include "architecture/config.h"

#include "architecture/architecture.h"
#include "architecture/config_fields.h"
#include "architecture/reward_head.h"

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

Head read_head(const ConfigFields& fields, const Checkpoint* weights) {
  const auto architectures = fields.get<std::vector<std::string>>("architectures", {});
  if (architectures.empty() || !architectures.front().ends_with("ForSequenceClassification"))
    return Head::language_model;
  int64_t labels = (weights != nullptr ? labels_of(*weights) : std::nullopt).value_or(2);  // transformers' default
  if (fields.has("id2label")) {
    if (!fields.at("id2label").is_object()) fields.fail("id2label", "is no object of labels by id");
    labels = static_cast<int64_t>(fields.at("id2label").size());
  }
  if (fields.has("num_labels")) labels = fields.required<int64_t>("num_labels");
  if (labels != 1) fields.fail("id2label", fmt::format("a reward model has one label, this classifier has {}", labels));
  return Head::reward;
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

ModelConfig ModelConfig::from_directory(const std::filesystem::path& directory) {
  const auto path = directory / "config.json";
  return from_json(read_json_or_throw(path), path);
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
  config.head = read_head(fields, weights);
  if (fields.has("pad_token_id")) config.pad_token = fields.required<int32_t>("pad_token_id");
  const int64_t rows = config.text.vocab_size + config.architecture->reserved_rows;
  if (config.pad_token.value_or(-1) >= rows)
    fields.fail("pad_token_id", fmt::format("is outside the {} rows of the embeddings, so transformers cannot load the "
                                            "model either; correct it",
                                            rows));
  config.dtype = read_dtype(fields);
  return config;
}

}  // namespace vlrm
