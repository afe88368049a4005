// Tensors of a checkpoint that a model of its config computes nothing with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "architecture/model.h"
#include "weights/checkpoint.h"

namespace vlrm {

// The names of those that a model of `config` has no place for, without what changes no number: buffers that models
// compute themselves, and heads that are not asked (lm_head beside a score, or of tied embeddings).
std::vector<std::string> unused_tensors(const ModelConfig& config, const Checkpoint& weights);

// The line that says that the model has a head that its config does not ask for: a score of a language model, in a
// pickled file too, or an lm_head of a text reward model; nothing if it has none.
std::optional<std::string> unasked_head(const Model& model);
// A note where scores are other ones than transformers', whose classifiers have no bias.
std::optional<std::string> bias_of_classifier(const Model& model);

// Throws Error naming some of them where there are any: biases, further layers, heads of other kinds. transformers
// computes without them and warns.
void refuse_unused_tensors(const ModelConfig& config, const Checkpoint& weights);

}  // namespace vlrm
