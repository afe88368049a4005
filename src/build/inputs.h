// Inputs opened, and whether they can be merged and mapped onto each other, judged by configs and tensor names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "architecture/model.h"
#include "merge/token_rows.h"

namespace vlrm {

// As open_model; `notes` get what the user should know.
Model open_input(const std::string& role, const ModelFiles& files, const WatchInput& watch,
                 std::vector<std::string>& notes);

// By its config: throws Error unless `model` is a vision-language model without a reward head.
void require_vlm(const Model& model);
// By its config: throws Error unless `model` has a reward head, of any number of labels. It may see images: its
// text part counts.
void require_reward_model(const Model& model);
// Throws Error unless the head of a reward model is a linear layer that a merge can take; `notes` get what it leaves
// out.
void require_head(const Model& rm, std::vector<std::string>& notes);
// By its config: throws Error for a reward model. A base may see images: its text part counts.
void require_base(const Model& model);
// By its config: throws Error unless `model` is a text model without a reward head.
void require_language_model(const Model& model);

// Throws Error where a tensor of the model is missing, is no float or has another shape than the config gives it, and
// for tensors that the config has no place for.
void require_tensors(const Model& model);

// Throws Error unless the text parts of both have the same shape. What differs without hindering (rope, epsilon) is
// added to `notes`; the output has it as `kept` does.
void require_same_text_shape(const Model& model, const Model& kept, std::vector<std::string>& notes);
// The config's, else, where a reward model of the family reads the last token that is not one, the tokenizer's.
std::optional<int32_t> pad_token_of(const Model& vlm, TokenRowsCache& vocabularies);
// Throws Error, naming the first token that differs, unless both tokenizers give the same tokens the same ids.
void require_same_tokens(const Model& text, const Model& vlm, TokenRowsCache& vocabularies);

}  // namespace vlrm
