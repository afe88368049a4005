#include "architecture/mllama/mllama.h"

#include <algorithm>

#include "architecture/config_fields.h"
#include "vision/mllama_processor.h"

namespace vlrm {
namespace {

// Rows of the embeddings behind the vocabulary: <|image|> and seven spare ones.
constexpr int64_t kReservedRows = 8;
// Of the side of an image: low enough that the positions of all tiles, times a width, stay within 64 bits.
constexpr int64_t kLargestImage = 1 << 14;
constexpr int64_t kMostTiles = 1024;
constexpr int64_t kChannels = 3;

TextConfig read_mllama_text(const ConfigFields& fields) {
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
      fields.layer_indices("cross_attention_layers", {3, 8, 13, 18, 23, 28, 33, 38}, text.layers);
  std::sort(text.cross_attention_layers.begin(), text.cross_attention_layers.end());
  return text;
}

void read_aspect_ratios(const ConfigFields& fields, MllamaVision& vision) {
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

MllamaVision read_mllama_vision(const ConfigFields& fields) {
  fields.only("hidden_act", "gelu");
  fields.only("num_channels", 3);
  MllamaVision vision;
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
      fields.layer_indices("intermediate_layers_indices", {3, 7, 15, 23, 30}, vision.local_layers);
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

void read_mllama_config(const ConfigFields& fields, ModelConfig& config) {
  // In transformers a part that is left out is the default part, a model of 10 billion parameters: hardly this one.
  config.text = read_mllama_text(fields.required_object("text_config"));
  config.vision = std::make_shared<MllamaVision>(read_mllama_vision(fields.required_object("vision_config")));
  config.image_token = fields.get<int32_t>("image_token_index", 128256);
  const int64_t rows = config.text.vocab_size + kReservedRows;
  if (config.image_token < 0 || config.image_token >= rows)
    fields.fail("image_token_index", fmt::format("{} is not below {}, vocab_size and {} reserved rows",
                                                 config.image_token, rows, kReservedRows));
}

// The layout that transformers 4.52 and later have in memory, and some save.
std::optional<std::string> canonical_mllama_name(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> kLaterLayout[] = {
      {"model.language_model.", "language_model.model."},
      {"model.vision_model.", "vision_model."},
      {"model.multi_modal_projector.", "multi_modal_projector."},
      {"lm_head.", "language_model.lm_head."}};
  for (const auto& [later, canonical] : kLaterLayout)
    if (name.starts_with(later)) return std::string(canonical) + name.substr(later.size());
  return name;
}

void add_cross_attention_layer(ShapeList& list, const std::string& prefix, const TextConfig& text) {
  list.add_feed_forward(prefix, text);
  list.add_attention(prefix + "cross_attn.", text);
  list.add_weights(prefix + "cross_attn.", {"q_norm", "k_norm"}, {text.head_size});
  list.add(prefix, {"cross_attn_attn_gate", "cross_attn_mlp_gate"}, {1});
}

void add_vision_layers(ShapeList& list, const std::string& transformer, const MllamaVision& vision, int64_t layers,
                       bool gated) {
  const int64_t width = vision.hidden_size;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = fmt::format("vision_model.{}.layers.{}.", transformer, layer);
    list.add_weights(prefix + "self_attn.", {"q_proj", "k_proj", "v_proj", "o_proj"}, {width, width});
    list.add_biased(prefix, {"input_layernorm", "post_attention_layernorm"}, {width});
    list.add_biased(prefix, {"mlp.fc1"}, {vision.intermediate_size, width});
    list.add_biased(prefix, {"mlp.fc2"}, {width, vision.intermediate_size});
    if (gated) list.add(prefix, {"gate_attn", "gate_ffn"}, {1});
  }
}

void add_vision(ShapeList& list, const MllamaVision& vision) {
  const int64_t width = vision.hidden_size, side = vision.image_size / vision.patch_size;
  const int64_t patches = side * side + 1;
  const auto ratios = static_cast<int64_t>(vision.supported_aspect_ratios.size()) + 1;  // id 0 stands for no image
  const std::string prefix = "vision_model.";
  list.add(prefix, {"class_embedding"}, {width});
  list.add_weights(prefix, {"patch_embedding"}, {width, kChannels, vision.patch_size, vision.patch_size});
  list.add(prefix, {"gated_positional_embedding.embedding"}, {patches, width});
  list.add_weights(prefix, {"gated_positional_embedding.tile_embedding"}, {ratios, vision.max_tiles * patches * width});
  list.add_weights(prefix, {"pre_tile_positional_embedding.embedding", "post_tile_positional_embedding.embedding"},
                   {ratios, vision.max_tiles * width});
  list.add(
      prefix,
      {"gated_positional_embedding.gate", "pre_tile_positional_embedding.gate", "post_tile_positional_embedding.gate"},
      {1});
  list.add_biased(prefix, {"layernorm_pre", "layernorm_post"}, {width});
  add_vision_layers(list, "transformer", vision, vision.local_layers, false);
  add_vision_layers(list, "global_transformer", vision, vision.global_layers, true);
}

TensorShapes mllama_shapes(const ModelConfig& config) {
  const TextConfig& text = config.text;
  const MllamaVision& vision = mllama_vision(config);
  ShapeList list;
  list.add_decoder("language_model.model.", text, text.vocab_size + kReservedRows);
  for (const int64_t layer : text.cross_attention_layers)
    add_cross_attention_layer(list, fmt::format("language_model.model.layers.{}.", layer), text);
  if (!text.tie_word_embeddings) list.add_weights("language_model.", {"lm_head"}, {text.vocab_size, text.hidden_size});
  add_vision(list, vision);
  list.add_biased("", {"multi_modal_projector"}, {text.hidden_size, vision.output_size});
  return std::move(list).take();
}

std::unique_ptr<ImageProcessor> mllama_processor(const std::filesystem::path& directory) {
  return std::make_unique<MllamaProcessor>(MllamaProcessorConfig::from_directory(directory));
}

// The encoder goes through all tiles, those too that are padding, and pads the patches of each to a multiple of 8.
ImageWork mllama_image_work(const ModelConfig& config, const ProcessedImage& image) {
  const MllamaVision& vision = mllama_vision(config);
  const int64_t tile = kChannels * vision.image_size * vision.image_size, width = vision.hidden_size;
  const int64_t tiles = static_cast<int64_t>(image.pixels.size()) / tile, side = vision.image_size / vision.patch_size;
  const int64_t rows = tiles * (side * side + 1), padded = tiles * ((side * side + 8) / 8 * 8);
  const auto layers = static_cast<double>(vision.local_layers + vision.global_layers);
  const double patches = 2.0 * static_cast<double>(rows * kChannels * vision.patch_size * vision.patch_size * width);
  const double projector = 2.0 * static_cast<double>(rows * vision.output_size * config.text.hidden_size);
  return {layers * encoder_layer_operations(padded, padded, width, vision.intermediate_size, 2) + patches + projector +
              cross_attention_input_operations(config.text, rows),
          rows};
}

// Of transformers 4.47 and Meta's own code, the states in question are the layers' inputs.
constexpr std::string_view kCorrection = R"(
def inputs_of_layers(encoder, given, output):
    """What vision states are made of, where a release of transformers takes the layers' outputs for it."""
    states = getattr(output, "hidden_states", None) or ()
    if len(states) == len(encoder.layers):
        output.hidden_states = (given[0], *states[:-1])
    return output


def correct(model):
    for name, module in model.named_modules():
        if name.endswith("vision_model.transformer"):
            module.register_forward_hook(inputs_of_layers)

)";

}  // namespace

std::string MllamaVision::description() const {
  return fmt::format("images of up to {} tiles of {} pixels", max_tiles, image_size);
}

const MllamaVision& mllama_vision(const ModelConfig& config) {
  VLRM_ASSERT(config.architecture->type == kMllama.type && config.vision);
  return static_cast<const MllamaVision&>(*config.vision);
}

const Architecture kMllama = {
    .type = "mllama",
    .name = "Mllama",
    .language_class = "MllamaForConditionalGeneration",
    .reward_class = "MllamaForSequenceClassification",
    .text_prefix = "language_model.model.",
    .head = "language_model.lm_head.weight",
    .vision_prefix = "vision_model.",
    .projector_prefix = "multi_modal_projector.",
    .fusion = Fusion::cross_attention,
    .reserved_rows = kReservedRows,
    .padding = 8,
    .pooling = Pooling::before_first_pad,
    .device_dtype = Dtype::f16,
    .read = read_mllama_config,
    .canonical_name = canonical_mllama_name,
    .shapes = mllama_shapes,
    .processor = mllama_processor,
    .image_processor = "MllamaImageProcessor",
    .image_work = mllama_image_work,
    .correction = kCorrection,
};

}  // namespace vlrm
