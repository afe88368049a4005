#include "family/config.h"

#include <algorithm>

#include "base/error.h"
#include "family/tensor_shapes.h"

namespace vlrm {
namespace {

// Of the side of an image: low enough that the positions of all tiles, times a width, stay within 64 bits.
constexpr int64_t kLargestImage = 1 << 14;
constexpr int64_t kMostTiles = 1024;

// One object of a config.json ("text_config"), with getters that name the file and the field.
class Fields {
 public:
  // `defaulted` gets the sizes that are not there.
  Fields(const Json& object, std::string source, std::vector<std::string>& defaulted)
      : object_(object), source_(std::move(source)), defaulted_(defaulted) {
    if (!object_.is_object()) vlrm::fail("{}: not a JSON object", source_);
  }

  const std::string& source() const { return source_; }
  bool has(const std::string& key) const { return object_.contains(key) && !object_.at(key).is_null(); }
  const Json& at(const std::string& key) const { return object_.at(key); }
  Fields inside(const std::string& key) const { return {object_.at(key), source_ + ": " + key, defaulted_}; }

  Fields required_object(const std::string& key) const {
    required<Json>(key);
    return inside(key);
  }

  template <class T>
  T get(const std::string& key, T fallback) const {
    return optional_field<T>(object_, key, fallback, source_);
  }
  template <class T>
  T required(const std::string& key) const {
    return required_field<T>(object_, key, source_);
  }
  std::string text(const std::string& key, const std::string& fallback) const { return get(key, fallback); }

  int64_t count(const std::string& key, std::optional<int64_t> fallback, int64_t most = json_limits::kCount) const {
    const int64_t value = fallback ? get<int64_t>(key, *fallback) : required<int64_t>(key);
    if (value < 1 || value > most) fail(key, fmt::format("{} is not between 1 and {}", value, most));
    return value;
  }
  // A count that shapes of tensors are made of.
  int64_t size(const std::string& key, int64_t fallback, int64_t most = json_limits::kCount) const {
    if (!has(key)) defaulted_.push_back(key);
    return count(key, fallback, most);
  }
  double positive(const std::string& key, double fallback) const {
    const double value = get(key, fallback);
    if (!(value > 0)) fail(key, fmt::format("{} is not above 0", value));
    return value;
  }
  // Refuses every value but the one that is implemented, which is also the default.
  void only(const std::string& key, const Json& supported) const {
    if (has(key) && at(key) != supported)
      fail(key, fmt::format("{} is not supported, only {}", printable(at(key).dump(-1, ' ', true)), supported.dump()));
  }
  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    vlrm::fail("{}: \"{}\"{}: {}", source_, key, has(key) ? "" : " (missing, so transformers' default)", what);
  }

 private:
  const Json& object_;
  std::string source_;
  std::vector<std::string>& defaulted_;
};

// rope_scaling, or rope_parameters as later transformers write it (with rope_theta inside).
void read_rope(const Fields& fields, TextConfig& text, double default_theta) {
  text.rope_theta = fields.positive("rope_theta", default_theta);
  const std::string key = fields.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!fields.has(key)) return;
  const Fields rope = fields.inside(key);
  text.rope_theta = rope.positive("rope_theta", text.rope_theta);
  if (key == "rope_scaling" && !rope.has("rope_type") && !rope.has("type"))
    fields.fail(key, "has no \"rope_type\", so transformers cannot load the model either; add it, or remove the field");
  const std::string type = rope.has("rope_type") ? rope.text("rope_type", "") : rope.text("type", "default");
  if (type == "default") return;
  if (type != "llama3")
    rope.fail("rope_type", fmt::format("\"{}\" is not supported, only \"llama3\"", printable(type)));
  RopeScaling scaling;
  scaling.factor = rope.required<double>("factor");
  scaling.low_freq_factor = rope.required<double>("low_freq_factor");
  scaling.high_freq_factor = rope.required<double>("high_freq_factor");
  scaling.original_max_position_embeddings = rope.count("original_max_position_embeddings", std::nullopt);
  if (!(scaling.factor > 0 && scaling.low_freq_factor > 0 && scaling.high_freq_factor > scaling.low_freq_factor))
    fields.fail(key, "factor and low_freq_factor must be above 0, and high_freq_factor above low_freq_factor");
  text.rope_scaling = scaling;
}

