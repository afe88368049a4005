#include "architecture/llava/llava.h"

#include <algorithm>

#include "vision/llava_processor.h"

namespace vlrm {
namespace {

constexpr std::string_view kNewline = "image_newline";

// Names within both towers.
constexpr VitForm kTowerForm = {
    .prefix = "vision_tower.vision_model.",
    .positions = "embeddings.position_embedding.weight",
    .patches = "embeddings.patch_embedding",
    .last_norm = "post_layernorm",  // whose output nothing here uses
    .layers = "encoder.layers.",
    .norms = {"layer_norm1", "layer_norm2"},
    .queries = "self_attn.q_proj",
    .keys = "self_attn.k_proj",
    .values = "self_attn.v_proj",
    .output = "self_attn.out_proj",
};

constexpr VitForm clip_form() {
  VitForm form = kTowerForm;
  form.class_token = "embeddings.class_embedding";
  form.first_norm = "pre_layrnorm";
  form.patch_bias = false;
  return form;
}

// A tower of CLIP or SigLIP, by what its config says.
LlavaVision read_tower(const ConfigFields& fields, const char* default_type) {
  const std::string type = fields.text("model_type", default_type);
  const bool clip = type == "clip_vision_model";
  if (!clip && type != "siglip_vision_model")
    fields.fail("model_type", fmt::format("\"{}\" is not supported, only clip_vision_model and siglip_vision_model",
                                          printable(type)));
  if (!clip && fields.get("vision_use_head", true))
    fields.fail("vision_use_head", "a tower with a pooling head is not supported");
  LlavaVision vision;
  vision.form = clip ? clip_form() : kTowerForm;
  read_vit(fields,
           {.hidden_size = 768,
            .intermediate_size = 3072,
            .layers = 12,
            .attention_heads = 12,
            .tile_size = 224,
            .patch_size = clip ? 32 : 16,
            .epsilon = clip ? 1e-5 : 1e-6,
            .activation = clip ? "quick_gelu" : "gelu_pytorch_tanh"},
           vision);
  return vision;
}

// vision_feature_layer: negative ones count from the last layer's output.
void read_used_layers(const ConfigFields& fields, int64_t fallback, LlavaVision& vision) {
  const std::string key = "vision_feature_layer";
  int64_t layer = fallback;
  if (fields.has(key) && fields.at(key).is_array()) {
    const auto layers = fields.required<std::vector<int64_t>>(key);
    if (layers.size() != 1) fields.fail(key, "several layers are not supported, only one");
    layer = layers.front();
  } else {
    layer = fields.get<int64_t>(key, fallback);
  }
  vision.used_layers = layer < 0 ? vision.layers + 1 + layer : layer;
  if (vision.used_layers < 1 || vision.used_layers > vision.layers)
    fields.fail(key, fmt::format("{} is outside of the {} layers there are", layer, vision.layers));
}

void read_grids(const ConfigFields& fields, std::vector<std::vector<int64_t>> fallback, LlavaVision& vision) {
  const std::string key = "image_grid_pinpoints";
  for (const auto& size : fields.get(key, std::move(fallback))) {
    if (size.size() != 2 || std::ranges::min(size) < 1 || std::ranges::max(size) > json_limits::kCount)
      fields.fail(key, "must be pairs of heights and widths");
    vision.grids.push_back({size[1] / vision.tile_size, size[0] / vision.tile_size});
  }
}

struct LlavaDefaults {
  const char *text_type, *tower_type, *strategy;
  int64_t feature_layer;
  int32_t image_token;
};

void read_llava(const ConfigFields& fields, const LlavaDefaults& defaults, ModelConfig& config) {
  fields.only("projector_hidden_act", "gelu");
  fields.only("multimodal_projector_bias", true);
  fields.only("use_image_newline_parameter", true);
  read_text_of_any_family(fields, defaults.text_type, config);
  LlavaVision vision = read_tower(fields.required_object("vision_config"), defaults.tower_type);
  const std::string strategy = fields.text("vision_feature_select_strategy", defaults.strategy);
  if (strategy != (vision.form.class_token.empty() ? "full" : "default"))
    fields.fail("vision_feature_select_strategy",
                "must be \"default\" for a tower with a class token, which is left out, and \"full\" for one without");
  read_used_layers(fields, defaults.feature_layer, vision);
  if (fields.has("image_grid_pinpoints")) read_grids(fields, {}, vision);
  config.vision = std::make_shared<LlavaVision>(vision);
  const char* key = fields.has("image_token_id") ? "image_token_id" : "image_token_index";
  read_image_token(fields, key, defaults.image_token, config);
}

void read_llava_next(const ConfigFields& fields, ModelConfig& config) {
  read_llava(fields, {"llama", "clip_vision_model", "default", -2, 32000}, config);
}

void read_llava_onevision(const ConfigFields& fields, ModelConfig& config) {
  read_llava(fields, {"qwen2", "siglip_vision_model", "full", -1, 151646}, config);
}

// transformers 5 has no "vision_model." in memory, and within the model all parts.
std::optional<std::string> canonical_llava_name(const std::string& name) {
  constexpr std::string_view kTower = kTowerForm.prefix;
  if (name == "model.image_newline") return std::string(kNewline);
  auto canonical = canonical_tile_name(name);
  if (!canonical || !canonical->starts_with(kTileVision) || canonical->starts_with(kTower)) return canonical;
  return std::string(kTower) + canonical->substr(kTileVision.size());
}

TensorShapes llava_shapes(const ModelConfig& config) {
  const LlavaVision& vision = llava_vision(config);
  const int64_t output = config.text.hidden_size;
  const std::string projector(kTileProjector);
  ShapeList list;
  list.add_decoder(std::string(kTileText), config.text, config.text.vocab_size);
  add_vit(list, vision);
  list.add_biased(projector, {"linear_1"}, {output, vision.hidden_size});
  list.add_biased(projector, {"linear_2"}, {output, output});
  list.add("", {kNewline}, {output});
  return std::move(list).take();
}

constexpr std::string_view kNextProcessor = "LlavaNextImageProcessor",
                           kOneVisionProcessor = "LlavaOnevisionImageProcessor";

template <const std::string_view& type>
std::unique_ptr<ImageProcessor> llava_processor(const std::filesystem::path& directory) {
  return std::make_unique<LlavaProcessor>(LlavaProcessorConfig::from_directory(directory, type));
}

template <const std::string_view& type>
constexpr Architecture llava_family(Architecture family) {
  family.canonical_name = canonical_llava_name;
  family.processor = llava_processor<type>;
  family.image_processor = type;
  return family;
}

}  // namespace

const LlavaVision& llava_vision(const ModelConfig& config) {
  const std::string_view type = config.architecture->type;
  VLRM_ASSERT((type == kLlavaNext.type || type == kLlavaOneVision.type) && config.vision);
  return static_cast<const LlavaVision&>(*config.vision);
}

const Architecture kLlavaNext =
    llava_family<kNextProcessor>(tile_family("llava_next", "LLaVA-NeXT", "LlavaNextForConditionalGeneration",
                                             "LlavaNextForSequenceClassification", read_llava_next, llava_shapes));
const Architecture kLlavaOneVision = llava_family<kOneVisionProcessor>(
    tile_family("llava_onevision", "LLaVA-OneVision", "LlavaOnevisionForConditionalGeneration",
                "LlavaOnevisionForSequenceClassification", read_llava_onevision, llava_shapes));

}  // namespace vlrm
