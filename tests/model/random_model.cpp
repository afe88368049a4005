#include "random_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "architecture/llama/llama.h"
#include "architecture/mllama/mllama.h"
#include "architecture/qwen3/qwen3.h"
#include "support/support.h"
#include "vision/mllama_processor.h"

namespace vlrm::testing {
namespace {

struct Stored {
  TensorInfo info;
  std::vector<std::byte> bytes;
};

class MemoryReader : public TensorReader {
 public:
  explicit MemoryReader(const Stored& stored) : stored_(stored) {}
  const TensorInfo& info() const override { return stored_.info; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    const int64_t size = size_of(stored_.info.dtype);
    std::copy_n(stored_.bytes.begin() + first * size, count * size, out);
  }

 private:
  const Stored& stored_;
};

class MemoryCheckpoint : public Checkpoint {
 public:
  explicit MemoryCheckpoint(std::map<std::string, std::shared_ptr<const Stored>> all) : all_(std::move(all)) {
    for (const auto& [name, stored] : all_) infos_.push_back(stored->info);
  }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    return std::make_unique<MemoryReader>(*all_.at(std::string(name)));
  }
  std::string description() const override { return "random model"; }
  const std::map<std::string, std::shared_ptr<const Stored>>& all() const { return all_; }

 private:
  std::map<std::string, std::shared_ptr<const Stored>> all_;
  std::vector<TensorInfo> infos_;
};

class Builder {
 public:
  Builder(uint64_t seed, Dtype dtype) : random_(seed), dtype_(dtype) {}
  void add(const std::string& name, std::vector<int64_t> shape, float mean = 0, float deviation = 0) {
    auto stored = std::make_shared<Stored>();
    stored->info = {name, dtype_, shape};
    if (deviation == 0) deviation = shape.size() > 1 ? 1 / std::sqrt(static_cast<float>(shape.back())) : 0.1f;
    std::normal_distribution<float> normal(mean, deviation);
    std::vector<float> values(static_cast<size_t>(stored->info.elements()));
    for (float& value : values) value = normal(random_);
    stored->bytes.resize(static_cast<size_t>(stored->info.bytes()));
    from_float32(values, dtype_, stored->bytes.data());
    all_[name] = std::move(stored);
  }
  void norm(const std::string& name, int64_t size) { add(name, {size}, 1); }
  void gate(const std::string& name) { add(name, {1}, 0.7f); }
  CheckpointPtr done() { return std::make_shared<MemoryCheckpoint>(std::move(all_)); }