void check_heads(const Fields& fields, const TextConfig& text) {
  if (text.attention_heads % text.key_value_heads != 0)
    fields.fail("num_key_value_heads",
                fmt::format("{} does not divide the {} attention heads", text.key_value_heads, text.attention_heads));
  if (text.head_size % 2 != 0) fields.fail("head_dim", fmt::format("{} is odd", text.head_size));
}

// Where neither says how many heads share the hidden size, they must divide it.
int64_t default_head_size(const Fields& fields, const TextConfig& text) {
  if (text.hidden_size % text.attention_heads != 0)
    fields.fail("hidden_size",
                fmt::format("{} is no multiple of the {} attention heads", text.hidden_size, text.attention_heads));
  return text.hidden_size / text.attention_heads;
}

TextConfig read_llama(const Fields& fields) {
  fields.only("hidden_act", "silu");
  fields.only("attention_bias", false);
  fields.only("mlp_bias", false);
  TextConfig text;
  text.vocab_size = fields.size("vocab_size", 32000);
  text.hidden_size = fields.size("hidden_size", 4096);
  text.intermediate_size = fields.size("intermediate_size", 11008);
  text.layers = fields.size("num_hidden_layers", 32, json_limits::kRepeats);
  text.attention_heads = fields.count("num_attention_heads", 32);
  text.key_value_heads = fields.count("num_key_value_heads", text.attention_heads);
  text.head_size = fields.has("head_dim") ? fields.count("head_dim", std::nullopt) : default_head_size(fields, text);
  text.positions = fields.count("max_position_embeddings", 2048);
  text.rms_norm_eps = fields.positive("rms_norm_eps", 1e-6);
  text.tie_word_embeddings = fields.get("tie_word_embeddings", false);
  read_rope(fields, text, 10000);
  check_heads(fields, text);
  return text;
}

std::vector<int64_t> read_layer_indices(const Fields& fields, const std::string& key, std::vector<int64_t> fallback,
                                        int64_t layers) {
  std::vector<int64_t> indices = fields.get(key, std::move(fallback));
  std::vector<int64_t> sorted = indices;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) fields.fail(key, "names a layer twice");
  if (!sorted.empty() && (sorted.front() < 0 || sorted.back() >= layers))
    fields.fail(key, fmt::format("names a layer outside of the {} there are", layers));
  return indices;
}

TextConfig read_mllama_text(const Fields& fields) {
  fields.only("hidden_act", "silu");
  TextConfig text;
  text.vocab_size = fields.size("vocab_size", 128256);
  text.hidden_size = fields.size("hidden_size", 4096);
  text.intermediate_size = fields.size("intermediate_size", 14336);
  text.layers = fields.size("num_hidden_layers", 40, json_limits::kRepeats);
  text.attention_heads = fields.count("num_attention_heads", 32);
  text.key_value_heads = fields.count("num_key_value_heads", 8);
  text.head_size = default_head_size(fields, text);
  text.positions = fields.count("max_position_embeddings", 131072);
  text.rms_norm_eps = fields.positive("rms_norm_eps", 1e-5);
  text.tie_word_embeddings = fields.get("tie_word_embeddings", false);
  read_rope(fields, text, 500000);
  check_heads(fields, text);
  text.cross_attention_layers =
      read_layer_indices(fields, "cross_attention_layers", {3, 8, 13, 18, 23, 28, 33, 38}, text.layers);
  std::sort(text.cross_attention_layers.begin(), text.cross_attention_layers.end());
  return text;
}

void read_aspect_ratios(const Fields& fields, VisionConfig& vision) {
  const std::string key = "supported_aspect_ratios";
  if (!fields.has(key) && vision.max_tiles != 4)
    fail("{}: the field \"{}\" is missing, and has no default where max_num_tiles is {}", fields.source(), key,
         vision.max_tiles);
  vision.supported_aspect_ratios = fields.get<std::vector<std::vector<int64_t>>>(
      key, {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 1}, {2, 2}, {3, 1}, {4, 1}});
  if (vision.supported_aspect_ratios.empty()) fields.fail(key, "is empty");
  for (const auto& ratio : vision.supported_aspect_ratios) {
    const bool fits = ratio.size() == 2 && std::min(ratio[0], ratio[1]) >= 1 &&
                      std::max(ratio[0], ratio[1]) <= vision.max_tiles && ratio[0] * ratio[1] <= vision.max_tiles;
    if (!fits) fields.fail(key, fmt::format("must be pairs of rows and columns of at most {} tiles", vision.max_tiles));
  }
}

