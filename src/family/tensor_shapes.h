// Which tensors a model of a config has, and how large they are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "family/config.h"

namespace vlrm {

// Rows of an Mllama's embeddings behind its vocabulary: <|image|> and seven spare ones.
constexpr int64_t kReservedRows = 8;

using TensorShapes = std::map<std::string, std::vector<int64_t>>;  // by canonical name (names.h)

// model.… of a Llama: neither lm_head nor score.
TensorShapes llama_backbone_shapes(const TextConfig& text);

// All of an Mllama but a reward head's, which lm_head stands beside.
TensorShapes mllama_shapes(const ModelConfig& config);

}  // namespace vlrm
