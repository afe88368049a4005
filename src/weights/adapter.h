// LoRA adapters (arXiv 2106.09685) as the peft library saves them, merged into a model where it is read.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "weights/checkpoint.h"

namespace vlrm {

// The tensors of the adapter in `directory`: adapter_model.safetensors. Throws Error where there is none.
CheckpointPtr open_adapter(const std::filesystem::path& directory);

// The model as peft's merge_and_unload() leaves it: W + scaling · B·A for each weight that `adapter`, the tensors of
// the adapter in `directory` (adapter_config.json), has factors for, lora_alpha / r (or / √r) being the scaling, and
// its whole tensors (modules_to_save, biases) in place of the model's. Computed in float32 and rounded once to the
// weight's type; peft adds in that type. `name_of` turns a tensor's name in the adapter,
// "model.layers.0.self_attn.q_proj.weight", into the model's.
//
// A tensor's two factors are in memory while it is read. Throws Error for a config or tensors that are missing,
// malformed or of other shapes than the model's, for a factor that fits no weight or is alone, and for what is not
// supported: other kinds of adapters, DoRA, repeated layers, patterns that are regular expressions, and trainings that
// started from a part of the weights (PiSSA and the like).
CheckpointPtr with_adapter(CheckpointPtr model, const std::filesystem::path& directory, CheckpointPtr adapter,
                           const std::function<std::optional<std::string>(const std::string&)>& name_of);

// "./model+./adapter" in two. A directory whose name holds a + is one name. Throws Error for more than one +.
struct ModelName {
  std::string model;
  std::optional<std::string> adapter = {};
};
ModelName split_model_name(const std::string& name);

}  // namespace vlrm