VisionConfig read_mllama_vision(const Fields& fields) {
  fields.only("hidden_act", "gelu");
  fields.only("num_channels", 3);
  VisionConfig vision;
  vision.image_size = fields.size("image_size", 448, kLargestImage);
  vision.patch_size = fields.count("patch_size", 14);
  vision.max_tiles = fields.count("max_num_tiles", 4, kMostTiles);
  vision.hidden_size = fields.size("hidden_size", 1280);
  vision.intermediate_size = fields.size("intermediate_size", 5120);
  // Written as attention_heads, taken by the constructor as num_attention_heads; the written name wins.
  vision.attention_heads = fields.count("attention_heads", fields.count("num_attention_heads", 16));
  vision.local_layers = fields.size("num_hidden_layers", 32, json_limits::kRepeats);
  vision.global_layers = fields.size("num_global_layers", 8, json_limits::kRepeats);
  vision.norm_eps = fields.positive("norm_eps", 1e-5);
  // In the order written: features are concatenated in it.
  vision.intermediate_layers =
      read_layer_indices(fields, "intermediate_layers_indices", {3, 7, 15, 23, 30}, vision.local_layers);
  read_aspect_ratios(fields, vision);
  if (vision.image_size < vision.patch_size) fields.fail("image_size", "is smaller than patch_size");
  if (vision.hidden_size % vision.attention_heads != 0)
    fields.fail("hidden_size",
                fmt::format("{} is no multiple of the {} attention heads", vision.hidden_size, vision.attention_heads));
  vision.output_size = fields.count("vision_output_dim", 7680);
  const int64_t expected = vision.hidden_size * (1 + static_cast<int64_t>(vision.intermediate_layers.size()));
  if (vision.output_size != expected)
    fields.fail("vision_output_dim", fmt::format("is {}, but hidden_size and intermediate_layers_indices give {}",
                                                 vision.output_size, expected));
  return vision;
}

Head read_head(const Fields& fields) {
  const auto architectures = fields.get<std::vector<std::string>>("architectures", {});
  if (architectures.empty() || !architectures.front().ends_with("ForSequenceClassification"))
    return Head::language_model;
  int64_t labels = 2;  // transformers' default
  if (fields.has("id2label")) {
    if (!fields.at("id2label").is_object()) fields.fail("id2label", "is no object of labels by id");
    labels = static_cast<int64_t>(fields.at("id2label").size());
  }
  if (fields.has("num_labels")) labels = fields.required<int64_t>("num_labels");
  if (labels != 1) fields.fail("id2label", fmt::format("a reward model has one label, this classifier has {}", labels));
  return Head::reward;
}

std::optional<Dtype> read_dtype(const Fields& fields) {
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

ModelConfig ModelConfig::from_json(const Json& json, const std::filesystem::path& path) {
  ModelConfig config;
  const Fields fields(json, path.string(), config.defaulted_sizes);
  const auto type = fields.required<std::string>("model_type");
  if (type == "llama") {
    config.text = read_llama(fields);
  } else if (type == "mllama") {
    // In transformers a part that is left out is the default part, a model of 10 billion parameters: hardly this one.
    config.text = read_mllama_text(fields.required_object("text_config"));
    config.vision = read_mllama_vision(fields.required_object("vision_config"));
    config.image_token = fields.get<int32_t>("image_token_index", 128256);
    if (config.image_token < 0 || config.image_token >= config.text.vocab_size + kReservedRows)
      fields.fail("image_token_index",
                  fmt::format("{} is not below {}, vocab_size and {} reserved rows", config.image_token,
                              config.text.vocab_size + kReservedRows, kReservedRows));
  } else {
    fields.fail("model_type", fmt::format("\"{}\" is not supported, only \"llama\" and \"mllama\"", printable(type)));
  }
  config.head = read_head(fields);
  if (fields.has("pad_token_id")) config.pad_token = fields.required<int32_t>("pad_token_id");
  config.dtype = read_dtype(fields);
  return config;
}

}  // namespace vlrm
