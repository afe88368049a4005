#include "architecture/internvl/internvl.h"

#include <cmath>

#include "architecture/internvl/original_layout.h"
#include "vision/internvl_processor.h"

namespace vlrm {
namespace {

constexpr VitForm kInternVlForm = {
    .prefix = kTileVision,
    .class_token = "embeddings.cls_token",
    .positions = "embeddings.position_embeddings",
    .patches = "embeddings.patch_embeddings.projection",
    .leading_ones = true,
    .layers = "encoder.layer.",
    .norms = {"layernorm_before", "layernorm_after"},
    .queries = "attention.q_proj",
    .keys = "attention.k_proj",
    .values = "attention.v_proj",
    .output = "attention.projection_layer",
    .scales = {"lambda_1", "lambda_2"},
};

NormKind read_norm_type(const ConfigFields& fields) {
  const std::string type = fields.text("norm_type", "layer_norm");
  if (type != "layer_norm" && type != "rms_norm")
    fields.fail("norm_type", fmt::format("\"{}\" is neither layer_norm nor rms_norm", printable(type)));
  return type == "rms_norm" ? NormKind::rms : NormKind::layer;
}

InternVlVision read_internvl_vision(const ConfigFields& fields) {
  fields.only("use_mask_token", false);
  fields.only("use_absolute_position_embeddings", true);
  InternVlVision vision;
  vision.form = kInternVlForm;
  vision.norm = read_norm_type(fields);
  vision.attention_biases = fields.get("attention_bias", false);
  if (fields.get("use_qk_norm", false)) {
    vision.form.query_norm = "attention.q_norm";
    vision.form.key_norm = "attention.k_norm";
  }
  vision.uses_last_norm = !fields.get("use_mean_pooling", true);
  if (vision.uses_last_norm) vision.form.last_norm = "layernorm";
  read_vit(fields,
           {.hidden_size = 1024,
            .intermediate_size = 4096,
            .layers = 24,
            .attention_heads = 16,
            .tile_size = 448,
            .patch_size = 14,
            .activation = "gelu"},
           vision);
  return vision;
}

// downsample_ratio: one over how many patches become one token, in a row and in a column.
int64_t read_merge_size(const ConfigFields& fields, const InternVlVision& vision) {
  constexpr double kMostMerged = 8;
  const double merged = 1 / fields.positive("downsample_ratio", 0.5);
  if (merged != std::floor(merged) || merged < 1 || merged > kMostMerged)
    fields.fail("downsample_ratio", fmt::format("must be 1 over a whole number of at most {}", kMostMerged));
  const auto size = static_cast<int64_t>(merged);
  if (vision.side() % size != 0)
    fields.fail("downsample_ratio", fmt::format("does not divide the {} patches in a row of a tile", vision.side()));
  return size;
}

void read_internvl(const ConfigFields& fields, ModelConfig& config) {
  read_text_of_any_family(fields, "qwen2", config);
  fields.only("vision_feature_layer", -1);
  fields.only("vision_feature_select_strategy", "default");
  fields.only("projector_hidden_act", "gelu");
  InternVlVision vision = read_internvl_vision(fields.required_object("vision_config"));
  vision.merge_size = read_merge_size(fields, vision);
  config.vision = std::make_shared<InternVlVision>(vision);
  read_image_token(fields, "image_token_id", 151667, config);
}

TensorShapes internvl_shapes(const ModelConfig& config) {
  const InternVlVision& vision = internvl_vision(config);
  const int64_t width = vision.merged_size(), output = config.text.hidden_size;
  const std::string projector(kTileProjector);
  ShapeList list;
  list.add_decoder(std::string(kTileText), config.text, config.text.vocab_size);
  add_vit(list, vision);
  list.add_biased(projector, {"layer_norm"}, {width});
  list.add_biased(projector, {"linear_1"}, {output, width});
  list.add_biased(projector, {"linear_2"}, {output, output});
  return std::move(list).take();
}

std::optional<std::string> canonical_internvl_name(const std::string& name) {
  return canonical_tile_name(internvl_name_of_original(name));
}

std::unique_ptr<ImageProcessor> internvl_processor(const std::filesystem::path& directory) {
  const auto file = directory / "config.json";
  if (std::filesystem::exists(file)) {
    const OrderedJson config = read_object_or_throw(file);
    if (config.value("model_type", OrderedJson()) == kInternVlOriginal.type) {
      const auto files = kInternVlOriginal.image_files(config, directory);
      return std::make_unique<InternVlProcessor>(InternVlProcessorConfig::from_settings(
          files.at("preprocessor_config.json"), file.string(), files.at("processor_config.json"), file.string()));
    }
  }
  return std::make_unique<InternVlProcessor>(InternVlProcessorConfig::from_directory(directory));
}

constexpr Architecture internvl_family() {
  Architecture family = tile_family("internvl", "InternVL", "InternVLForConditionalGeneration",
                                    "InternVLForSequenceClassification", read_internvl, internvl_shapes);
  family.original = &kInternVlOriginal;
  family.canonical_name = canonical_internvl_name;
  family.processor = internvl_processor;
  family.image_processor = "GotOcr2ImageProcessor";
  family.image_begin = "<img>";
  family.image_end = "</img>";
  return family;
}

}  // namespace

const InternVlVision& internvl_vision(const ModelConfig& config) {
  VLRM_ASSERT(config.architecture->type == kInternVl.type && config.vision);
  return static_cast<const InternVlVision&>(*config.vision);
}

const Architecture kInternVl = internvl_family();

}  // namespace vlrm
