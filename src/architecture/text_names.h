// The names of a model's tensors: canonical ones (architecture.h), and those that its text part would have as a text
// model of its own ("model.layers.I.…", "lm_head.weight"), under which it is merged with others.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "architecture/architecture.h"
#include "weights/checkpoint.h"

namespace vlrm {

using Renaming = std::function<std::optional<std::string>(const std::string& name)>;

// To canonical names; nothing for buffers that old checkpoints hold (rotary_emb.inv_freq). Null stands for a family
// that is not known, whose names stay as they are.
Renaming canonical_names(const Architecture* architecture);

// Where layer `layer` of the text part stands among the decoder's layers, which hold cross-attention layers too.
int64_t decoder_layer_of(int64_t text_layer, const TextConfig& config);
// The name that a canonical tensor of the text part has in a text model of its own (the head included); nothing for
// other tensors.
std::optional<std::string> text_name(const std::string& canonical, const ModelConfig& config);
// The other way, for tensors of a text model.
std::string canonical_name(const std::string& text_name, const ModelConfig& config);

// The text part of a canonical checkpoint under a text model's names, without or with its head.
CheckpointPtr backbone(CheckpointPtr model, const ModelConfig& config);
CheckpointPtr text_part(CheckpointPtr model, const ModelConfig& config);
// The other way: a text model's backbone under the canonical names of `config`. No head, no score.
CheckpointPtr backbone_for(CheckpointPtr text, const ModelConfig& config);

}  // namespace vlrm
