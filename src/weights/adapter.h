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

// What an adapter is applied to.
struct AdapterTarget {
  CheckpointPtr weights;
  // A tensor's name in the adapter, "model.layers.0.self_attn.q_proj.weight", as the model has it.
  std::function<std::optional<std::string>(const std::string&)> name_of;
  std::string embeddings, head;  // the names of the two, of which the model may lack the latter
  bool tied = false;             // its embeddings are its head
  bool transposed = false;       // its matrices are [inputs, outputs]; the adapter's fan_in_fan_out does not count
};

// The model as peft's merge_and_unload() leaves it: W + scaling · B·A for each weight that `adapter`, the tensors of
// the adapter in `directory` (adapter_config.json), has factors for, lora_alpha / r (or / √r) being the scaling, and
// its whole tensors (modules_to_save, biases) in place of the model's. Computed in float32 and rounded once to the
// weight's type; peft adds in that type.
//
// Embeddings and head may have other rows than the model's, and factors besides. Tied ones of which one was trained as
// a copy of its own (modules_to_save) come apart: the result has both; saved whole otherwise, they stay one. A score
// that the model lacks makes it a classifier, without a head.
//
// A tensor's two factors are in memory while it is read. Throws Error for a config or tensors that are missing,
// malformed or of other shapes than the model's, for a factor that fits no weight or is alone, and for what is not
// supported: what AdapterConfig refuses, and factors of tied embeddings.
CheckpointPtr with_adapter(const AdapterTarget& target, const std::filesystem::path& directory, CheckpointPtr adapter);

}  // namespace vlrm
