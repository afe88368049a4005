#include "architecture/qwen3_vl/qwen3_vl.h"

#include "architecture/patch_family.h"
#include "architecture/text_family.h"

namespace vlrm {
namespace {

constexpr std::string_view kTextTensors = "model.language_model.", kVisionTensors = "model.visual.";

constexpr PatchForm kQwen3VlForm = {
    .prefix = kVisionTensors,
    .up = "mlp.linear_fc1",
    .down = "mlp.linear_fc2",
    .merger_norm = "norm",
    .merger_inner = "linear_fc1",
    .merger_output = "linear_fc2",
    .patch_bias = true,
};

// Releases of transformers fill in different ones, so it must be written somewhere.
void require_theta(const ConfigFields& fields) {
  if (fields.has("rope_theta")) return;
  for (const char* key : {"rope_parameters", "rope_scaling"})
    if (fields.has(key) && fields.inside(key).has("rope_theta")) return;
  fields.fail("rope_theta",
              "is 5000000 to transformers 4 and 500000 to 5; add the one that the model was trained with");
}

TextConfig read_qwen3_vl_text(const ConfigFields& fields) {
  require_theta(fields);
  TextConfig text = read_text_config(
      fields,
      {.vocab_size = 151936, .intermediate_size = 22016, .positions = 128000, .key_value_heads = 32, .head_size = 128});
  read_rope_sections(fields, text, {24, 20, 20}, true);
  text.head_norms = true;
  read_attention_bias(fields, text);
  return text;
}

PatchVision read_qwen3_vl_vision(const ConfigFields& fields, const TextConfig& text) {
  fields.only("hidden_act", "gelu_pytorch_tanh");
  PatchVision vision;
  vision.form = kQwen3VlForm;
  vision.layers = fields.size("depth", 27, json_limits::kRepeats);
  vision.hidden_size = fields.size("hidden_size", 1152);
  vision.intermediate_size = fields.size("intermediate_size", 4304);
  vision.patch_size = 16;
  read_patch_vision(fields, vision);
  vision.positions = fields.size("num_position_embeddings", 2304);
  vision.deep_stack_layers = fields.layer_indices("deepstack_visual_indexes", {8, 16, 24}, vision.layers);
  check_feature_size(fields, "out_hidden_size", text);
  return vision;
}

void read_qwen3_vl(const ConfigFields& fields, ModelConfig& config) {
  const ConfigFields text = fields.required_object("text_config");
  config.text = read_qwen3_vl_text(text);
  config.text.tie_word_embeddings = read_tied_embeddings(fields, text);
  config.vision =
      std::make_shared<PatchVision>(read_qwen3_vl_vision(fields.required_object("vision_config"), config.text));
  read_image_token(fields, "image_token_id", 151655, config);
}

// A model that was saved without its head has no "model.", and trainers name the parts as Qwen2-VL's were.
std::optional<std::string> canonical_qwen3_vl_name(const std::string& name) {
  return renamed_prefix(name, {{kVisionTensors, kVisionTensors},
                               {"visual.", kVisionTensors},
                               {kTextTensors, kTextTensors},
                               {"language_model.", kTextTensors},
                               {"model.", kTextTensors}});
}

TensorShapes qwen3_vl_shapes(const ModelConfig& config) {
  return patch_model_shapes(config, kTextTensors);
}

}  // namespace

const Architecture kQwen3Vl = patch_family(
    "qwen3_vl", "Qwen3-VL", "Qwen3VLForConditionalGeneration", "Qwen3VLForSequenceClassification", kTextTensors,
    kVisionTensors, "model.visual.merger.", read_qwen3_vl, canonical_qwen3_vl_name, qwen3_vl_shapes);

}  // namespace vlrm
