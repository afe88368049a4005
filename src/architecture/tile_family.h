// What families share whose images become tiles of one size, which a vision transformer with learned positions
// (Dosovitskiy et al. 2021) sees apart, and whose text part is a whole model of a text family: InternVL and LLaVA.
#pragma once

#include <string>
#include <string_view>

#include "architecture/architecture.h"
#include "architecture/config_fields.h"
#include "architecture/vision_form.h"

namespace vlrm {

// What the tensors of a vision transformer are called; those that a family lacks are empty.
struct VitForm {
  std::string_view prefix;              // of all of them
  std::string_view class_token = {};    // a token in front of a tile's patches
  std::string_view positions, patches;  // the tensor of positions; the module of the projection of a patch
  bool leading_ones = false;            // shapes of class token and positions begin with dimensions of 1
  bool patch_bias = true;
  std::string_view first_norm = {};  // before the layers
  std::string_view last_norm = {};   // behind them
  std::string_view layers;           // each with its number, a point and one of these:
  std::string_view norms[2];         // before attention and before the feed-forward part
  std::string_view queries, keys, values, output;
  std::string_view query_norm = {}, key_norm = {};  // RMS norms over all heads
  std::string_view scales[2] = {};                  // tensors that the two parts' outputs are multiplied by
};

struct VitVision : VisionConfig {
  VitForm form;
  NormKind norm = NormKind::layer;
  Activation activation = Activation::gelu;
  int64_t layers = 0, used_layers = 0;  // features are the output of the last one that is used
  int64_t hidden_size = 0, intermediate_size = 0, attention_heads = 0;
  int64_t tile_size = 0, patch_size = 0;  // pixels, of squares
  double epsilon = 1e-6;
  bool attention_biases = true;  // of queries, keys and values; the output always has them
  bool uses_last_norm = false;   // where the form has one
  int64_t side() const { return tile_size / patch_size; }
  int64_t positions() const { return side() * side() + (form.class_token.empty() ? 0 : 1); }
  std::string description() const override;
};

// What transformers takes for fields that a config leaves out, where families differ.
struct VitDefaults {
  int64_t hidden_size = 0, intermediate_size = 0, layers = 0, attention_heads = 0;
  int64_t tile_size = 0, patch_size = 0;
  double epsilon = 1e-6;
  std::string_view activation;
};

// The fields that all of them have, into `vision`, whose form is known. All layers are used. Throws Error for what is
// not supported.
void read_vit(const ConfigFields& fields, const VitDefaults& defaults, VitVision& vision);
// "text_config", by the text family that its "model_type" names, and the token that stands for an image. Throws Error
// for other types than text families'.
void read_text_of_any_family(const ConfigFields& fields, const char* default_type, ModelConfig& config);
// All tensors of the vision transformer.
void add_vit(ShapeList& list, const VitVision& vision);

// The layout of the published models, to which the others are renamed: those of transformers since 4.52 in memory.
inline constexpr std::string_view kTileText = "language_model.model.", kTileHead = "language_model.lm_head.weight",
                                  kTileVision = "vision_tower.", kTileProjector = "multi_modal_projector.";
std::optional<std::string> canonical_tile_name(const std::string& name);

ImageWork tile_image_work(const ModelConfig& config, const ProcessedImage& image);

// What the families say alike, as text_family does for text models.
constexpr Architecture tile_family(std::string_view type, std::string_view name, std::string_view language_class,
                                   std::string_view reward_class,
                                   void (*read)(const ConfigFields& fields, ModelConfig& config),
                                   TensorShapes (*shapes)(const ModelConfig& config)) {
  return {.type = type,
          .name = name,
          .language_class = language_class,
          .reward_class = reward_class,
          .text_prefix = kTileText,
          .head = kTileHead,
          .vision_prefix = kTileVision,
          .projector_prefix = kTileProjector,
          .fusion = Fusion::embeddings,
          .read = read,
          .canonical_name = canonical_tile_name,
          .shapes = shapes,
          .image_work = tile_image_work};
}

}  // namespace vlrm
