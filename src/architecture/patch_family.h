// What Qwen2-VL and its successors share: a vision encoder that takes images of any size cut into patches, and makes
// one token of the text of each block of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "architecture/architecture.h"
#include "architecture/config_fields.h"
#include "architecture/vision_form.h"

namespace vlrm {

// How a family writes and computes the layers of its encoder.
struct PatchForm {
  std::string_view prefix;  // of the encoder's tensors
  NormKind norm = NormKind::layer;
  Activation activation = Activation::gelu_tanh;              // of the feed-forward part
  std::string_view gate = {}, up, down;                       // its projections; without a gate, "up" is activated
  std::string_view merger_norm, merger_inner, merger_output;  // from a block of patches to a token
  bool patch_bias = false;                                    // of the projection of a patch
};

struct PatchVision final : VisionConfig {
  PatchForm form;
  int64_t layers = 0, hidden_size = 0, intermediate_size = 0, attention_heads = 0;
  int64_t patch_size = 14, frames = 2;     // a patch holds the one image so often
  int64_t merge_size = 2;                  // merge_size² patches are one token
  int64_t positions = 0;                   // of a square table of learned ones, whose side is its root; 0: not learned
  std::vector<int64_t> deep_stack_layers;  // whose output the decoder gets too, in the order written
  int64_t window = 0;                 // tokens in a side of the windows within which patches see each other; 0: all
  std::vector<int64_t> whole_layers;  // in which they see the whole image nevertheless

  int64_t merged_size() const { return hidden_size * merge_size * merge_size; }
  std::string description() const override;
};

// The fields that all of them have. Throws Error for what is not supported.
void read_patch_vision(const ConfigFields& fields, PatchVision& vision);
// Throws Error unless the field, the size of the encoder's features, is the text's hidden_size.
void check_feature_size(const ConfigFields& fields, const char* key, const TextConfig& text);
// mrope_section, of rope_scaling or rope_parameters: three numbers of frequencies, of time, row and column. Throws
// Error where they are not, or where "mrope_interleaved" is another than `interleaved`.
void read_rope_sections(const ConfigFields& fields, TextConfig& text, std::vector<int64_t> fallback, bool interleaved);

// A name of one of the layouts: the first prefix that it begins with is replaced by the canonical one next to it.
std::string renamed_prefix(const std::string& name,
                           std::initializer_list<std::pair<std::string_view, std::string_view>> layouts);

// All tensors of a model whose text's names begin with `text_prefix`.
TensorShapes patch_model_shapes(const ModelConfig& config, std::string_view text_prefix);

std::unique_ptr<ImageProcessor> patch_processor(const std::filesystem::path& directory);
ImageWork patch_image_work(const ModelConfig& config, const ProcessedImage& image);

// What the families say alike, as text_family does for text models.
constexpr Architecture patch_family(std::string_view type, std::string_view name, std::string_view language_class,
                                    std::string_view reward_class, std::string_view text_prefix,
                                    std::string_view vision_prefix, std::string_view projector_prefix,
                                    void (*read)(const ConfigFields& fields, ModelConfig& config),
                                    std::optional<std::string> (*canonical_name)(const std::string& name),
                                    TensorShapes (*shapes)(const ModelConfig& config)) {
  return {.type = type,
          .name = name,
          .language_class = language_class,
          .reward_class = reward_class,
          .text_prefix = text_prefix,
          .head = "lm_head.weight",
          .vision_prefix = vision_prefix,
          .projector_prefix = projector_prefix,
          .fusion = Fusion::embeddings,
          .read = read,
          .canonical_name = canonical_name,
          .shapes = shapes,
          .processor = patch_processor,
          .image_processor = "Qwen2VLImageProcessor",
          .image_work = patch_image_work};
}

// The vision part of the config of such a model.
const PatchVision& patch_vision(const ModelConfig& config);

}  // namespace vlrm
