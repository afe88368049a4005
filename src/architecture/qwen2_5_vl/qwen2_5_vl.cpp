#include "architecture/qwen2_5_vl/qwen2_5_vl.h"

#include "architecture/qwen2_vl/qwen2_vl.h"

namespace vlrm {
namespace {

constexpr PatchForm kQwen2_5VlForm = {
    .prefix = kQwen2VlVision,
    .norm = NormKind::rms,
    .activation = Activation::silu,
    .gate = "mlp.gate_proj",
    .up = "mlp.up_proj",
    .down = "mlp.down_proj",
    .merger_norm = "ln_q",
    .merger_inner = "mlp.0",
    .merger_output = "mlp.2",
};

PatchVision read_qwen2_5_vl_vision(const ConfigFields& fields, const TextConfig& text) {
  fields.only("hidden_act", "silu");
  PatchVision vision;
  vision.form = kQwen2_5VlForm;
  vision.layers = fields.size("depth", 32, json_limits::kRepeats);
  vision.hidden_size = fields.size("hidden_size", 3584);
  vision.intermediate_size = fields.size("intermediate_size", 3420);
  read_patch_vision(fields, vision);
  const int64_t pixels = fields.count("window_size", 112);
  vision.window = pixels / vision.merge_size / vision.patch_size;
  if (vision.window < 1)
    fields.fail("window_size",
                fmt::format("{} is less than the {} pixels of a token", pixels, vision.merge_size * vision.patch_size));
  vision.whole_layers = fields.get<std::vector<int64_t>>("fullatt_block_indexes", {7, 15, 23, 31});
  check_feature_size(fields, "out_hidden_size", text);
  return vision;
}

void read_qwen2_5_vl(const ConfigFields& fields, ModelConfig& config) {
  read_qwen2_vl_text(fields, config);
  config.vision =
      std::make_shared<PatchVision>(read_qwen2_5_vl_vision(fields.required_object("vision_config"), config.text));
}

}  // namespace

const Architecture kQwen2_5Vl = patch_family(
    "qwen2_5_vl", "Qwen2.5-VL", "Qwen2_5_VLForConditionalGeneration", "Qwen2_5_VLForSequenceClassification",
    kQwen2VlText, kQwen2VlVision, "visual.merger.", read_qwen2_5_vl, canonical_qwen2_vl_name, qwen2_vl_shapes);

}  // namespace vlrm
