#include "architecture/llama/model/llama_parts.h"

#include "architecture/llama/llama.h"
#include "model/self_attention_layer.h"

namespace vlrm {

const FamilyParts kLlamaParts = {.architecture = &kLlama, .add_layer = add_self_attention_layer};

}  // namespace vlrm
