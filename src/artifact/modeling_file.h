// The Python file that lets transformers load a vision-language reward model.
#pragma once

#include <string>

#include "architecture/architecture.h"

namespace vlrm {

constexpr const char* kModelingFile = "modeling_vlrm.py";

// Defines the family's reward class for AutoModelForSequenceClassification with trust_remote_code=True; its logits are
// the scores of vlrm score.
std::string modeling_file(const Architecture& architecture);

// What config.json says of it: "auto_map".
OrderedJson auto_map_of(const Architecture& architecture);

}  // namespace vlrm
