#include "architecture/qwen3_vl/qwen3_vl.h"

#include <algorithm>
#include <utility>

#include "architecture/text_family.h"
#include "vision/qwen2_vl_processor.h"

namespace vlrm {
namespace {

constexpr std::string_view kTextTensors = "model.language_model.", kVisionTensors = "model.visual.";
constexpr int64_t kMostPatch = 64, kMostMerge = 8;

// Releases of transformers fill in different ones, so it must be written somewhere.
void require_theta(const ConfigFields& fields) {
  if (fields.has("rope_theta")) return;
  for (const char* key : {"rope_parameters", "rope_scaling"})
    if (fields.has(key) && fields.inside(key).has("rope_theta")) return;
  fields.fail("rope_theta",
              "is 5000000 to transformers 4 and 500000 to 5; add the one that the model was trained with");
}

std::vector<int64_t> rope_sections(const ConfigFields& fields) {
  std::vector<int64_t> sections{24, 20, 20};
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!fields.has(key)) continue;
    const ConfigFields rope = fields.inside(key);
    rope.only("mrope_interleaved", true);
    sections = rope.get("mrope_section", sections);
    if (sections.size() != 3 || std::ranges::min(sections) < 0 || std::ranges::max(sections) > json_limits::kRepeats)
      rope.fail("mrope_section", "must be three numbers of frequencies: of time, row and column");
  }
  return sections;
}

// transformers 4 reads the text part's, 5 the other.
bool read_tied(const ConfigFields& fields, const ConfigFields& text) {
  const std::string key = "tie_word_embeddings";
  if (!text.has(key)) return fields.get(key, false);
  const bool tied = text.get(key, false);
  if (fields.get(key, tied) != tied)
    fields.fail(key, "is another in \"text_config\": transformers 4 reads that, and 5 this; make them equal");
  return tied;
}

TextConfig read_qwen3_vl_text(const ConfigFields& fields) {
  require_theta(fields);
  TextConfig text = read_text_config(
      fields,
      {.vocab_size = 151936, .intermediate_size = 22016, .positions = 128000, .key_value_heads = 32, .head_size = 128});
  if (text.rope_scaling && text.rope_scaling->type == RopeType::dynamic)
    fields.fail("rope_scaling", "a dynamic rope is not supported where images have positions of their own");
  text.rope_sections = rope_sections(fields);
  text.head_norms = true;
  read_attention_bias(fields, text);
  return text;
}

Qwen3VlVision read_qwen3_vl_vision(const ConfigFields& fields, const TextConfig& text) {
  fields.only("hidden_act", "gelu_pytorch_tanh");
  fields.only("in_channels", 3);
  if (fields.has("rope_parameters")) fields.inside("rope_parameters").only("rope_theta", 10000.0);
  Qwen3VlVision vision;
  vision.layers = fields.size("depth", 27, json_limits::kRepeats);
  vision.hidden_size = fields.size("hidden_size", 1152);
  vision.intermediate_size = fields.size("intermediate_size", 4304);
  vision.attention_heads = fields.count("num_heads", 16);
  vision.patch_size = fields.count("patch_size", 16, kMostPatch);
  vision.frames = fields.count("temporal_patch_size", 2, kMostMerge);
  vision.merge_size = fields.count("spatial_merge_size", 2, kMostMerge);
  vision.positions = fields.size("num_position_embeddings", 2304);
  vision.deep_stack_layers = fields.layer_indices("deepstack_visual_indexes", {8, 16, 24}, vision.layers);
  if (vision.hidden_size % (4 * vision.attention_heads) != 0)
    fields.fail("hidden_size", fmt::format("{} is not a multiple of 4 times the {} attention heads", vision.hidden_size,
                                           vision.attention_heads));
  const int64_t output = fields.size("out_hidden_size", 3584);
  if (output != text.hidden_size)
    fields.fail("out_hidden_size", fmt::format("{} is not the text's hidden_size, {}", output, text.hidden_size));
  return vision;
}

