// Where a tensor stands in a model, as its name tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weights/checkpoint.h"

namespace vlrm {

// "model.layers.12.mlp.up_proj.weight" is layer 12 of "model.layers"; the layer's number is the first part of a name
// that is a whole number and has parts on both sides.
struct TensorPlace {
  std::string prefix;  // of a tensor in a layer: what stands before the number
  int64_t layer = -1;  // below 0: in no layer
  std::string rest;    // behind the number

  bool in_layer() const { return layer >= 0; }
};
TensorPlace place_of(std::string_view name);

// `place` in another layer.
std::string name_at(const TensorPlace& place, int64_t layer);

// Whether a tensor in no layer comes before the layers, as embeddings do; else it comes after them.
bool is_before_layers(std::string_view name);

// The embeddings and the language model head of a checkpoint, by their names. Null where there are none.
const TensorInfo* embeddings_of(const Checkpoint& weights);
const TensorInfo* head_of(const Checkpoint& weights);

// Whether a tensor in no layer has, by its name, a row for each token: embeddings and language model heads.
bool is_named_like_vocabulary(std::string_view name);
// Whether it is, by its name, a language model head, or a head's bias.
bool is_named_like_head(std::string_view name);

}  // namespace vlrm
