#include "architecture/qwen2_vl/qwen2_vl.h"

#include "architecture/text_family.h"

namespace vlrm {
namespace {

constexpr PatchForm kQwen2VlForm = {
    .prefix = kQwen2VlVision,
    .activation = Activation::quick_gelu,
    .up = "mlp.fc1",
    .down = "mlp.fc2",
    .merger_norm = "ln_q",
    .merger_inner = "mlp.0",
    .merger_output = "mlp.2",
};

// What is called hidden_size is the width of the text.
PatchVision read_qwen2_vl_vision(const ConfigFields& fields, const TextConfig& text) {
  fields.only("hidden_act", "quick_gelu");
  PatchVision vision;
  vision.form = kQwen2VlForm;
  vision.layers = fields.size("depth", 32, json_limits::kRepeats);
  vision.hidden_size = fields.size("embed_dim", 1280);
  vision.intermediate_size = vision.hidden_size * fields.size("mlp_ratio", 4, json_limits::kRepeats);
  read_patch_vision(fields, vision);
  check_feature_size(fields, "hidden_size", text);
  return vision;
}

void read_qwen2_vl(const ConfigFields& fields, ModelConfig& config) {
  read_qwen2_vl_text(fields, config);
  config.vision =
      std::make_shared<PatchVision>(read_qwen2_vl_vision(fields.required_object("vision_config"), config.text));
}

}  // namespace

void read_qwen2_vl_text(const ConfigFields& fields, ModelConfig& config) {
  const ConfigFields text = fields.has("text_config") ? fields.required_object("text_config") : fields;
  config.text = read_text_config(text, {.vocab_size = 152064,
                                        .intermediate_size = 29568,
                                        .positions = 32768,
                                        .key_value_heads = 8,
                                        .rms_norm_eps = 1e-5,
                                        .rope_theta = 1e6});
  config.text.query_key_value_biases = true;
  refuse_sliding_layers(text, config.text);
  read_rope_sections(text, config.text, {16, 24, 24}, false);
  config.text.tie_word_embeddings = read_tied_embeddings(fields, text);
  read_image_token(fields, "image_token_id", 151655, config);
}

// Later transformers have the parts within "model." in memory, and some save them so.
std::optional<std::string> canonical_qwen2_vl_name(const std::string& name) {
  return renamed_prefix(
      name,
      {{"model.visual.", kQwen2VlVision}, {"model.language_model.", kQwen2VlText}, {"language_model.", kQwen2VlText}});
}

TensorShapes qwen2_vl_shapes(const ModelConfig& config) {
  return patch_model_shapes(config, kQwen2VlText);
}

const Architecture kQwen2Vl = patch_family("qwen2_vl", "Qwen2-VL", "Qwen2VLForConditionalGeneration",
                                           "Qwen2VLForSequenceClassification", kQwen2VlText, kQwen2VlVision,
                                           "visual.merger.", read_qwen2_vl, canonical_qwen2_vl_name, qwen2_vl_shapes);

}  // namespace vlrm