void read_qwen3_vl(const ConfigFields& fields, ModelConfig& config) {
  const ConfigFields text = fields.required_object("text_config");
  config.text = read_qwen3_vl_text(text);
  config.text.tie_word_embeddings = read_tied(fields, text);
  config.vision =
      std::make_shared<Qwen3VlVision>(read_qwen3_vl_vision(fields.required_object("vision_config"), config.text));
  config.image_token = fields.get<int32_t>("image_token_id", 151655);
  if (config.image_token < 0 || config.image_token >= config.text.vocab_size)
    fields.fail("image_token_id", fmt::format("{} is not below the {} rows of the embeddings", config.image_token,
                                              config.text.vocab_size));
}

// A model that was saved without its head has no "model.", and trainers name the parts as Qwen2-VL's were.
std::optional<std::string> canonical_qwen3_vl_name(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> kLayouts[] = {{"model.visual.", kVisionTensors},
                                                                               {"visual.", kVisionTensors},
                                                                               {"model.language_model.", kTextTensors},
                                                                               {"language_model.", kTextTensors},
                                                                               {"model.", kTextTensors}};
  for (const auto& [found, canonical] : kLayouts)
    if (name.starts_with(found)) return std::string(canonical) + name.substr(found.size());
  return name;
}

void add_merger(ShapeList& list, const std::string& prefix, const Qwen3VlVision& vision, int64_t normed,
                const TextConfig& text) {
  const int64_t width = vision.merged_size();
  list.add_biased(prefix, {"norm"}, {normed});
  list.add_biased(prefix, {"linear_fc1"}, {width, width});
  list.add_biased(prefix, {"linear_fc2"}, {text.hidden_size, width});
}

TensorShapes qwen3_vl_shapes(const ModelConfig& config) {
  const Qwen3VlVision& vision = qwen3_vl_vision(config);
  const int64_t width = vision.hidden_size;
  const std::string visual(kVisionTensors);
  ShapeList list;
  list.add_decoder(std::string(kTextTensors), config.text, config.text.vocab_size);
  list.add_biased(visual, {"patch_embed.proj"}, {width, 3, vision.frames, vision.patch_size, vision.patch_size});
  list.add_weights(visual, {"pos_embed"}, {vision.positions, width});
  for (int64_t layer = 0; layer < vision.layers; ++layer) {
    const std::string prefix = fmt::format("{}blocks.{}.", visual, layer);
    list.add_biased(prefix, {"norm1", "norm2"}, {width});
    list.add_biased(prefix, {"attn.qkv"}, {3 * width, width});
    list.add_biased(prefix, {"attn.proj"}, {width, width});
    list.add_biased(prefix, {"mlp.linear_fc1"}, {vision.intermediate_size, width});
    list.add_biased(prefix, {"mlp.linear_fc2"}, {width, vision.intermediate_size});
  }
  add_merger(list, visual + "merger.", vision, width, config.text);
  for (size_t i = 0; i < vision.deep_stack_layers.size(); ++i)
    add_merger(list, fmt::format("{}deepstack_merger_list.{}.", visual, i), vision, vision.merged_size(), config.text);
  return std::move(list).take();
}

std::unique_ptr<ImageProcessor> qwen3_vl_processor(const std::filesystem::path& directory) {
  return std::make_unique<Qwen2VlProcessor>(Qwen2VlProcessorConfig::from_directory(directory));
}

}  // namespace

std::string Qwen3VlVision::description() const {
  return fmt::format("images of any size, {} pixels squared a token", patch_size * merge_size);
}

const Qwen3VlVision& qwen3_vl_vision(const ModelConfig& config) {
  VLRM_ASSERT(config.architecture->type == kQwen3Vl.type && config.vision);
  return static_cast<const Qwen3VlVision&>(*config.vision);
}

const Architecture kQwen3Vl = {
    .type = "qwen3_vl",
    .name = "Qwen3-VL",
    .language_class = "Qwen3VLForConditionalGeneration",
    .reward_class = "Qwen3VLForSequenceClassification",
    .text_prefix = kTextTensors,
    .head = "lm_head.weight",
    .vision_prefix = kVisionTensors,
    .projector_prefix = "model.visual.merger.",
    .fusion = Fusion::embeddings,
    .read = read_qwen3_vl,
    .canonical_name = canonical_qwen3_vl_name,
    .shapes = qwen3_vl_shapes,
    .processor = qwen3_vl_processor,
    .image_processor = "Qwen2VLImageProcessor",
};

}  // namespace vlrm