 private:
  std::mt19937_64 random_;
  Dtype dtype_;
  std::map<std::string, std::shared_ptr<const Stored>> all_;
};

void add_text_layer(Builder& builder, const TextConfig& text, const std::string& prefix, bool cross) {
  const std::string attention = prefix + (cross ? "cross_attn." : "self_attn.");
  const int64_t wide = text.attention_heads * text.head_size, narrow = text.key_value_heads * text.head_size;
  builder.add(attention + "q_proj.weight", {wide, text.hidden_size});
  builder.add(attention + "k_proj.weight", {narrow, text.hidden_size});
  builder.add(attention + "v_proj.weight", {narrow, text.hidden_size});
  builder.add(attention + "o_proj.weight", {text.hidden_size, wide});
  if (text.query_key_value_biases) {
    builder.add(attention + "q_proj.bias", {wide});
    builder.add(attention + "k_proj.bias", {narrow});
    builder.add(attention + "v_proj.bias", {narrow});
  }
  if (text.output_bias) builder.add(attention + "o_proj.bias", {text.hidden_size});
  if (text.head_norms && !cross) {
    builder.norm(attention + "q_norm.weight", text.head_size);
    builder.norm(attention + "k_norm.weight", text.head_size);
  }
  builder.norm(prefix + "input_layernorm.weight", text.hidden_size);
  builder.norm(prefix + "post_attention_layernorm.weight", text.hidden_size);
  builder.add(prefix + "mlp.gate_proj.weight", {text.intermediate_size, text.hidden_size});
  builder.add(prefix + "mlp.up_proj.weight", {text.intermediate_size, text.hidden_size});
  builder.add(prefix + "mlp.down_proj.weight", {text.hidden_size, text.intermediate_size});
  if (!cross) return;
  builder.norm(attention + "q_norm.weight", text.head_size);
  builder.norm(attention + "k_norm.weight", text.head_size);
  builder.gate(prefix + "cross_attn_attn_gate");
  builder.gate(prefix + "cross_attn_mlp_gate");
}

void add_text(Builder& builder, const ModelConfig& config) {
  const TextConfig& text = config.text;
  const std::string prefix = config.sees() ? "language_model." : "";
  builder.add(prefix + "model.embed_tokens.weight",
              {text.vocab_size + config.architecture->reserved_rows, text.hidden_size}, 0, 1);
  for (int64_t i = 0; i < text.layers; ++i) {
    const auto& cross = text.cross_attention_layers;
    add_text_layer(builder, text, fmt::format("{}model.layers.{}.", prefix, i),
                   std::find(cross.begin(), cross.end(), i) != cross.end());
  }
  builder.norm(prefix + "model.norm.weight", text.hidden_size);
  if (config.head == Head::reward)
    builder.add("score.weight", {1, text.hidden_size});
  else if (!text.tie_word_embeddings)
    builder.add(prefix + "lm_head.weight", {text.vocab_size, text.hidden_size});
}

void add_vision_layer(Builder& builder, const MllamaVision& vision, const std::string& prefix, bool gated) {
  const int64_t width = vision.hidden_size;
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
    builder.add(prefix + "self_attn." + name + ".weight", {width, width});
  for (const char* name : {"input_layernorm", "post_attention_layernorm"}) {
    builder.norm(prefix + name + ".weight", width);
    builder.add(prefix + name + ".bias", {width});
  }
  builder.add(prefix + "mlp.fc1.weight", {vision.intermediate_size, width});
  builder.add(prefix + "mlp.fc1.bias", {vision.intermediate_size});
  builder.add(prefix + "mlp.fc2.weight", {width, vision.intermediate_size});
  builder.add(prefix + "mlp.fc2.bias", {width});
  if (!gated) return;
  builder.gate(prefix + "gate_attn");
  builder.gate(prefix + "gate_ffn");
}

void add_vision(Builder& builder, const MllamaVision& vision, int64_t output_size) {
  const int64_t width = vision.hidden_size, side = vision.image_size / vision.patch_size, patches = side * side + 1;
  const auto ratios = static_cast<int64_t>(vision.supported_aspect_ratios.size()) + 1;
  const std::string root = "vision_model.";
  builder.add(root + "patch_embedding.weight", {width, 3, vision.patch_size, vision.patch_size});
  builder.add(root + "class_embedding", {width});
  builder.add(root + "gated_positional_embedding.embedding", {patches, width});
  builder.gate(root + "gated_positional_embedding.gate");
  builder.add(root + "gated_positional_embedding.tile_embedding.weight", {ratios, vision.max_tiles * patches * width},
              0, 1);
  for (const std::string when : {"pre", "post"}) {
    const std::string tile = fmt::format("{}{}_tile_positional_embedding.", root, when);
    builder.add(tile + "embedding.weight", {ratios, vision.max_tiles * width}, 0, 1);
    builder.gate(tile + "gate");
    builder.norm(fmt::format("{}layernorm_{}.weight", root, when), width);
    builder.add(fmt::format("{}layernorm_{}.bias", root, when), {width});
  }
  for (int64_t i = 0; i < vision.local_layers; ++i)
    add_vision_layer(builder, vision, fmt::format("{}transformer.layers.{}.", root, i), false);
  for (int64_t i = 0; i < vision.global_layers; ++i)
    add_vision_layer(builder, vision, fmt::format("{}global_transformer.layers.{}.", root, i), true);
  builder.add("multi_modal_projector.weight", {output_size, vision.output_size});
  builder.add("multi_modal_projector.bias", {output_size});
}

}  // namespace

ModelConfig small_llama(Head head) {
  ModelConfig config;
  config.architecture = &kLlama;
  config.text.vocab_size = 96;
  config.text.hidden_size = 48;
  config.text.intermediate_size = 80;
  config.text.layers = 4;
  config.text.attention_heads = 6;
  config.text.key_value_heads = 2;
  config.text.head_size = 8;
  config.text.rope_theta = 500000;
  config.text.rope_scaling = RopeScaling{8, 1, 4, 8192};
  config.head = head;
  return config;
}

