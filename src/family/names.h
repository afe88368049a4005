// How tensors are named in the families, and the views that give every checkpoint the same names.
//
// Llama:  model.embed_tokens.weight, model.layers.I.…, model.norm.weight, lm_head.weight or score.weight.
// Mllama: language_model.model.… and language_model.lm_head.weight (text), vision_model.…, multi_modal_projector.…,
//         and score.weight in a reward model, as transformers 4.4x writes them. Its text layers are the layers that are
//         not cross-attention layers, in order: text layer I of a Llama is the I-th of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "family/config.h"
#include "weights/checkpoint.h"

namespace vlrm {

// The name in the layouts above of a tensor called `name`: in the later layout of Mllama (model.language_model.layers…,
// model.vision_model…, lm_head.weight), or in a Llama saved without its "model." prefix. Other names stay as they are;
// nothing for buffers that old checkpoints hold (rotary_emb.inv_freq).
std::optional<std::string> canonical_mllama_name(const std::string& name);
std::optional<std::string> canonical_llama_name(const std::string& name);

// A checkpoint whose config is `config`, under canonical names.
CheckpointPtr canonical(CheckpointPtr checkpoint, const ModelConfig& config);
// The checkpoint in `directory`, under canonical names.
CheckpointPtr open_canonical(const std::filesystem::path& directory, const ModelConfig& config);

// Where text layer `layer` of a Llama stands among the layers of an Mllama.
int64_t mllama_layer_of_text_layer(int64_t layer, const TextConfig& mllama);

// The text part of a canonical Mllama under the names of a Llama (lm_head included; cross-attention left out).
CheckpointPtr text_part_of_mllama(CheckpointPtr mllama, const TextConfig& config);
// The other way: a canonical Llama's backbone under the names it has in an Mllama of this config. No lm_head, no score.
CheckpointPtr text_part_for_mllama(CheckpointPtr llama, const TextConfig& config);

// model.… of a canonical Llama: neither lm_head nor score.
CheckpointPtr llama_backbone(CheckpointPtr llama);

}  // namespace vlrm