ModelConfig small_qwen3(Head head) {
  ModelConfig config = small_llama(head);
  config.architecture = &kQwen3;
  config.text.head_size = 12;
  config.text.tie_word_embeddings = true;
  config.text.query_key_value_biases = config.text.output_bias = config.text.head_norms = true;
  config.text.rope_scaling =
      RopeScaling{.factor = 4, .original_max_position_embeddings = 12, .type = RopeType::dynamic};
  return config;
}

ModelConfig small_mllama(Head head) {
  ModelConfig config = small_llama(head);
  config.architecture = &kMllama;
  config.text.layers = 6;
  config.text.cross_attention_layers = {1, 4};
  config.image_token = static_cast<int32_t>(config.text.vocab_size);
  MllamaVision vision;
  vision.image_size = 28;
  vision.hidden_size = 24;
  vision.intermediate_size = 40;
  vision.attention_heads = 3;
  vision.local_layers = 3;
  vision.global_layers = 2;
  vision.intermediate_layers = {0, 2};
  vision.output_size = 72;
  vision.supported_aspect_ratios = {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 1}, {2, 2}, {3, 1}, {4, 1}};
  config.vision = std::make_shared<MllamaVision>(vision);
  return config;
}

CheckpointPtr random_checkpoint(const ModelConfig& config, uint64_t seed, Dtype dtype) {
  Builder builder(seed, dtype);
  add_text(builder, config);
  if (config.sees()) add_vision(builder, mllama_vision(config), config.text.hidden_size);
  return builder.done();
}

CheckpointPtr without(const CheckpointPtr& checkpoint, const std::string& name) {
  auto all = dynamic_cast<const MemoryCheckpoint&>(*checkpoint).all();
  EXPECT_EQ(all.erase(name), 1u) << name;
  return std::make_shared<MemoryCheckpoint>(std::move(all));
}

CheckpointPtr reshaped(const CheckpointPtr& checkpoint, const std::string& name, std::vector<int64_t> shape,
                       Dtype dtype) {
  auto all = dynamic_cast<const MemoryCheckpoint&>(*checkpoint).all();
  auto changed = std::make_shared<Stored>();
  changed->info = {name, dtype, std::move(shape)};
  changed->bytes.resize(static_cast<size_t>(changed->info.bytes()));
  all[name] = std::move(changed);
  return std::make_shared<MemoryCheckpoint>(std::move(all));
}

CheckpointPtr with_language_of(const CheckpointPtr& checkpoint, const CheckpointPtr& language,
                               const ModelConfig& config) {
  auto all = dynamic_cast<const MemoryCheckpoint&>(*checkpoint).all();
  for (const auto& [name, stored] : dynamic_cast<const MemoryCheckpoint&>(*language).all()) {
    bool kept = name.starts_with("vision_model.") || name.starts_with("multi_modal_projector.");
    for (const int64_t layer : config.text.cross_attention_layers)
      kept = kept || name.starts_with(fmt::format("language_model.model.layers.{}.", layer));
    if (!kept) all[name] = stored;
  }
  return std::make_shared<MemoryCheckpoint>(std::move(all));
}

std::shared_ptr<const ProcessedImage> random_image(const ModelConfig& config, int64_t tiles, uint64_t seed,
                                                   std::string digest) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  auto image = std::make_shared<ProcessedImage>();
  const MllamaVision& vision = mllama_vision(config);
  image->digest = std::move(digest);
  image->grid = MllamaGrid{tiles, tiles, vision.image_size, vision.max_tiles}.values();  // one row of tiles
  image->pixels.resize(static_cast<size_t>(tiles * 3 * vision.image_size * vision.image_size));
  for (float& pixel : image->pixels) pixel = normal(random);
  return image;
}

std::vector<int32_t> random_tokens(const ModelConfig& config, size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % static_cast<uint64_t>(config.text.vocab_size));
  return tokens;
}

}  // namespace vlrm::testing
